"""The log of deliveries: who was written to, about what kind of thing and how it went. Never what was written."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.people.models import Group, Person, enum_column


class Via(StrEnum):
    """The way out of the portal."""

    MAIL = "mail"
    PUSH = "push"


class State(StrEnum):
    """How far it came."""

    QUEUED = "queued"
    WITHHELD = "withheld"  # for the quiet hours, or until what is gathered goes out
    SENT = "sent"
    SEEN = "seen"  # was read in the portal before it was time to send it
    DROPPED = "dropped"  # no longer to be sent: the person has left the group, or wants no more of it
    BLOCKED = "blocked"  # the person's address does not work, so nothing is sent there
    REFUSED = "refused"  # by the mail server, or the service of the device
    BOUNCED = "bounced"  # taken, and sent back later


FAILED = (State.BLOCKED, State.REFUSED, State.BOUNCED)


class Delivery(db.Base):
    """One notice on its way to one person, or a letter that belongs to no notice (a calendar invitation).

    Guests of meetings and date polls are not in it: they have no account, so that a row would have to hold the name or address
    of somebody from outside, and a bounce has nobody to come back to. What a server refuses for them, the audit log notes.
    """

    __tablename__ = "delivery"

    id: Mapped[db.pk]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    notice_id: Mapped[int | None] = mapped_column(sa.ForeignKey("notice.id", ondelete="SET NULL"))
    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("group.id"))
    kind: Mapped[str] = mapped_column(sa.String(60))
    via: Mapped[Via] = mapped_column(enum_column(Via))
    state: Mapped[State] = mapped_column(enum_column(State))
    code: Mapped[str] = mapped_column(sa.String(20), default="")  # what the other side answered, such as 550 or 5.1.1
    letter: Mapped[str | None] = mapped_column(sa.String(20))  # the mail that it went out in, perhaps with others
    made_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    changed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    person: Mapped[Person] = relationship()
    group: Mapped[Group | None] = relationship()

    __table_args__ = (
        sa.Index("ix_delivery_notice", "notice_id", "via"),
        sa.Index("ix_delivery_person", "person_id", "letter"),
        sa.Index("ix_delivery_state", "state", "changed_at"),
    )


class AddressTrouble(db.Base):
    """A person's mail has come back. It counts for this very address: a new one begins without trouble."""

    __tablename__ = "address_trouble"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(254))
    dead_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)  # when a server said that there is no such address
    soft_count: Mapped[int] = mapped_column(
        default=0
    )  # mail that came back for now: a full mailbox, a server that is away
    code: Mapped[str] = mapped_column(sa.String(20), default="")
    last_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
