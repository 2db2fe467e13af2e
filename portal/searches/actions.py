"""Every write about saved searches and their feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard, outbox
from portal.errors import Conflict, Invalid
from portal.notifications.actions import notify
from portal.people.models import Group, Person
from portal.search.engine import Key
from portal.search.query import parse
from portal.searches.models import Place, SavedSearch, SearchFeed
from portal.secret_address import hash_token, make_room, new_token

MOST_SEARCHES = 50  # of each person
LOOKED_AT, REMEMBERED = 100, 400  # of the newest hits: what is new among them, and what is known
JOB = "saved_search_due"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be searched for."""

    place: Place
    group: Group | None = None
    text: str = ""
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    as_written: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that a saved search found. `is_hushed`: it is in a sensitive group, and may be counted but not spoken of."""

    key: Key
    is_hushed: bool


def save_search(wish: Wish, *, name: str, by: Person) -> tuple[SavedSearch, bool]:
    """Keep a search, and say whether it is a new one: the same is kept once, also when a button is pressed twice.

    Raises `guard.Stopped`, `Invalid` if nothing is asked for that can be found, `Conflict` if the person has many.
    """
    if not wish.text and not wish.chosen:
        raise Invalid(_("Write or choose something to search for first."))
    asked = parse(wish.text)
    if wish.text and (asked.says_nothing or (asked.is_empty and not asked.is_narrowed and not wish.chosen)):
        raise Invalid(_("This search finds nothing. Write a word, or at least three letters before a star."))
    values = "\n".join(value for some in wish.chosen.values() for value in some)
    guard.check_numbers({"name": name, "text": wish.text, "chosen": values})
    db.lock_name(f"searches of {by.id}")
    mine = db.session.scalars(sa.select(SavedSearch).where(SavedSearch.person_id == by.id)).all()
    chosen = {facet: list(some) for facet, some in wish.chosen.items()}
    group_id = wish.group.id if wish.group is not None else None
    same = (wish.place, group_id, wish.text, chosen, wish.as_written)
    for one in mine:
        if (one.place, one.group_id, one.text, one.chosen, one.as_written) == same:
            return one, False
    if len(mine) >= MOST_SEARCHES:
        raise Conflict(
            _("You have %(number)s saved searches. Delete one that you no longer use.", number=MOST_SEARCHES)
        )
    saved = SavedSearch(
        person=by, name=name, place=wish.place, group=wish.group, text=wish.text, chosen=chosen, as_written=wish.as_written,
        fresh=[],
    )  # fmt: skip
    db.session.add(saved)
    audit.record("search_saved", by=by, on=saved)
    outbox.enqueue(JOB, key=str(saved.id), search_id=saved.id)  # what is there now is nothing new
    return saved, True


def change_search(saved: SavedSearch, *, name: str, is_told: bool, by: Person) -> None:
    """Call it something else, and choose whether to be told of new hits. Raises `guard.Stopped`."""
    guard.check_numbers({"name": name})
    saved.name, saved.is_told = name, is_told
    audit.record("saved_search_changed", by=by, on=saved, is_told=is_told)


def delete_search(saved: SavedSearch, *, by: Person) -> None:
    """Forget it, and the addresses that show it alone."""
    audit.record("saved_search_deleted", by=by, on=saved)
    db.session.execute(sa.delete(SearchFeed).where(SearchFeed.search_id == saved.id))
    db.session.delete(saved)


def note_looked(saved: SavedSearch) -> None:
    """Leave a trace that its person has looked: nothing is new any more."""
    if saved.fresh:
        search_id = saved.id
        empty = sa.update(SavedSearch).where(SavedSearch.id == search_id).values(fresh=[])
        db.leave_trace(lambda session: session.execute(empty))


def note_hits(saved: SavedSearch, hits: Sequence[Hit], *, is_quiet: bool, by: None) -> None:
    """Remember what was found, and tell its person of what is new. The row must be locked: then two workers tell once.

    `is_quiet`: the search itself names a sensitive group. What is said follows the handling class: of things in sensitive
    groups only how many there are, and nothing of what was searched for if all are there.
    """
    known = {(str(type_), int(number)) for type_, number in saved.seen or ()}
    new = [hit for hit in hits if hit.key not in known]
    is_first = saved.seen is None
    if new or is_first:
        saved.seen = [*_pairs(new), *(saved.seen or ())][:REMEMBERED]
    if is_first or not new:
        return
    saved.fresh = [*_pairs(new), *saved.fresh][:REMEMBERED]
    if saved.is_told:
        is_named = not is_quiet and not all(hit.is_hushed for hit in new)
        notify(
            [saved.person], "search_has_new", group=saved.group, path=f"/searches/{saved.id}", by=by,
            number=len(new), name=saved.name if is_named else "",
        )  # fmt: skip


def _pairs(hits: Sequence[Hit]) -> list[list[str | int]]:
    return [list(hit.key) for hit in hits]


def make_feed(name: str, *, search: SavedSearch | None, by: Person) -> tuple[SearchFeed, str]:
    """A feed of one's own with its secret, which is told this once. Raises `guard.Stopped`, or `Conflict` if one has many."""
    guard.check({"name": name})
    make_room(SearchFeed, by.id)
    token = new_token()
    feed = SearchFeed(person=by, search=search, name=name, token_hash=hash_token(token))
    db.session.add(feed)
    audit.record("search_feed_made", by=by, on=feed, search=search.id if search else None)
    return feed, token


def revoke_feed(feed: SearchFeed, *, by: Person) -> None:
    """Let the address answer no longer."""
    feed.revoked_at = db.now()
    audit.record("search_feed_revoked", by=by, on=feed)
