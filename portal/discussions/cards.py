"""Cards for what a post links to in the portal: kind, title and state, only of what every reader of the group may see.

A fragment is the same for all readers, so a card shows nothing that one of them may not see; a link to anything else stays a
link. The features above say here what their addresses lead to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _

from portal import db, markup
from portal.discussions.models import Post, Thread, ThreadKind
from portal.people.models import Group
from portal.people.policy import read_by_all_readers

MOST_CARDS = 4  # under one post


@dataclass(frozen=True, slots=True)
class Card:
    """What stands at an address: in words what it is, what it is called, where it stands."""

    place: str  # of its address: which icon it has
    kind: str
    title: str
    path: str
    state: str = ""


Finder = Callable[[Collection[int], Group], dict[int, Card]]
_finders: dict[str, Finder] = {}


def register(place: str) -> Callable[[Finder], Finder]:
    """Say what addresses `/<place>/<number>` lead to: a function of the numbers and the group whose readers all may see it, with a
    constant number of queries.
    """

    def note(finder: Finder) -> Finder:
        _finders[place] = finder
        return finder

    return note


Attached = Callable[[Collection[int], Group], dict[int, list[Card]]]
_attached: list[Attached] = []


def register_attached(finder: Attached) -> Attached:
    """Say what belongs to posts without a link in their text: a function of the posts' ids and the group whose readers all may
    see it.
    """
    _attached.append(finder)
    return finder


InThread = Callable[[Thread], list[Card]]
_in_thread: list[InThread] = []


def register_in_thread(finder: InThread) -> InThread:
    """Say what stands beside a thread, of all its posts: only what every reader of its group may see."""
    _in_thread.append(finder)
    return finder


def beside(thread: Thread) -> list[Card]:
    """What is attached in the thread."""
    return [card for finder in _in_thread for card in finder(thread)]


def cards_of(posts: Sequence[Post]) -> dict[int, list[Card]]:
    """The cards of posts by their id, in the order of the links: some queries for each group and kind, however many posts."""
    found: dict[int, list[Card]] = {}
    for group, here in _by_group(posts):
        named = {post.id: addresses(post.body) if "/" in post.body else [] for post in here}
        cards = _found([one for some in named.values() for one in some], group)
        for number, some in named.items():
            found[number] = [cards[one] for one in some if one in cards][:MOST_CARDS]
    for number, more in attached_of(posts).items():
        found[number] += more
    return found


def attached_of(posts: Sequence[Post]) -> dict[int, list[Card]]:
    """The same of what belongs to posts without a link in their text, which is not read."""
    found: dict[int, list[Card]] = {}
    for group, here in _by_group([post for post in posts if not post.is_new]):
        for finder in _attached:
            for number, more in finder([post.id for post in here], group).items():
                found.setdefault(number, []).extend(more)
    return found


def _by_group(posts: Sequence[Post]) -> Iterator[tuple[Group, list[Post]]]:
    """Posts that are there, by the group of their thread."""
    present = [post for post in posts if post.gone is None and post.line is None]
    for group in {post.thread.group_id: post.thread.group for post in present}.values():
        yield group, [post for post in present if post.thread.group_id == group.id]


def _found(wanted: Sequence[tuple[str, int]], group: Group) -> dict[tuple[str, int], Card]:
    cards: dict[tuple[str, int], Card] = {}
    for place, finder in _finders.items():
        numbers = {number for kind, number in wanted if kind == place}
        if numbers:
            cards |= {(place, number): card for number, card in finder(numbers, group).items()}
    return cards


def addresses(text: str) -> list[tuple[str, int]]:
    """What a text links to in the portal, each once, the first ones first: not in quotes, which have cards where they come from."""
    base = re.escape(current_app.config["SETTINGS"].base_url)
    places = "|".join(map(re.escape, _finders))
    link = re.compile(rf"(?<![^\s(<])(?:{base})?/({places})/([0-9]{{1,9}})(?![\w-])")
    found = [(match[1], int(match[2])) for piece in markup.addresses(text) for match in link.finditer(piece)]
    return list(dict.fromkeys(found))[: MOST_CARDS * 2]


@register("threads")
def threads(numbers: Collection[int], group: Group) -> dict[int, Card]:
    """Threads of the group and of open ones."""
    query = sa.select(Thread).where(Thread.id.in_(numbers), Thread.group_id.in_(read_by_all_readers(group)))
    return {thread.id: _thread_card(thread, thread.path) for thread in db.session.scalars(query).unique()}


@register("posts")
def posts(numbers: Collection[int], group: Group) -> dict[int, Card]:
    """The threads of posts, under the post's own lasting address."""
    query = (
        sa.select(Post.id, Thread)
        .join(Post.thread)
        .where(Post.id.in_(numbers), Post.gone.is_(None), Thread.group_id.in_(read_by_all_readers(group)))
    )
    return {number: _thread_card(thread, f"/posts/{number}") for number, thread in db.session.execute(query).unique()}


def _thread_card(thread: Thread, path: str) -> Card:
    kinds = {
        ThreadKind.DISCUSSION: _("Discussion"), ThreadKind.QUESTION: _("Question"), ThreadKind.UPDATE: _("Update"),
        ThreadKind.LIFTED: _("Lifted question"),
    }  # fmt: skip
    state = _("answered") if thread.answered_at is not None else _("closed") if thread.closed_at is not None else ""
    return Card("threads", str(kinds[thread.kind]), thread.title, path, str(state))
