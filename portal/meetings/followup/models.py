"""Decisions and actions: rows of their own, so that they can be found and followed up."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.meetings.models import AgendaItem, Meeting
from portal.people.models import Group, Organisation, Person, enum_column


class Decision(db.Base):
    """What was decided on an agenda item; `number` counts within the item (4:1)."""

    __tablename__ = "decision"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"), index=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("agenda_item.id"))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(sa.Text)
    client_id: Mapped[str] = mapped_column(sa.String(36))  # from the browser: sending twice makes one decision
    revision: Mapped[int] = mapped_column(default=1)
    written_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    written_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    withdrawn_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # taken back before the minutes were sealed

    group: Mapped[Group] = relationship()
    meeting: Mapped[Meeting] = relationship()
    item: Mapped[AgendaItem] = relationship()
    written_by: Mapped[Person] = relationship()
    versions: Mapped[list[DecisionVersion]] = relationship(
        back_populates="decision", order_by="DecisionVersion.revision.desc()"
    )

    __table_args__ = (
        sa.UniqueConstraint("item_id", "number"),
        sa.UniqueConstraint("item_id", "client_id"),
        sa.Index("ix_decision_group", "group_id", "written_at"),
    )


class DecisionVersion(db.Base):
    """What a decision said before it was put into other words: nothing written is lost."""

    __tablename__ = "decision_version"

    id: Mapped[db.pk]
    decision_id: Mapped[int] = mapped_column(sa.ForeignKey("decision.id"))
    revision: Mapped[int]
    text: Mapped[str] = mapped_column(sa.Text)
    written_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    written_at: Mapped[datetime] = mapped_column(db.UTCDateTime)

    decision: Mapped[Decision] = relationship(back_populates="versions")
    written_by: Mapped[Person] = relationship()

    __table_args__ = (sa.UniqueConstraint("decision_id", "revision"),)


class ActionState(StrEnum):
    """Whether there is something left to do."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class ActionItem(db.Base):
    """Something that somebody undertook to do. The organisation answers for it, also when the person leaves."""

    __tablename__ = "action_item"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    meeting_id: Mapped[int | None] = mapped_column(sa.ForeignKey("meeting.id"), index=True)
    item_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agenda_item.id"), index=True)
    text: Mapped[str] = mapped_column(sa.String(1000))
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    due_on: Mapped[date | None]
    state: Mapped[ActionState] = mapped_column(enum_column(ActionState), default=ActionState.OPEN)
    client_id: Mapped[str] = mapped_column(sa.String(36))  # from the browser: sending twice makes one action
    revision: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    changed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    done_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)

    group: Mapped[Group] = relationship()
    meeting: Mapped[Meeting | None] = relationship()
    item: Mapped[AgendaItem | None] = relationship()
    owner: Mapped[Person | None] = relationship(foreign_keys=[owner_id])
    organisation: Mapped[Organisation] = relationship()
    created_by: Mapped[Person] = relationship(foreign_keys=[created_by_id])
    events: Mapped[list[ActionEvent]] = relationship(back_populates="action", order_by="ActionEvent.id")

    __table_args__ = (
        sa.UniqueConstraint("group_id", "client_id"),
        sa.Index("ix_action_item_group", "group_id", "state", "due_on"),
    )

    @property
    def path(self) -> str:
        """Its page, for notices and mail."""
        return f"/actions/{self.id}"


class ActionEvent(db.Base):
    """One step in an action's history: what changed, in words that can be shown, and a note."""

    __tablename__ = "action_event"

    id: Mapped[db.pk]
    action_id: Mapped[int] = mapped_column(sa.ForeignKey("action_item.id"), index=True)
    at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    what: Mapped[str] = mapped_column(sa.String(30))  # created, reworded, handed_over, moved, done, dropped, reopened
    before: Mapped[str] = mapped_column(sa.String(1000), default="")
    after: Mapped[str] = mapped_column(sa.String(1000), default="")
    note: Mapped[str] = mapped_column(sa.String(1000), default="")

    action: Mapped[ActionItem] = relationship(back_populates="events")
    by: Mapped[Person | None] = relationship()
