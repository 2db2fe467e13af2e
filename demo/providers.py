"""How the demo's people sign in: a row for each organisation's identity provider, and the configuration of the one that plays
them all (demo/idp/server.mjs)."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import selectinload

from demo.content import read_toml
from portal import audit, db
from portal.auth import actions, sealing
from portal.auth.models import Account, IdentityProvider
from portal.auth.rows import callback_url, return_url
from portal.people.models import Organisation, Person

CLIENT = "samverkansportalen"


def config_path() -> Path:
    """Where the configuration of the demo's identity provider lies."""
    folder: Path = current_app.config["SETTINGS"].data_dir
    return folder / "idp" / "config.json"


def prepare(idp_port: int) -> None:
    """Bring rows and configuration in line with the ports of this start. What is right already is left alone."""
    known = {row.organisation_id: row for row in db.session.scalars(_of_the_demo())}
    ours = (
        sa.select(Organisation).where(Organisation.slug.in_(read_toml("organisations.toml"))).order_by(Organisation.id)
    )
    organisations = db.session.scalars(ours.options(selectinload(Organisation.people))).all()
    entries = [_entry(organisation, known.get(organisation.id), idp_port) for organisation in organisations]
    _write({"port": idp_port, "organisations": entries})


def _of_the_demo() -> sa.Select[IdentityProvider]:
    return sa.select(IdentityProvider).where(
        IdentityProvider.client_id == CLIENT, IdentityProvider.issuer.startswith("http://127.0.0.1:")
    )


def _entry(organisation: Organisation, provider: IdentityProvider | None, port: int) -> dict[str, Any]:
    """One organisation of the configuration; its row is made or mended on the way."""
    settings = current_app.config["SETTINGS"]
    key = settings.secret_key.get_secret_value()
    issuer = f"http://127.0.0.1:{port}/{organisation.slug}"
    secret = _secret_of(provider, key)
    if provider is not None and provider.issuer != issuer:
        _move(provider, issuer)
    if provider is None or secret is None:
        secret = secrets.token_urlsafe(32)
        sealed = sealing.seal(secret, key=key)
        provider = actions.add_provider(organisation, issuer=issuer, client_id=CLIENT, sealed_secret=sealed, by=None)
        db.session.flush()
    _add_accounts(provider, organisation.people)
    return {
        "slug": organisation.slug,
        "name": organisation.name,
        "client_id": CLIENT,
        "client_secret": secret,
        "redirect_uris": [callback_url(provider, settings)],
        "post_logout_redirect_uris": [return_url(settings)],
        "people": [{"sub": _sub(person), "name": person.name, "email": person.email} for person in organisation.people],
    }


def _secret_of(provider: IdentityProvider | None, key: str) -> str | None:
    """The secret in the row; None if there is none or the portal's secret key is another one now."""
    if provider is None or provider.client_secret_encrypted is None:
        return None
    try:
        return sealing.unseal(provider.client_secret_encrypted, key=key)
    except ValueError:
        return None


def _move(provider: IdentityProvider, issuer: str) -> None:
    """The demo's provider listens on another port now; sign-ins under way end, accounts stay."""
    provider.issuer = issuer
    provider.version += 1
    audit.record("provider_changed", by=None, on=provider, issuer=issuer, version=provider.version)


def _sub(person: Person) -> str:
    return person.email.partition("@")[0]


def _add_accounts(provider: IdentityProvider, people: Sequence[Person]) -> None:
    known = set(db.session.scalars(sa.select(Account.person_id).where(Account.provider_id == provider.id)))
    for person in people:
        if person.id not in known:
            actions.add_account(provider, _sub(person), person, by=None)


def _write(config: dict[str, Any]) -> None:
    """Write the configuration for its owner's eyes only (it holds secrets), in one step, if it says something new."""
    path, text = config_path(), json.dumps(config, ensure_ascii=False, indent=1)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)
