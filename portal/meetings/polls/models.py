"""A date poll: proposed times, who is asked, and what each says to each time."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.meetings.models import Meeting, MeetingSeries
from portal.people.models import Group, Organisation, Person, enum_column


class Quorum(StrEnum):
    """Who must be able to come for a time to count as good enough."""

    NONE = "none"
    ORGANISATIONS = "organisations"  # at least one from each organisation that was asked
    COUNTIES = "counties"  # at least one from each county that was asked


class PollState(StrEnum):
    """Open for answers, or ended: with a meeting, or without one."""

    OPEN = "open"
    DECIDED = "decided"
    CANCELLED = "cancelled"


class Suits(StrEnum):
    """What somebody says to a time."""

    YES = "yes"
    IF_NEED_BE = "if_need_be"
    NO = "no"


class DatePoll(db.Base):
    """A question to several people: when can we meet?"""

    __tablename__ = "date_poll"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"), index=True)
    series_id: Mapped[int | None] = mapped_column(sa.ForeignKey("meeting_series.id"))
    title: Mapped[str] = mapped_column(sa.String(200))
    text: Mapped[str] = mapped_column(sa.Text, default="")
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    closes_at: Mapped[datetime] = mapped_column(db.UTCDateTime)
    quorum: Mapped[Quorum] = mapped_column(enum_column(Quorum), default=Quorum.NONE)
    state: Mapped[PollState] = mapped_column(enum_column(PollState), default=PollState.OPEN)
    meeting_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("meeting.id")
    )  # that came of it; until then the planned one whose time is sought, if there is one
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    changed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    last_seq: Mapped[int] = mapped_column(default=0)  # of its live topic
    revision: Mapped[int] = mapped_column(default=1)

    group: Mapped[Group] = relationship(lazy="joined", innerjoin=True)
    series: Mapped[MeetingSeries | None] = relationship()
    meeting: Mapped[Meeting | None] = relationship()
    created_by: Mapped[Person] = relationship()
    options: Mapped[list[PollOption]] = relationship(
        back_populates="poll", order_by="PollOption.starts_at", cascade="all, delete-orphan"
    )
    invitees: Mapped[list[PollInvitee]] = relationship(back_populates="poll", order_by="PollInvitee.id")

    def touch(self) -> None:
        """Let those who look at it see that it has changed."""
        self.revision, self.changed_at = self.revision + 1, db.now()

    @property
    def topic(self) -> str:
        """The name of its live topic."""
        return f"poll:{self.id}"


class PollOption(db.Base):
    """One proposed time."""

    __tablename__ = "poll_option"

    id: Mapped[db.pk]
    poll_id: Mapped[int] = mapped_column(sa.ForeignKey("date_poll.id"))
    starts_at: Mapped[datetime] = mapped_column(db.UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(db.UTCDateTime)
    added_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    poll: Mapped[DatePoll] = relationship(back_populates="options")

    __table_args__ = (sa.UniqueConstraint("poll_id", "starts_at", "ends_at"),)


class PollInvitee(db.Base):
    """Somebody who is asked: a member, or a guest who answers by a signed link and sees nothing else."""

    __tablename__ = "poll_invitee"

    id: Mapped[db.pk]
    poll_id: Mapped[int] = mapped_column(sa.ForeignKey("date_poll.id"))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"))
    guest_name: Mapped[str] = mapped_column(sa.String(120), default="")
    guest_email: Mapped[str] = mapped_column(sa.String(254), default="")
    guest_language: Mapped[str] = mapped_column(sa.String(2), default="sv")
    must_come: Mapped[bool] = mapped_column(default=False)
    comment: Mapped[str] = mapped_column(sa.String(500), default="")
    answered_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)

    poll: Mapped[DatePoll] = relationship(back_populates="invitees")
    person: Mapped[Person | None] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
    answers: Mapped[list[PollAnswer]] = relationship(back_populates="invitee", cascade="all, delete-orphan")

    __table_args__ = (
        sa.UniqueConstraint("poll_id", "person_id"),
        sa.CheckConstraint("(person_id IS NULL) <> (guest_email = '')", name="person_or_guest"),
    )

    @property
    def name(self) -> str:
        """Of the member or the guest."""
        return self.person.name if self.person is not None else self.guest_name


class PollAnswer(db.Base):
    """What one invitee says to one time."""

    __tablename__ = "poll_answer"

    invitee_id: Mapped[int] = mapped_column(sa.ForeignKey("poll_invitee.id"), primary_key=True)
    option_id: Mapped[int] = mapped_column(sa.ForeignKey("poll_option.id", ondelete="CASCADE"), primary_key=True)
    suits: Mapped[Suits] = mapped_column(enum_column(Suits))

    invitee: Mapped[PollInvitee] = relationship(back_populates="answers")
