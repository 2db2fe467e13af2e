"""Identity providers as rows, the accounts they vouch for, and browser sessions kept on the server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import db
from portal.auth.provider import ClientAuth
from portal.people.models import Organisation, Person, enum_column


class IdentityProvider(db.Base):
    """One organisation's OpenID provider. Every change raises `version`, which ends sign-ins that are under way."""

    __tablename__ = "identity_provider"

    id: Mapped[db.pk]
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    issuer: Mapped[str] = mapped_column(sa.String(300))
    client_id: Mapped[str] = mapped_column(sa.String(200))
    client_secret_encrypted: Mapped[str | None] = mapped_column(sa.Text)
    version: Mapped[int] = mapped_column(default=1)
    is_active: Mapped[bool] = mapped_column(default=True)
    allowed_algorithms: Mapped[list[str]] = mapped_column(sa.JSON, default=lambda: ["RS256", "ES256", "PS256", "EdDSA"])
    allowed_acr: Mapped[list[str] | None] = mapped_column(sa.JSON)
    client_auth: Mapped[ClientAuth] = mapped_column(enum_column(ClientAuth), default=ClientAuth.SECRET_BASIC)
    max_age: Mapped[int | None]  # seconds since the person last proved at the provider who she is; None: not demanded
    jose_header_limit: Mapped[int] = mapped_column(default=512)
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (sa.UniqueConstraint("issuer", "client_id"),)


class Account(db.Base):
    """What a provider calls a person. The key is (provider, sub), never the e-mail address (security.md, number 8)."""

    __tablename__ = "account"

    id: Mapped[db.pk]
    provider_id: Mapped[int] = mapped_column(sa.ForeignKey("identity_provider.id"))
    sub: Mapped[str] = mapped_column(sa.String(255))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    signed_in_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)

    provider: Mapped[IdentityProvider] = relationship()
    person: Mapped[Person] = relationship()

    __table_args__ = (sa.UniqueConstraint("provider_id", "sub"),)


class BrowserSession(db.Base):
    """A session of one browser. Only the hash of its id is stored, so a copy of the database opens nothing."""

    __tablename__ = "browser_session"

    id: Mapped[db.pk]
    id_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    provider_id: Mapped[int | None] = mapped_column(sa.ForeignKey("identity_provider.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    seen_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now, index=True)
    user_agent: Mapped[str] = mapped_column(sa.String(200), default="")
    data: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)

    person: Mapped[Person | None] = relationship(lazy="joined")
    provider: Mapped[IdentityProvider | None] = relationship(lazy="joined")


class SignInAttempt(db.Base):
    """One sign-in on its way, of one browser at one version of one provider. It goes with either of them."""

    __tablename__ = "sign_in_attempt"

    id: Mapped[db.pk]
    session_id: Mapped[int] = mapped_column(sa.ForeignKey("browser_session.id", ondelete="CASCADE"), index=True)
    provider_id: Mapped[int] = mapped_column(sa.ForeignKey("identity_provider.id", ondelete="CASCADE"), index=True)
    provider_version: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(64), unique=True)
    nonce: Mapped[str] = mapped_column(sa.String(64))
    verifier: Mapped[str] = mapped_column(sa.String(128))
    next_path: Mapped[str] = mapped_column(sa.String(500), default="")
    started_at: Mapped[datetime] = mapped_column(db.UTCDateTime, index=True)
