"""Secret calendar addresses."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.people.models import Group, Person
from portal.secret_address import SecretAddress


class CalendarFeed(SecretAddress, db.Base):
    """A secret address from which a calendar program reads a person's meetings, all or those of one group."""

    __tablename__ = "calendar_feed"

    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("group.id"))

    person: Mapped[Person] = relationship()
    group: Mapped[Group | None] = relationship()
