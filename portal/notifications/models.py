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
    DAILY = "daily"  # gathered into one mail a day
    PORTAL = "portal"  # not by mail


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
    in_daily: Mapped[bool] = mapped_column(default=False)  # waits for the mail of the day

    person: Mapped[Person] = relationship()
    group: Mapped[Group | None] = relationship()

    __table_args__ = (
        sa.Index("ix_notice_person", "person_id", "created_at"),
        sa.Index("ix_notice_daily", "in_daily", "person_id"),
    )


class Preference(db.Base):
    """What a person has chosen for one kind; without a row the kind's own default counts."""

    __tablename__ = "notification_preference"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))


class Once(db.Base):
    """A reminder that has been given, so that it is not given twice; `key` names the reminder, its object and its step."""

    __tablename__ = "reminder_given"

    key: Mapped[str] = mapped_column(sa.String(160), primary_key=True)
    at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
