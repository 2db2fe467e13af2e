"""Trainings: a training has cohorts, a cohort occasions and nominations, an occasion those who were there."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.county_codes import county_name
from portal.people.models import Group, Membership, Organisation, Person, enum_column
from portal.times import today


class Authority(StrEnum):
    """Where a participant works."""

    POLICE = "police"
    PROSECUTOR = "prosecutor"
    MIGRATION = "migration"
    SOCIAL = "social"
    HEALTH = "health"
    OTHER = "other"


class CohortState(StrEnum):
    """Where a cohort stands."""

    NOMINATING = "nominating"
    DECIDED = "decided"  # closed for nominations
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class OccasionKind(StrEnum):
    """What is done on an occasion."""

    THEORY = "theory"
    VISIT = "visit"
    OTHER = "other"


class NominationState(StrEnum):
    """What became of a nomination."""

    NOMINATED = "nominated"
    ADMITTED = "admitted"
    WAITING = "waiting"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class TrainingAuthority(db.Base):
    """An authority that a training is for."""

    __tablename__ = "training_authority"

    training_id: Mapped[int] = mapped_column(sa.ForeignKey("training.id"), primary_key=True)
    authority: Mapped[Authority] = mapped_column(enum_column(Authority), primary_key=True)


class Training(db.Base):
    """A training that the leaders of a group offer to the counties, one cohort after the other."""

    __tablename__ = "training"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)  # who arranges it
    network_group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("group.id"), index=True)  # graduates may join it
    title: Mapped[str] = mapped_column(sa.String(200))
    text: Mapped[str] = mapped_column(sa.Text, default="")
    revision: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    changed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)  # set on every change

    group: Mapped[Group] = relationship(foreign_keys=group_id, lazy="joined", innerjoin=True)
    network_group: Mapped[Group | None] = relationship(foreign_keys=network_group_id)
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    authorities: Mapped[list[TrainingAuthority]] = relationship(cascade="all, delete-orphan")
    cohorts: Mapped[list[Cohort]] = relationship(
        back_populates="training", order_by="Cohort.nominate_by.desc(), Cohort.id.desc()"
    )

    @property
    def kinds(self) -> list[Authority]:
        """The authorities that it is for in their usual order."""
        there = {one.authority for one in self.authorities}
        return [kind for kind in Authority if kind in there]


class Cohort(db.Base):
    """Those who take a training together."""

    __tablename__ = "cohort"

    id: Mapped[db.pk]
    training_id: Mapped[int] = mapped_column(sa.ForeignKey("training.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    places: Mapped[int]
    nominate_by: Mapped[date]  # the last day
    enough: Mapped[int | None]  # occasions that make a graduate; none: all of them
    state: Mapped[CohortState] = mapped_column(enum_column(CohortState), default=CohortState.NOMINATING)
    cancel_reason: Mapped[str] = mapped_column(sa.String(1000), default="")
    completed_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    revision: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    training: Mapped[Training] = relationship(back_populates="cohorts", lazy="joined", innerjoin=True)
    occasions: Mapped[list[Occasion]] = relationship(
        back_populates="cohort", order_by="Occasion.starts_at, Occasion.id"
    )

    __table_args__ = (sa.CheckConstraint("places > 0", name="some_places"),)

    @property
    def group(self) -> Group:
        """The group whose handling class rules."""
        return self.training.group

    @property
    def is_open(self) -> bool:
        """Whether it takes part in life: neither completed nor cancelled."""
        return self.state not in {CohortState.COMPLETED, CohortState.CANCELLED}

    @property
    def takes_nominations(self) -> bool:
        """Whether somebody can be nominated today."""
        return self.state is CohortState.NOMINATING and today() <= self.nominate_by


class Occasion(db.Base):
    """A day, or a part of one, of a cohort."""

    __tablename__ = "training_occasion"

    id: Mapped[db.pk]
    cohort_id: Mapped[int] = mapped_column(sa.ForeignKey("cohort.id"), index=True)
    kind: Mapped[OccasionKind] = mapped_column(enum_column(OccasionKind))
    title: Mapped[str] = mapped_column(sa.String(200))
    starts_at: Mapped[datetime] = mapped_column(db.UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(db.UTCDateTime)
    place: Mapped[str] = mapped_column(sa.String(200), default="")

    cohort: Mapped[Cohort] = relationship(back_populates="occasions", lazy="joined", innerjoin=True)

    __table_args__ = (sa.CheckConstraint("ends_at > starts_at", name="times_in_order"),)


class Nomination(db.Base):
    """Somebody whom a county board has nominated to a cohort, and what became of it."""

    __tablename__ = "nomination"

    id: Mapped[db.pk]
    cohort_id: Mapped[int] = mapped_column(sa.ForeignKey("cohort.id"))
    name: Mapped[str] = mapped_column(sa.String(120))
    email: Mapped[str] = mapped_column(sa.String(254))  # as it is compared
    authority: Mapped[Authority] = mapped_column(enum_column(Authority))
    employer: Mapped[str] = mapped_column(sa.String(200))
    county_code: Mapped[str] = mapped_column(sa.String(2), index=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)  # the county board
    nominated_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)  # whose address it is
    state: Mapped[NominationState] = mapped_column(enum_column(NominationState), default=NominationState.NOMINATED)
    place_in_line: Mapped[int | None]  # on the waiting list
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    graduated_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    left_register_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    consented_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    refused_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # said no, or took the consent back
    membership_id: Mapped[int | None] = mapped_column(sa.ForeignKey("membership.id"), index=True)  # made by the consent

    cohort: Mapped[Cohort] = relationship(lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation] = relationship()
    person: Mapped[Person | None] = relationship(foreign_keys=person_id)
    membership: Mapped[Membership | None] = relationship()

    __table_args__ = (sa.UniqueConstraint("cohort_id", "email"),)

    @property
    def county(self) -> str:
        """What its county is called."""
        return county_name(self.county_code)


class Attendance(db.Base):
    """Whether somebody was there on an occasion. Without a row: not noted, which counts as not there."""

    __tablename__ = "training_attendance"

    occasion_id: Mapped[int] = mapped_column(sa.ForeignKey("training_occasion.id"), primary_key=True)
    nomination_id: Mapped[int] = mapped_column(sa.ForeignKey("nomination.id"), primary_key=True, index=True)
    is_present: Mapped[bool]
    noted_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    noted_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
