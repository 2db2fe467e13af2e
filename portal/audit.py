"""The audit log: append-only and hash-chained, of changes and of reads of sensitive things.

Each row carries the SHA-256 of the row before and of its own content, so that a changed, removed or inserted row shows.
It never holds post text, tokens, or what the personal-data guard found.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from datetime import datetime
from typing import Any, Protocol, cast

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import db

GENESIS = "0" * 64
_CHAIN_LOCK = 0x5A4D5650  # PostgreSQL: one writer of the chain at a time


class Actor(Protocol):
    """Who did it: a person (portal.people) or None for the system itself."""

    @property
    def id(self) -> int:
        """Of the person."""

    @property
    def organisation_id(self) -> int:
        """Of the person's organisation."""


class AuditEntry(db.Base):
    """One thing that happened."""

    __tablename__ = "audit_entry"

    id: Mapped[db.pk]
    at: Mapped[datetime] = mapped_column(db.UTCDateTime)
    action: Mapped[str] = mapped_column(sa.String(60), index=True)
    person_id: Mapped[int | None] = mapped_column(index=True)
    organisation_id: Mapped[int | None]
    object_type: Mapped[str | None] = mapped_column(sa.String(60))
    object_id: Mapped[int | None]
    details: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    previous_hash: Mapped[str] = mapped_column(sa.String(64))
    entry_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)

    __table_args__ = (sa.Index("ix_audit_entry_object", "object_type", "object_id"),)

    def digest(self) -> str:
        """The hash that this row should carry."""
        content = [
            self.at.isoformat(),
            self.action,
            self.person_id,
            self.organisation_id,
            self.object_type,
            self.object_id,
            self.details,
            self.previous_hash,
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


_COLUMNS = [column for column in AuditEntry.__table__.columns if column.key not in {"id", "entry_hash"}]
# of the table: every change comes by here, and nobody needs the row as an object
_INSERT = sa.insert(cast(sa.Table, AuditEntry.__table__))
_LAST_HASH = sa.select(AuditEntry.entry_hash).order_by(AuditEntry.id.desc()).limit(1)


def record(action: str, *, by: Actor | None, on: db.Base | None = None, **details: Any) -> None:
    """Add a row for a change to the present transaction. `action` is a verb in the past tense, `details` short facts."""
    if on is not None and sa.inspect(on).identity is None:
        db.session.flush()
    _append(
        db.session(),
        action,
        by.id if by is not None else None,
        by.organisation_id if by is not None else None,
        on.__tablename__ if on is not None else None,
        on.id if on is not None else None,  # type: ignore[attr-defined]  # every table of ours has an id
        details,
    )


def record_read(action: str, *, by: Actor, on: db.Base) -> None:
    """Note that somebody read a sensitive thing; stored in its own transaction after the request's reading has ended.

    A read that cannot be noted is not answered: the edge runs this before the answer leaves (security.md, number 42).
    """
    row = (action, by.id, by.organisation_id, on.__tablename__, on.id)  # type: ignore[attr-defined]  # as above
    db.leave_trace(lambda session: _append(session, *row, {}), is_required=True)


def _append(
    session: Session,
    action: str,
    person_id: int | None,
    organisation_id: int | None,
    object_type: str | None,
    object_id: int | None,
    details: dict[str, Any],
) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCK)))
    last = session.scalar(_LAST_HASH)
    entry = AuditEntry(
        at=db.now(),
        action=action,
        person_id=person_id,
        organisation_id=organisation_id,
        object_type=object_type,
        object_id=object_id,
        details=details,
        previous_hash=last or GENESIS,
    )
    row = {column.key: getattr(entry, column.key) for column in _COLUMNS}
    session.execute(_INSERT, row | {"entry_hash": entry.digest()})


def verify() -> int | None:
    """Walk the chain; returns the id of the first row that does not fit, or None when all is well."""
    rows = sa.select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)
    previous = GENESIS
    with contextlib.closing(db.session.scalars(rows)) as entries:
        for entry in entries:
            if entry.previous_hash != previous or entry.entry_hash != entry.digest():
                return entry.id
            previous = entry.entry_hash
    return None
