"""Activities: who does what, where, when and towards which sector, and what became of it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.county_codes import county_name, in_order
from portal.library.models import Resource
from portal.people.models import Group, Organisation, Person, enum_column
from portal.times import today


class ActivityKind(StrEnum):
    """What is done."""

    CAMPAIGN = "campaign"
    TRAINING = "training"
    MATERIAL = "material"
    INSPECTION = "inspection"


class ActivityState(StrEnum):
    """Where an activity stands: never stored, read off its days, its result and its cancelling."""

    PLANNED = "planned"
    RUNNING = "running"
    OVERDUE = "overdue"  # its days are over and nobody has told what became of it
    DONE = "done"
    CANCELLED = "cancelled"


class Sector(db.Base):
    """A sector that activities turn to. The national coordinator keeps the list; one that is taken off stays where it stands."""

    __tablename__ = "sector"

    id: Mapped[db.pk]
    name: Mapped[str] = mapped_column(sa.String(80))
    folded: Mapped[str] = mapped_column(sa.String(80), unique=True)  # the name as it is compared
    retired_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)


sectors_of_activities = sa.Table(
    "activity_sector",
    db.Base.metadata,
    sa.Column("activity_id", sa.ForeignKey("activity.id"), primary_key=True),
    sa.Column("sector_id", sa.ForeignKey("sector.id"), primary_key=True, index=True),
)
contacts_of_activities = sa.Table(
    "activity_contact",
    db.Base.metadata,
    sa.Column("activity_id", sa.ForeignKey("activity.id"), primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), primary_key=True, index=True),
)
materials_of_activities = sa.Table(
    "activity_material",
    db.Base.metadata,
    sa.Column("activity_id", sa.ForeignKey("activity.id"), primary_key=True),
    sa.Column("resource_id", sa.ForeignKey("resource.id"), primary_key=True, index=True),
)


class ActivityCounty(db.Base):
    """A county in which an activity takes place, by its letter. An activity without one is for the whole country."""

    __tablename__ = "activity_county"

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id"), primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(2), primary_key=True, index=True)


class ActivityJoiner(db.Base):
    """An organisation that takes part in another one's activity."""

    __tablename__ = "activity_joiner"

    id: Mapped[db.pk]
    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    joined_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    joined_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (sa.UniqueConstraint("activity_id", "organisation_id"),)


class Activity(db.Base):
    """Something that an organisation does on certain days, which others may join."""

    __tablename__ = "activity"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)  # the responsible one
    kind: Mapped[ActivityKind] = mapped_column(enum_column(ActivityKind))
    title: Mapped[str] = mapped_column(sa.String(200))
    text: Mapped[str] = mapped_column(sa.Text, default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date]  # the last day
    revision: Mapped[int] = mapped_column(default=1)  # of what is planned
    result: Mapped[str] = mapped_column(sa.Text, default="")
    people_reached: Mapped[int | None]
    occasions: Mapped[int | None]
    places_visited: Mapped[int | None]
    result_revision: Mapped[int] = mapped_column(default=0)
    reported_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # the first time
    cancelled_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    cancel_reason: Mapped[str] = mapped_column(sa.String(1000), default="")
    copied_from_id: Mapped[int | None] = mapped_column(sa.ForeignKey("activity.id"), index=True)
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    changed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)  # set on every change

    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    created_by: Mapped[Person] = relationship()
    counties: Mapped[list[ActivityCounty]] = relationship(cascade="all, delete-orphan")
    sectors: Mapped[list[Sector]] = relationship(secondary=sectors_of_activities, order_by=Sector.name)
    contacts: Mapped[list[Person]] = relationship(secondary=contacts_of_activities, order_by=Person.name)
    materials: Mapped[list[Resource]] = relationship(secondary=materials_of_activities)
    joiners: Mapped[list[ActivityJoiner]] = relationship(
        cascade="all, delete-orphan", order_by="ActivityJoiner.joined_at, ActivityJoiner.id"
    )

    __table_args__ = (
        sa.Index("ix_activity_group_days", "group_id", "starts_on", "id"),
        sa.CheckConstraint("ends_on >= starts_on", name="days_in_order"),
    )

    @property
    def codes(self) -> list[str]:
        """The letters of its counties in the usual order; none: the whole country."""
        return in_order([county.code for county in self.counties])

    @property
    def county_names(self) -> list[str]:
        """What its counties are called."""
        return [county_name(code) for code in self.codes]

    @property
    def state(self) -> ActivityState:
        """Where it stands today. A cancelled one stays so, and one with a result is done."""
        if self.cancelled_at is not None:
            return ActivityState.CANCELLED
        if self.reported_at is not None:
            return ActivityState.DONE
        if today() < self.starts_on:
            return ActivityState.PLANNED
        return ActivityState.RUNNING if today() <= self.ends_on else ActivityState.OVERDUE

    @property
    def has_figures(self) -> bool:
        """Whether the result has a number."""
        return any(number is not None for number in (self.people_reached, self.occasions, self.places_visited))
