"""What people are told about what is written: one line for each kind of notice, in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import db
from portal.discussions.by_mail.tokens import reply_address
from portal.discussions.models import Post
from portal.discussions.policy import can_post_in_thread, visible_posts
from portal.notifications import kinds
from portal.notifications.kinds import Content
from portal.notifications.models import Channel
from portal.people.models import HandlingClass, Person


def content(person: Person, details: dict[str, Any]) -> Content | None:
    """The post itself, for mail of groups that are not sensitive: what the person may read of it at that moment."""
    post = db.session.scalar(visible_posts(person).where(Post.id == details["post_id"]))
    if post is None or post.gone is not None or post.thread.group.handling_class is HandlingClass.SENSITIVE:
        return None
    subject = f"[{post.thread.group.name}] {post.thread.title}"
    text = f"{post.author.name}, {post.organisation.name}:\n\n{post.body}"
    may_answer = post.thread.closed_at is None and can_post_in_thread(person, post.thread)
    return Content(
        subject, text, f"post.{post.id}.{post.revision}.{person.id}", f"thread.{post.thread_id}",
        reply_address(person, post.thread) if may_answer else "",
    )  # fmt: skip


def register() -> None:
    """Let people be told of posts."""
    section = _l("Threads")
    kinds.register(
        "mentioned", section=section, label=_l("Somebody mentions you"), content=content,
        text=lambda title, organisation, post_id: _(  # the kind's details
            "%(organisation)s mentions you in ”%(title)s”.", organisation=organisation, title=title
        ),
    )  # fmt: skip
    kinds.register(
        "posted", section=section, label=_l("New posts in threads and groups that you follow"), default=Channel.DAILY, content=content,
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
