"""What sign-in through a provider is about, in plain values: no Flask, no database, no network."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# What an ID token may be signed with (security.md no. 2). A provider's row may allow fewer, never more.
ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA")


class ClientAuth(StrEnum):
    """How we prove who we are at the provider's token endpoint."""

    SECRET_BASIC = "client_secret_basic"  # noqa: S105 - a name, no secret
    SECRET_POST = "client_secret_post"  # noqa: S105 - a name, no secret
    PRIVATE_KEY_JWT = "private_key_jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConfig:
    """One identity provider as an administrator configured it; `version` rises with every change of the row.

    client_secret:     the shared secret, or with private_key_jwt our private EC key (P-256) as a JWK in JSON
    allowed_acr:       levels of assurance of which one is demanded; None: the provider may leave it out
    max_age:           seconds since the person last proved who she is; None: not demanded
    jose_header_limit: bytes of an ID token's header; some providers put a certificate chain there
    """

    id: int
    version: int
    issuer: str
    client_id: str
    client_secret: str | None
    redirect_uri: str
    client_auth: ClientAuth = ClientAuth.SECRET_BASIC
    allowed_algorithms: tuple[str, ...] = ALGORITHMS
    allowed_acr: tuple[str, ...] | None = None
    max_age: int | None = None
    organisation_number: str | None = None
    jose_header_limit: int = 512

    def __repr__(self) -> str:
        """Without the secret: a config may end up in a traceback."""
        return f"ProviderConfig(id={self.id}, version={self.version}, issuer={self.issuer!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One sign-in on its way, kept on the server for one browser. `started_at`: seconds since 1970."""

    provider_id: int
    provider_version: int
    state: str
    nonce: str
    verifier: str
    started_at: float

    def __repr__(self) -> str:
        """Without its secrets."""
        return f"Attempt(provider_id={self.provider_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who signed in, as the provider says. The key of an account is (provider, sub), never `email`.

    Everything else that the provider sent was dropped, personal identity numbers among it.
    `auth_time`: seconds since 1970.
    """

    sub: str
    email: str | None
    name: str | None
    acr: str | None
    auth_time: int | None


class Reason(StrEnum):
    """Why a sign-in was refused: for the log. The user sees the same page for all of them."""

    STATE = "state_unknown"
    OTHER_PROVIDER = "attempt_for_other_provider"
    ATTEMPT_TOO_OLD = "attempt_too_old"
    UNREACHABLE = "provider_unreachable"
    METADATA_ISSUER = "metadata_issuer"
    METADATA_INCOMPLETE = "metadata_incomplete"
    ANSWER_ISSUER = "answer_issuer"
    ANSWER_ISSUER_MISSING = "answer_issuer_missing"
    PROVIDER_ERROR = "provider_error"
    CODE_MISSING = "code_missing"
    TOKEN_REFUSED = "token_request_refused"  # noqa: S105 - a name, no secret
    TOKEN_ANSWER = "token_answer_invalid"  # noqa: S105 - a name, no secret
    ID_TOKEN_MISSING = "id_token_missing"  # noqa: S105 - a name, no secret
    ID_TOKEN_MALFORMED = "id_token_malformed"  # noqa: S105 - a name, no secret
    ALGORITHM = "algorithm"
    TOKEN_TYPE = "token_type"  # noqa: S105 - a name, no secret
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    AUTHORISED_PARTY = "authorised_party"
    NONCE = "nonce"
    SUBJECT = "subject"
    PERSONAL_NUMBER = "subject_is_personal_number"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    ISSUED_AT = "issued_at"
    AUTH_TIME = "auth_time"
    LEVEL = "level_of_assurance"
    LOGOUT_TOKEN = "logout_token"  # noqa: S105 - a name, no secret
    ORGANISATION_NUMBER = "organisation_number"
    USERINFO = "userinfo"
    PROFILE = "profile_without_address"
    PROVIDER = "provider_unknown_or_changed"
    PERSON = "person_not_admitted"
    OUR_SECRET = "our_secret_unusable"  # noqa: S105 - a name, no secret


class SignInRefused(Exception):
    """A sign-in that must not go on. `detail` is one of our own words (an outbound reason, a known error)."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else str(reason))
        self.reason = reason
        self.detail = detail
