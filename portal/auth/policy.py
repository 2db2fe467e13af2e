"""Which providers may be used, and by whom."""

from __future__ import annotations

import sqlalchemy as sa

from portal.auth.models import BrowserSession, IdentityProvider
from portal.people.models import EmailDomain, Organisation, Person


def usable_providers() -> sa.Select[IdentityProvider]:
    """The providers that anybody may be sent to."""
    return (
        sa.select(IdentityProvider)
        .join(IdentityProvider.organisation)
        .where(IdentityProvider.is_active, Organisation.is_active)
        .order_by(IdentityProvider.id)
    )


def providers_of_domain(domain: str) -> sa.Select[IdentityProvider]:
    """The providers for people whose work address is at `domain`."""
    owner = sa.select(EmailDomain.organisation_id).where(EmailDomain.domain == domain).scalar_subquery()
    return usable_providers().where(IdentityProvider.organisation_id == owner)


def own_sessions(person: Person) -> sa.Select[BrowserSession]:
    """The sessions that the person may end: the own ones."""
    return sa.select(BrowserSession).where(BrowserSession.person_id == person.id)


def can_enter(person: Person, provider: IdentityProvider) -> bool:
    """Whether a sign-in through `provider` opens the portal: an active person of the provider's own organisation."""
    return person.is_active and person.organisation_id == provider.organisation_id
