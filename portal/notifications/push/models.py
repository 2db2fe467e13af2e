"""The devices that people have chosen, and what they wish to hear of there."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.people.models import Person


class PushDevice(db.Base):
    """A browser on a device, with the address where its maker's service takes what is for it, and the keys to encrypt it."""

    __tablename__ = "push_device"

    id: Mapped[db.pk]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    endpoint: Mapped[str] = mapped_column(sa.String(1000))
    endpoint_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    key: Mapped[str] = mapped_column(sa.String(100))  # p256dh: the browser's public key
    auth: Mapped[str] = mapped_column(sa.String(40))
    made_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    used_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)

    person: Mapped[Person] = relationship()


class PushChoice(db.Base):
    """What a person has chosen for one kind (`kind-posted`) or one group (`group-12`), which goes before the kind."""

    __tablename__ = "push_choice"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    sort: Mapped[str] = mapped_column(sa.String(70), primary_key=True)
    is_on: Mapped[bool]
