"""Regional cooperation plans: the common template in its versions, each county's plan, and what was adopted."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.county_codes import county_name
from portal.people.models import Group, Organisation, Person, enum_column
from portal.times import today

SOON = timedelta(days=60)  # before the date by which it is to be revised


class PlanState(StrEnum):
    """Where a county's plan stands. A county that has not begun has none."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    ADOPTED = "adopted"


class PlanTemplate(db.Base):
    """A version of a group's common template, never changed: a change makes the next one."""

    __tablename__ = "plan_template"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    number: Mapped[int]
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    made_by: Mapped[Person] = relationship()
    sections: Mapped[list[TemplateSection]] = relationship(
        back_populates="template", order_by="TemplateSection.position", cascade="all, delete-orphan"
    )

    __table_args__ = (sa.UniqueConstraint("group_id", "number"),)


class TemplateSection(db.Base):
    """A section as a version of the template has it. `key` is the same in every version, whatever it is called there."""

    __tablename__ = "plan_template_section"

    id: Mapped[db.pk]
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("plan_template.id"))
    key: Mapped[int]
    position: Mapped[int]
    heading: Mapped[str] = mapped_column(sa.String(160))
    guidance: Mapped[str] = mapped_column(sa.Text, default="")

    template: Mapped[PlanTemplate] = relationship(back_populates="sections")

    __table_args__ = (sa.UniqueConstraint("template_id", "key"),)


class CooperationPlan(db.Base):
    """The plan of one county in one group. What was adopted stays as editions, so a new draft is written in the same plan.

    `adopted_on` and `revise_by` are those of the edition that is in force, also while the next one is being written.
    """

    __tablename__ = "cooperation_plan"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    county_code: Mapped[str] = mapped_column(sa.String(2))
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("plan_template.id"), index=True)  # that it follows
    state: Mapped[PlanState] = mapped_column(enum_column(PlanState), default=PlanState.DRAFT)
    return_reason: Mapped[str] = mapped_column(sa.String(1000), default="")  # why it came back from review
    adopted_on: Mapped[date | None]
    revise_by: Mapped[date | None] = mapped_column(index=True)
    resource_id: Mapped[int | None] = mapped_column(sa.ForeignKey("resource.id"), index=True)  # in the library
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    changed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    revision: Mapped[int] = mapped_column(default=1)

    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    template: Mapped[PlanTemplate] = relationship()
    sections: Mapped[list[PlanSection]] = relationship(
        back_populates="plan", order_by="PlanSection.position, PlanSection.id", cascade="all, delete-orphan"
    )
    participants: Mapped[list[PlanParticipant]] = relationship(
        back_populates="plan", order_by="PlanParticipant.id", cascade="all, delete-orphan"
    )
    editions: Mapped[list[PlanEdition]] = relationship(back_populates="plan", order_by="PlanEdition.number.desc()")

    __table_args__ = (sa.UniqueConstraint("group_id", "county_code"),)

    @property
    def county(self) -> str:
        """The county's name."""
        return county_name(self.county_code)

    @property
    def path(self) -> str:
        """Its page, for notices and mail."""
        return f"/plans/{self.id}"

    @property
    def is_to_be_revised(self) -> bool:
        """Whether the date by which it is to be revised is near or has passed."""
        return self.revise_by is not None and self.revise_by - today() <= SOON

    @property
    def is_overdue(self) -> bool:
        """Whether that date has passed."""
        return self.revise_by is not None and self.revise_by < today()


class PlanSection(db.Base):
    """A section of a plan, with what the county has written. `revision` grows with every save, so that nobody overwrites unseen."""

    __tablename__ = "plan_section"

    id: Mapped[db.pk]
    plan_id: Mapped[int] = mapped_column(sa.ForeignKey("cooperation_plan.id"))
    key: Mapped[int]
    position: Mapped[int]
    heading: Mapped[str] = mapped_column(sa.String(160))
    guidance: Mapped[str] = mapped_column(sa.Text, default="")
    is_removed: Mapped[bool] = mapped_column(default=False)  # no longer in the template; what was written stays
    text: Mapped[str] = mapped_column(sa.Text, default="")
    revision: Mapped[int] = mapped_column(default=0)
    written_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    written_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)

    plan: Mapped[CooperationPlan] = relationship(back_populates="sections")
    written_by: Mapped[Person | None] = relationship()

    __table_args__ = (sa.UniqueConstraint("plan_id", "key"),)


class SectionVersion(db.Base):
    """What a section said before it was changed: nothing that was written is lost."""

    __tablename__ = "plan_section_version"

    id: Mapped[db.pk]
    section_id: Mapped[int] = mapped_column(sa.ForeignKey("plan_section.id"))
    revision: Mapped[int]
    text: Mapped[str] = mapped_column(sa.Text)
    written_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    written_at: Mapped[datetime] = mapped_column(db.UTCDateTime)

    written_by: Mapped[Person] = relationship()

    __table_args__ = (sa.UniqueConstraint("section_id", "revision"),)


class PlanParticipant(db.Base):
    """An organisation that takes part: its people who may read the group write in the sections."""

    __tablename__ = "plan_participant"

    id: Mapped[db.pk]
    plan_id: Mapped[int] = mapped_column(sa.ForeignKey("cooperation_plan.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    added_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    added_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    plan: Mapped[CooperationPlan] = relationship(back_populates="participants")
    organisation: Mapped[Organisation] = relationship()

    __table_args__ = (sa.UniqueConstraint("plan_id", "organisation_id"),)


class PlanEdition(db.Base):
    """A plan as it was adopted, never changed, with the checksum of its content."""

    __tablename__ = "plan_edition"

    id: Mapped[db.pk]
    plan_id: Mapped[int] = mapped_column(sa.ForeignKey("cooperation_plan.id"))
    number: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    adopted_on: Mapped[date]
    revise_by: Mapped[date]
    adopted_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    sealed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    filed_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # when its PDF came to the library

    plan: Mapped[CooperationPlan] = relationship(back_populates="editions")
    adopted_by: Mapped[Person] = relationship()

    __table_args__ = (sa.UniqueConstraint("plan_id", "number"),)
