"""Reports of posts, what was done about them, who may not write for a while, and how fast one may write."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.discussions.models import Post, Thread
from portal.people.models import Group, Person, enum_column

LONGEST_WORDS = 500


class ReportReason(StrEnum):
    """What is wrong with a post."""

    PERSONAL_DATA = "personal_data"  # about somebody who must not stand here
    UNKIND = "unkind"
    WRONG_PLACE = "wrong_place"
    UNTRUE = "untrue"
    OTHER = "other"


class ActKind(StrEnum):
    """What was done."""

    DISMISSED = "dismissed"  # a report, without more
    HIDDEN = "hidden"
    DELETED = "deleted"
    SHOWN = "shown"
    WARNED = "warned"
    CLOSED = "closed"
    SLOWED = "slowed"
    HASTENED = "hastened"  # the end of slow mode
    SUSPENDED = "suspended"
    RELEASED = "released"


class ModerationAct(db.Base):
    """One act of a group's leaders: the log that they see."""

    __tablename__ = "moderation_act"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    kind: Mapped[ActKind] = mapped_column(enum_column(ActKind))
    thread_id: Mapped[int | None] = mapped_column(sa.ForeignKey("thread.id"), index=True)
    post_id: Mapped[int | None] = mapped_column(sa.ForeignKey("post.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)  # whom it is about
    reason: Mapped[str] = mapped_column(sa.String(LONGEST_WORDS), default="")
    until_on: Mapped[date | None]
    seconds: Mapped[int | None]
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    group: Mapped[Group] = relationship()
    thread: Mapped[Thread | None] = relationship()
    person: Mapped[Person | None] = relationship(foreign_keys=[person_id])
    by: Mapped[Person] = relationship(foreign_keys=[by_id])

    __table_args__ = (sa.Index("ix_moderation_act_group", "group_id", "id"),)


class PostReport(db.Base):
    """Somebody says that something is wrong with a post; open until an act answers it."""

    __tablename__ = "post_report"

    id: Mapped[db.pk]
    post_id: Mapped[int] = mapped_column(sa.ForeignKey("post.id"))
    reporter_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    reason: Mapped[ReportReason] = mapped_column(enum_column(ReportReason))
    words: Mapped[str] = mapped_column(sa.String(LONGEST_WORDS), default="")
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    act_id: Mapped[int | None] = mapped_column(sa.ForeignKey("moderation_act.id"), index=True)

    post: Mapped[Post] = relationship()
    reporter: Mapped[Person] = relationship()

    __table_args__ = (sa.UniqueConstraint("post_id", "reporter_id"),)


class Suspension(db.Base):
    """A person may read but not write in the threads of a group, to the end of a day."""

    __tablename__ = "suspension"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"), primary_key=True, index=True)
    until_on: Mapped[date]
    reason: Mapped[str] = mapped_column(sa.String(LONGEST_WORDS))
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    group: Mapped[Group] = relationship()


class GroupPace(db.Base):
    """Slow mode of a group: seconds between two posts of one person."""

    __tablename__ = "group_pace"

    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"), primary_key=True)
    seconds: Mapped[int]


class ThreadPace(db.Base):
    """Slow mode of a thread."""

    __tablename__ = "thread_pace"

    thread_id: Mapped[int] = mapped_column(sa.ForeignKey("thread.id"), primary_key=True)
    seconds: Mapped[int]
