"""Materials of a group: a resource, its versions, and the text that was read out of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db, files
from portal.library.validity import Validity, validity_of
from portal.people.models import Group, Organisation, Person, enum_column
from portal.times import today
from portal.topics.models import Topic, bear_topics


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


class Licence(StrEnum):
    """What others may do with the material."""

    UNKNOWN = "unknown"
    INTERNAL = "internal"  # for those who can read it here
    SPREAD = "spread"  # may be spread as it is, with its source named
    CC_BY = "cc_by"
    CC_BY_SA = "cc_by_sa"
    CC0 = "cc0"


class Audience(StrEnum):
    """Whom the material is written for."""

    SOCIAL_SERVICES = "social_services"
    POLICE = "police"  # police and prosecutors
    HEALTH_CARE = "health_care"
    MIGRATION = "migration"
    SCHOOL = "school"
    NGO = "ngo"
    BUSINESS = "business"  # hotels, taxi, restaurants
    EXPOSED = "exposed"  # the exposed persons themselves
    PUBLIC = "public"


topics_of_resources = sa.Table(
    "resource_topic",
    db.Base.metadata,
    sa.Column("resource_id", sa.ForeignKey("resource.id"), primary_key=True),
    sa.Column("topic_id", sa.ForeignKey("topic.id"), primary_key=True, index=True),
)


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
    state: Mapped[FileState] = mapped_column(
        enum_column(FileState), default=FileState.CHECKING
    )  # ready once a version is
    description: Mapped[str] = mapped_column(sa.Text, default="")
    language: Mapped[str] = mapped_column(sa.String(8), default="sv")  # see languages.py
    licence: Mapped[Licence] = mapped_column(enum_column(Licence), default=Licence.UNKNOWN)
    audiences: Mapped[list[str]] = mapped_column(sa.JSON, default=list)  # values of Audience
    counties: Mapped[list[str]] = mapped_column(sa.JSON, default=list)  # letters: AB, T; none: the whole country
    responsible_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)  # who keeps it alive
    reviewed_on: Mapped[date | None]
    review_by: Mapped[date | None]
    replaced_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("resource.id"), index=True)
    withdrawn_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    withdrawn_reason: Mapped[str] = mapped_column(sa.String(300), default="")

    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    created_by: Mapped[Person] = relationship(foreign_keys=[created_by_id])
    responsible: Mapped[Person | None] = relationship(foreign_keys=[responsible_id])
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    replaced_by: Mapped[Resource | None] = relationship(remote_side="Resource.id")
    topics: Mapped[list[Topic]] = relationship(secondary=topics_of_resources, order_by=Topic.name)
    shares: Mapped[list[ResourceShare]] = relationship(back_populates="resource", cascade="all, delete-orphan")
    versions: Mapped[list[ResourceVersion]] = relationship(back_populates="resource", order_by="ResourceVersion.number")

    __table_args__ = (sa.Index("ix_resource_group_changed", "group_id", "state", "changed_at", "id"),)

    @property
    def current(self) -> ResourceVersion:
        """The version in force: the newest that is ready, or the newest while none is."""
        ready = [version for version in self.versions if version.state is FileState.READY]
        return (ready or self.versions)[-1]

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"/resources/{self.id}"

    @property
    def validity(self) -> Validity:
        """Whether it still holds today: in force, soon or overdue for review, replaced, withdrawn."""
        return validity_of(
            withdrawn_at=self.withdrawn_at, replaced_by_id=self.replaced_by_id, review_by=self.review_by, on=today()
        )


def _topics_changed(ids: Collection[int]) -> None:
    for resource in db.session.scalars(sa.select(Resource).where(Resource.id.in_(ids))).unique():
        resource.changed_at = db.now()


bear_topics(topics_of_resources, "resource_id", _topics_changed)


class ResourceShare(db.Base):
    """A further group that a material is shown to. Nothing is copied."""

    __tablename__ = "resource_share"

    id: Mapped[db.pk]
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resource.id"))
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"), index=True)
    shared_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    shared_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    resource: Mapped[Resource] = relationship(back_populates="shares")
    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (sa.UniqueConstraint("resource_id", "group_id"),)


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
    state: Mapped[FileState] = mapped_column(enum_column(FileState), default=FileState.CHECKING)
    note: Mapped[str] = mapped_column(sa.String(300), default="")  # what is new in this version, in a line
    page_count: Mapped[int] = mapped_column(default=0)
    is_ocr: Mapped[bool] = mapped_column(default=False)  # the text was read from pictures and may be wrong
    properties: Mapped[dict[str, str]] = mapped_column(
        sa.JSON, default=dict
    )  # what the file says of itself: author, place
    came_as: Mapped[str | None] = mapped_column(sa.String(64), index=True)  # the file before it was cleaned, not kept
    thumbnail_sha256: Mapped[str | None] = mapped_column(sa.String(64))  # its first page, small
    picture_sha256: Mapped[str | None] = mapped_column(sa.String(64))  # its first page, to be read
    pdf_sha256: Mapped[str | None] = mapped_column(sa.String(64))  # an office file as PDF, for showing
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


for _column in (ResourceVersion.thumbnail_sha256, ResourceVersion.picture_sha256, ResourceVersion.pdf_sha256):
    files.named_in(_column)
