"""From a provider's row in the database to the plain values that the protocol works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.auth import sealing
from portal.auth.models import IdentityProvider
from portal.auth.provider import ProviderConfig, Reason, SignInRefused

if TYPE_CHECKING:
    from config import Settings


def callback_url(provider: IdentityProvider, settings: Settings) -> str:
    """Where the provider sends the browser back: an address of its own for each provider (security.md no. 7)."""
    return f"{settings.base_url}/sign-in/{provider.id}/callback"


def return_url(settings: Settings) -> str:
    """Where a provider sends the browser after logging out."""
    return f"{settings.base_url}/sign-in"


def config_of(provider: IdentityProvider, settings: Settings) -> ProviderConfig:
    """The row's values, its secret opened. Raises SignInRefused(OUR_SECRET) when the secret key was changed."""
    sealed = provider.client_secret_encrypted
    try:
        secret = sealing.unseal(sealed, key=settings.secret_key.get_secret_value()) if sealed else None
    except ValueError as error:
        raise SignInRefused(Reason.OUR_SECRET) from error
    return ProviderConfig(
        id=provider.id,
        version=provider.version,
        issuer=provider.issuer,
        client_id=provider.client_id,
        client_secret=secret,
        redirect_uri=callback_url(provider, settings),
        allowed_algorithms=tuple(provider.allowed_algorithms),
        allowed_acr=tuple(provider.allowed_acr or ()) or None,
        organisation_number=provider.organisation.organisation_number,
        jose_header_limit=provider.jose_header_limit,
        client_auth=provider.client_auth,
        max_age=provider.max_age,
    )
