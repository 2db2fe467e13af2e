"""Meetings of a group: agenda, invitations and minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.people.models import Group, Organisation, Person, enum_column


class MeetingState(StrEnum):
    """Where a meeting stands. Members other than the group's leaders see it from the call on."""

    PLANNING = "planning"
    CALLED = "called"
    CANCELLED = "cancelled"


class ItemKind(StrEnum):
    """What an agenda item is for."""

    INFORMATION = "information"
    DISCUSSION = "discussion"
    DECISION = "decision"
    BREAK = "break"


class Answer(StrEnum):
    """What somebody said to the call."""

    ON_SITE = "on_site"
    ONLINE = "online"
    DECLINED = "declined"


class Meeting(db.Base):
    """A meeting."""

    __tablename__ = "meeting"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    title: Mapped[str] = mapped_column(sa.String(200))
    starts_at: Mapped[datetime] = mapped_column(db.UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(db.UTCDateTime)
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    link: Mapped[str] = mapped_column(sa.String(500), default="")
    practical: Mapped[str] = mapped_column(sa.Text, default="")
    reply_by: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    state: Mapped[MeetingState] = mapped_column(enum_column(MeetingState), default=MeetingState.PLANNING)
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    changed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    revision: Mapped[int] = mapped_column(default=1)  # also the SEQUENCE of its calendar entry
    uid: Mapped[str] = mapped_column(sa.String(80), unique=True)  # of its calendar entry, never changed

    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    created_by: Mapped[Person] = relationship()
    items: Mapped[list[AgendaItem]] = relationship(
        back_populates="meeting", order_by="AgendaItem.position", cascade="all, delete-orphan"
    )
    invitations: Mapped[list[Invitation]] = relationship(back_populates="meeting")

    __table_args__ = (sa.Index("ix_meeting_group_starts", "group_id", "starts_at"),)

    @property
    def minutes_planned(self) -> int:
        """The agenda's length in minutes."""
        return sum(item.minutes_allotted for item in self.items)

    def timetable(self) -> list[tuple[AgendaItem, datetime, int | None]]:
        """Each item with its planned start and its paragraph number (breaks have none)."""
        rows, at, paragraph = [], self.starts_at, 0
        for item in self.items:
            if item.kind is not ItemKind.BREAK:
                paragraph += 1
            rows.append((item, at, None if item.kind is ItemKind.BREAK else paragraph))
            at += timedelta(minutes=item.minutes_allotted)
        return rows


class AgendaItem(db.Base):
    """An item of the agenda, and what the minutes say about it."""

    __tablename__ = "agenda_item"

    id: Mapped[db.pk]
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(300))
    description: Mapped[str] = mapped_column(sa.Text, default="")
    kind: Mapped[ItemKind] = mapped_column(enum_column(ItemKind), default=ItemKind.DISCUSSION)
    minutes_allotted: Mapped[int] = mapped_column(default=15)
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))

    meeting: Mapped[Meeting] = relationship(back_populates="items")
    owner: Mapped[Person | None] = relationship()
    note: Mapped[MinutesNote | None] = relationship(back_populates="item", cascade="all, delete-orphan")


class Invitation(db.Base):
    """A person called to a meeting, and the answer."""

    __tablename__ = "invitation"

    id: Mapped[db.pk]
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    answer: Mapped[Answer | None] = mapped_column(enum_column(Answer))
    answered_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)

    meeting: Mapped[Meeting] = relationship(back_populates="invitations")
    person: Mapped[Person] = relationship()
    organisation: Mapped[Organisation] = relationship()

    __table_args__ = (sa.UniqueConstraint("meeting_id", "person_id"),)


class MinutesNote(db.Base):
    """What the minutes say about one agenda item. `revision` grows with every save: nobody overwrites unseen."""

    __tablename__ = "minutes_note"

    id: Mapped[db.pk]
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("agenda_item.id"), unique=True)
    text: Mapped[str] = mapped_column(sa.Text, default="")
    decision: Mapped[str] = mapped_column(sa.Text, default="")
    revision: Mapped[int] = mapped_column(default=1)
    written_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    written_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    item: Mapped[AgendaItem] = relationship(back_populates="note")
    written_by: Mapped[Person] = relationship()


class MinutesVersion(db.Base):
    """What a note said before it was changed."""

    __tablename__ = "minutes_version"

    id: Mapped[db.pk]
    note_id: Mapped[int] = mapped_column(sa.ForeignKey("minutes_note.id"))
    revision: Mapped[int]
    text: Mapped[str] = mapped_column(sa.Text)
    decision: Mapped[str] = mapped_column(sa.Text)
    written_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    written_at: Mapped[datetime] = mapped_column(db.UTCDateTime)

    __table_args__ = (sa.UniqueConstraint("note_id", "revision"),)
