"""Every write of moderation."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard, live
from portal.discussions.actions import Render, note_kept
from portal.discussions.models import Post, Thread
from portal.discussions.moderation.log import answer_reports, note_act
from portal.discussions.moderation.models import (
    LONGEST_WORDS,
    ActKind,
    GroupPace,
    PostReport,
    ReportReason,
    Suspension,
    ThreadPace,
)
from portal.discussions.removal.actions import hide_post
from portal.discussions.states.actions import close_thread
from portal.errors import Conflict, Invalid
from portal.notifications.actions import notify
from portal.people.models import Group, Person
from portal.people.policy import leaders
from portal.times import today

SLOWEST = 24 * 60 * 60  # seconds between two posts
LONGEST_DAYS = 366


def report_post(
    post: Post, *, reason: ReportReason, words: str = "", keep: Collection[str] = (), by: Person
) -> PostReport:
    """Tell the group's leaders that something is wrong with a post. Done twice, it is done once.

    Raises `guard.Stopped`, and `Conflict` for a post that is gone or that they have answered already.
    """
    words = words.strip()[:LONGEST_WORDS]
    kept = guard.check({"words": words}, keep=keep)
    db.lock(post)
    if post.gone is not None:
        raise Conflict(_("The post is not there any more."))
    there = db.session.scalar(
        sa.select(PostReport).where(PostReport.post_id == post.id, PostReport.reporter_id == by.id)
    )
    if there is not None and there.act_id is not None:
        raise Conflict(_("The group's leaders have looked at what you reported about this post."))
    if there is not None:
        return there
    report = PostReport(post_id=post.id, reporter_id=by.id, reason=reason, words=words)
    db.session.add(report)
    audit.record("post_reported", by=by, on=report, reason=reason.value)
    note_kept(kept, on=post, by=by)
    group = post.thread.group
    told = [one for one in leaders(group) if one.id != post.author_id]
    notify(told, "post_reported", group=group, path=f"/groups/{group.slug}/moderation", by=by, about=post.thread.told_of_posts,
           title=post.thread.title)  # fmt: skip
    return report


def _needed(reason: str, keep: Collection[str], *, by: Person, on: db.Base) -> str:
    """A reason that may be stored. Raises `Invalid` without one."""
    reason = " ".join(reason.split())[:LONGEST_WORDS]
    if not reason:
        raise Invalid(_("Write why. The author sees it."), field="reason")
    note_kept(guard.check({"reason": reason}, keep=keep), on=on, by=by)
    return reason


def dismiss_reports(post: Post, *, reason: str, keep: Collection[str] = (), by: Person) -> None:
    """Leave a reported post as it is. Raises `Invalid`, `guard.Stopped`."""
    reason = _needed(reason, keep, by=by, on=post)
    act = note_act(ActKind.DISMISSED, group=post.thread.group, thread=post.thread, post=post, reason=reason, by=by)
    answer_reports(post, act)
    audit.record("report_dismissed", by=by, on=post)


def hide_reported(post: Post, *, reason: str, keep: Collection[str] = (), by: Person, render: Render) -> None:
    """Hide a reported post; its author is told why. Raises as `hide_post`."""
    hide_post(post, reason=reason, keep=keep, by=by, render=render)


def warn_author(post: Post, *, reason: str, keep: Collection[str] = (), by: Person) -> None:
    """Tell the author of a post what is wrong with it; the post stays. Raises `Invalid`, `guard.Stopped`."""
    reason = _needed(reason, keep, by=by, on=post)
    thread = post.thread
    act = note_act(
        ActKind.WARNED, group=thread.group, thread=thread, post=post, person=post.author, reason=reason, by=by
    )
    answer_reports(post, act)
    audit.record("author_warned", by=by, on=post)
    notify(
        [post.author], "author_warned", group=thread.group, path=f"/posts/{post.id}", by=by, about=thread.told_of_posts,
        title=thread.title, reason=reason,
    )  # fmt: skip


def close_reported(post: Post, *, reason: str, keep: Collection[str] = (), by: Person, render: Render) -> None:
    """Close the thread of a reported post; its author is told why. Raises `Invalid`, `guard.Stopped`."""
    reason = _needed(reason, keep, by=by, on=post)
    thread = post.thread
    close_thread(thread, by=by, render=render)
    act = note_act(
        ActKind.CLOSED, group=thread.group, thread=thread, post=post, person=post.author, reason=reason, by=by
    )
    answer_reports(post, act)
    notify(
        [post.author], "thread_closed", group=thread.group, path=f"/threads/{thread.id}", by=by, about=thread.told_of_posts,
        title=thread.title, reason=reason,
    )  # fmt: skip


def set_group_pace(group: Group, seconds: int, *, reason: str, keep: Collection[str] = (), by: Person) -> None:
    """Slow mode of a whole group; 0 ends it. Raises `Invalid`, `guard.Stopped`."""
    reason = _pace(seconds, reason, keep, by=by, on=group)
    db.session.execute(sa.delete(GroupPace).where(GroupPace.group_id == group.id))
    if seconds:
        db.session.add(GroupPace(group_id=group.id, seconds=seconds))
    note_act(_slowed(seconds), group=group, reason=reason, seconds=seconds, by=by)
    audit.record("group_pace_set", by=by, on=group, seconds=seconds)


def set_thread_pace(thread: Thread, seconds: int, *, reason: str, keep: Collection[str] = (), by: Person) -> None:
    """Slow mode of a thread; 0 ends it. Raises `Invalid`, `guard.Stopped`."""
    reason = _pace(seconds, reason, keep, by=by, on=thread)
    db.session.execute(sa.delete(ThreadPace).where(ThreadPace.thread_id == thread.id))
    if seconds:
        db.session.add(ThreadPace(thread_id=thread.id, seconds=seconds))
    note_act(_slowed(seconds), group=thread.group, thread=thread, reason=reason, seconds=seconds, by=by)
    audit.record("thread_pace_set", by=by, on=thread, seconds=seconds)


def _pace(seconds: int, reason: str, keep: Collection[str], *, by: Person, on: db.Base) -> str:
    if not 0 <= seconds <= SLOWEST:
        raise Invalid(_("Choose a time of at most a day."), field="seconds")
    db.lock(on)
    return _needed(reason, keep, by=by, on=on)


def _slowed(seconds: int) -> ActKind:
    return ActKind.SLOWED if seconds else ActKind.HASTENED


def suspend(
    person: Person, group: Group, *, until_on: date, reason: str, keep: Collection[str] = (), by: Person
) -> None:
    """Let a person read but not write in the group's threads, to the end of a day. A later one takes its place.

    Raises `Invalid` for a day that is over or more than a year away and without a reason, and `guard.Stopped`.
    """
    days = (until_on - today()).days
    if not 0 <= days <= LONGEST_DAYS:
        raise Invalid(_("Choose a day from today on, at most a year away."), field="until_on")
    reason = _needed(reason, keep, by=by, on=group)
    db.session.merge(Suspension(person_id=person.id, group_id=group.id, until_on=until_on, reason=reason, by_id=by.id))
    note_act(ActKind.SUSPENDED, group=group, person=person, reason=reason, until_on=until_on, by=by)
    audit.record("person_suspended", by=by, on=person, group=group.id, until=until_on.isoformat())
    notify(
        [person], "person_suspended", group=group, path=f"/groups/{group.slug}", by=by, name=group.name,
        until=until_on.isoformat(), reason=reason,
    )  # fmt: skip
    live.drop_people([person.id])


def release(person: Person, group: Group, *, by: Person) -> None:
    """Let a suspended person write again. Done twice, it is done once."""
    gone = sa.delete(Suspension).where(Suspension.person_id == person.id, Suspension.group_id == group.id)
    if db.session.execute(gone.returning(Suspension.person_id)).first() is None:
        return
    note_act(ActKind.RELEASED, group=group, person=person, by=by)
    audit.record("person_released", by=by, on=person, group=group.id)
    notify([person], "person_released", group=group, path=f"/groups/{group.slug}", by=by, name=group.name)
    live.drop_people([person.id])
