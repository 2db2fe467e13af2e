"""Who follows what, and who is to be told of a post."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from portal import db
from portal.discussions.following.models import GroupFollow, Level, ThreadFollow
from portal.discussions.models import Post, ReadMark, Thread
from portal.people.models import Group, HandlingClass, Membership, Organisation, Person, PersonStatus
from portal.people.policy import role_in


def group_level(person: Person, group: Group) -> Level:
    """How the person follows the group: the own choice; without one a member hears of everything, others of nothing."""
    chosen = db.session.get(GroupFollow, (person.id, group.id))
    if chosen is not None:
        return chosen.level
    return Level.ALL if role_in(person, group) is not None else Level.NONE


def thread_level(person: Person, thread: Thread) -> Level:
    """How the person follows the thread: the own choice for it, or else that for its group."""
    chosen = db.session.get(ThreadFollow, (person.id, thread.id))
    return chosen.level if chosen is not None else group_level(person, thread.group)


def can_follow_group(person: Person, group: Group) -> bool:
    """Its members; whoever only may read an open group follows single threads."""
    return role_in(person, group) is not None


def can_follow_thread(person: Person, _thread: Thread) -> bool:
    """Whoever may read it."""
    return person.is_active


def to_be_told(post: Post, *, mentioned: Collection[int] = (), is_new: bool = True) -> dict[int, bool]:
    """Who is to be told of a post, by id, and whether it is because they are mentioned: one query for all.

    Not its author, nobody who has read it already, and nobody who may not read it now. Of one that is not new (it has been
    changed), only who is mentioned, even who has read it before.
    """
    level = sa.func.coalesce(ThreadFollow.level, GroupFollow.level, _by_default())
    query = (
        sa.select(Person.id, level)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .outerjoin(
            Membership,
            (Membership.person_id == Person.id)
            & (Membership.group_id == post.thread.group_id)
            & Membership.left_at.is_(None),
        )
        .outerjoin(ThreadFollow, (ThreadFollow.person_id == Person.id) & (ThreadFollow.thread_id == post.thread_id))
        .outerjoin(GroupFollow, (GroupFollow.person_id == Person.id) & (GroupFollow.group_id == post.thread.group_id))
        .outerjoin(ReadMark, (ReadMark.person_id == Person.id) & (ReadMark.thread_id == post.thread_id))
        .where(
            Person.id != post.author_id,
            Person.status == PersonStatus.ACTIVE,
            Organisation.is_active,
            sa.func.coalesce(ReadMark.seq, 0) < post.seq if is_new else Person.id.in_(mentioned),
            _may_read(post.thread.group, mentioned),
        )
    )
    wanted = set(mentioned)
    told = {}
    for person_id, chosen in db.session.execute(query):
        if (chosen == Level.ALL or person_id in wanted) and chosen != Level.NONE:
            told[person_id] = person_id in wanted
    return told


def _by_default() -> sa.ColumnElement[Level]:
    """Members hear of everything."""
    return sa.case((Membership.id.is_not(None), sa.literal(Level.ALL, GroupFollow.level.type)))


def _may_read(group: Group, mentioned: Collection[int]) -> sa.ColumnElement[bool]:
    """Members; in an open group also those outside it who have chosen the thread or are mentioned."""
    if group.is_archived:
        return sa.false()
    is_member = Membership.id.is_not(None)
    if group.handling_class is HandlingClass.OPEN:
        return is_member | ThreadFollow.level.is_not(None) | Person.id.in_(mentioned)
    return is_member


def next_unread(unread: Collection[tuple[int, int]], *, after: int | None, group_id: int | None) -> int | None:
    """The thread to go on to, of those with something unread (group id, thread id): of the same group first, and not the one
    that is being left.
    """
    others = [(group, thread) for group, thread in unread if thread != after]
    same = [thread for group, thread in others if group == group_id]
    return same[0] if same else others[0][1] if others else None
