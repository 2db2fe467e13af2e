"""Who may see and write threads and posts, and what is unread."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from portal import db
from portal.discussions.models import Post, PostVersion, ReadMark, Thread
from portal.people.models import (
    Group,
    HandlingClass,
    Membership,
    Organisation,
    OrganisationKind,
    Person,
    PersonStatus,
)
from portal.people.policy import can_write_in_group, readable_group_ids


def visible_threads(person: Person) -> sa.Select[Thread]:
    """The threads of the groups that the person may read."""
    return sa.select(Thread).where(Thread.group_id.in_(readable_group_ids(person)))


def visible_posts(person: Person) -> sa.Select[Post]:
    """The posts of the visible threads."""
    return (
        sa.select(Post)
        .join(Post.thread)
        .where(Thread.group_id.in_(readable_group_ids(person)))
        .options(contains_eager(Post.thread), joinedload(Post.author), joinedload(Post.organisation))
    )


def visible_versions(person: Person, post: Post) -> sa.Select[PostVersion]:
    """What a post said before, for those who may read it."""
    ids = visible_posts(person).with_only_columns(Post.id)
    return (
        sa.select(PostVersion)
        .where(PostVersion.post_id == post.id, PostVersion.post_id.in_(ids))
        .order_by(PostVersion.revision)
    )


def can_post_in_thread(person: Person, thread: Thread) -> bool:
    """Whoever may write in the group."""
    return can_write_in_group(person, thread.group)


def can_edit_post(person: Person, post: Post) -> bool:
    """The author, as long as he may still write there."""
    return post.author_id == person.id and can_post_in_thread(person, post.thread)


def can_post_update(person: Person) -> bool:
    """Updates that stand out are the NGOs' own form (domain.md)."""
    return person.organisation.kind in {OrganisationKind.NGO, OrganisationKind.INTERNATIONAL}


def audience(group: Group) -> tuple[int, int] | None:
    """How many people in how many organisations can read what is written in the group; None: everybody who is signed in.

    Whoever may not sign in is not counted.
    """
    if group.handling_class is HandlingClass.OPEN:
        return None
    members = (
        sa.select(sa.func.count(), sa.func.count(Person.organisation_id.distinct()))
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(
            Membership.group_id == group.id,
            Membership.left_at.is_(None),
            Person.status == PersonStatus.ACTIVE,
            Organisation.is_active,
        )
    )
    people, organisations = db.session.execute(members).one()
    return people, organisations


def read_mark(person: Person, thread: Thread) -> ReadMark | None:
    """How far the person has read the thread."""
    return db.session.get(ReadMark, (person.id, thread.id))


def unread(person: Person) -> dict[tuple[int, int], int]:
    """Unread posts per (group id, thread id) of the person's own groups, the latest first; only threads that have some.

    Unread are posts by others, later than joining and than the read mark.
    """
    mark = sa.func.coalesce(ReadMark.seq, 0)
    query = (
        sa.select(Thread.group_id, Thread.id, sa.func.count(Post.id))
        .join(
            Membership,
            (Membership.group_id == Thread.group_id)
            & (Membership.person_id == person.id)
            & Membership.left_at.is_(None),
        )
        .outerjoin(ReadMark, (ReadMark.thread_id == Thread.id) & (ReadMark.person_id == person.id))
        .join(Post, Post.thread_id == Thread.id)
        .where(
            Thread.last_seq > mark,
            Thread.last_post_at > Membership.joined_at,
            Post.seq > mark,
            Post.created_at > Membership.joined_at,
            Post.author_id != person.id,
        )
        .group_by(Thread.group_id, Thread.id)
        .order_by(Thread.last_post_at.desc(), Thread.id.desc())
    )
    return {(group_id, thread_id): count for group_id, thread_id, count in db.session.execute(query)}


def unread_by_thread(person: Person) -> dict[int, int]:
    """Unread posts per thread, only threads that have some."""
    return {thread_id: count for (_group, thread_id), count in unread(person).items()}


def may_watch_thread(person_id: int, thread_id: int) -> bool:
    """Whether this person may listen to this thread: the same query that guards its page."""
    person = db.session.get(Person, person_id)
    if person is None or not person.is_active:
        return False
    return (
        db.session.scalar(visible_threads(person).where(Thread.id == thread_id).with_only_columns(Thread.id))
        is not None
    )


def last_seq(thread_id: int) -> int:
    """The number of the last thing that happened in the thread."""
    return db.session.scalar(sa.select(Thread.last_seq).where(Thread.id == thread_id)) or 0
