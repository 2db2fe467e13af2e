"""Secret addresses: whoever knows one reads with its person's eyes (calendar feeds, feeds of saved searches).

Only the hash of the secret is stored: the address is shown once, when it is made.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import db
from portal.errors import Conflict

MOST_EACH = 20  # that one person has at a time
READ_NOTED_EVERY = timedelta(hours=1)


class SecretAddress:
    """The columns of a table of secret addresses."""

    id: Mapped[db.pk]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(80))  # what the person calls the program that reads it
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    read_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)


Address = TypeVar("Address", bound=SecretAddress)


def make_room(kind: type[SecretAddress], person_id: int) -> None:
    """Let one person make one more, the only one at this moment. Raises `Conflict` if there are many already."""
    db.lock_name(f"{kind.__name__} of {person_id}")
    own = (kind.person_id == person_id) & kind.revoked_at.is_(None)
    if (db.session.scalar(sa.select(sa.func.count()).select_from(kind).where(own)) or 0) >= MOST_EACH:
        raise Conflict(_("You have %(number)s addresses. Revoke one that you no longer use.", number=MOST_EACH))


def new_token() -> str:
    """A secret that nobody guesses: 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is stored of a secret: it has 256 random bits, so that no slower hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def address_of(kind: type[Address], token: str) -> Address | None:
    """The address with that secret; None if there is none or it was revoked. Whether its person may still read, ask there."""
    wanted = hash_token(token)
    found = db.session.scalar(sa.select(kind).where(kind.token_hash == wanted))
    if found is None or not hmac.compare_digest(found.token_hash, wanted):
        return None
    return found if found.revoked_at is None else None


def note_read(address: SecretAddress) -> None:
    """Leave a trace of when it was last asked for, so that its person sees which addresses are in use."""
    kind, address_id, now = type(address), address.id, db.now()
    if address.read_at is not None and now - address.read_at < READ_NOTED_EVERY:
        return

    def write(session: Session) -> None:
        session.execute(sa.update(kind).where(kind.id == address_id).values(read_at=now))

    db.leave_trace(write)
