"""OpenID Connect sign-in: authorization code with PKCE. Protocol only: no Flask, no database.

`begin` sends the browser to the provider, `finish` takes its answer. Authlib helps with the form of requests
(PKCE, parameters, client assertion); the network is `portal.outbound`, the checks are in `oidc_tokens`.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from portal.auth import oidc_tokens
from portal.auth.discovery import Directory, Metadata, PublishedKey
from portal.auth.provider import Attempt, ClientAuth, Identity, ProviderConfig, Reason, SignInRefused
from portal.outbound import Outbound, OutboundError

SCOPE = "openid profile email"
MAX_ATTEMPT_SECONDS = 600
# The person waits in front of a blank page: all requests of one step together may take this long.
STEP_SECONDS = 5.0
RANDOM_BYTES = 32
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60
# RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6. Other words of a provider never reach our log.
KNOWN_ERRORS = (
    *(
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "login_required",
    ),
    *("invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "unauthorized_client"),
    *("server_error", "temporarily_unavailable", "unmet_authentication_requirements"),
    *("unsupported_grant_type", "unsupported_response_type"),
)


def begin(config: ProviderConfig, *, directory: Directory, now: float) -> tuple[str, Attempt]:
    """Where to send the browser, and the attempt to keep in its session. Raises SignInRefused.

    `now`: seconds since 1970. At most STEP_SECONDS of network time.
    """
    metadata = directory.metadata(config, http=directory.http.within(STEP_SECONDS), now=now)
    state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
    attempt = Attempt(
        provider_id=config.id,
        provider_version=config.version,
        state=state,
        nonce=nonce,
        verifier=verifier,
        started_at=now,
    )
    url = prepare_grant_uri(
        metadata.authorization_endpoint,
        config.client_id,
        "code",
        redirect_uri=config.redirect_uri,
        scope=SCOPE,
        state=state,
        nonce=nonce,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
        # A form post from another site would come without our SameSite=Lax cookie.
        response_mode="query",
        acr_values=" ".join(config.allowed_acr) if config.allowed_acr else None,
        max_age=None if config.max_age is None else str(config.max_age),
    )
    return url, attempt


def finish(
    config: ProviderConfig, attempt: Attempt, params: Mapping[str, str], *, directory: Directory, now: float
) -> Identity:
    """Who signed in, from the parameters that the browser brought back. Raises SignInRefused.

    An attempt may be used once: the caller forgets it before calling. At most STEP_SECONDS of network time.
    """
    _check_attempt(config, attempt, params, now)
    http = directory.http.within(STEP_SECONDS)
    metadata = directory.metadata(config, http=http, now=now)
    code = _code(config, metadata, params)
    tokens = _exchange(config, attempt, metadata, code, http, now)
    id_token = tokens.get("id_token")
    if not isinstance(id_token, str) or not id_token:
        raise SignInRefused(Reason.ID_TOKEN_MISSING)

    def keys(fresh: bool) -> list[PublishedKey]:
        return directory.keys(config, http=http, now=now, fresh=fresh)

    claims = oidc_tokens.open_token(id_token, config, keys)
    oidc_tokens.check_claims(claims, config, nonce=attempt.nonce, now=now)
    profile: Mapping[str, Any] = {}
    if metadata.userinfo_endpoint and not (claims.get("email") and claims.get("name")):
        opened = partial(oidc_tokens.open_token, config=config, keys=keys)
        profile = _userinfo(config, metadata.userinfo_endpoint, tokens, http, opened, claims["sub"])
    return oidc_tokens.identity(claims, profile)


def end_session(
    config: ProviderConfig,
    *,
    directory: Directory,
    now: float,
    return_to: str,
) -> str | None:
    """Where the browser ends its session at the provider (RP-initiated logout), or None.

    `return_to` has to be registered with the provider. An unreachable provider counts as one without logout.
    """
    try:
        metadata = directory.metadata(config, http=directory.http.within(STEP_SECONDS), now=now)
    except SignInRefused:
        return None
    endpoint = metadata.end_session_endpoint
    if endpoint is None:
        return None
    query = {"client_id": config.client_id, "post_logout_redirect_uri": return_to}
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def _check_attempt(config: ProviderConfig, attempt: Attempt, params: Mapping[str, str], now: float) -> None:
    """Before anything else of the answer is used: it is for this browser and this provider, and in time."""
    if not oidc_tokens.same(params.get("state"), attempt.state):
        raise SignInRefused(Reason.STATE)
    if (attempt.provider_id, attempt.provider_version) != (config.id, config.version):
        raise SignInRefused(Reason.OTHER_PROVIDER)
    if not 0 <= now - attempt.started_at <= MAX_ATTEMPT_SECONDS:
        raise SignInRefused(Reason.ATTEMPT_TOO_OLD)


def _code(config: ProviderConfig, metadata: Metadata, params: Mapping[str, str]) -> str:
    issuer = params.get("iss")
    if issuer is None and metadata.announces_iss:
        raise SignInRefused(Reason.ANSWER_ISSUER_MISSING)
    if issuer is not None and issuer != config.issuer:
        raise SignInRefused(Reason.ANSWER_ISSUER)
    if "error" in params:
        raise SignInRefused(Reason.PROVIDER_ERROR, _known(params["error"]))
    code = params.get("code", "")
    if not code or not code.isascii():
        raise SignInRefused(Reason.CODE_MISSING)
    return code


def _exchange(
    config: ProviderConfig, attempt: Attempt, metadata: Metadata, code: str, http: Outbound, now: float
) -> dict[str, Any]:
    """The token endpoint's answer to our code."""
    extra, headers = _client_auth(config, now)
    body = prepare_token_request(
        "authorization_code",
        code=code,
        redirect_uri=config.redirect_uri,
        code_verifier=attempt.verifier,
        **extra,
    )
    try:
        answer = http.post_form(metadata.token_endpoint, body, headers={"Accept": "application/json", **headers})
        tokens = answer.json()
    except OutboundError as error:
        raise SignInRefused(Reason.UNREACHABLE, error.reason) from error
    if not answer.is_ok:
        raise SignInRefused(Reason.TOKEN_REFUSED, _known(tokens.get("error")))
    if str(tokens.get("token_type")).lower() != "bearer":
        raise SignInRefused(Reason.TOKEN_ANSWER)
    return tokens


