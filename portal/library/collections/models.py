"""A collection and its rows: materials with a line about each, and headings."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.library.models import Resource
from portal.people.models import Group, Organisation, Person


class Collection(db.Base):
    """Materials in an order, with a title and a cover. The materials stay where they are: nothing is copied."""

    __tablename__ = "collection"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    title: Mapped[str] = mapped_column(sa.String(200))
    description: Mapped[str] = mapped_column(sa.Text, default="")
    cover_id: Mapped[int | None] = mapped_column(sa.ForeignKey("resource.id"), index=True)  # none: a drawn cover
    revision: Mapped[int] = mapped_column(default=1)  # of title, description and cover
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    changed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)  # set on every change

    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    created_by: Mapped[Person] = relationship()
    items: Mapped[list[CollectionItem]] = relationship(
        back_populates="collection", order_by="CollectionItem.position", cascade="all, delete-orphan"
    )

    __table_args__ = (sa.Index("ix_collection_group_changed", "group_id", "changed_at", "id"),)


class CollectionItem(db.Base):
    """A row of a collection: a material with a line about it, or (without a material) a heading."""

    __tablename__ = "collection_item"

    id: Mapped[db.pk]
    collection_id: Mapped[int] = mapped_column(sa.ForeignKey("collection.id"))
    position: Mapped[int]
    resource_id: Mapped[int | None] = mapped_column(sa.ForeignKey("resource.id"), index=True)
    text: Mapped[str] = mapped_column(sa.String(300), default="")
    revision: Mapped[int] = mapped_column(default=1)  # of the text
    added_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    added_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    collection: Mapped[Collection] = relationship(back_populates="items")
    resource: Mapped[Resource | None] = relationship()

    __table_args__ = (
        sa.UniqueConstraint("collection_id", "resource_id"),  # a material once; headings as many as wanted
        sa.Index("ix_collection_item_place", "collection_id", "position"),
        sa.CheckConstraint("resource_id IS NOT NULL OR text <> ''", name="heading_has_text"),
    )

    @property
    def is_heading(self) -> bool:
        """Whether the row begins a chapter."""
        return self.resource_id is None

    @property
    def name(self) -> str:
        """What the row is called: the material's title, or the heading."""
        return self.text if self.resource is None else self.resource.title
