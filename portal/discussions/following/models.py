"""What people have chosen to follow."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal import db
from portal.people.models import enum_column


class Level(StrEnum):
    """How much of what is written a person is told of."""

    ALL = "all"
    MENTIONS = "mentions"  # only where the person is mentioned
    NONE = "none"  # nothing, and it is not counted as unread


class GroupFollow(db.Base):
    """What a person has chosen for a group; without a row a member hears of everything."""

    __tablename__ = "group_follow"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"), primary_key=True, index=True)
    level: Mapped[Level] = mapped_column(enum_column(Level))


class ThreadFollow(db.Base):
    """What a person has chosen for a thread, or got by writing in it; it goes before what was chosen for the group."""

    __tablename__ = "thread_follow"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    thread_id: Mapped[int] = mapped_column(sa.ForeignKey("thread.id"), primary_key=True, index=True)
    level: Mapped[Level] = mapped_column(enum_column(Level))
