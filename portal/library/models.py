"""Materials of a group: a resource, its versions, and the text that was read out of them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.people.models import Group, Organisation, Person, enum_column


class ResourceKind(StrEnum):
    """What sort of material it is."""

    MANUAL = "manual"
    CHECKLIST = "checklist"
    TRAINING = "training"
    TEMPLATE = "template"
    REPORT = "report"
    INFORMATION = "information"
    OTHER = "other"


class FileState(StrEnum):
    """Where a file stands on its way into the library. Only a ready one is shown to others than the one who added it."""

    CHECKING = "checking"  # the worker has not read it yet
    READY = "ready"
    STOPPED = "stopped"  # personal data was found; the file is not kept
    UNREADABLE = "unreadable"  # no text could be read out of it; the file is not kept


class Resource(db.Base):
    """A piece of material in a group's library."""

    __tablename__ = "resource"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    title: Mapped[str] = mapped_column(sa.String(300))
    kind: Mapped[ResourceKind] = mapped_column(enum_column(ResourceKind))
    publisher: Mapped[str] = mapped_column(sa.String(200), default="")
    published_on: Mapped[date | None]
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    changed_at: Mapped[datetime] = mapped_column(
        db.UTCDateTime, default=db.now
    )  # set on every change, so the index follows
    state: Mapped[FileState] = mapped_column(enum_column(FileState), default=FileState.CHECKING)

    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    created_by: Mapped[Person] = relationship()
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    versions: Mapped[list[ResourceVersion]] = relationship(back_populates="resource", order_by="ResourceVersion.number")

    __table_args__ = (sa.Index("ix_resource_group_changed", "group_id", "state", "changed_at", "id"),)

    @property
    def current(self) -> ResourceVersion:
        """The version in force: the newest one."""
        return self.versions[-1]


class ResourceVersion(db.Base):
    """One file of a resource. The content lies under its SHA-256 (portal.files)."""

    __tablename__ = "resource_version"

    id: Mapped[db.pk]
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resource.id"))
    number: Mapped[int] = mapped_column(default=1)
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    size: Mapped[int]
    file_name: Mapped[str] = mapped_column(sa.String(255))
    media_type: Mapped[str] = mapped_column(sa.String(120), default="")
    page_count: Mapped[int] = mapped_column(default=0)
    added_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    added_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    reason: Mapped[str] = mapped_column(sa.String(60), default="")  # why it could not be read (ExtractionError.reason)
    finds: Mapped[list[dict[str, Any]]] = mapped_column(
        sa.JSON, default=list
    )  # what the guard found: kind, page, masked

    resource: Mapped[Resource] = relationship(back_populates="versions")
    added_by: Mapped[Person] = relationship()
    pages: Mapped[list[ResourcePage]] = relationship(back_populates="version", order_by="ResourcePage.number")

    __table_args__ = (sa.UniqueConstraint("resource_id", "number"),)


class ResourcePage(db.Base):
    """The text of one page, slide, sheet or section."""

    __tablename__ = "resource_page"

    id: Mapped[db.pk]
    version_id: Mapped[int] = mapped_column(sa.ForeignKey("resource_version.id"))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(sa.Text)

    version: Mapped[ResourceVersion] = relationship(back_populates="pages")

    __table_args__ = (sa.UniqueConstraint("version_id", "number"),)
