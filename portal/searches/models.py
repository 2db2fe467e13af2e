"""Searches that people keep, and secret addresses that show what they find."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.people.models import Group, Person, enum_column
from portal.secret_address import SecretAddress

LONGEST_NAME = 120


class Place(StrEnum):
    """Where is searched: the pages that show results."""

    EVERYWHERE = "everywhere"
    LIBRARY = "library"
    GROUP = "group"  # the materials of one group


class SavedSearch(db.Base):
    """What one person asked a search page, to be asked again. Kept as what it means, never as an address to be sent to.

    `seen` are the hits that the person need not be told of any more, `fresh` those that have come since the person last looked;
    both are pairs of type and id, the newest first. Nothing is shown of them before the database was asked again.
    """

    __tablename__ = "saved_search"

    id: Mapped[db.pk]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(LONGEST_NAME))
    place: Mapped[Place] = mapped_column(enum_column(Place))
    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("group.id"))
    text: Mapped[str] = mapped_column(sa.Text, default="")
    chosen: Mapped[dict[str, list[str]]] = mapped_column(sa.JSON, default=dict)  # values by facet
    as_written: Mapped[bool] = mapped_column(default=False)
    is_told: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    seen: Mapped[list[list[str | int]] | None] = mapped_column(sa.JSON(none_as_null=True))  # None: never asked yet
    fresh: Mapped[list[list[str | int]]] = mapped_column(sa.JSON, default=list)

    person: Mapped[Person] = relationship()
    group: Mapped[Group | None] = relationship()

    __table_args__ = (sa.CheckConstraint("(place = 'group') = (group_id IS NOT NULL)", name="group_of_place"),)


class SearchFeed(SecretAddress, db.Base):
    """A secret address from which a feed reader gets the newest hits of a person's saved searches, all or one."""

    __tablename__ = "search_feed"

    search_id: Mapped[int | None] = mapped_column(sa.ForeignKey("saved_search.id", ondelete="CASCADE"), index=True)

    person: Mapped[Person] = relationship()
    search: Mapped[SavedSearch | None] = relationship()
