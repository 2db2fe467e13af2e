"""What people are told about what is written: one line for each kind of notice, in the reader's language."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import contains_eager

from portal import db
from portal.discussions.by_mail.tokens import reply_address
from portal.discussions.models import Post, Thread
from portal.discussions.policy import can_post_in_thread, visible_posts
from portal.notifications import kinds
from portal.notifications.kinds import Content
from portal.notifications.models import Channel
from portal.people.models import HandlingClass, Person


def _mailable(person: Person, ids: Collection[int]) -> dict[int, Post]:
    """Of these posts those that mail to the person may show: what may be read at that moment, of groups that are not sensitive."""
    posts = visible_posts(person).options(contains_eager(Post.thread).joinedload(Thread.group))
    found = posts.where(Post.id.in_(ids), Post.gone.is_(None))
    return {
        post.id: post
        for post in db.session.scalars(found).unique()
        if post.thread.group.handling_class is not HandlingClass.SENSITIVE
    }


def _text(post: Post) -> str:
    return f"{post.author.name}, {post.organisation.name}:\n\n{post.body}"


def content(person: Person, details: dict[str, Any]) -> Content | None:
    """The post itself."""
    post = _mailable(person, [details["post_id"]]).get(details["post_id"])
    if post is None:
        return None
    subject = f"[{post.thread.group.name}] {post.thread.title}"
    may_answer = post.thread.closed_at is None and can_post_in_thread(person, post.thread)
    return Content(
        subject, _text(post), f"post.{post.id}.{post.revision}.{person.id}", f"thread.{post.thread_id}",
        reply_address(person, post.thread) if may_answer else "",
    )  # fmt: skip


def texts(person: Person, many: Sequence[dict[str, Any]]) -> list[str]:
    """What posts say, for a mail that gathers them."""
    posts = _mailable(person, [details["post_id"] for details in many])
    return [_text(posts[number]) if (number := details["post_id"]) in posts else "" for details in many]


def register() -> None:
    """Let people be told of posts."""
    section = _l("Threads")
    kinds.register(
        "mentioned", section=section, label=_l("Somebody mentions you"), content=content, texts=texts,
        text=lambda title, organisation, post_id: _(  # the kind's details
            "%(organisation)s mentions you in ”%(title)s”.", organisation=organisation, title=title
        ),
    )  # fmt: skip
    kinds.register(
        "posted", section=section, label=_l("New posts in threads and groups that you follow"), default=Channel.DAILY, content=content, texts=texts,
        text=lambda title, organisation, post_id: _(  # as above
            "%(organisation)s has written in ”%(title)s”.", organisation=organisation, title=title
        ),
    )  # fmt: skip
    kinds.register(
        "post_removed", section=section, label=_l("A post of yours is hidden or deleted by whoever leads the group"),
        text=lambda title, reason, is_hidden: _(  # as above
            "Your post in ”%(title)s” is hidden: %(reason)s", title=title, reason=reason
        ) if is_hidden else _("Your post in ”%(title)s” is deleted: %(reason)s", title=title, reason=reason),
    )  # fmt: skip
