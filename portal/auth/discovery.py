"""What identity providers publish about themselves: metadata and keys, kept for ten minutes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey

from portal.auth.provider import ProviderConfig, Reason, SignInRefused
from portal.outbound import Outbound, OutboundError

KEEP_SECONDS = 600
RSA_BITS = range(2048, 8193)
# The public half of each kind of key. Whatever else a published key holds (certificates, private parts) is
# left out.
PUBLIC_MEMBERS = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The parts of a provider's metadata that are used (OpenID Connect Discovery 1.0 §3, RFC 9207 §3)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    announces_iss: bool


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key that may verify `algorithm` only, if the provider said so."""

    kid: str | None
    algorithm: str | None
    key: Key

    def fits(self, algorithm: str, kid: str | None) -> bool:
        """True when this is the key that a token header with `algorithm` and `kid` means."""
        kinds = {"RS256": RSAKey, "PS256": RSAKey, "ES256": ECKey, "EdDSA": OKPKey}
        is_kind = isinstance(self.key, kinds[algorithm])
        return is_kind and self.algorithm in (None, algorithm) and (kid is None or kid == self.kid)


@dataclass(slots=True)
class _Entry:
    config: ProviderConfig
    metadata: Metadata
    metadata_at: float
    keys: list[PublishedKey]
    keys_at: float


class Directory:
    """Metadata and keys of all providers, one per app. Nothing of an older version of a row is ever used.

    `now` is everywhere in seconds since 1970 and decides on the age of what is kept.
    """

    def __init__(self, http: Outbound) -> None:
        self.http = http
        self._entries: dict[int, _Entry] = {}

    def metadata(self, config: ProviderConfig, *, http: Outbound, now: float) -> Metadata:
        """The provider's metadata. Raises SignInRefused."""
        entry = self._entry(config)
        if entry and 0 <= now - entry.metadata_at < KEEP_SECONDS:
            return entry.metadata
        found = _fetch(http, config.issuer.removesuffix("/") + "/.well-known/openid-configuration")
        # Before anything else in it is looked at, byte for byte (security.md no. 1).
        if found.get("issuer") != config.issuer:
            raise SignInRefused(Reason.METADATA_ISSUER)
        metadata = _metadata(found, http)
        self._entries[config.id] = _Entry(config, metadata, now, [], 0)
        return metadata

    def keys(self, config: ProviderConfig, *, http: Outbound, now: float, fresh: bool = False) -> list[PublishedKey]:
        """The provider's keys; `fresh`: not from what is kept. Raises SignInRefused."""
        metadata = self.metadata(config, http=http, now=now)
        entry = self._entry(config)
        if entry and not fresh and 0 <= now - entry.keys_at < KEEP_SECONDS:
            return entry.keys
        keys = _keys(_fetch(http, metadata.jwks_uri))
        if entry:
            entry.keys, entry.keys_at = keys, now
        return keys

    def _entry(self, config: ProviderConfig) -> _Entry | None:
        entry = self._entries.get(config.id)
        # The whole config, not its version alone: a deleted row's id may be given to another provider.
        return entry if entry and entry.config == config else None


def _fetch(http: Outbound, url: str) -> dict[str, Any]:
    try:
        answer = http.get(url, headers={"Accept": "application/json"})
        found = answer.json()
    except OutboundError as error:
        raise SignInRefused(Reason.UNREACHABLE, error.reason) from error
    if not answer.is_ok:
        raise SignInRefused(Reason.UNREACHABLE, str(answer.status))
    return found


def _metadata(found: Mapping[str, Any], http: Outbound) -> Metadata:
    def endpoint(name: str) -> str:
        url = optional(name)
        if url is None:
            raise SignInRefused(Reason.METADATA_INCOMPLETE, name)
        return url

    def optional(name: str) -> str | None:
        url = found.get(name)
        if url is None:
            return None
        try:
            http.check_url(url if isinstance(url, str) else "")
        except OutboundError as error:
            raise SignInRefused(Reason.METADATA_INCOMPLETE, name) from error
        return str(url)

    return Metadata(
        authorization_endpoint=endpoint("authorization_endpoint"),
        token_endpoint=endpoint("token_endpoint"),
        jwks_uri=endpoint("jwks_uri"),
        userinfo_endpoint=optional("userinfo_endpoint"),
        end_session_endpoint=optional("end_session_endpoint"),
        announces_iss=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _keys(found: Mapping[str, Any]) -> list[PublishedKey]:
    """The keys of a set that can verify a signature. One that we cannot read does not spoil the others."""
    published = found.get("keys")
    if not isinstance(published, list):
        raise SignInRefused(Reason.METADATA_INCOMPLETE, "keys")
    return [key for data in published if isinstance(data, dict) and (key := _key(data))]


def _key(data: Mapping[str, Any]) -> PublishedKey | None:
    kid, algorithm, operations = data.get("kid"), data.get("alg"), data.get("key_ops", ["verify"])
    members = PUBLIC_MEMBERS.get(str(data.get("kty")))
    if members is None or data.get("use", "sig") != "sig" or "verify" not in operations:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # short RSA keys: refused two lines below
            key = JWKRegistry.import_key({name: data[name] for name in members})
        is_strong = _is_strong(key)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if not is_strong or not isinstance(kid, str | None) or not isinstance(algorithm, str | None):
        return None
    return PublishedKey(kid, algorithm, key)


def _is_strong(key: Key) -> bool:
    if isinstance(key, RSAKey):
        return key.raw_value.key_size in RSA_BITS
    return key.get("crv") in ("P-256", "Ed25519")
