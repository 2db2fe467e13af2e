"""A thread as Markdown, and as data for its PDF: every post with its author, organisation and time; the handling class on it.

First some posts are put into words, in the reader's language; then these are written, which may be done aside.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from portal import markup
from portal.discussions.cards import attached_of
from portal.discussions.models import Gone, LineKind, Post, Thread
from portal.people.models import HandlingClass, Person
from portal.people.words import class_name
from portal.times import clock, date_text, local


@dataclass(frozen=True, slots=True)
class Extract:
    """What is taken out: the posts of a thread, all of them or those of one's own organisation, by whom and when; how many of how many."""

    thread: Thread
    is_own: bool
    by: Person
    at: datetime
    number: int
    total: int

    @property
    def is_sensitive(self) -> bool:
        """Whether whoever takes it out is named on every page."""
        return self.thread.group.handling_class is HandlingClass.SENSITIVE


def _when(at: datetime) -> str:
    return f"{date_text(at)} {clock(at)}"


def _subtitle(taken: Extract) -> str:
    thread, posts = taken.thread, ngettext("%(num)s post", "%(num)s posts", taken.number)
    parts = [f"{thread.group.name}. {class_name(thread.group.handling_class)}. {posts}."]
    if taken.number < taken.total:
        shown = _("the first %(number)s of %(total)s posts", number=taken.number, total=taken.total)
        parts.append(_("This file does not hold all that was written: only %(posts)s.", posts=shown))
    if taken.is_own:
        parts.append(_("Only what %(organisation)s has written.", organisation=taken.by.organisation.name))
    parts.append(_("Taken out %(time)s by %(name)s, %(organisation)s.", time=_when(taken.at), name=taken.by.name,
                   organisation=taken.by.organisation.name))  # fmt: skip
    return " ".join(parts)


def head_of(post: Post) -> str:
    """Who wrote it, for which organisation, when, and whether it was changed since."""
    head = f"{post.author.name}, {post.organisation.name}, {_when(post.created_at)}"
    if post.gone is not None and post.gone_at is not None and post.gone_by is not None:
        who = {"name": post.gone_by.name, "time": _when(post.gone_at)}
        is_deleted = post.gone is Gone.DELETED
        return f"{head} – {_('Deleted by %(name)s, %(time)s', **who) if is_deleted else _('Hidden by %(name)s, %(time)s', **who)}"
    if post.edited_at is not None:
        head += f" ({_('changed %(time)s', time=_when(post.edited_at))})"
    if post.is_statement:
        head += f" – {_('Official statement from %(organisation)s', organisation=post.organisation.name)}"
    return f"{head} – {_('accepted answer')}" if post.is_answer else head


def line_of(post: Post) -> str:
    """What a line in the thread tells."""
    name = f"{post.author.name} ({post.organisation.short_name})"
    told = {
        LineKind.CLOSED: _("%(name)s closed the thread", name=name),
        LineKind.OPENED: _("%(name)s opened the thread again", name=name),
        LineKind.MOVED: _("%(name)s moved the thread here from another group", name=name),
        LineKind.SPLIT_OUT: _("%(name)s let the posts that stood here have a thread of their own", name=name),
        LineKind.SPLIT_IN: _("%(name)s took these posts out of another thread", name=name),
    }
    return f"{told[post.line]}, {_when(post.created_at)}" if post.line is not None else ""


def _files_of(posts: Sequence[Post]) -> dict[int, str]:
    """What is said of the files that came with posts, by the posts' ids: their names, of what every reader of the group may see."""
    return {
        number: str(_("Files in the library: %(names)s", names="; ".join(card.title for card in cards)))
        for number, cards in attached_of(posts).items()
    }


@dataclass(frozen=True, slots=True)
class Said:
    """A post in the words of a file: the line that it is, or who wrote it when, what, and what came with it."""

    line: str
    head: str
    text: str
    files: str


def said(posts: Sequence[Post]) -> list[Said]:
    """Posts in words, in the present language."""
    files = _files_of(posts)
    return [
        Said(line_of(post), "", "", "") if post.line is not None
        else Said("", head_of(post), post.body, files.get(post.id, ""))
        for post in posts
    ]  # fmt: skip


def markdown_head(taken: Extract) -> bytes:
    """What stands above the posts."""
    return f"# {' '.join(taken.thread.title.split())}\n\n{_subtitle(taken)}\n".encode()


def in_markdown(posts: Sequence[Said]) -> list[bytes]:
    """Each post as Markdown; what people wrote is Markdown already."""
    parts = ([f"*{one.line}*"] if one.line else [f"## {one.head}", one.text, one.files] for one in posts)
    return [("\n" + "\n\n".join(filter(None, some)) + "\n").encode() for some in parts]


def pdf_data(taken: Extract, posts: Sequence[bytes]) -> bytes:
    """What the template `thread.typ` shows, in the present language, as JSON; the posts are that already."""
    locale, thread, at = get_locale(), taken.thread, local(taken.at)
    above = {
        "title": thread.title,
        "subtitle": _subtitle(taken),
        "authors": [thread.group.name],
        "keywords": [thread.group.name, class_name(thread.group.handling_class)],
        "date": {"year": at.year, "month": at.month, "day": at.day, "hour": at.hour, "minute": at.minute, "second": at.second},
        "group": thread.group.name,
        "class": class_name(thread.group.handling_class),
        "reader": f"{taken.by.name}, {_when(taken.at)}" if taken.is_sensitive else "",
        "lang": locale.language if locale else "sv",
        "words": {
            "page": _("Page"), "of": _("of"),
            "missing": _("Characters shown as � are missing in the fonts of this file. The text in the portal has them."),
        },
    }  # fmt: skip
    return json.dumps(above).encode().removesuffix(b"}") + b', "posts": [' + b",".join(posts) + b"]}"


def in_json(posts: Sequence[Said]) -> list[bytes]:
    """Each post as data for the template."""
    return [
        json.dumps({"line": one.line, "head": one.head, "text": markup.blocks(one.text), "files": one.files}).encode()
        for one in posts
    ]
