"""Whom to call: contacts are data that a coordinator edits, not code."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal import db


class Contact(db.Base):
    """A line or office to turn to. One of them may be the support line that stands on every page."""

    __tablename__ = "contact"

    id: Mapped[db.pk]
    name: Mapped[str] = mapped_column(sa.String(120))
    note: Mapped[str] = mapped_column(sa.String(300), default="")
    phone: Mapped[str] = mapped_column(sa.String(40), default="")
    email: Mapped[str] = mapped_column(sa.String(254), default="")
    is_support_line: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)

    @property
    def dial(self) -> str:
        """The number as a telephone wants it."""
        return "".join(char for char in self.phone if char.isdigit() or char == "+")
