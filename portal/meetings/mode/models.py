"""Who was there and when, who asks for the floor, and what those who watch say beside the minutes."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.meetings.models import AgendaItem, Answer, Invitation, Meeting
from portal.people.models import Organisation, Person, enum_column


class Attendance(db.Base):
    """One stay of an invited person at the meeting: came, and left. Who goes and comes back has two."""

    __tablename__ = "attendance"

    id: Mapped[db.pk]
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"), index=True)
    invitation_id: Mapped[int] = mapped_column(sa.ForeignKey("invitation.id"))
    way: Mapped[Answer] = mapped_column(enum_column(Answer))  # on site or online
    came_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    left_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)

    invitation: Mapped[Invitation] = relationship()

    __table_args__ = (
        sa.Index(
            "uq_attendance_present",
            "invitation_id",
            unique=True,
            sqlite_where=sa.text("left_at IS NULL"),
            postgresql_where=sa.text("left_at IS NULL"),
        ),
    )


class SpeakerRequest(db.Base):
    """Somebody who asks for the floor; served in the order of asking."""

    __tablename__ = "speaker_request"

    id: Mapped[db.pk]
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    asked_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    given_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)

    meeting: Mapped[Meeting] = relationship()
    person: Mapped[Person] = relationship()
    organisation: Mapped[Organisation] = relationship()

    __table_args__ = (
        sa.Index(
            "uq_speaker_request_waiting",
            "meeting_id",
            "person_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )


class ItemComment(db.Base):
    """A remark to the secretary on an item, while the minutes are written. It is not part of the minutes."""

    __tablename__ = "item_comment"

    id: Mapped[db.pk]
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("agenda_item.id"), index=True)
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    client_id: Mapped[str] = mapped_column(sa.String(36))
    body: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    item: Mapped[AgendaItem] = relationship()
    author: Mapped[Person] = relationship()
    organisation: Mapped[Organisation] = relationship()

    __table_args__ = (sa.UniqueConstraint("item_id", "author_id", "client_id"),)
