"""Sign-in against a provider that lies in every way we know (security.md §1, nos. 1-7 and 10)."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from portal.auth import oidc
from portal.auth.discovery import Directory
from portal.auth.provider import ClientAuth, Identity, ProviderConfig, Reason, SignInRefused
from portal.outbound import Outbound
from tests.auth.evil_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    NOW,
    REDIRECT_URI,
    REMOVED,
    EvilProvider,
    basic,
    encode,
    redirect,
    send,
    send_json,
    sign,
)

LOA2, LOA3 = "http://id.elegnamnden.se/loa/1.0/loa2", "http://id.elegnamnden.se/loa/1.0/loa3"
METADATA, ORG_NUMBER = "/.well-known/openid-configuration", "https://id.oidc.se/claim/orgNumber"

Lie = Callable[[EvilProvider], object]


@pytest.fixture
def provider() -> Iterator[EvilProvider]:
    started = EvilProvider()
    yield started
    started.close()


@pytest.fixture
def directory() -> Directory:
    return Directory(Outbound(allow_loopback=True, seconds=1.5))


def sign_in(provider: EvilProvider, config: ProviderConfig, directory: Directory, *, now: float = NOW) -> Identity:
    """The whole way, with the provider's answer as it comes; `now` is when the answer arrives."""
    url, attempt = oidc.begin(config, directory=directory, now=NOW)
    return oidc.finish(config, attempt, provider.answer(url), directory=directory, now=now)


def refusal(provider: EvilProvider, config: ProviderConfig, directory: Directory, *, now: float = NOW) -> Reason:
    with pytest.raises(SignInRefused) as caught:
        sign_in(provider, config, directory, now=now)
    return caught.value.reason


# The honest way


def test_s06_the_request_has_all_that_protects_it(provider: EvilProvider, directory: Directory) -> None:
    config = provider.config(allowed_acr=(LOA3, LOA2), max_age=3600)
    url, attempt = oidc.begin(config, directory=directory, now=NOW)
    assert url.startswith(f"{provider.issuer}/authorize?tenant=1&")
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    challenge = query.pop("code_challenge")
    assert query == {
        "tenant": "1", "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": REDIRECT_URI,
        "scope": "openid profile email", "state": attempt.state, "nonce": attempt.nonce, "code_challenge_method": "S256",
        "response_mode": "query", "acr_values": f"{LOA3} {LOA2}", "max_age": "3600",
    }  # fmt: skip
    assert len(challenge) == 43
    assert len({attempt.state, attempt.nonce, attempt.verifier, challenge}) == 4
    assert all(len(secret) >= 43 for secret in (attempt.state, attempt.nonce, attempt.verifier)), "256 bit each"
    assert attempt.verifier not in url


def test_s06_secrets_are_not_in_what_a_traceback_shows(provider: EvilProvider, directory: Directory) -> None:
    _, attempt = oidc.begin(provider.config(), directory=directory, now=NOW)
    assert attempt.verifier not in repr(attempt)
    assert CLIENT_SECRET not in repr(provider.config())


def test_s03_an_honest_provider_is_accepted(provider: EvilProvider, directory: Directory) -> None:
    identity = sign_in(provider, provider.config(), directory)
    assert identity == Identity(
        sub="person-1", email="tor.lindang@example.org", name="Tor Lindäng", acr=None, auth_time=None
    )  # fmt: skip
    assert basic(provider.authorization[0]) == (CLIENT_ID, CLIENT_SECRET)
    assert provider.forms[0]["redirect_uri"] == REDIRECT_URI


def test_s03_all_that_may_be_there_is_read(provider: EvilProvider, directory: Directory) -> None:
    provider.claims_changes = {
        "aud": [CLIENT_ID], "azp": CLIENT_ID, "nbf": NOW - 5, "auth_time": NOW - 60, "acr": LOA3,
        ORG_NUMBER: "802012-3456",
    }  # fmt: skip
    config = provider.config(allowed_acr=(LOA3,), max_age=3600, organisation_number="16802012-3456")
    identity = sign_in(provider, config, directory)
    assert (identity.acr, identity.auth_time) == (LOA3, int(NOW - 60))


