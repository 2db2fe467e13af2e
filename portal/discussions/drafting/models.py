"""What somebody has begun to write."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal import db


class ThreadDraft(db.Base):
    """A half-written post of one person in one thread. Nobody else reads it; `revision` says which device saved it last."""

    __tablename__ = "thread_draft"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    thread_id: Mapped[int] = mapped_column(sa.ForeignKey("thread.id"), primary_key=True, index=True)
    body: Mapped[str] = mapped_column(sa.Text)
    revision: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now, index=True)