def _client_auth(config: ProviderConfig, now: float) -> tuple[dict[str, str], dict[str, str]]:
    """Form fields and headers that prove who we are."""
    secret = config.client_secret or ""
    match config.client_auth:
        case ClientAuth.SECRET_BASIC:
            # RFC 6749 §2.3.1: each half is form-encoded first. (Authlib leaves that out.)
            pair = f"{quote(config.client_id, safe='')}:{quote(secret, safe='')}"
            return {}, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        case ClientAuth.SECRET_POST:
            return {"client_id": config.client_id, "client_secret": secret}, {}
        case ClientAuth.PRIVATE_KEY_JWT:
            return {
                "client_id": config.client_id,
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": _assertion(config, secret, now),
            }, {}


def _assertion(config: ProviderConfig, jwk: str, now: float) -> str:
    """Our own signed statement (RFC 7523). Its audience is the issuer alone: no other provider can use it."""
    try:
        key = ECKey.import_key(json.loads(jwk))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SignInRefused(Reason.TOKEN_REFUSED, "our own key is unusable") from error
    issued = int(now)
    header = {"kid": key.kid} if key.kid else {}
    return str(
        private_key_jwt_sign(
            key,
            config.client_id,
            config.issuer,
            alg="ES256",
            header=header,
            issued_at=issued,
            expires_at=issued + ASSERTION_SECONDS,
        )
    )


def _userinfo(
    config: ProviderConfig,
    endpoint: str,
    tokens: Mapping[str, Any],
    http: Outbound,
    opened: partial[dict[str, Any]],
    sub: str,
) -> Mapping[str, Any]:
    """Name and address from userinfo, plain or signed (the Swedish profile), about the same person only."""
    access_token = tokens.get("access_token")
    if not isinstance(access_token, str) or not access_token.isascii() or not access_token.isprintable():
        raise SignInRefused(Reason.TOKEN_ANSWER)
    try:
        answer = http.get(endpoint, headers={"Authorization": f"Bearer {access_token}"})
        is_signed = answer.content_type == "application/jwt"
        found = opened(answer.body.decode("latin-1")) if is_signed else answer.json()
    except OutboundError as error:
        raise SignInRefused(Reason.UNREACHABLE, error.reason) from error
    is_ours = found.get("iss", config.issuer) == config.issuer
    is_for_us = found.get("aud", config.client_id) in (config.client_id, [config.client_id])
    if not (answer.is_ok and is_ours and is_for_us and oidc_tokens.same(found.get("sub"), sub)):
        raise SignInRefused(Reason.USERINFO)
    return found


def _known(error: object) -> str:
    return error if isinstance(error, str) and error in KNOWN_ERRORS else "other"