ALGORITHM_KEYS: dict[str, Callable[[], Key]] = {
    "RS256": lambda: RSAKey.generate_key(2048, {"kid": "k1"}),
    "PS256": lambda: RSAKey.generate_key(2048, {"kid": "k1"}),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519", {"kid": "k1"}),
}


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ALGORITHM_KEYS)
def test_s02_the_other_algorithms_are_accepted(provider: EvilProvider, directory: Directory, algorithm: str) -> None:
    provider.algorithm, provider.key = algorithm, ALGORITHM_KEYS[algorithm]()
    provider.published = [provider.key.as_dict(private=False)]
    assert sign_in(provider, provider.config(), directory).sub == "person-1"


@pytest.mark.parametrize("method", [ClientAuth.SECRET_POST, ClientAuth.PRIVATE_KEY_JWT])
def test_s03_other_ways_to_say_who_we_are(provider: EvilProvider, directory: Directory, method: ClientAuth) -> None:
    ours = ECKey.generate_key("P-256", {"kid": "ours"})
    text = json.dumps(ours.as_dict(private=True)) if method is ClientAuth.PRIVATE_KEY_JWT else CLIENT_SECRET
    assert sign_in(provider, provider.config(client_auth=method, client_secret=text), directory).sub == "person-1"
    form = provider.forms[0]
    assert form["client_id"] == CLIENT_ID
    assert provider.authorization == [""]
    if method is ClientAuth.SECRET_POST:
        assert form["client_secret"] == CLIENT_SECRET
        return
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assertion = jws.deserialize_compact(form["client_assertion"], ours, algorithms=["ES256"])
    claims = json.loads(assertion.payload)
    assert assertion.headers()["kid"] == "ours"
    assert len(claims.pop("jti")) >= 22
    issued = int(NOW)
    assert claims == {
        "iss": CLIENT_ID, "sub": CLIENT_ID, "aud": provider.issuer, "iat": issued, "exp": issued + 60
    }  # fmt: skip


def test_s02_a_long_header_needs_the_row_s_permission(provider: EvilProvider, directory: Directory) -> None:
    provider.header_changes = {"x5c": ["M" * 2000]}
    assert refusal(provider, provider.config(), directory) == Reason.ID_TOKEN_MALFORMED
    assert sign_in(provider, provider.config(jose_header_limit=8000), directory).sub == "person-1"


def test_s02_a_new_key_is_fetched_once(provider: EvilProvider, directory: Directory) -> None:
    sign_in(provider, provider.config(), directory)
    provider.key = ECKey.generate_key("P-256", {"kid": "k2"})
    provider.header_changes = {"kid": "k2"}
    provider.published.append(provider.key.as_dict(private=False))
    assert sign_in(provider, provider.config(), directory).sub == "person-1"
    assert provider.asked.count("/keys") == 2
    provider.header_changes = {"kid": "k3"}
    assert refusal(provider, provider.config(), directory) == Reason.KEY_UNKNOWN
    assert provider.asked.count("/keys") == 3


def test_s02_one_broken_key_does_not_spoil_the_set(provider: EvilProvider, directory: Directory) -> None:
    with pytest.warns(SecurityWarning):
        weak = RSAKey.generate_key(1024).as_dict(private=False)
    junk: list[Any] = [
        "text", {}, {"kty": "AKP", "kid": "k1"}, {"kty": "EC", "crv": "P-256", "x": 3, "y": 4, "kid": "k1"},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "kid": "k1"}, {"kty": "RSA", "n": "AA", "kid": "k1"},
        {**weak, "kid": "k1"}, {"kty": "oct", "k": "AAAA", "kid": "k1"},
    ]  # fmt: skip
    provider.published = [*junk, *provider.published]
    assert sign_in(provider, provider.config(), directory).sub == "person-1"


def test_s02_the_only_key_needs_no_name(provider: EvilProvider, directory: Directory) -> None:
    provider.header_changes = {"kid": REMOVED, "typ": REMOVED}
    assert sign_in(provider, provider.config(), directory).sub == "person-1"
    provider.published.append(ECKey.generate_key("P-256", {"kid": "k2"}).as_dict(private=False))
    assert refusal(provider, provider.config(version=2), directory) == Reason.KEY_UNKNOWN


