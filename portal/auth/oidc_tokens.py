"""ID tokens: every check that security.md §1 and nos. 2-5 ask for, by hand, in this order.

joserfc verifies the signature. Nothing else is left to a library: each that was tried let some of these pass.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning

from portal import guard
from portal.auth.discovery import PublishedKey
from portal.auth.provider import ALGORITHMS, Identity, ProviderConfig, Reason, SignInRefused

LEEWAY = 30  # seconds that two clocks may differ
MAX_TOKEN_AGE = 600
MAX_SUB = 255  # OpenID Connect Core 1.0 §2: at most 255 ASCII characters
TOKEN_TYPES = (None, "JWT", "jwt", "application/jwt")
LOGOUT_TYPE = "logout+jwt"
ORGANISATION_NUMBER_CLAIM = "https://id.oidc.se/claim/orgNumber"
# Everything that is ever read. The rest, personal identity numbers too, is dropped when a token is opened.
CLAIMS = frozenset(
    {"iss", "sub", "aud", "azp", "exp", "nbf", "iat", "nonce", "auth_time", "acr", "events"}
    | {"email", "name", ORGANISATION_NUMBER_CLAIM}
)

KeySource = Callable[[bool], list[PublishedKey]]  # called with True: fetch the keys anew


def open_token(token: str, config: ProviderConfig, keys: KeySource) -> dict[str, Any]:
    """The claims of a signed token, cut down to CLAIMS. Raises SignInRefused.

    The key comes from the provider's published set: `jku`, `x5u`, `jwk` and `x5c` in the header are not read.
    """
    registry = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    registry.max_header_length = config.jose_header_limit
    try:
        header = jws.extract_compact(token.encode("ascii"), registry=registry).headers()
    except (JoseError, ValueError, TypeError, RecursionError, AttributeError) as error:
        raise SignInRefused(Reason.ID_TOKEN_MALFORMED) from error
    if not isinstance(header, dict):
        raise SignInRefused(Reason.ID_TOKEN_MALFORMED)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS or algorithm not in config.allowed_algorithms:
        raise SignInRefused(Reason.ALGORITHM)
    _check_header(header)
    key = _find_key(keys, algorithm, header.get("kid"))
    try:
        with warnings.catch_warnings():
            # RFC 9864 renames EdDSA; providers still say EdDSA. The curve is checked in discovery.py.
            warnings.simplefilter("ignore", SecurityWarning)
            opened = jws.deserialize_compact(token.encode("ascii"), key.key, registry=registry)
        claims = json.loads(opened.payload or b"")
    except (JoseError, ValueError, TypeError) as error:
        raise SignInRefused(Reason.SIGNATURE) from error
    except RecursionError as error:
        raise SignInRefused(Reason.ID_TOKEN_MALFORMED) from error
    if not isinstance(claims, dict):
        raise SignInRefused(Reason.ID_TOKEN_MALFORMED)
    return {name: value for name, value in claims.items() if name in CLAIMS}


def check_claims(claims: Mapping[str, Any], config: ProviderConfig, *, nonce: str, now: float) -> None:
    """Raises SignInRefused unless `claims` are of an ID token for this sign-in. `now`: seconds since 1970."""
    if "events" in claims:
        raise SignInRefused(Reason.LOGOUT_TOKEN)
    _require(claims.get("iss") == config.issuer, Reason.ISSUER)
    _require(claims.get("aud") in (config.client_id, [config.client_id]), Reason.AUDIENCE)
    _require(claims.get("azp", config.client_id) == config.client_id, Reason.AUTHORISED_PARTY)
    _require(same(claims.get("nonce"), nonce), Reason.NONCE)
    _require(is_subject(claims.get("sub")), Reason.SUBJECT)
    _require(not _has_personal_number(claims["sub"]), Reason.PERSONAL_NUMBER)
    _check_times(claims, config, now)
    if config.allowed_acr is not None:
        _require(claims.get("acr") in config.allowed_acr, Reason.LEVEL)
    number = claims.get(ORGANISATION_NUMBER_CLAIM)
    if number is not None and config.organisation_number is not None:
        _require(ten_digits(number) == ten_digits(config.organisation_number), Reason.ORGANISATION_NUMBER)


def identity(claims: Mapping[str, Any], profile: Mapping[str, Any]) -> Identity:
    """Who the checked `claims` are about; `profile` (userinfo) fills in what they leave out."""
    auth_time = _time(claims.get("auth_time"))
    return Identity(
        sub=claims["sub"],
        email=_text(claims.get("email") or profile.get("email"), 254),
        name=_text(claims.get("name") or profile.get("name"), 200),
        acr=_text(claims.get("acr"), 200),
        auth_time=None if auth_time is None else int(auth_time),
    )


def same(given: object, expected: str) -> bool:
    """True when `given` is the text `expected`; takes the same time wherever they differ."""
    return isinstance(given, str) and compare_digest(given.encode(), expected.encode())


def is_subject(sub: object) -> bool:
    """True for a subject identifier that can be the key of an account."""
    return (
        isinstance(sub, str) and 0 < len(sub) <= MAX_SUB and sub.isascii() and sub.isprintable() and bool(sub.strip())
    )


def ten_digits(number: object) -> str | None:
    """An organisation number without hyphen and without the prefix 16, or None when it is none."""
    digits = re.sub(r"[\s-]", "", number) if isinstance(number, str) else ""
    found = re.fullmatch(r"(?:16)?([0-9]{10})", digits)
    return found.group(1) if found else None


def _check_header(header: Mapping[str, Any]) -> None:
    token_type = header.get("typ")
    if isinstance(token_type, str) and token_type.removeprefix("application/").lower() == LOGOUT_TYPE:
        raise SignInRefused(Reason.LOGOUT_TOKEN)
    if token_type not in TOKEN_TYPES:
        raise SignInRefused(Reason.TOKEN_TYPE)
    # We know no extension that would have to be understood; `b64` changes what is signed.
    if "crit" in header or "b64" in header:
        raise SignInRefused(Reason.ID_TOKEN_MALFORMED)


def _find_key(keys: KeySource, algorithm: str, kid: object) -> PublishedKey:
    """The one key that the header means; an unknown one is looked for once in freshly fetched keys."""
    if not isinstance(kid, str | None):
        raise SignInRefused(Reason.KEY_UNKNOWN)
    for fresh in (False, True):
        fitting = [key for key in keys(fresh) if key.fits(algorithm, kid)]
        if len(fitting) == 1:
            return fitting[0]
    raise SignInRefused(Reason.KEY_UNKNOWN)


def _check_times(claims: Mapping[str, Any], config: ProviderConfig, now: float) -> None:
    expires, issued, auth_time = (_time(claims.get(name)) for name in ("exp", "iat", "auth_time"))
    _require(expires is not None and now < expires + LEEWAY, Reason.EXPIRED)
    if "nbf" in claims:
        not_before = _time(claims["nbf"])
        _require(not_before is not None and not_before <= now + LEEWAY, Reason.NOT_YET_VALID)
    oldest = now - MAX_TOKEN_AGE - LEEWAY
    _require(issued is not None and oldest <= issued <= now + LEEWAY, Reason.ISSUED_AT)
    if config.max_age is not None or "auth_time" in claims:
        oldest = 0 if config.max_age is None else now - config.max_age - LEEWAY
        _require(auth_time is not None and oldest <= auth_time <= now + LEEWAY, Reason.AUTH_TIME)


def _time(value: object) -> float | None:
    """A NumericDate that can be computed with (no truth value, no text, before the year 10000), or None."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if 0 <= value < 253_402_300_800 else None


def _text(value: object, limit: int) -> str | None:
    """One line of text out of a claim, without control and direction characters.

    None when there is none, when it is too long, or when it carries a personal identity number.
    """
    if not isinstance(value, str):
        return None
    line = "".join(sign for sign in value if sign.isprintable()).strip()
    return line if 0 < len(line) <= limit and not _has_personal_number(line) else None


def _has_personal_number(text: str) -> bool:
    """True for what the guard never lets be stored. As the key of an account it would stand in every log."""
    return any(find.verdict is guard.Verdict.BLOCK for find in guard.scan(text))


def _require(holds: bool, reason: Reason) -> None:
    if not holds:
        raise SignInRefused(reason)
