"""Papers of an agenda item, proposals for the agenda, earlier words of items, and the editions that were sent."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.discussions.models import Thread
from portal.library.models import Resource
from portal.meetings.models import AgendaItem, ItemKind, Meeting
from portal.people.models import Group, Organisation, Person, enum_column


class ItemPaper(db.Base):
    """A material of the library that belongs to an agenda item."""

    __tablename__ = "item_paper"

    id: Mapped[db.pk]
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("agenda_item.id"))
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resource.id"), index=True)
    added_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    added_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    item: Mapped[AgendaItem] = relationship()
    resource: Mapped[Resource] = relationship()

    __table_args__ = (sa.UniqueConstraint("item_id", "resource_id"),)


class ItemVersion(db.Base):
    """What an agenda item said before it was changed: nothing written is lost."""

    __tablename__ = "agenda_item_version"

    id: Mapped[db.pk]
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("agenda_item.id"))
    revision: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(300))
    description: Mapped[str] = mapped_column(sa.Text)
    replaced_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    replaced_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    __table_args__ = (sa.UniqueConstraint("item_id", "revision"),)


class ProposalState(StrEnum):
    """What the convener said to a proposal. The postponed are the group's backlog."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    POSTPONED = "postponed"
    WITHDRAWN = "withdrawn"


class AgendaProposal(db.Base):
    """An item that a member wishes to have on the agenda, of a given meeting or of one to come."""

    __tablename__ = "agenda_proposal"

    id: Mapped[db.pk]
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id"))
    meeting_id: Mapped[int | None] = mapped_column(sa.ForeignKey("meeting.id"), index=True)
    title: Mapped[str] = mapped_column(sa.String(300))
    description: Mapped[str] = mapped_column(sa.Text, default="")
    kind: Mapped[ItemKind] = mapped_column(enum_column(ItemKind), default=ItemKind.DISCUSSION)
    minutes_allotted: Mapped[int] = mapped_column(default=15)
    thread_id: Mapped[int | None] = mapped_column(sa.ForeignKey("thread.id"), index=True)  # "lyft fråga"
    proposed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    proposed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    state: Mapped[ProposalState] = mapped_column(enum_column(ProposalState), default=ProposalState.WAITING)
    answer: Mapped[str] = mapped_column(sa.String(1000), default="")
    answered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    answered_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    item_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agenda_item.id", ondelete="SET NULL"))

    group: Mapped[Group] = relationship()
    meeting: Mapped[Meeting | None] = relationship()
    thread: Mapped[Thread | None] = relationship()
    proposed_by: Mapped[Person] = relationship(foreign_keys=[proposed_by_id])
    organisation: Mapped[Organisation] = relationship()
    item: Mapped[AgendaItem | None] = relationship()

    __table_args__ = (sa.Index("ix_agenda_proposal_group", "group_id", "state"),)

    @property
    def path(self) -> str:
        """The page where it waits, for notices."""
        return f"/groups/{self.group.slug}/proposals"


class AgendaEdition(db.Base):
    """The agenda as it was sent: later changes are shown against the newest edition."""

    __tablename__ = "agenda_edition"

    id: Mapped[db.pk]
    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id"))
    number: Mapped[int]
    content: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON)  # per item: id, title, kind, minutes, owner, papers
    sent_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    sent_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    sent_by: Mapped[Person] = relationship()

    __table_args__ = (sa.UniqueConstraint("meeting_id", "number"),)
