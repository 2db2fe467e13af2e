"""Notices to people, what each wishes to hear by mail, and what was sent."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.people.models import Group, Person, enum_column


class Channel(StrEnum):
    """How a person hears of one kind of thing. In the portal everything is shown in any case."""

    MAIL = "mail"
    HOURLY = "hourly"  # gathered into one mail an hour
    DAILY = "daily"  # gathered into one mail a day
    WEEKLY = "weekly"  # gathered into one mail a week
    PORTAL = "portal"  # not by mail


GATHERED = frozenset({Channel.HOURLY, Channel.DAILY, Channel.WEEKLY})  # by choice; quiet hours gather others too


class Notice(db.Base):
    """Something that one person is told. The words are made when it is shown, in the reader's language, from `details`."""

    __tablename__ = "notice"

    id: Mapped[db.pk]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("group.id"))
    kind: Mapped[str] = mapped_column(sa.String(60))
    details: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    path: Mapped[str] = mapped_column(sa.String(300))  # the page that it is about, without host
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    read_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    about: Mapped[str | None] = mapped_column(sa.String(60))  # what it is about, so that reading that reads it too
    due_at: Mapped[datetime | None] = mapped_column(
        db.UTCDateTime
    )  # waits for a mail that gathers, or for the quiet to end

    person: Mapped[Person] = relationship()
    group: Mapped[Group | None] = relationship()

    __table_args__ = (
        sa.Index("ix_notice_person", "person_id", "created_at"),
        sa.Index("ix_notice_due", "due_at", "person_id"),
        sa.Index("ix_notice_about", "person_id", "about"),
    )


class Preference(db.Base):
    """What a person has chosen for one kind; without a row the kind's own default counts."""

    __tablename__ = "notification_preference"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))


class GroupPreference(db.Base):
    """How a person hears of everything in one group; it goes before what was chosen for the kinds."""

    __tablename__ = "group_preference"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"), primary_key=True, index=True)
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))


class Habit(db.Base):
    """When a person wishes to be written to, in hours of Swedish time; without a row `Hours` says."""

    __tablename__ = "notification_habit"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    hour: Mapped[int]
    weekday: Mapped[int]
    quiet_from: Mapped[int | None]
    quiet_to: Mapped[int | None]

    __table_args__ = (
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name="quiet"),
    )


class Once(db.Base):
    """A reminder that has been given, so that it is not given twice; `key` names the reminder, its object and its step."""

    __tablename__ = "reminder_given"

    key: Mapped[str] = mapped_column(sa.String(160), primary_key=True)
    at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
