"""Taking a post out of its thread and showing it again: one way, so that search, mail, files and pages have nothing to leak."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.discussions.actions import Render, lock_post, note_kept, show_anew
from portal.discussions.models import Gone, PinnedUpdate, Post, PostVersion
from portal.discussions.moderation.log import answer_reports, is_reported, note_act
from portal.discussions.moderation.models import ActKind
from portal.errors import Conflict, Invalid
from portal.notifications.actions import notify
from portal.people.models import Person

LONGEST_REASON = 500


def delete_post(post: Post, *, reason: str = "", keep: Collection[str] = (), by: Person, render: Render) -> None:
    """Take a post away for good; its words are kept as a version for the group's leaders.

    Whoever is not its author gives a reason, which the author is told. Raises `Invalid` without one, `guard.Stopped` for one that
    may not be stored, and `Conflict` for a post that is gone.
    """
    _take_out(post, Gone.DELETED, reason, keep, by=by, render=render)


def hide_post(post: Post, *, reason: str, keep: Collection[str] = (), by: Person, render: Render) -> None:
    """Take a post away until a leader shows it again; its author is told why and can read it. Raises as `delete_post`."""
    _take_out(post, Gone.HIDDEN, reason, keep, by=by, render=render)


def show_post(post: Post, *, by: Person, render: Render) -> None:
    """Show a hidden post again, as it was. Done twice, it is done once."""
    lock_post(post)
    if post.gone is not Gone.HIDDEN:
        return
    kept = db.session.scalars(
        sa.select(PostVersion).where(PostVersion.post_id == post.id).order_by(PostVersion.revision.desc()).limit(1)
    ).one()
    post.body, post.revision = kept.body, kept.revision
    post.gone = post.gone_at = post.gone_by = None
    post.gone_reason = ""
    db.session.delete(kept)
    audit.record("post_shown", by=by, on=post)
    note_act(ActKind.SHOWN, group=post.thread.group, thread=post.thread, post=post, person=post.author, by=by)
    show_anew(post, by=by, render=render)


def _take_out(post: Post, how: Gone, reason: str, keep: Collection[str], *, by: Person, render: Render) -> None:
    reason = " ".join(reason.split())
    is_own = post.author_id == by.id and how is Gone.DELETED
    if not is_own and not reason:
        raise Invalid(_("Write why. The author sees it."), field="reason")
    kept = guard.check({"reason": reason}, keep=keep)
    thread = post.thread
    lock_post(post)
    if post.gone is not None or post.line is not None:
        raise Conflict(_("The post is not there any more."))
    if thread.answer_seq == post.seq:
        thread.answer_seq = thread.answered_at = None
    db.session.execute(sa.delete(PinnedUpdate).where(PinnedUpdate.post_id == post.id))
    written_at = post.edited_at or post.created_at
    db.session.add(PostVersion(post=post, revision=post.revision, body=post.body, written_at=written_at))
    post.body, post.revision = "", post.revision + 1
    post.gone, post.gone_at, post.gone_by, post.gone_reason = how, db.now(), by, reason[:LONGEST_REASON]
    audit.record(f"post_{how.value}", by=by, on=post, is_own=is_own)
    note_kept(kept, on=post, by=by)
    if not is_own or is_reported(post):
        act = note_act(
            ActKind(how.value), group=thread.group, thread=thread, post=post, person=post.author, reason=post.gone_reason, by=by
        )  # fmt: skip
        answer_reports(post, act)
    notify(
        [] if is_own else [post.author], "post_removed", group=thread.group, path=f"/posts/{post.id}/versions", by=by,
        about=thread.told_of_posts, title=thread.title, reason=post.gone_reason, is_hidden=how is Gone.HIDDEN,
    )  # fmt: skip
    show_anew(post, by=by, render=render)