def test_s02_metadata_and_keys_are_kept_ten_minutes(provider: EvilProvider, directory: Directory) -> None:
    def fetched(config: ProviderConfig, now: float) -> tuple[int, int]:
        provider.asked.clear()
        http = directory.http
        directory.keys(config, http=http, now=now)
        directory.keys(config, http=http, now=now)
        return provider.asked.count(METADATA), provider.asked.count("/keys")

    assert fetched(provider.config(), NOW) == (1, 1)
    assert fetched(provider.config(), NOW + 599) == (0, 0)
    assert fetched(provider.config(), NOW + 600) == (1, 1)
    assert fetched(provider.config(version=2), NOW + 601) == (1, 1), "another version of the row starts anew"
    assert fetched(provider.config(version=1), NOW + 602) == (1, 1), "and the old one is not kept beside it"


# Lies in the ID token


def alg_none(provider: EvilProvider) -> None:
    provider.algorithm = "none"


def hs256_with_public_key(provider: EvilProvider) -> None:
    """The public key's PEM text taken for a shared secret: the oldest trick."""
    assert isinstance(provider.key, ECKey)
    provider.key, provider.algorithm = provider.key.as_pem(private=False), "HS256"


def hs256_with_client_secret(provider: EvilProvider) -> None:
    provider.key, provider.algorithm = CLIENT_SECRET.encode(), "HS256"
    provider.published.append({"kty": "oct", "kid": "k1", "k": encode(CLIENT_SECRET.encode())})


def own_key(header: dict[str, Any]) -> Lie:
    """Sign with a key that the provider never published, and offer it in the header."""

    def lie(provider: EvilProvider) -> None:
        provider.key = ECKey.generate_key("P-256", {"kid": "k1"})
        offered = {"jwk": provider.key.as_dict(private=False)} if "jwk" in header else {}
        provider.header_changes = {**header, **offered}

    return lie


def other_key(provider: EvilProvider) -> None:
    provider.key = ECKey.generate_key("P-256", {"kid": "gone"})
    provider.header_changes = {"kid": "gone"}


def key_of_another_kind(provider: EvilProvider) -> None:
    provider.key, provider.algorithm = RSAKey.generate_key(2048, {"kid": "k1"}), "RS256"


def key_for_encryption(provider: EvilProvider) -> None:
    provider.published[0]["use"] = "enc"


def key_for_another_algorithm(provider: EvilProvider) -> None:
    provider.published[0]["alg"] = "ES512"


def raw(token: Callable[[str], object]) -> Lie:
    """Replace the signed token by something made of it."""

    def lie(provider: EvilProvider) -> None:
        honest = provider.id_token
        provider.id_token = lambda: token(honest())  # type: ignore[assignment,method-assign,return-value]

    return lie


def claims(**changes: Any) -> Lie:
    return lambda provider: provider.claims_changes.update(changes)


def header(**changes: Any) -> Lie:
    return lambda provider: provider.header_changes.update(changes)


def tokens(**changes: Any) -> Lie:
    return lambda provider: provider.token_changes.update(changes)


def without_signature(token: str) -> str:
    return token.rpartition(".")[0] + "."


