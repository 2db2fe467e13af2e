"""Addresses that answer without sign-in, and how often they were asked."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.library.collections.models import Collection
from portal.library.models import Resource

_ACTIVE = sa.text("revoked_at IS NULL")


class PublicLink(db.Base):
    """The public address of a material or of a collection. A revoked one stays as a row and never answers again.

    The token is stored as it is: what it opens is meant for anybody, and those who made it want to copy it again.
    """

    __tablename__ = "public_link"

    id: Mapped[db.pk]
    token: Mapped[str] = mapped_column(sa.String(64), unique=True)
    resource_id: Mapped[int | None] = mapped_column(sa.ForeignKey("resource.id", ondelete="CASCADE"))
    collection_id: Mapped[int | None] = mapped_column(sa.ForeignKey("collection.id", ondelete="CASCADE"))
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    revoked_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    revoked_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)

    resource: Mapped[Resource | None] = relationship()
    collection: Mapped[Collection | None] = relationship()

    __table_args__ = (
        sa.CheckConstraint("(resource_id IS NULL) <> (collection_id IS NULL)", name="one_thing"),
        # one address at a time for each thing
        sa.Index("uq_public_link_resource", "resource_id", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
        sa.Index(
            "uq_public_link_collection", "collection_id", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE
        ),
    )


class PublicDay(db.Base):
    """How often a public address was opened, and how often a file was taken, on one day. Nothing is kept of the visitors."""

    __tablename__ = "public_day"

    link_id: Mapped[int] = mapped_column(sa.ForeignKey("public_link.id", ondelete="CASCADE"), primary_key=True)
    visited_on: Mapped[date] = mapped_column(primary_key=True)
    visits: Mapped[int] = mapped_column(default=0)
    downloads: Mapped[int] = mapped_column(default=0)
