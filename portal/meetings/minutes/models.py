"""The minutes as a document: editions, who adjusts them, remarks, addenda, and each authority's own diary number."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.meetings.models import AgendaItem, Meeting
from portal.people.models import Organisation, Person, enum_column


class MinutesState(StrEnum):
    """Draft → circulated → being adjusted → sealed; never back from sealed."""

    DRAFT = "draft"
    CIRCULATED = "circulated"
    ADJUSTING = "adjusting"
    SEALED = "sealed"


class Minutes(db.Base):
    """The minutes of one meeting."""

    __tablename__ = "minutes"

    id: Mapped[db.pk]
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"), unique=True)
    state: Mapped[MinutesState] = mapped_column(enum_column(MinutesState), default=MinutesState.DRAFT)
    adjust_by: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    sealed_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    pdf_sha256: Mapped[str | None] = mapped_column(sa.String(64))  # sealed, with who approved and when
    pdf_size: Mapped[int | None]
    revision: Mapped[int] = mapped_column(default=1)

    meeting: Mapped[Meeting] = relationship()
    editions: Mapped[list[MinutesEdition]] = relationship(
        back_populates="minutes", order_by="MinutesEdition.number", cascade="all, delete-orphan"
    )
    adjusters: Mapped[list[Adjuster]] = relationship(  # of the minutes themselves, not of their addenda
        back_populates="minutes", order_by="Adjuster.id",
        primaryjoin="and_(Adjuster.minutes_id == Minutes.id, Adjuster.addendum_id.is_(None))",
    )  # fmt: skip
    remarks: Mapped[list[Remark]] = relationship(back_populates="minutes", order_by="Remark.number")
    addenda: Mapped[list[Addendum]] = relationship(back_populates="minutes", order_by="Addendum.number")

    @property
    def newest(self) -> MinutesEdition:
        """What is to be approved, or was."""
        return self.editions[-1]

    def paragraph_of(self, item_id: int | None) -> int | None:
        """The number of an item's paragraph, as it stands in the newest edition."""
        numbers = {item["id"]: item["paragraph"] for item in self.newest.content["items"]}
        found: int | None = numbers.get(item_id)
        return found

    @property
    def path(self) -> str:
        """Their page, for notices and mail."""
        return f"{self.meeting.path}/minutes"


class MinutesEdition(db.Base):
    """What the minutes said at one point: the whole content, its SHA-256, and the PDF that the worker made of it."""

    __tablename__ = "minutes_edition"

    id: Mapped[db.pk]
    minutes_id: Mapped[int] = mapped_column(sa.ForeignKey("minutes.id"))
    number: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    sha256: Mapped[str] = mapped_column(sa.String(64))  # of the content in its canonical form
    reason: Mapped[str] = mapped_column(sa.String(300), default="")  # what changed, in one line
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    pdf_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    pdf_size: Mapped[int | None]

    minutes: Mapped[Minutes] = relationship(back_populates="editions")
    made_by: Mapped[Person] = relationship()

    __table_args__ = (sa.UniqueConstraint("minutes_id", "number"),)


class AdjusterState(StrEnum):
    """What an adjuster has said."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"


class Adjuster(db.Base):
    """Somebody named to check and approve the minutes, or one of their addenda."""

    __tablename__ = "adjuster"

    id: Mapped[db.pk]
    minutes_id: Mapped[int] = mapped_column(sa.ForeignKey("minutes.id"))
    addendum_id: Mapped[int | None] = mapped_column(sa.ForeignKey("addendum.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    state: Mapped[AdjusterState] = mapped_column(enum_column(AdjusterState), default=AdjusterState.WAITING)
    edition: Mapped[int | None]  # that was approved; a newer one must be approved again
    decided_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    reason: Mapped[str] = mapped_column(sa.String(1000), default="")  # why declined
    replaced_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # somebody else was named instead

    minutes: Mapped[Minutes] = relationship(back_populates="adjusters", overlaps="adjusters")
    addendum: Mapped[Addendum | None] = relationship(back_populates="adjusters")
    person: Mapped[Person] = relationship()
    organisation: Mapped[Organisation] = relationship()

    __table_args__ = (sa.UniqueConstraint("minutes_id", "addendum_id", "person_id"),)

    def has_approved(self, edition: int) -> bool:
        """Whether the approval is of that edition; an earlier one has lapsed. Addenda have no editions."""
        return self.state is AdjusterState.APPROVED and (self.addendum_id is not None or self.edition == edition)


class RemarkState(StrEnum):
    """What the secretary did with a remark."""

    WAITING = "waiting"
    DONE = "done"
    REJECTED = "rejected"


class Remark(db.Base):
    """A remark on one paragraph of a circulated edition, and its answer."""

    __tablename__ = "remark"

    id: Mapped[db.pk]
    minutes_id: Mapped[int] = mapped_column(sa.ForeignKey("minutes.id"))
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("agenda_item.id"))
    edition: Mapped[int]
    number: Mapped[int]
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    client_id: Mapped[str] = mapped_column(sa.String(36))
    text: Mapped[str] = mapped_column(sa.Text)
    written_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    state: Mapped[RemarkState] = mapped_column(enum_column(RemarkState), default=RemarkState.WAITING)
    answer: Mapped[str] = mapped_column(sa.Text, default="")
    answered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    answered_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)

    minutes: Mapped[Minutes] = relationship(back_populates="remarks")
    item: Mapped[AgendaItem] = relationship()
    author: Mapped[Person] = relationship(foreign_keys=[author_id])
    organisation: Mapped[Organisation] = relationship()
    answered_by: Mapped[Person | None] = relationship(foreign_keys=[answered_by_id])
    supports: Mapped[list[RemarkSupport]] = relationship(cascade="all, delete-orphan")

    __table_args__ = (
        sa.UniqueConstraint("minutes_id", "number"),
        sa.UniqueConstraint("minutes_id", "author_id", "client_id"),
    )


class RemarkSupport(db.Base):
    """Somebody who agrees with a remark."""

    __tablename__ = "remark_support"

    remark_id: Mapped[int] = mapped_column(sa.ForeignKey("remark.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)


class Addendum(db.Base):
    """A numbered correction to sealed minutes, adjusted and sealed like them."""

    __tablename__ = "addendum"

    id: Mapped[db.pk]
    minutes_id: Mapped[int] = mapped_column(sa.ForeignKey("minutes.id"))
    number: Mapped[int]
    item_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agenda_item.id"))
    text: Mapped[str] = mapped_column(sa.Text)
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    sha256: Mapped[str | None] = mapped_column(sa.String(64))
    sealed_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    pdf_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    pdf_size: Mapped[int | None]

    minutes: Mapped[Minutes] = relationship(back_populates="addenda")
    item: Mapped[AgendaItem | None] = relationship()
    made_by: Mapped[Person] = relationship()
    adjusters: Mapped[list[Adjuster]] = relationship(back_populates="addendum", order_by="Adjuster.id")

    __table_args__ = (sa.UniqueConstraint("minutes_id", "number"),)


class RecordNumber(db.Base):
    """The diary number under which one organisation keeps the minutes in its own records."""

    __tablename__ = "record_number"

    minutes_id: Mapped[int] = mapped_column(sa.ForeignKey("minutes.id"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(60))
    noted_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    noted_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