def of_other_claims(token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{encode(b'{}')}.{signature}"


def as_list(token: str) -> str:
    return sign({"alg": "ES256", "kid": "k1"}, ["a list"], ECKey.generate_key("P-256"))


EVENTS: dict[str, object] = {"http://schemas.openid.net/event/backchannel-logout": {}}
LOGOUT = "logout+jwt"

ID_TOKEN_LIES: list[tuple[str, Lie, Reason, dict[str, Any]]] = [
    ("s02_alg_none", alg_none, Reason.ALGORITHM, {}),
    ("s02_alg_none_allowed_by_mistake", alg_none, Reason.ALGORITHM, {"allowed_algorithms": ("none", "ES256")}),
    ("s02_hs256_with_public_key", hs256_with_public_key, Reason.ALGORITHM, {}),
    ("s02_hs256_with_client_secret", hs256_with_client_secret, Reason.ALGORITHM, {"allowed_algorithms": ("HS256",)}),
    ("s02_algorithm_not_in_row", claims(), Reason.ALGORITHM, {"allowed_algorithms": ("RS256",)}),
    ("s02_jwk_header", own_key({"jwk": None}), Reason.SIGNATURE, {}),
    ("s02_jku_header", own_key({"jku": "https://evil.example/keys"}), Reason.SIGNATURE, {}),
    ("s02_x5u_header", own_key({"x5u": "https://evil.example/chain"}), Reason.SIGNATURE, {}),
    ("s02_same_kid_other_key", own_key({}), Reason.SIGNATURE, {}),
    ("s02_key_not_in_set", other_key, Reason.KEY_UNKNOWN, {}),
    ("s02_kid_no_text", header(kid=7), Reason.KEY_UNKNOWN, {}),
    ("s02_no_kid_other_key", own_key({"kid": REMOVED}), Reason.SIGNATURE, {}),
    ("s02_key_of_another_kind", key_of_another_kind, Reason.KEY_UNKNOWN, {}),
    ("s02_key_for_encryption", key_for_encryption, Reason.KEY_UNKNOWN, {}),
    ("s02_key_for_another_algorithm", key_for_another_algorithm, Reason.KEY_UNKNOWN, {}),
    ("s02_signature_cut_off", raw(without_signature), Reason.SIGNATURE, {}),
    ("s02_signature_of_other_claims", raw(of_other_claims), Reason.SIGNATURE, {}),
    ("s02_crit_header", header(crit=["exp"], exp=1), Reason.ID_TOKEN_MALFORMED, {}),
    ("s02_claims_no_object", raw(as_list), Reason.SIGNATURE, {}),
    ("s02_five_parts", raw(lambda t: t + ".x.y"), Reason.ID_TOKEN_MALFORMED, {}),
    ("s02_not_ascii", raw(lambda t: t + "å"), Reason.ID_TOKEN_MALFORMED, {}),
    ("s02_rubbish", raw(lambda _t: "a.b.c"), Reason.ID_TOKEN_MALFORMED, {}),
    ("s02_header_no_object", raw(lambda t: "WyJhbGciXQ." + t.partition(".")[2]), Reason.ID_TOKEN_MALFORMED, {}),
    ("s03_no_id_token", tokens(id_token=REMOVED), Reason.ID_TOKEN_MISSING, {}),
    ("s03_empty_id_token", tokens(id_token=""), Reason.ID_TOKEN_MISSING, {}),
    ("s03_id_token_no_text", tokens(id_token={"sub": "person-1"}), Reason.ID_TOKEN_MISSING, {}),
    ("s03_no_token_type", tokens(token_type=REMOVED), Reason.TOKEN_ANSWER, {}),
    ("s03_wrong_issuer", claims(iss="https://evil.example"), Reason.ISSUER, {}),
    ("s03_issuer_with_slash", lambda p: p.claims_changes.update(iss=p.issuer + "/"), Reason.ISSUER, {}),
    ("s03_missing_issuer", claims(iss=REMOVED), Reason.ISSUER, {}),
    ("s03_wrong_aud", claims(aud="another"), Reason.AUDIENCE, {}),
    ("s03_wrong_aud_own_azp", claims(aud="another", azp=CLIENT_ID), Reason.AUDIENCE, {}),
    ("s03_missing_aud", claims(aud=REMOVED), Reason.AUDIENCE, {}),
    ("s03_empty_aud", claims(aud=[]), Reason.AUDIENCE, {}),
    ("s03_extra_aud", claims(aud=[CLIENT_ID, "another"], azp=CLIENT_ID), Reason.AUDIENCE, {}),
    ("s03_aud_twice", claims(aud=[CLIENT_ID, CLIENT_ID]), Reason.AUDIENCE, {}),
    ("s03_azp_foreign", claims(azp="another"), Reason.AUTHORISED_PARTY, {}),
    ("s03_azp_null", claims(azp=None), Reason.AUTHORISED_PARTY, {}),
    ("s03_wrong_nonce", claims(nonce="x" * 43), Reason.NONCE, {}),
    ("s03_missing_nonce", claims(nonce=REMOVED), Reason.NONCE, {}),
    ("s03_nonce_no_text", claims(nonce=True), Reason.NONCE, {}),
    ("s03_empty_sub", claims(sub=""), Reason.SUBJECT, {}),
    ("s03_blank_sub", claims(sub="  "), Reason.SUBJECT, {}),
    ("s03_missing_sub", claims(sub=REMOVED), Reason.SUBJECT, {}),
    ("s03_sub_no_text", claims(sub=7), Reason.SUBJECT, {}),
    ("s03_long_sub", claims(sub="x" * 256), Reason.SUBJECT, {}),
    ("s03_sub_with_line_break", claims(sub="a\nb"), Reason.SUBJECT, {}),
    ("s03_sub_is_a_personal_number", claims(sub="19811228-9874"), Reason.PERSONAL_NUMBER, {}),
    ("s04_expired", claims(exp=NOW - 31), Reason.EXPIRED, {}),
    ("s04_missing_exp", claims(exp=REMOVED), Reason.EXPIRED, {}),
    ("s04_exp_no_number", claims(exp="2099"), Reason.EXPIRED, {}),
    ("s04_exp_true", claims(exp=True), Reason.EXPIRED, {}),
    ("s04_exp_endless", claims(exp=1e300), Reason.EXPIRED, {}),
    ("s04_future_nbf", claims(nbf=NOW + 31), Reason.NOT_YET_VALID, {}),
    ("s04_nbf_null", claims(nbf=None), Reason.NOT_YET_VALID, {}),
    ("s04_old_iat", claims(iat=NOW - 631), Reason.ISSUED_AT, {}),
    ("s04_future_iat", claims(iat=NOW + 31), Reason.ISSUED_AT, {}),
    ("s04_missing_iat", claims(iat=REMOVED), Reason.ISSUED_AT, {}),
    ("s04_old_auth_time", claims(auth_time=NOW - 3631), Reason.AUTH_TIME, {"max_age": 3600}),
    ("s04_missing_auth_time", claims(), Reason.AUTH_TIME, {"max_age": 3600}),
    ("s04_future_auth_time", claims(auth_time=NOW + 31), Reason.AUTH_TIME, {}),
    ("s04_auth_time_no_number", claims(auth_time="now"), Reason.AUTH_TIME, {}),
    ("s05_wrong_acr", claims(acr=LOA2), Reason.LEVEL, {"allowed_acr": (LOA3,)}),
    ("s05_missing_acr", claims(), Reason.LEVEL, {"allowed_acr": (LOA3,)}),
    ("s05_acr_list", claims(acr=[LOA3]), Reason.LEVEL, {"allowed_acr": (LOA3,)}),
    ("s03_logout_typ", header(typ=LOGOUT), Reason.LOGOUT_TOKEN, {}),
    ("s03_logout_typ_in_full", header(typ="application/Logout+JWT"), Reason.LOGOUT_TOKEN, {}),
    ("s03_access_token_typ", header(typ="at+jwt"), Reason.TOKEN_TYPE, {}),
    ("s03_events_claim", claims(events=EVENTS), Reason.LOGOUT_TOKEN, {}),
    ("s10_other_organisation", claims(**{ORG_NUMBER: "2021000000"}), Reason.ORGANISATION_NUMBER,
     {"organisation_number": "8020123456"}),
    ("s10_organisation_list", claims(**{ORG_NUMBER: ["8020123456"]}), Reason.ORGANISATION_NUMBER,
     {"organisation_number": "8020123456"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lie", "reason", "values"), [lie[1:] for lie in ID_TOKEN_LIES], ids=[lie[0] for lie in ID_TOKEN_LIES]
)
def test_id_token_lies(
    provider: EvilProvider, directory: Directory, lie: Lie, reason: Reason, values: dict[str, Any]
) -> None:
    """Nos. 2-5 and 10: each lie is refused, for the reason meant."""
    lie(provider)
    assert refusal(provider, provider.config(**values), directory) == reason


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({"exp": NOW - 29}, {}),
        ({"nbf": NOW + 29}, {}),
        ({"iat": NOW - 629}, {}),
        ({"iat": NOW + 29}, {}),
        ({"auth_time": NOW - 3629}, {"max_age": 3600}),
        ({"auth_time": NOW + 29}, {"max_age": 0}),
    ],
)
def test_s04_thirty_seconds_are_forgiven(
    provider: EvilProvider, directory: Directory, changes: dict[str, Any], values: dict[str, Any]
) -> None:
    provider.claims_changes = changes
    assert sign_in(provider, provider.config(**values), directory).sub == "person-1"


# Lies before the ID token


def test_s06_state_comes_before_everything(provider: EvilProvider, directory: Directory) -> None:
    url, attempt = oidc.begin(provider.config(), directory=directory, now=NOW)
    honest = provider.answer(url)
    provider.asked.clear()
    for state in ("", "x" * 43, attempt.state + "x", attempt.state[:-1], "å"):
        for params in ({**honest, "state": state}, {"state": state, "error": "access_denied"}, {}):
            with pytest.raises(SignInRefused) as caught:
                oidc.finish(provider.config(), attempt, params, directory=directory, now=NOW)
            assert caught.value.reason == Reason.STATE
    assert provider.asked == [], "nothing was sent anywhere"


@pytest.mark.parametrize("values", [{"id": 2}, {"version": 2}])
def test_s06_an_attempt_is_for_one_version_of_one_provider(
    provider: EvilProvider, directory: Directory, values: dict[str, Any]
) -> None:
    url, attempt = oidc.begin(provider.config(), directory=directory, now=NOW)
    with pytest.raises(SignInRefused) as caught:
        oidc.finish(provider.config(**values), attempt, provider.answer(url), directory=directory, now=NOW)
    assert caught.value.reason == Reason.OTHER_PROVIDER


def test_s06_attempts_die_after_ten_minutes(provider: EvilProvider, directory: Directory) -> None:
    provider.claims_changes = {"iat": NOW + 600, "exp": NOW + 900}
    assert sign_in(provider, provider.config(), directory, now=NOW + 600).sub == "person-1"
    for now in (NOW + 601, NOW - 1):
        assert refusal(provider, provider.config(), directory, now=now) == Reason.ATTEMPT_TOO_OLD


def test_s06_the_provider_checks_our_verifier(provider: EvilProvider, directory: Directory) -> None:
    url, attempt = oidc.begin(provider.config(), directory=directory, now=NOW)
    params = provider.answer(url)
    provider.request["code_challenge"] = "another browser's"
    with pytest.raises(SignInRefused) as caught:
        oidc.finish(provider.config(), attempt, params, directory=directory, now=NOW)
    assert (caught.value.reason, caught.value.detail) == (Reason.TOKEN_REFUSED, "invalid_grant")


def params(**changes: Any) -> Lie:
    return lambda provider: provider.params_changes.update(changes)


def metadata(**changes: Any) -> Lie:
    return lambda provider: provider.metadata_changes.update(changes)


def route(path: str, answer: Callable[[BaseHTTPRequestHandler], None]) -> Lie:
    return lambda provider: provider.routes.update({path: answer})


def slow(_handler: BaseHTTPRequestHandler) -> None:
    time.sleep(4)


def page(handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"<h1>Welcome to the network!</h1>", "text/html")


def huge(handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"{}".ljust(300_000), "application/json")


def broken(handler: BaseHTTPRequestHandler) -> None:
    send_json(handler, {"error": "server_error"}, 500)


def loop(provider: EvilProvider) -> None:
    provider.routes[METADATA] = redirect(f"{provider.issuer}/elsewhere")
    provider.routes["/elsewhere"] = lambda handler: send_json(handler, provider.metadata())


OTHER_LIES: list[tuple[str, Lie, Reason, str]] = [
    ("s01_metadata_of_another_issuer", metadata(issuer="https://evil.example"), Reason.METADATA_ISSUER, ""),
    ("s01_metadata_issuer_with_slash", lambda p: p.metadata_changes.update(issuer=p.issuer + "/"), Reason.METADATA_ISSUER, ""),
    ("s01_metadata_issuer_in_capitals", lambda p: p.metadata_changes.update(issuer=p.issuer.upper()), Reason.METADATA_ISSUER, ""),
    ("s01_metadata_without_issuer", metadata(issuer=REMOVED), Reason.METADATA_ISSUER, ""),
    ("s01_metadata_without_keys", metadata(jwks_uri=REMOVED), Reason.METADATA_INCOMPLETE, "jwks_uri"),
    ("s01_metadata_without_token_endpoint", metadata(token_endpoint=REMOVED), Reason.METADATA_INCOMPLETE, "token_endpoint"),
    ("s01_endpoint_no_text", metadata(token_endpoint=7), Reason.METADATA_INCOMPLETE, "token_endpoint"),
    ("s41_authorization_endpoint_script", metadata(authorization_endpoint="javascript:alert(1)"), Reason.METADATA_INCOMPLETE,
     "authorization_endpoint"),
    ("s41_end_session_data", metadata(end_session_endpoint="data:text/html,x"), Reason.METADATA_INCOMPLETE, "end_session_endpoint"),
    ("s40_keys_on_the_inside", metadata(jwks_uri="https://169.254.169.254/keys"), Reason.UNREACHABLE, "not_public"),
    ("s40_token_endpoint_inside", metadata(token_endpoint="https://10.0.0.1/token"), Reason.UNREACHABLE, "not_public"),
    ("s40_redirecting_metadata", loop, Reason.UNREACHABLE, "redirect"),
    ("s40_redirecting_keys", route("/keys", redirect("/op/elsewhere")), Reason.UNREACHABLE, "redirect"),
    ("s40_redirecting_token", route("/token", redirect("/op/elsewhere")), Reason.UNREACHABLE, "redirect"),
    ("s40_huge_metadata", route(METADATA, huge), Reason.UNREACHABLE, "too_big"),
    ("s40_slow_metadata", route(METADATA, slow), Reason.UNREACHABLE, "timeout"),
    ("s40_slow_keys", route("/keys", slow), Reason.UNREACHABLE, "timeout"),
    ("s40_slow_token_endpoint", route("/token", slow), Reason.UNREACHABLE, "timeout"),
    ("s40_metadata_is_a_page", route(METADATA, page), Reason.UNREACHABLE, "not_json"),
    ("s40_token_answer_is_a_page", route("/token", page), Reason.UNREACHABLE, "not_json"),
    ("s40_broken_metadata", route(METADATA, broken), Reason.UNREACHABLE, "500"),
    ("s40_broken_token_endpoint", route("/token", broken), Reason.TOKEN_REFUSED, "server_error"),
    ("s02_key_set_without_keys", route("/keys", lambda h: send_json(h, {"keys": "none"})), Reason.METADATA_INCOMPLETE, "keys"),
    ("s02_empty_key_set", lambda p: p.published.clear(), Reason.KEY_UNKNOWN, ""),
    ("s07_wrong_iss", params(iss="https://evil.example"), Reason.ANSWER_ISSUER, ""),
    ("s07_iss_with_slash", lambda p: p.params_changes.update(iss=p.issuer + "/"), Reason.ANSWER_ISSUER, ""),
    ("s07_missing_iss", params(iss=REMOVED), Reason.ANSWER_ISSUER_MISSING, ""),
    ("s07_error_with_wrong_iss", params(error="access_denied", iss="x"), Reason.ANSWER_ISSUER, ""),
    ("s06_missing_code", params(code=REMOVED), Reason.CODE_MISSING, ""),
    ("s06_code_not_ascii", params(code="å"), Reason.CODE_MISSING, ""),
    ("s06_wrong_code", params(code="another"), Reason.TOKEN_REFUSED, "invalid_grant"),
    ("s06_error_wins_over_code", params(error="access_denied"), Reason.PROVIDER_ERROR, "access_denied"),
    ("s42_error_of_its_own_making", params(error="<b>\r\nCall 0900-123</b>", error_description="x"), Reason.PROVIDER_ERROR, "other"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lie", "reason", "detail"), [lie[1:] for lie in OTHER_LIES], ids=[lie[0] for lie in OTHER_LIES]
)
def test_other_lies(provider: EvilProvider, directory: Directory, lie: Lie, reason: Reason, detail: str) -> None:
    """Nos. 1, 2, 6, 7 and 40: each lie is refused, for the reason meant."""
    lie(provider)
    with pytest.raises(SignInRefused) as caught:
        sign_in(provider, provider.config(), directory)
    assert (caught.value.reason, caught.value.detail) == (reason, detail)


def test_s40_a_provider_that_is_down(directory: Directory) -> None:
    gone = EvilProvider()
    gone.close()
    with pytest.raises(SignInRefused) as caught:
        oidc.begin(gone.config(), directory=directory, now=NOW)
    assert (caught.value.reason, caught.value.detail) == (Reason.UNREACHABLE, "unreachable")


def test_s07_iss_may_be_left_out_where_it_was_not_announced(provider: EvilProvider, directory: Directory) -> None:
    provider.metadata_changes = {"authorization_response_iss_parameter_supported": REMOVED}
    provider.params_changes = {"iss": REMOVED}
    assert sign_in(provider, provider.config(), directory).sub == "person-1"
    provider.params_changes = {"iss": "https://evil.example"}
    assert refusal(provider, provider.config(), directory) == Reason.ANSWER_ISSUER


def test_s03_a_token_of_one_provider_is_no_good_at_another(provider: EvilProvider, directory: Directory) -> None:
    other = EvilProvider()
    try:
        other.claims_changes = {"iss": provider.issuer}
        provider.token_changes = {"id_token": "set below"}
        url, attempt = oidc.begin(provider.config(), directory=directory, now=NOW)
        other.request = {"nonce": attempt.nonce}
        provider.token_changes = {"id_token": other.id_token()}
        with pytest.raises(SignInRefused) as caught:
            oidc.finish(provider.config(), attempt, provider.answer(url), directory=directory, now=NOW)
        assert caught.value.reason == Reason.SIGNATURE
    finally:
        other.close()


# Userinfo, personal data, logging out


@pytest.mark.parametrize("is_signed", [False, True])
def test_s03_userinfo_fills_in_the_name(provider: EvilProvider, directory: Directory, is_signed: bool) -> None:
    provider.claims_changes = {"email": REMOVED, "name": REMOVED}
    provider.userinfo = {"sub": "person-1", "email": "tor@example.org", "name": "Tor\u202e Lind\x07äng\n"}
    provider.sign_userinfo = is_signed
    identity = sign_in(provider, provider.config(), directory)
    assert (identity.email, identity.name) == ("tor@example.org", "Tor Lindäng")


@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize(
    "lie",
    [
        {"sub": "person-2"},
        {"sub": REMOVED},
        {"sub": "person-1", "iss": "x"},
        {"sub": "person-1", "aud": "another"},
    ],
)
def test_s03_userinfo_of_somebody_else(
    provider: EvilProvider, directory: Directory, is_signed: bool, lie: dict[str, Any]
) -> None:
    provider.claims_changes = {"email": REMOVED, "name": REMOVED}
    provider.userinfo = {name: value for name, value in lie.items() if value is not REMOVED}
    provider.sign_userinfo = is_signed
    assert refusal(provider, provider.config(), directory) == Reason.USERINFO


def test_s02_signed_userinfo_is_verified(provider: EvilProvider, directory: Directory) -> None:
    provider.claims_changes = {"email": REMOVED, "name": REMOVED}
    stranger = ECKey.generate_key("P-256", {"kid": "k1"})
    forged = sign({"alg": "ES256", "kid": "k1"}, {"sub": "person-1", "name": "Mallory"}, stranger)
    provider.routes["/userinfo"] = lambda handler: send(handler, forged.encode(), "application/jwt")
    assert refusal(provider, provider.config(), directory) == Reason.SIGNATURE


def test_s42_a_personal_number_goes_no_further(
    provider: EvilProvider, directory: Directory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.claims_changes = {
        "https://id.oidc.se/claim/personalIdentityNumber": "198112289874",
        "personal_identity_number": "19811228-9874",
        "name": "Tor Lindäng 811228-9874",
        "email": "198112289874@example.org",
    }
    identity = sign_in(provider, provider.config(), directory)
    assert (identity.name, identity.email) == (None, None)
    provider.claims_changes["sub"] = "198112289874"
    assert refusal(provider, provider.config(), directory) == Reason.PERSONAL_NUMBER
    seen = f"{identity!r} {caplog.text}"
    assert "1228" not in seen
    assert CLIENT_SECRET not in seen
    assert "the-access-token" not in seen


def test_s19_logging_out_at_the_provider(provider: EvilProvider, directory: Directory) -> None:
    back = "http://127.0.0.1/"
    url = oidc.end_session(provider.config(), directory=directory, now=NOW, return_to=back)
    assert url == f"{provider.issuer}/end?client_id=portal&post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%2F"


def test_s19_no_logging_out_at_a_provider_without_it(provider: EvilProvider, directory: Directory) -> None:
    provider.metadata_changes = {"end_session_endpoint": REMOVED}
    assert oidc.end_session(provider.config(), directory=directory, now=NOW, return_to="http://127.0.0.1/") is None
    provider.routes[METADATA] = broken
    fresh = Directory(directory.http)
    assert oidc.end_session(provider.config(), directory=fresh, now=NOW, return_to="http://127.0.0.1/") is None
