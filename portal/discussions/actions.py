"""Every write to threads and posts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal import audit, db, guard, live
from portal.discussions.models import Post, PostKind, PostVersion, ReadMark, Thread, ThreadKind
from portal.errors import Conflict
from portal.people.models import Group, HandlingClass, Person


def _next_seq(thread: Thread, **values: object) -> int:
    """Take the thread's next number: one statement, so that two writers never get the same."""
    statement = sa.update(Thread).where(Thread.id == thread.id).values(last_seq=Thread.last_seq + 1, **values)
    statement = statement.execution_options(synchronize_session=False)  # the object is told below
    seq = cast(int, db.session.scalar(statement.returning(Thread.last_seq)))
    db.session.expire(thread, ["last_seq", "post_count", "last_post_at"])
    return seq


def note_kept(finds: list[guard.Find], *, on: db.Base, by: Person) -> None:
    """Keep a trace of what the author chose to publish in spite of a question; the find itself is never logged."""
    if finds:
        audit.record("guard_kept", by=by, on=on, kinds=sorted({find.kind.value for find in finds}), count=len(finds))


def start_thread(
    group: Group, *, title: str, body: str, kind: ThreadKind, client_id: str, keep: Collection[str] = (), by: Person,
    render: Callable[[Post], Mapping[str, str]],
) -> Thread:  # fmt: skip
    """Open a thread with its first post. Raises `guard.Stopped` and stores nothing if the text may not be published.

    Sent twice with the same `client_id`, it makes one thread.
    """
    kept = guard.check({"title": title, "body": body}, keep=keep)
    db.lock_name(f"thread:{client_id}")  # the same form sent twice at once
    twin = (
        sa.select(Thread)
        .join(Post, Post.thread_id == Thread.id)
        .where(Thread.group_id == group.id, Post.author_id == by.id, Post.client_id == client_id, Post.seq == 1)
    )
    if (existing := db.session.scalar(twin)) is not None:
        return existing
    thread = Thread(group=group, title=title, kind=kind, created_by=by, organisation_id=by.organisation_id)
    db.session.add(thread)
    post_kind = PostKind.UPDATE if kind is ThreadKind.UPDATE else PostKind.REPLY
    post, html = _store_post(thread, body=body, kind=post_kind, client_id=client_id, by=by, render=render)
    audit.record("thread_started", by=by, on=thread)
    note_kept(kept, on=thread, by=by)
    _announce(post, html, by=by)
    return thread


def add_post(
    thread: Thread, *, body: str, kind: PostKind, client_id: str, keep: Collection[str] = (), by: Person,
    render: Callable[[Post], Mapping[str, str]],
) -> Post:  # fmt: skip
    """Write a post. Raises `guard.Stopped` and stores nothing if the text may not be published.

    Sent twice with the same `client_id` (a retry after a lost answer), it stays one post. `render` makes the fragment that
    all readers get, once per language.
    """
    kept = guard.check({"body": body}, keep=keep)
    db.lock_name(f"post:{client_id}")  # the same form sent twice at once
    existing = db.session.scalar(
        sa.select(Post).where(Post.thread_id == thread.id, Post.author_id == by.id, Post.client_id == client_id)
    )
    if existing is not None:
        return existing
    post, html = _store_post(thread, body=body, kind=kind, client_id=client_id, by=by, render=render)
    _announce(post, html, by=by)
    note_kept(kept, on=post, by=by)
    return post


def _store_post(
    thread: Thread,
    *,
    body: str,
    kind: PostKind,
    client_id: str,
    by: Person,
    render: Callable[[Post], Mapping[str, str]],
) -> tuple[Post, Mapping[str, str]]:
    """The post and its fragments, which are made before anything is audited: writers of the whole portal queue up for that
    on PostgreSQL.
    """
    at = db.now()
    db.session.flush()
    seq = _next_seq(thread, post_count=Thread.post_count + 1, last_post_at=at)
    post = Post(
        thread=thread, seq=seq, change_seq=seq, kind=kind, author=by, organisation=by.organisation, client_id=client_id,
        body=body, created_at=at,
    )  # fmt: skip
    db.session.add(post)
    db.session.flush()
    return post, render(post)


def _announce(post: Post, html: Mapping[str, str], *, by: Person) -> None:
    audit.record("post_added", by=by, on=post)
    live.publish(post.thread.topic, seq=post.seq, html=html)


def edit_post(
    post: Post,
    *,
    body: str,
    based_on: int,
    keep: Collection[str] = (),
    by: Person,
    render: Callable[[Post], Mapping[str, str]],
) -> Post:
    """Change a post; the words before stay as a version.

    Raises `guard.Stopped`, or `Conflict` if the post has been changed since revision `based_on`.
    """
    kept = guard.check({"body": body}, keep=keep)
    db.lock(post)
    if post.revision != based_on:
        raise Conflict
    if body == post.body:
        return post
    written_at = post.edited_at or post.created_at
    db.session.add(PostVersion(post=post, revision=post.revision, body=post.body, written_at=written_at))
    post.body, post.edited_at, post.revision = body, db.now(), post.revision + 1
    post.change_seq = _next_seq(post.thread)
    html = render(post)
    audit.record("post_edited", by=by, on=post, revision=post.revision)
    note_kept(kept, on=post, by=by)
    live.publish_change(post.thread.topic, item_id=f"post-{post.id}", seq=post.change_seq, html=html)
    return post


def note_read(thread: Thread, *, by: Person) -> None:
    """Note that a person reads a thread of a sensitive group; what cannot be noted is not shown."""
    if thread.group.handling_class is HandlingClass.SENSITIVE:
        audit.record_read("thread_read", by=by, on=thread)


def note_watch(thread_id: int, *, by: Person) -> None:
    """Note that a person listens to a thread: whatever is written there from now on is read too."""
    note_read(db.session.get_one(Thread, thread_id), by=by)


def mark_read(session: Session, *, person_id: int, thread_id: int, seq: int) -> None:
    """Note how far a person has read; a mark never goes back."""
    statement = db.insert_or(ReadMark).values(person_id=person_id, thread_id=thread_id, seq=seq, at=db.now())
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id", "thread_id"],
            set_={"seq": statement.excluded.seq, "at": statement.excluded.at},
            where=ReadMark.seq < statement.excluded.seq,
        )
    )


def mark_all_read(person: Person, thread_ids: Collection[int]) -> None:
    """Note that a person wants to hear no more of what is new in these threads."""
    for thread_id, seq in db.session.execute(
        sa.select(Thread.id, Thread.last_seq).where(Thread.id.in_(thread_ids))
    ).all():
        mark_read(db.session(), person_id=person.id, thread_id=thread_id, seq=seq)
