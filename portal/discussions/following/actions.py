"""Choosing what to follow, and telling those who follow."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from portal import audit, db, outbox
from portal.discussions.following.models import GroupFollow, Level, ThreadFollow
from portal.discussions.models import Post, Thread
from portal.people.models import Group, Person

# whoever reads along has read it by then, and the author has mended what was wrong at first sight
PATIENCE = timedelta(minutes=1)


def follow_group(group: Group, level: Level, *, by: Person) -> None:
    """Note how the person wishes to follow a group."""
    db.session.merge(GroupFollow(person_id=by.id, group_id=group.id, level=level))
    audit.record("group_followed", by=by, on=group, level=level.value)


def follow_thread(thread: Thread, level: Level, *, by: Person) -> None:
    """Note how the person wishes to follow a thread."""
    db.session.merge(ThreadFollow(person_id=by.id, thread_id=thread.id, level=level))
    audit.record("thread_followed", by=by, on=thread, level=level.value)


def notify_posted(post: Post, *, mentioned: Collection[int] = (), by: Person) -> None:
    """A post was written: its author follows the thread from now on, and in a moment those who follow it are told.

    `mentioned` are ids of people whom the post mentions; they are told by a notice of their own kind.
    """
    writes = db.insert_or(ThreadFollow).values(person_id=by.id, thread_id=post.thread_id, level=Level.ALL)
    db.session.execute(writes.on_conflict_do_nothing(index_elements=["person_id", "thread_id"]))
    outbox.enqueue("post_told", delay=PATIENCE, post_id=post.id, mentioned=sorted(set(mentioned)))


def notify_named(post: Post, *, mentioned: Collection[int], by: Person) -> None:
    """A change of a post mentions people for the first time: they are told in a moment, and nobody else; not who made it."""
    named = set(mentioned) - {by.id}
    if named:
        outbox.enqueue("post_told", delay=PATIENCE, post_id=post.id, mentioned=sorted(named), is_new=False)
