"""Secret calendar addresses."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.people.models import Group, Person


def hash_token(token: str) -> str:
    """What is stored of a feed's secret: it has 256 random bits, so that no slower hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


class CalendarFeed(db.Base):
    """A secret address from which a calendar program reads a person's meetings, all or those of one group.

    Only the hash of the secret is stored: the address is shown once, when it is made.
    """

    __tablename__ = "calendar_feed"

    id: Mapped[db.pk]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("group.id"))
    name: Mapped[str] = mapped_column(sa.String(80))  # what the person calls the program that reads it
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    read_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)

    person: Mapped[Person] = relationship()
    group: Mapped[Group | None] = relationship()
