"""A thread as Markdown, and as data for its PDF: every post with its author, organisation and time; the handling class on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from portal import markup
from portal.discussions.cards import cards_of
from portal.discussions.models import Gone, LineKind, Post, Thread
from portal.people.models import HandlingClass, Person
from portal.times import clock, date_text, local

AT_ONCE = 1000  # posts whose files are asked for with one question


@dataclass(frozen=True, slots=True)
class Extract:
    """What is taken out: the posts of a thread, all of them or those of one's own organisation, by whom and when."""

    thread: Thread
    posts: Sequence[Post]
    is_own: bool
    by: Person
    at: datetime

    @property
    def is_sensitive(self) -> bool:
        """Whether whoever takes it out is named on every page."""
        return self.thread.group.handling_class is HandlingClass.SENSITIVE


def class_name(thread: Thread) -> str:
    """The handling class of the thread's group, in words."""
    names = {
        HandlingClass.OPEN: _("Open"), HandlingClass.NETWORK: _("The network"), HandlingClass.SENSITIVE: _("Sensitive"),
    }  # fmt: skip
    return str(names[thread.group.handling_class])


def _when(at: datetime) -> str:
    return f"{date_text(at)} {clock(at)}"


def _subtitle(taken: Extract) -> str:
    thread, number = taken.thread, sum(1 for post in taken.posts if post.line is None)
    posts = ngettext("%(num)s post", "%(num)s posts", number)
    parts = [f"{thread.group.name}. {class_name(thread)}. {posts}."]
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


def _files_of(posts: Sequence[Post]) -> Mapping[int, str]:
    """What is said of the files that came with posts, by the posts' ids: their names, of what every reader of the group may see."""
    said = {}
    for start in range(0, len(posts), AT_ONCE):
        for number, cards in cards_of(posts[start : start + AT_ONCE]).items():
            if names := [card.title for card in cards if card.place == "files"]:
                said[number] = str(_("Files in the library: %(names)s", names="; ".join(names)))
    return said


def markdown(taken: Extract) -> str:
    """The thread as Markdown; what people wrote is Markdown already."""
    parts, files = [f"# {' '.join(taken.thread.title.split())}", _subtitle(taken)], _files_of(taken.posts)
    for post in taken.posts:
        parts += [f"*{line_of(post)}*"] if post.line is not None else [f"## {head_of(post)}", post.body]
        if post.id in files:
            parts.append(files[post.id])
    return "\n\n".join(parts) + "\n"


def pdf_data(taken: Extract) -> dict[str, Any]:
    """What the template `thread.typ` shows, in the present language."""
    locale, thread, at, files = get_locale(), taken.thread, local(taken.at), _files_of(taken.posts)
    return {
        "title": thread.title,
        "subtitle": _subtitle(taken),
        "authors": [thread.group.name],
        "keywords": [thread.group.name, class_name(thread)],
        "date": {"year": at.year, "month": at.month, "day": at.day, "hour": at.hour, "minute": at.minute, "second": at.second},
        "group": thread.group.name,
        "class": class_name(thread),
        "reader": f"{taken.by.name}, {_when(taken.at)}" if taken.is_sensitive else "",
        "lang": locale.language if locale else "sv",
        "posts": [
            {"line": line_of(post), "head": head_of(post), "text": [] if post.line else markup.blocks(post.body),
             "files": files.get(post.id, "")}
            for post in taken.posts
        ],
        "words": {
            "page": _("Page"), "of": _("of"),
            "missing": _("Characters shown as � are missing in the fonts of this file. The text in the portal has them."),
        },
    }  # fmt: skip
