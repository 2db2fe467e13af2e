"""Every write to the state of a thread."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.county_codes import in_order
from portal.discussions.actions import Render, add_line, lock_post, note_changed, note_kept, show_anew
from portal.discussions.models import LineKind, Post, Thread, ThreadCounty, ThreadKind, ThreadSupport
from portal.errors import Conflict
from portal.people.models import Person
from portal.topics.models import Topic

MOST_PINNED = 5  # in a group: more would push what is new off the page


def pin_thread(thread: Thread, *, by: Person) -> None:
    """Keep a thread at the top of its group. Done twice, it is done once. Raises `Conflict` when the top is full."""
    db.lock(thread.group)
    db.lock(thread)
    if thread.pinned_at is not None:
        return
    pinned = sa.select(sa.func.count()).where(Thread.group_id == thread.group_id, Thread.pinned_at.is_not(None))
    if (db.session.scalar(pinned) or 0) >= MOST_PINNED:
        raise Conflict(_("%(most)s threads are pinned already. Unpin one first.", most=MOST_PINNED))
    thread.pinned_at = db.now()
    audit.record("thread_pinned", by=by, on=thread)


def unpin_thread(thread: Thread, *, by: Person) -> None:
    """Let a thread stand among the others again."""
    db.lock(thread)
    if thread.pinned_at is not None:
        thread.pinned_at = None
        audit.record("thread_unpinned", by=by, on=thread)


def close_thread(thread: Thread, *, by: Person, render: Render) -> None:
    """Let nobody write any more; a line in the thread says so. Done twice, it is done once."""
    db.lock(thread)
    if thread.closed_at is None:
        thread.closed_at = db.now()
        add_line(thread, LineKind.CLOSED, by=by, render=render)


def open_thread(thread: Thread, *, by: Person, render: Render) -> None:
    """Let people write again."""
    db.lock(thread)
    if thread.closed_at is not None:
        thread.closed_at = None
        add_line(thread, LineKind.OPENED, by=by, render=render)


def describe_thread(
    thread: Thread, *, title: str, kind: ThreadKind, counties: Collection[str], topics: Sequence[Topic], based_on: int,
    keep: Collection[str] = (), by: Person,
) -> None:  # fmt: skip
    """Say anew what a thread is called and is about. A problem that was raised stays one.

    Raises `guard.Stopped`, or `Conflict` if somebody else did it since revision `based_on`.
    """
    kept = guard.check({"title": title}, keep=keep)
    db.lock(thread)
    if thread.revision != based_on:
        raise Conflict
    if kind is ThreadKind.LIFTED and thread.lifted_at is None:
        thread.lifted_at = db.now()
    if (
        kind is ThreadKind.DISCUSSION
        and thread.kind is ThreadKind.QUESTION
        and (answer := _answer_of(thread)) is not None
    ):
        thread.answer_seq = thread.answered_at = None
        audit.record("answer_withdrawn", by=by, on=thread)
        note_changed(answer, by=by)
    before = thread.title
    thread.title, thread.revision = title, thread.revision + 1
    thread.kind = ThreadKind.LIFTED if thread.kind is ThreadKind.LIFTED else kind
    there = {county.code: county for county in thread.counties}
    thread.counties = [there.get(code) or ThreadCounty(code=code) for code in in_order(counties)]
    thread.topics = list(topics)
    audit.record("thread_described", by=by, on=thread, before=before if before != title else None)
    note_kept(kept, on=thread, by=by)


def accept_answer(post: Post, *, by: Person, render: Render) -> None:
    """Mark the post that answers its thread; another one was the answer until now. Done twice, it is done once.

    Raises `Conflict` for a thread that asks nothing, and for its first words.
    """
    thread = post.thread
    lock_post(post)
    if thread.kind not in {ThreadKind.QUESTION, ThreadKind.LIFTED}:
        raise Conflict(_("Only a question or a raised problem has an answer."))
    if post.line is not None or post.gone is not None or post.seq == 1:
        raise Conflict(_("The question is not its own answer."))
    if thread.answer_seq == post.seq:
        return
    before = _answer_of(thread)
    thread.answer_seq, thread.answered_at = post.seq, db.now()
    audit.record("answer_accepted", by=by, on=post)
    for one in (before, post):
        if one is not None:
            show_anew(one, by=by, render=render)


def withdraw_answer(thread: Thread, *, by: Person, render: Render) -> None:
    """Let the question be open again."""
    db.lock(thread)
    post = _answer_of(thread)
    if thread.answer_seq is None:
        return
    thread.answer_seq = thread.answered_at = None
    audit.record("answer_withdrawn", by=by, on=thread)
    if post is not None:
        show_anew(post, by=by, render=render)


def _answer_of(thread: Thread) -> Post | None:
    if thread.answer_seq is None:
        return None
    return db.session.scalar(sa.select(Post).where(Post.thread_id == thread.id, Post.seq == thread.answer_seq))


def support_thread(thread: Thread, *, by: Person) -> None:
    """Say that one's organisation has the same problem. An organisation counts once, whoever says it."""
    row = db.insert_or(ThreadSupport).values(
        thread_id=thread.id, organisation_id=by.organisation_id, person_id=by.id, at=db.now()
    )
    made = row.on_conflict_do_nothing(index_elements=["thread_id", "organisation_id"])
    if db.session.execute(made.returning(ThreadSupport.thread_id)).first() is not None:
        audit.record("thread_supported", by=by, on=thread)


def withdraw_support(thread: Thread, *, by: Person) -> None:
    """Take the support of one's organisation back."""
    own = sa.delete(ThreadSupport).where(
        ThreadSupport.thread_id == thread.id, ThreadSupport.organisation_id == by.organisation_id
    )
    if db.session.execute(own.returning(ThreadSupport.thread_id)).first() is not None:
        audit.record("support_withdrawn", by=by, on=thread)
