"""Every write to identity providers and accounts."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from portal import audit, db
from portal.auth import sessions
from portal.auth.models import Account, BrowserSession, IdentityProvider
from portal.auth.provider import ClientAuth, Identity, Reason, SignInRefused
from portal.people import actions as people
from portal.people.models import Organisation, Person


def add_provider(
    organisation: Organisation,
    *,
    issuer: str,
    client_id: str,
    sealed_secret: str,
    allowed_acr: Sequence[str] = (),
    client_auth: ClientAuth = ClientAuth.SECRET_BASIC,
    max_age: int | None = None,
    by: Person | None,
) -> IdentityProvider:
    """Let an organisation's people sign in through `issuer`; with a known issuer and client, change what it says.

    `sealed_secret`: see `sealing.seal`. `allowed_acr`: levels of assurance of which one is demanded. `client_auth`, `max_age`:
    see `ProviderConfig`.
    Sign-ins that are under way with the old values end here, as the row's version rises.
    """
    provider = db.session.scalar(
        sa.select(IdentityProvider).where(
            IdentityProvider.issuer == issuer,
            IdentityProvider.client_id == client_id,
            IdentityProvider.organisation_id == organisation.id,
        )
    )
    action = "provider_changed"
    if provider is None:
        action = "provider_added"
        provider = IdentityProvider(organisation=organisation, issuer=issuer, client_id=client_id, version=0)
        db.session.add(provider)
    provider.client_secret_encrypted = sealed_secret
    provider.allowed_acr = list(allowed_acr) or None
    provider.client_auth, provider.max_age = client_auth, max_age
    provider.is_active = True
    provider.version += 1
    audit.record(action, by=by, on=provider, issuer=issuer, version=provider.version)
    return provider


def disable_provider(provider: IdentityProvider, *, by: Person | None) -> None:
    """Nobody signs in through it any more, and the sessions that it opened are over."""
    provider.is_active = False
    provider.version += 1
    sessions.end(BrowserSession.provider_id == provider.id)
    audit.record("provider_disabled", by=by, on=provider)


def add_account(provider: IdentityProvider, sub: str, person: Person, *, by: Person | None) -> Account:
    """Say that `person` is who the provider calls `sub`. Both belong to one organisation (security.md no. 10)."""
    if person.organisation_id != provider.organisation_id:
        raise ValueError("a provider knows the people of its own organisation only")
    account = Account(provider=provider, sub=sub, person=person)
    db.session.add(account)
    audit.record("account_added", by=by, on=account, person=person.id, provider=provider.id)
    return account


def recognise(provider: IdentityProvider, identity: Identity, *, by: None = None) -> Person:
    """The person who just proved at the provider who she is; at the first time a new, pending one.

    Found by (provider, sub) only: the same e-mail address from two providers is two people (security.md no. 8).
    Raises SignInRefused(PROFILE) for a newcomer without an address: nobody could be asked to approve her.
    """
    account = db.session.scalar(
        sa.select(Account).where(Account.provider_id == provider.id, Account.sub == identity.sub)
    )
    if account is None:
        if identity.email is None:
            raise SignInRefused(Reason.PROFILE)
        name = identity.name or identity.email
        person = people.add_person(provider.organisation, name[:120], identity.email, by=by)
        db.session.flush()
        account = add_account(provider, identity.sub, person, by=by)
        if person.has_foreign_address:  # shown to the administrators beside the name; kept for whoever asks later
            audit.record("foreign_address", by=by, on=person, provider=provider.id)
    return account.person


def note_sign_in(person: Person, provider: IdentityProvider, identity: Identity, *, by: Person) -> None:
    """Keep when and how strongly the person signed in."""
    db.session.execute(
        sa.update(Account)
        .where(Account.provider_id == provider.id, Account.sub == identity.sub)
        .values(signed_in_at=db.now())
    )
    people.note_visit(person)
    audit.record("signed_in", by=by, on=person, provider=provider.id, acr=identity.acr)
