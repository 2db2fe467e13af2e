"""Whether somebody may write now: not suspended, and not faster than slow mode lets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from portal import db
from portal.discussions.models import Post, Thread
from portal.discussions.moderation.models import GroupPace, Suspension, ThreadPace
from portal.people.models import Group, Person
from portal.people.policy import can_lead_group
from portal.times import today

_SUSPENDED = sa.select(Suspension).where(
    Suspension.person_id == sa.bindparam("person_id"), Suspension.group_id == sa.bindparam("group_id"),
    Suspension.until_on >= sa.bindparam("today"),
)  # fmt: skip
_PACES = sa.union_all(
    sa.select(sa.literal("group"), GroupPace.seconds).where(GroupPace.group_id == sa.bindparam("group_id")),
    sa.select(sa.literal("thread"), ThreadPace.seconds).where(ThreadPace.thread_id == sa.bindparam("thread_id")),
)


def suspension_of(person: Person, group: Group) -> Suspension | None:
    """The suspension that keeps the person from writing in the group today."""
    return db.session.scalar(_SUSPENDED, {"person_id": person.id, "group_id": group.id, "today": today()})


@dataclass(frozen=True, slots=True)
class Pace:
    """Slow mode as it is for one person: seconds between two posts, and how many are left now. Nothing: 0 and 0."""

    seconds: int
    wait: int


def paces(group: Group, thread: Thread | None) -> tuple[int, int]:
    """Slow mode of the group and of the thread, in seconds; 0 where there is none."""
    numbers = {"group_id": group.id, "thread_id": thread.id if thread is not None else None}
    found = dict(db.session.execute(_PACES, numbers).all())
    return found.get("group", 0), found.get("thread", 0)


def pace_of(person: Person, group: Group, thread: Thread | None) -> Pace:
    """How fast the person may write. The group's leaders are not slowed down."""
    of_group, of_thread = paces(group, thread)
    if not (of_group or of_thread) or can_lead_group(person, group):
        return Pace(0, 0)
    own = sa.select(sa.func.max(Post.created_at)).where(Post.author_id == person.id, Post.line.is_(None))
    wait = 0.0
    if of_group:
        wait = _left(own.join(Post.thread).where(Thread.group_id == group.id), of_group)
    if of_thread and thread is not None:
        wait = max(wait, _left(own.where(Post.thread_id == thread.id), of_thread))
    return Pace(max(of_group, of_thread), math.ceil(wait))


def _left(newest: sa.Select[datetime], seconds: int) -> float:
    at = db.session.scalar(newest)
    return max(0.0, seconds - (db.now() - at).total_seconds()) if at is not None else 0.0
