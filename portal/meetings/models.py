"""Meetings of a group: series, seats, agenda, invitations, and what the minutes say on each item."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.people.models import Group, Organisation, Person, enum_column
from portal.times import as_date


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
    TENTATIVE = "tentative"
    DECLINED = "declined"


class AnswerVia(StrEnum):
    """The way by which an answer came."""

    PORTAL = "portal"
    LINK = "link"  # the signed link of the mail
    MAIL = "mail"  # the mail program's own button


class Participants(StrEnum):
    """Who is called to the meetings of a series."""

    MEMBERS = "members"
    SEATS = "seats"  # those who hold a seat, one ordinary per organisation


class MeetingSeries(db.Base):
    """Meetings that belong together without a fixed rule, such as LAMP's "about three times a year"."""

    __tablename__ = "meeting_series"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    months_between: Mapped[int | None]  # the rhythm; the convener is reminded when it has passed and nothing is planned
    participants: Mapped[Participants] = mapped_column(enum_column(Participants), default=Participants.MEMBERS)
    paragraphs_run_on: Mapped[bool] = mapped_column(default=False)  # § go on through the year instead of from 1
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    practical: Mapped[str] = mapped_column(sa.Text, default="")
    is_ended: Mapped[bool] = mapped_column(default=False)
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    revision: Mapped[int] = mapped_column(default=1)

    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    standing_items: Mapped[list[StandingItem]] = relationship(
        back_populates="series", order_by="StandingItem.position", cascade="all, delete-orphan"
    )
    meetings: Mapped[list[Meeting]] = relationship(back_populates="series", order_by="Meeting.starts_at")


class StandingItem(db.Base):
    """An item that every meeting of a series begins its agenda with."""

    __tablename__ = "standing_item"

    id: Mapped[db.pk]
    series_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting_series.id"), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(300))
    kind: Mapped[ItemKind] = mapped_column(enum_column(ItemKind), default=ItemKind.INFORMATION)
    minutes_allotted: Mapped[int] = mapped_column(default=10)
    lists_open_actions: Mapped[bool] = mapped_column(default=False)  # what is open comes in here by itself

    series: Mapped[MeetingSeries] = relationship(back_populates="standing_items")


class Seat(db.Base):
    """An organisation's seat in a group: who holds it, and who comes instead. Nobody in it is a vacancy."""

    __tablename__ = "seat"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    ordinary_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    substitute_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    changed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    organisation: Mapped[Organisation] = relationship()
    ordinary: Mapped[Person | None] = relationship(foreign_keys=[ordinary_id])
    substitute: Mapped[Person | None] = relationship(foreign_keys=[substitute_id])

    __table_args__ = (sa.UniqueConstraint("group_id", "organisation_id"),)


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
    series_id: Mapped[int | None] = mapped_column(sa.ForeignKey("meeting_series.id"), index=True)
    number: Mapped[int | None]  # within the series and the year: 3 of 3/2026
    is_all_day: Mapped[bool] = mapped_column(default=False)
    first_paragraph: Mapped[int] = mapped_column(default=1)
    proposals_by: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # until then members propose items
    opened_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # meeting mode
    closed_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    circulated_at: Mapped[datetime | None] = mapped_column(
        db.UTCDateTime
    )  # its minutes: the agenda's numbers are fixed
    sealed_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # its minutes: nothing of it changes any more
    last_seq: Mapped[int] = mapped_column(default=0)  # of its live topic

    series: Mapped[MeetingSeries | None] = relationship(back_populates="meetings")
    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    created_by: Mapped[Person] = relationship()
    items: Mapped[list[AgendaItem]] = relationship(
        back_populates="meeting", order_by="AgendaItem.position", cascade="all, delete-orphan"
    )
    invitations: Mapped[list[Invitation]] = relationship(back_populates="meeting")

    __table_args__ = (sa.Index("ix_meeting_group_starts", "group_id", "starts_at"),)

    @property
    def topic(self) -> str:
        """The name of its live topic."""
        return f"meeting:{self.id}"

    @property
    def path(self) -> str:
        """Its page, for notices and mail."""
        return f"/meetings/{self.id}"

    @property
    def told(self) -> dict[str, Any]:
        """What a notice about it says; of a whole day only the date."""
        starts = as_date(self.starts_at) if self.is_all_day else self.starts_at
        return {"title": self.title, "starts_at": starts.isoformat()}

    def touch(self) -> None:
        """Let calendars, the index and those who look at it see that it has changed."""
        self.revision, self.changed_at = self.revision + 1, db.now()

    @property
    def is_running(self) -> bool:
        """Whether meeting mode is on."""
        return self.opened_at is not None and self.closed_at is None

    @property
    def is_over(self) -> bool:
        """Whether it was closed, or its time has passed and it does not run."""
        return not self.is_running and (self.closed_at is not None or self.ends_at <= db.now())

    @property
    def minutes_planned(self) -> int:
        """The agenda's length in minutes."""
        return sum(item.minutes_allotted for item in self.items)

    @property
    def minutes_over(self) -> int:
        """By how much the agenda is longer than the meeting; 0 if it is not, or of whole days."""
        length = int((self.ends_at - self.starts_at).total_seconds()) // 60
        return 0 if self.is_all_day else max(0, self.minutes_planned - length)

    def timetable(self) -> list[tuple[AgendaItem, datetime, int | None]]:
        """Each item with its planned start and its paragraph number (breaks have none)."""
        rows, at, paragraph = [], self.starts_at, self.first_paragraph - 1
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
    revision: Mapped[int] = mapped_column(default=1)
    wants_paper: Mapped[bool] = mapped_column(default=False)  # a paper is expected; until there is one it is asked for
    lists_open_actions: Mapped[bool] = mapped_column(default=False)
    thread_id: Mapped[int | None] = mapped_column(sa.ForeignKey("thread.id"), index=True)  # a lifted question
    began_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # set while it is the current item
    spent_seconds: Mapped[int] = mapped_column(default=0)  # in earlier turns
    extra_minutes: Mapped[int] = mapped_column(default=0)  # added while it was dealt with
    is_done: Mapped[bool] = mapped_column(default=False)

    meeting: Mapped[Meeting] = relationship(back_populates="items")
    owner: Mapped[Person | None] = relationship()
    note: Mapped[MinutesNote | None] = relationship(back_populates="item", cascade="all, delete-orphan")


