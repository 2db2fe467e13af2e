"""Which materials belong together, and how often a material was fetched."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.library.models import Resource
from portal.people.models import Organisation


class RelatedResource(db.Base):
    """Two materials that somebody put beside each other. It is shown on both."""

    __tablename__ = "related_resource"

    id: Mapped[db.pk]
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resource.id"))
    other_id: Mapped[int] = mapped_column(sa.ForeignKey("resource.id"), index=True)

    __table_args__ = (sa.UniqueConstraint("resource_id", "other_id"),)


class ResourceDownload(db.Base):
    """How often the people of one organisation fetched a material on one day. Nobody's name is kept."""

    __tablename__ = "resource_download"

    id: Mapped[db.pk]
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resource.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    on: Mapped[date]
    number: Mapped[int]

    resource: Mapped[Resource] = relationship()
    organisation: Mapped[Organisation] = relationship()

    __table_args__ = (sa.UniqueConstraint("resource_id", "organisation_id", "on"),)
