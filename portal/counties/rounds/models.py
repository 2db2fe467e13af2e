"""Rounds of situation reports: the questions with their wordings, a round's form, and what each county answers."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.county_codes import county_name
from portal.meetings.models import AgendaItem
from portal.people.models import Group, Organisation, Person, enum_column
from portal.times import as_date, today

SCALE = (1, 2, 3, 4)  # small to large; an even number, so that nobody can stand in the middle


class QuestionKind(StrEnum):
    """What sort of answer a question takes."""

    TEXT = "text"
    NUMBER = "number"  # a whole number, not negative
    CHOICE = "choice"  # one of the wording's options
    SCALE = "scale"  # 1 to 4


class ReportState(StrEnum):
    """Where a county's report stands. A county that has not begun has none."""

    BEGUN = "begun"
    SUBMITTED = "submitted"
    RETURNED = "returned"  # for completion


class Question(db.Base):
    """A question over the years: its wording may change, and answers stay comparable."""

    __tablename__ = "report_question"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"), index=True)
    is_core: Mapped[bool] = mapped_column(default=False)  # asked in every round
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # not asked in new rounds any more

    wordings: Mapped[list[Wording]] = relationship(back_populates="question", order_by="Wording.number")


class Wording(db.Base):
    """A question as it is put, never changed: a change makes the next one."""

    __tablename__ = "report_wording"

    id: Mapped[db.pk]
    question_id: Mapped[int] = mapped_column(sa.ForeignKey("report_question.id"))
    number: Mapped[int]
    kind: Mapped[QuestionKind] = mapped_column(enum_column(QuestionKind))
    text: Mapped[str] = mapped_column(sa.String(300))
    help: Mapped[str] = mapped_column(sa.String(1000), default="")
    unit: Mapped[str] = mapped_column(sa.String(40), default="")  # of a number
    options: Mapped[list[str]] = mapped_column(sa.JSON, default=list)  # of a choice
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    question: Mapped[Question] = relationship(back_populates="wordings", lazy="joined", innerjoin=True)

    __table_args__ = (sa.UniqueConstraint("question_id", "number"),)


class Round(db.Base):
    """The same questions to every county, usually before a meeting."""

    __tablename__ = "report_round"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    title: Mapped[str] = mapped_column(sa.String(120))
    text: Mapped[str] = mapped_column(sa.Text, default="")
    due_on: Mapped[date]
    locks_on: Mapped[date]  # the last day on which anybody may still write
    item_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("agenda_item.id", ondelete="SET NULL"), index=True
    )  # of the meeting that gets the compiled paper
    resource_id: Mapped[int | None] = mapped_column(sa.ForeignKey("resource.id"))  # the compiled paper in the library
    compiled_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    made_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    opened_at: Mapped[datetime | None] = mapped_column(
        db.UTCDateTime
    )  # until then only those who lead the group see it
    revision: Mapped[int] = mapped_column(default=1)

    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    item: Mapped[AgendaItem | None] = relationship()
    made_by: Mapped[Person] = relationship()
    questions: Mapped[list[RoundQuestion]] = relationship(
        back_populates="round", order_by="RoundQuestion.position", cascade="all, delete-orphan"
    )
    reports: Mapped[list[SituationReport]] = relationship(back_populates="round")

    __table_args__ = (sa.Index("ix_report_round_group", "group_id", "due_on"),)

    @property
    def path(self) -> str:
        """Its page, for notices and mail."""
        return f"/rounds/{self.id}"

    @property
    def is_locked(self) -> bool:
        """Whether the last day to write has passed."""
        return today() > self.locks_on

    @property
    def takes_answers(self) -> bool:
        """Whether counties may write now."""
        return self.opened_at is not None and not self.is_locked


class RoundQuestion(db.Base):
    """A question in a round, in the wording that the round puts it in."""

    __tablename__ = "report_round_question"

    id: Mapped[db.pk]
    round_id: Mapped[int] = mapped_column(sa.ForeignKey("report_round.id"))
    question_id: Mapped[int] = mapped_column(sa.ForeignKey("report_question.id"), index=True)
    wording_id: Mapped[int] = mapped_column(sa.ForeignKey("report_wording.id"))
    position: Mapped[int]

    round: Mapped[Round] = relationship(back_populates="questions")
    wording: Mapped[Wording] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (sa.UniqueConstraint("round_id", "question_id"),)


class SituationReport(db.Base):
    """What one county tells in one round. The letter stays as it was when the county is merged or renamed later."""

    __tablename__ = "situation_report"

    id: Mapped[db.pk]
    round_id: Mapped[int] = mapped_column(sa.ForeignKey("report_round.id"))
    county_code: Mapped[str] = mapped_column(sa.String(2))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    state: Mapped[ReportState] = mapped_column(enum_column(ReportState), default=ReportState.BEGUN)
    responsible_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))  # who submits it
    begun_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    submitted_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # the first time
    resubmitted_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # the last time, after it was returned
    return_reason: Mapped[str] = mapped_column(sa.String(1000), default="")

    round: Mapped[Round] = relationship(back_populates="reports")
    organisation: Mapped[Organisation] = relationship()
    responsible: Mapped[Person] = relationship()
    answers: Mapped[list[ReportAnswer]] = relationship(back_populates="report")

    __table_args__ = (
        sa.UniqueConstraint("round_id", "county_code"),
        sa.Index("ix_situation_report_county", "county_code"),
    )

    @property
    def is_late(self) -> bool:
        """Whether it came after the deadline."""
        return self.submitted_at is not None and as_date(self.submitted_at) > self.round.due_on

    @property
    def county(self) -> str:
        """The county's name."""
        return county_name(self.county_code)

    @property
    def path(self) -> str:
        """Its page, for notices and mail."""
        return f"/rounds/{self.round_id}/counties/{self.county_code}"


class ReportAnswer(db.Base):
    """The answer of a county to a question; `revision` grows with every save, so that nobody overwrites unseen."""

    __tablename__ = "report_answer"

    id: Mapped[db.pk]
    report_id: Mapped[int] = mapped_column(sa.ForeignKey("situation_report.id"))
    question_id: Mapped[int] = mapped_column(sa.ForeignKey("report_question.id"), index=True)
    wording_id: Mapped[int] = mapped_column(sa.ForeignKey("report_wording.id"))  # that was answered
    text: Mapped[str] = mapped_column(sa.Text, default="")  # also the remark beside a figure
    number: Mapped[int | None] = mapped_column(sa.BigInteger)  # also the step of a scale
    choice: Mapped[str] = mapped_column(sa.String(120), default="")
    revision: Mapped[int] = mapped_column(default=1)
    written_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    written_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    report: Mapped[SituationReport] = relationship(back_populates="answers")
    wording: Mapped[Wording] = relationship()
    written_by: Mapped[Person] = relationship()

    __table_args__ = (sa.UniqueConstraint("report_id", "question_id"),)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return self.number is None and not self.choice and not self.text


class AnswerVersion(db.Base):
    """What an answer said before it was changed: nothing that was written is lost."""

    __tablename__ = "report_answer_version"

    id: Mapped[db.pk]
    answer_id: Mapped[int] = mapped_column(sa.ForeignKey("report_answer.id"))
    revision: Mapped[int]
    text: Mapped[str] = mapped_column(sa.Text)
    number: Mapped[int | None] = mapped_column(sa.BigInteger)
    choice: Mapped[str] = mapped_column(sa.String(120))
    written_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    written_at: Mapped[datetime] = mapped_column(db.UTCDateTime)

    __table_args__ = (sa.UniqueConstraint("answer_id", "revision"),)