class Invitation(db.Base):
    """A person called to a meeting, and the answer."""

    __tablename__ = "invitation"

    id: Mapped[db.pk]
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"))
    guest_name: Mapped[str] = mapped_column(sa.String(120), default="")
    guest_email: Mapped[str] = mapped_column(sa.String(254), default="")
    guest_language: Mapped[str] = mapped_column(sa.String(2), default="sv")
    invited_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime, default=db.now)  # None: before this was noted
    answer: Mapped[Answer | None] = mapped_column(enum_column(Answer))
    answered_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    answered_via: Mapped[AnswerVia | None] = mapped_column(enum_column(AnswerVia))
    comment: Mapped[str] = mapped_column(sa.String(500), default="")
    replaces_id: Mapped[int | None] = mapped_column(sa.ForeignKey("invitation.id"))  # comes instead of that one
    is_only_substitute: Mapped[bool] = mapped_column(default=False)  # was not called until somebody named her
    mailed_revision: Mapped[int | None]  # the SEQUENCE of the last calendar mail
    withdrawn_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # not called any longer

    meeting: Mapped[Meeting] = relationship(back_populates="invitations")
    person: Mapped[Person | None] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
    replaces: Mapped[Invitation | None] = relationship(remote_side="Invitation.id")

    __table_args__ = (
        sa.UniqueConstraint("meeting_id", "person_id"),
        sa.CheckConstraint("(person_id IS NULL) <> (guest_email = '')", name="person_or_guest"),
    )

    @property
    def name(self) -> str:
        """Of the member or the guest."""
        return self.person.name if self.person is not None else self.guest_name

    @property
    def email(self) -> str:
        """Where the call goes."""
        return self.person.email if self.person is not None else self.guest_email


class MinutesNote(db.Base):
    """What the minutes say about one agenda item. `revision` grows with every save: nobody overwrites unseen."""

    __tablename__ = "minutes_note"

    id: Mapped[db.pk]
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("agenda_item.id"), unique=True)
    text: Mapped[str] = mapped_column(sa.Text, default="")
    revision: Mapped[int] = mapped_column(default=1)
    # the editor (one browser tab) that wrote the newest revisions, and the last revision before its unbroken run: what it
    # sends once more after a lost answer is no conflict
    writer_key: Mapped[str] = mapped_column(sa.String(36), default="")
    run_base: Mapped[int] = mapped_column(default=0)
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
    decision: Mapped[str] = mapped_column(sa.Text, default="")  # of notes that were written before decisions were rows
    written_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    written_at: Mapped[datetime] = mapped_column(db.UTCDateTime)

    __table_args__ = (sa.UniqueConstraint("note_id", "revision"),)
