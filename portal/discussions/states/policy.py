"""Who may pin, close, describe, answer, support, move and split a thread."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import db
from portal.discussions.models import LineKind, Post, Thread, ThreadKind, ThreadSupport
from portal.discussions.policy import can_post_in_thread, visible_posts, visible_threads
from portal.people.models import Group, HandlingClass, Membership, Person, Role
from portal.people.policy import can_lead_group, own_groups

_ORDER = [HandlingClass.SENSITIVE, HandlingClass.NETWORK, HandlingClass.OPEN]


def can_lead_thread(person: Person, thread: Thread) -> bool:
    """The group's convener and secretary: they pin, move and split."""
    return not thread.group.is_archived and can_lead_group(person, thread.group)


def can_close_thread(person: Person, thread: Thread) -> bool:
    """Who started it, as long as he may write there, and the group's leaders."""
    is_own = thread.created_by_id == person.id and can_post_in_thread(person, thread)
    return is_own or can_lead_thread(person, thread)


def can_open_thread(person: Person, thread: Thread) -> bool:
    """The group's leaders; who started it only if it was not somebody else that closed it."""
    if can_lead_thread(person, thread):
        return True
    closed = sa.select(Post.author_id).where(Post.thread_id == thread.id, Post.line == LineKind.CLOSED)
    last = db.session.scalar(closed.order_by(Post.seq.desc()).limit(1))
    return last == person.id and can_close_thread(person, thread)


def can_describe_thread(person: Person, thread: Thread) -> bool:
    """The organisation that owns it says what it is about: its people who may write there; and the group's leaders."""
    is_own = thread.organisation_id == person.organisation_id and can_post_in_thread(person, thread)
    return is_own or can_lead_thread(person, thread)


def can_accept_answer(person: Person, thread: Thread) -> bool:
    """Of a question, the organisation that asked and the group's leaders; of a raised problem, the leaders."""
    if thread.kind is ThreadKind.QUESTION:
        return can_describe_thread(person, thread)
    return thread.kind is ThreadKind.LIFTED and can_lead_thread(person, thread)


def can_support_thread(person: Person, thread: Thread) -> bool:
    """Other organisations than the one that raised the problem, through anybody who may write there."""
    is_others = thread.organisation_id != person.organisation_id
    return thread.kind is ThreadKind.LIFTED and is_others and can_post_in_thread(person, thread)


def visible_supports(person: Person, thread: Thread) -> sa.Select[ThreadSupport]:
    """The organisations that support a problem, the first one first, for those who may read it."""
    ids = visible_threads(person).with_only_columns(Thread.id)
    return (
        sa.select(ThreadSupport)
        .where(ThreadSupport.thread_id == thread.id, ThreadSupport.thread_id.in_(ids))
        .options(joinedload(ThreadSupport.organisation))
        .order_by(ThreadSupport.at, ThreadSupport.organisation_id)
    )


def accepted_answer(person: Person, thread: Thread) -> Post | None:
    """The post that answers the thread."""
    if thread.answer_seq is None:
        return None
    query = visible_posts(person).where(Post.thread_id == thread.id, Post.seq == thread.answer_seq)
    return db.session.scalars(query).first()


def groups_to_move_to(person: Person, thread: Thread) -> sa.Select[Group]:
    """The other groups that the person may write in."""
    writing = sa.select(Membership.group_id).where(
        Membership.person_id == person.id, Membership.left_at.is_(None), Membership.role != Role.OBSERVER
    )
    return own_groups(person).where(Group.id.in_(writing), Group.id != thread.group_id)


def is_wider(group: Group, thread: Thread) -> bool:
    """Whether a group is more open than the one that the thread belongs to."""
    return _ORDER.index(group.handling_class) > _ORDER.index(thread.group.handling_class)


def writers_left_out(thread: Thread, group: Group) -> Sequence[Person]:
    """Who has written in the thread and could not read it in that group."""
    if group.handling_class is HandlingClass.OPEN:
        return []
    members = sa.select(Membership.person_id).where(Membership.group_id == group.id, Membership.left_at.is_(None))
    writers = sa.select(Post.author_id).where(Post.thread_id == thread.id, Post.line.is_(None))
    query = sa.select(Person).where(Person.id.in_(writers), Person.id.not_in(members)).order_by(Person.name)
    return db.session.scalars(query).unique().all()
