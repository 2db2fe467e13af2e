"""Who works together: organisations, their people, groups and who belongs to them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db


def enum_column(kind: type[StrEnum]) -> sa.Enum:
    """A column type that stores an enumeration by its value, on both engines; any other value is refused before it gets there."""
    return sa.Enum(
        kind,
        native_enum=False,
        length=30,
        values_callable=lambda k: [item.value for item in k],
        validate_strings=True,
    )


class OrganisationKind(StrEnum):
    """What sort of organisation it is; decides the shape of its mark."""

    AUTHORITY = "authority"
    COUNTY_BOARD = "county_board"
    REGION = "region"
    MUNICIPALITY = "municipality"
    NGO = "ngo"
    INTERNATIONAL = "international"

    @property
    def is_public(self) -> bool:
        """Whether it is a Swedish public body (a filled square in the design)."""
        return self not in {OrganisationKind.NGO, OrganisationKind.INTERNATIONAL}


class PersonStatus(StrEnum):
    """Where a person's account stands. Only the active may sign in."""

    PENDING = "pending"
    ACTIVE = "active"
    DISABLED = "disabled"


class HandlingClass(StrEnum):
    """How a group's content is handled: steers mail, snippets, downloads, assurance level and retention (house rule 9)."""

    OPEN = "open"
    NETWORK = "network"
    SENSITIVE = "sensitive"


class Role(StrEnum):
    """What a member does in a group."""

    CONVENER = "convener"
    SECRETARY = "secretary"
    MEMBER = "member"
    OBSERVER = "observer"


class Organisation(db.Base):
    """The unit that signs its people in and answers for them."""

    __tablename__ = "organisation"

    id: Mapped[db.pk]
    slug: Mapped[str] = mapped_column(sa.String(80), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    short_name: Mapped[str] = mapped_column(sa.String(60))
    mark: Mapped[str] = mapped_column(sa.String(3))
    kind: Mapped[OrganisationKind] = mapped_column(enum_column(OrganisationKind))
    organisation_number: Mapped[str | None] = mapped_column(sa.String(12))
    county_code: Mapped[str | None] = mapped_column(sa.String(2))  # the county's letter: AB, T, BD
    is_coordinator: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)

    domains: Mapped[list[EmailDomain]] = relationship(back_populates="organisation", cascade="all, delete-orphan")
    people: Mapped[list[Person]] = relationship(back_populates="organisation")

    __table_args__ = (
        # the national coordinator is one organisation at a time; the role can be handed over
        sa.Index(
            "uq_organisation_coordinator",
            "is_coordinator",
            unique=True,
            sqlite_where=sa.text("is_coordinator"),
            postgresql_where=sa.text("is_coordinator"),
        ),
    )


class EmailDomain(db.Base):
    """An e-mail domain whose people belong to one organisation."""

    __tablename__ = "email_domain"

    id: Mapped[db.pk]
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    domain: Mapped[str] = mapped_column(sa.String(253), unique=True)

    organisation: Mapped[Organisation] = relationship(back_populates="domains")


class Person(db.Base):
    """Somebody employed by or active in one organisation at a time."""

    __tablename__ = "person"

    id: Mapped[db.pk]
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    email: Mapped[str] = mapped_column(sa.String(254), index=True)
    status: Mapped[PersonStatus] = mapped_column(enum_column(PersonStatus), default=PersonStatus.PENDING)
    is_organisation_admin: Mapped[bool] = mapped_column(default=False)
    is_speaker: Mapped[bool] = mapped_column(default=False)  # may make official statements of the organisation
    language: Mapped[str] = mapped_column(sa.String(2), default="sv")
    theme: Mapped[str] = mapped_column(sa.String(5), default="auto")
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    visited_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # start of the present visit
    previous_visit_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # what is newer is "new since last time"

    organisation: Mapped[Organisation] = relationship(back_populates="people", lazy="joined", innerjoin=True)
    memberships: Mapped[list[Membership]] = relationship(back_populates="person")

    @property
    def is_active(self) -> bool:
        """Whether the person may be signed in: an active person of an active organisation."""
        return self.status is PersonStatus.ACTIVE and self.organisation.is_active

    @property
    def has_foreign_address(self) -> bool:
        """Whether the e-mail address is at none of the organisation's domains. Nobody but its provider vouches for an address,
        so one like that says nothing about who the person is.
        """
        return self.email.rpartition("@")[2] not in {domain.domain for domain in self.organisation.domains}

    # what Flask-Login asks of a user
    is_authenticated = True
    is_anonymous = False

    def get_id(self) -> str:
        """The id as Flask-Login wants it."""
        return str(self.id)


class Group(db.Base):
    """People from several organisations who work together, under one handling class."""

    __tablename__ = "group"

    id: Mapped[db.pk]
    slug: Mapped[str] = mapped_column(sa.String(80), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    description: Mapped[str] = mapped_column(sa.String(500), default="")
    handling_class: Mapped[HandlingClass] = mapped_column(enum_column(HandlingClass))
    is_archived: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    memberships: Mapped[list[Membership]] = relationship(back_populates="group")


class Membership(db.Base):
    """One person in one group. A membership that ended stays as a row, so that history can be read."""

    __tablename__ = "membership"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    role: Mapped[Role] = mapped_column(enum_column(Role), default=Role.MEMBER)
    joined_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    left_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)

    group: Mapped[Group] = relationship(back_populates="memberships")
    person: Mapped[Person] = relationship(back_populates="memberships")

    __table_args__ = (
        sa.Index(
            "uq_membership_present",
            "person_id",
            "group_id",
            unique=True,
            sqlite_where=sa.text("left_at IS NULL"),
            postgresql_where=sa.text("left_at IS NULL"),
        ),
        sa.Index("ix_membership_group", "group_id", "left_at"),
    )
