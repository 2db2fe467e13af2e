"""Signing in and out, by the portal's own pages and the demo's identity provider (security.md §4)."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.orm import Session

from portal import db, web
from portal.audit import AuditEntry
from portal.auth import actions, attempts
from portal.auth.models import Account, BrowserSession, IdentityProvider, SignInAttempt
from portal.auth.sessions import hash_id
from portal.people import actions as people
from portal.people.models import Person, PersonStatus
from portal.web import Edge
from tests.auth.conftest import COOKIE, PORTAL, Visitor, add_demo, add_evil
from tests.auth.demo_provider import DemoProvider
from tests.auth.evil_provider import EvilProvider, send_json
from tests.conftest import make_portal
from tests.factories import Network, organisation

Visit = Callable[[], Visitor]

HANGING = 600  # seconds: longer than anybody waits


@pytest.fixture
def provider(network: Network, demo_provider: DemoProvider) -> int:
    """The authority's provider, which knows the convener as `myndigheten-1`; its row's id."""
    row = add_demo(demo_provider, network.authority)
    provider_id = row.id
    actions.add_account(row, "myndigheten-1", network.convener, by=None)
    db.commit()
    return provider_id


@pytest.fixture
def evil() -> Iterator[EvilProvider]:
    started = EvilProvider()
    now = time.time()
    started.claims_changes = {"iat": now, "exp": now + 300}
    yield started
    started.close()


def rows(query: sa.Select[Any]) -> list[Any]:
    """What is in the database now."""
    db.rollback()
    with Session(db.engine()) as own:
        found = list(own.scalars(query).unique())
        own.expunge_all()
    return found


# The way in


def test_s03_a_member_signs_in_through_her_own_organisation(provider: int, visit: Visit) -> None:
    visitor = visit()
    page = visitor.post("/sign-in", email="sam@MYNDIGHETEN.example")
    assert page.status_code == 200
    assert f'href="/sign-in/{provider}"' in page.text
    answer = visitor.sign_in(provider, "myndigheten-1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Sam Mankallande" in visitor.get("/groups").text
    account = rows(sa.select(Account))[0]
    assert account.signed_in_at is not None
    noted = rows(sa.select(AuditEntry).where(AuditEntry.action == "signed_in"))
    assert [entry.details for entry in noted] == [{"provider": provider, "acr": None}]
    assert visitor.get("/sign-in").status_code == 302, "who is in need not sign in"


def test_two_members_through_two_organisations(
    network: Network, demo_provider: DemoProvider, provider: int, visit: Visit
) -> None:
    other = add_demo(demo_provider, network.ngo)
    actions.add_account(other, "foreningen-2", network.member, by=None)
    db.commit()
    first, second = visit(), visit()
    first.sign_in(provider, "myndigheten-1")
    second.sign_in(other.id, "foreningen-2")
    assert "Sam Mankallande" in first.get("/groups").text
    assert "Med Lem" in second.get("/groups").text


def test_s41_one_gets_where_one_wanted(provider: int, visit: Visit) -> None:
    visitor = visit()
    wanted = visitor.get("/groups")
    assert wanted.headers["Location"] == "/sign-in?next=/groups"
    assert 'name="next" value="/groups"' in visitor.get("/sign-in", next="/groups").text
    assert "next=/groups" in visitor.post("/sign-in", email="a@myndigheten.example", next="/groups").text
    assert visitor.sign_in(provider, "myndigheten-1", next="/groups").headers["Location"] == "/groups"


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nX: y", "javascript:alert(1)"],
)
def test_s41_but_nowhere_else(provider: int, visit: Visit, target: str) -> None:
    assert visit().sign_in(provider, "myndigheten-1", next=target).headers["Location"] == "/"


# Sessions


def test_s17_a_planted_session_is_worth_nothing(provider: int, visit: Visit) -> None:
    attacker, victim = visit(), visit()
    attacker.get("/sign-in")
    planted = attacker.cookie
    assert planted
    victim.client.set_cookie(COOKIE, planted, domain="portal.test", secure=True)
    assert victim.sign_in(provider, "myndigheten-1").status_code == 303
    assert victim.cookie != planted
    assert victim.is_in()
    assert not attacker.is_in()
    hashes = {row.id_hash for row in rows(sa.select(BrowserSession))}
    assert hash_id(planted) not in hashes, "the old id is dead"
    assert planted not in str(hashes)


def test_s17_signing_in_again_changes_the_session(provider: int, visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in(provider, "myndigheten-1")
    first = visitor.cookie
    visitor.sign_in(provider, "myndigheten-1")
    assert visitor.cookie != first
    assert len(rows(sa.select(BrowserSession))) == 1


def test_s22_the_cookie(provider: int, visit: Visit) -> None:
    answer = visit().sign_in(provider, "myndigheten-1")
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 1
    assert cookies[0].startswith(f"{COOKIE}=")
    parts = set(cookies[0].split("; ")[1:])
    assert parts == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_s06_an_answer_works_once(provider: int, visit: Visit) -> None:
    visitor = visit()
    params = visitor.elsewhere.sign_in(visitor.begin(provider), "myndigheten-1")
    path = f"/sign-in/{provider}/callback"
    assert visitor.get(path, **params).status_code == 303
    assert visitor.get(path, **params).status_code == 400
    assert visitor.is_in()


def test_s06_a_failed_answer_uses_its_attempt_up(provider: int, visit: Visit) -> None:
    visitor = visit()
    params = visitor.elsewhere.sign_in(visitor.begin(provider), "myndigheten-1")
    path = f"/sign-in/{provider}/callback"
    assert visitor.get(path, **{**params, "iss": "https://evil.example"}).status_code == 400
    assert visitor.get(path, **params).status_code == 400
    assert not visitor.is_in()


def test_s06_an_attempt_is_used_up_when_the_provider_is_away_too(
    network: Network, evil: EvilProvider, visit: Visit
) -> None:
    row, path = add_evil(evil, network.ngo), "/sign-in/{}/callback"
    visitor = visit()
    params = evil.answer(visitor.begin(row.id))
    evil.routes["/token"] = lambda handler: send_json(handler, [], 200)
    assert visitor.get(path.format(row.id), **params).status_code == 502
    del evil.routes["/token"]
    assert visitor.get(path.format(row.id), **params).status_code == 400
    assert rows(sa.select(Account)) == []


def test_s06_an_attempt_is_taken_once_by_two_at_once(app: Edge, provider: int, visit: Visit) -> None:
    visitor = visit()
    params = visitor.elsewhere.sign_in(visitor.begin(provider), "myndigheten-1")
    session_id = rows(sa.select(BrowserSession))[0].id
    taken: list[object] = []
    start = threading.Barrier(4)

    def take() -> None:
        with app.app_context():
            start.wait()
            taken.append(attempts.take(params["state"], session_id=session_id))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each is None for each in taken) == [False, True, True, True]
    assert rows(sa.select(SignInAttempt)) == []


def test_s06_tabs_that_begin_at_once_do_not_lose_each_other(app: Edge, provider: int, visit: Visit) -> None:
    visitor = visit()
    visitor.get("/sign-in")
    begun: list[str] = []
    start = threading.Barrier(4)
    db.rollback()

    def begin() -> None:
        tab = visit()
        tab.client.set_cookie(COOKIE, visitor.cookie or "", domain="portal.test", secure=True)
        start.wait()
        begun.append(tab.client.get(f"/sign-in/{provider}").headers["Location"])

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows(sa.select(SignInAttempt))) == 4
    last = visitor.elsewhere.sign_in(begun[0], "myndigheten-1")
    assert visitor.get(f"/sign-in/{provider}/callback", **last).status_code == 303
    assert rows(sa.select(SignInAttempt)) == [], "they belong to the session that has ended"


def test_s06_an_attempt_that_nobody_finishes_is_forgotten(provider: int, visit: Visit) -> None:
    visit().begin(provider)
    attempts.sweep()
    db.commit()
    assert len(rows(sa.select(SignInAttempt))) == 1
    with time_machine.travel(db.now() + timedelta(minutes=11)):
        attempts.sweep()
        db.commit()
    assert rows(sa.select(SignInAttempt)) == []


def test_s06_an_answer_is_for_one_browser(provider: int, visit: Visit) -> None:
    attacker, victim = visit(), visit()
    params = attacker.elsewhere.sign_in(attacker.begin(provider), "myndigheten-1")
    victim.begin(provider)
    assert victim.get(f"/sign-in/{provider}/callback", **params).status_code == 400
    assert not victim.is_in()
    assert visit().get(f"/sign-in/{provider}/callback", **params).status_code == 400


def test_s06_an_answer_is_for_one_provider(
    network: Network, demo_provider: DemoProvider, provider: int, visit: Visit
) -> None:
    other = add_demo(demo_provider, network.ngo)
    visitor = visit()
    params = visitor.elsewhere.sign_in(visitor.begin(provider), "myndigheten-1")
    assert visitor.get(f"/sign-in/{other.id}/callback", **params).status_code == 400


def test_s06_a_changed_provider_ends_what_is_under_way(
    network: Network, demo_provider: DemoProvider, provider: int, visit: Visit
) -> None:
    visitor = visit()
    params = visitor.elsewhere.sign_in(visitor.begin(provider), "myndigheten-1")
    assert add_demo(demo_provider, network.authority).id == provider
    assert visitor.get(f"/sign-in/{provider}/callback", **params).status_code == 400


def test_s06_doubled_parameters(provider: int, visit: Visit) -> None:
    visitor = visit()
    params = visitor.elsewhere.sign_in(visitor.begin(provider), "myndigheten-1")
    doubled: dict[str, str | list[str]] = {**params, "state": [params["state"], "x"]}
    assert visitor.get(f"/sign-in/{provider}/callback", **doubled).status_code == 400


def test_s06_five_tabs_at_most(provider: int, visit: Visit) -> None:
    visitor = visit()
    urls = [visitor.begin(provider) for _ in range(6)]
    path = f"/sign-in/{provider}/callback"
    assert visitor.get(path, **visitor.elsewhere.sign_in(urls[0], "myndigheten-1")).status_code == 400
    assert visitor.get(path, **visitor.elsewhere.sign_in(urls[1], "myndigheten-1")).status_code == 303


def test_s19_a_disabled_provider_ends_its_sessions(provider: int, visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in(provider, "myndigheten-1")
    assert visitor.is_in()
    actions.disable_provider(db.session.get_one(IdentityProvider, provider), by=None)
    db.commit()
    assert not visitor.is_in()
    assert visitor.ask("GET", "/groups", headers={"X-Fragment": "1"}).status_code == 401
    assert visitor.get(f"/sign-in/{provider}").status_code == 400


@pytest.mark.parametrize("what", ["person", "organisation"])
def test_s19_a_closed_person_or_organisation_is_out(network: Network, provider: int, visit: Visit, what: str) -> None:
    visitor = visit()
    visitor.sign_in(provider, "myndigheten-1")
    assert visitor.is_in()
    if what == "person":
        people.disable_person(db.session.get_one(Person, network.convener.id), by=network.admin)
    else:
        db.session.get_one(Person, network.convener.id).organisation.is_active = False
    db.commit()
    assert not visitor.is_in()
    answer = visitor.get(f"/sign-in/{provider}")
    if what == "person":
        params = visitor.elsewhere.sign_in(answer.headers["Location"], "myndigheten-1")
        answer = visitor.get(f"/sign-in/{provider}/callback", **params)
    assert answer.status_code == 400
    assert not visitor.is_in()


def test_s19_signing_out(provider: int, demo_provider: DemoProvider, visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in(provider, "myndigheten-1")
    kept = visitor.cookie
    assert kept
    answer = visitor.post("/sign-out", token_from="/groups")
    assert answer.status_code == 200
    end = f"{demo_provider.issuer('myndigheten')}/session/end?client_id=portal-myndigheten"
    assert f'content="0; url={end}&amp;post_logout_redirect_uri=https%3A%2F%2Fportal.test%2Fsign-in"' in answer.text
    assert answer.headers["Clear-Site-Data"] == '"cookies", "storage"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert visitor.cookie is None
    assert rows(sa.select(BrowserSession)) == []
    visitor.client.set_cookie(COOKIE, kept, domain="portal.test", secure=True)
    assert not visitor.is_in(), "a copied cookie is worth nothing"
    back = f"{end}&post_logout_redirect_uri=https%3A%2F%2Fportal.test%2Fsign-in"
    assert visitor.elsewhere.open(back).url == f"{PORTAL}/sign-in"
    asks = visitor.elsewhere.open(visitor.begin(provider))
    assert "/sign-in/" in asks.url, "the provider asks again"


def test_s31_signing_out_needs_the_form_s_token(provider: int, visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in(provider, "myndigheten-1")
    assert visitor.ask("POST", "/sign-out").status_code == 400
    assert visitor.get("/sign-out").status_code in (404, 405)
    assert visitor.is_in()


# Accounts


def test_s09_a_newcomer_waits_for_an_administrator(network: Network, provider: int, visit: Visit) -> None:
    visitor = visit()
    for _ in range(2):
        page = visitor.sign_in(provider, "myndigheten-2")
        assert page.status_code == 200
        assert not visitor.is_in()
    assert network.authority.name in page.text
    pending = rows(sa.select(Person).where(Person.status == PersonStatus.PENDING))
    assert [(one.name, one.email) for one in pending] == [("Alva <Ek>", "alva.ek@myndigheten.example")]
    assert pending[0].organisation_id == network.authority.id
    assert [row.person_id for row in rows(sa.select(BrowserSession))] == [None]
    people.approve_person(db.session.get_one(Person, pending[0].id), by=network.admin)
    db.commit()
    assert visitor.sign_in(provider, "myndigheten-2").status_code == 303
    assert visitor.is_in()


def test_s08_the_same_address_at_two_providers_is_two_people(
    network: Network, evil: EvilProvider, provider: int, visit: Visit
) -> None:
    row = add_evil(evil, network.ngo)
    address = network.convener.email
    evil.claims_changes.update(email=address, sub="myndigheten-1")
    visitor = visit()
    url = visitor.begin(row.id)
    assert visitor.get(f"/sign-in/{row.id}/callback", **evil.answer(url)).status_code == 200
    assert not visitor.is_in()
    found = rows(sa.select(Person).where(Person.email == address))
    assert {(one.organisation_id, one.status) for one in found} == {
        (network.authority.id, PersonStatus.ACTIVE),
        (network.ngo.id, PersonStatus.PENDING),
    }
    noted = rows(sa.select(AuditEntry).where(AuditEntry.action == "foreign_address"))
    assert [entry.details for entry in noted] == [{"provider": row.id}]


def test_s10_a_provider_opens_nothing_of_another_organisation(
    network: Network, evil: EvilProvider, provider: int, visit: Visit
) -> None:
    row = add_evil(evil, network.ngo)
    with pytest.raises(ValueError, match="its own organisation"):
        actions.add_account(row, "person-1", network.convener, by=None)
    db.session.add(Account(provider=row, sub="person-1", person=network.convener))
    db.commit()
    visitor = visit()
    answer = visitor.get(f"/sign-in/{row.id}/callback", **evil.answer(visitor.begin(row.id)))
    assert answer.status_code == 400
    assert not visitor.is_in()


def test_s10_the_organisation_number_has_to_be_right(network: Network, evil: EvilProvider, visit: Visit) -> None:
    network.ngo.organisation_number = "8020123456"
    row = add_evil(evil, network.ngo)
    evil.claims_changes["https://id.oidc.se/claim/orgNumber"] = "2021000000"
    visitor = visit()
    answer = visitor.get(f"/sign-in/{row.id}/callback", **evil.answer(visitor.begin(row.id)))
    assert answer.status_code == 400
    assert rows(sa.select(Account)) == []


def test_s09_a_newcomer_without_an_address_leaves_nothing(network: Network, evil: EvilProvider, visit: Visit) -> None:
    row = add_evil(evil, network.ngo)
    evil.claims_changes["email"] = "19811228-9874@foreningen.example"
    evil.userinfo = {"sub": "person-1"}
    before = len(rows(sa.select(Person)))
    visitor = visit()
    answer = visitor.get(f"/sign-in/{row.id}/callback", **evil.answer(visitor.begin(row.id)))
    assert answer.status_code == 400
    assert (len(rows(sa.select(Person))), rows(sa.select(Account))) == (before, [])


# What strangers learn


def test_s15_unknown_and_known_domains_look_alike(network: Network, provider: int, visit: Visit) -> None:
    visitor = visit()
    organisation("utan-inloggning")
    db.commit()
    with time_machine.travel(db.now(), tick=False):  # a form's token bears the second in which it was made
        unknown = visitor.post("/sign-in", email="someone@nowhere.example")
        without = visitor.post("/sign-in", email="someone@utan-inloggning.example")
        known = visitor.post("/sign-in", email="someone@myndigheten.example")
        person = visitor.post("/sign-in", email=network.convener.email)
        nobody = visitor.post("/sign-in", email="nobody@myndigheten.example")
    assert unknown.status_code == without.status_code == known.status_code == 200

    def shape(page: str, domain: str) -> str:
        return page.replace(domain, "DOMAIN").partition('id="found"')[0]

    assert unknown.text.replace("nowhere", "utan-inloggning") == without.text, "an organisation is not given away"
    assert 'id="found"' in known.text
    assert set(unknown.headers.keys()) == set(known.headers.keys())
    assert person.text.replace(network.convener.email, "X") == nobody.text.replace("nobody@myndigheten.example", "X")


@pytest.mark.parametrize("email", ["", "@", "no-at-sign", "a@", "a@b@myndigheten.example.", "x" * 5000, "<b>@å"])
def test_s15_odd_addresses_are_answered_like_all(provider: int, visit: Visit, email: str) -> None:
    page = visit().post("/sign-in", email=email)
    assert page.status_code == 200
    assert "<b>" not in page.text


def test_s44_every_refusal_is_the_same_page(network: Network, evil: EvilProvider, provider: int, visit: Visit) -> None:
    row = add_evil(evil, network.ngo)
    pages = set()
    for lie in ({"aud": "x"}, {"iss": "x"}, {"nonce": "x"}, {"exp": 1}, {"sub": ""}):
        honest = dict(evil.claims_changes)
        evil.claims_changes.update(lie)
        visitor = visit()
        pages.add(visitor.get(f"/sign-in/{row.id}/callback", **evil.answer(visitor.begin(row.id))).text)
        evil.claims_changes = honest
    visitor = visit()
    denied = evil.answer(visitor.begin(row.id)) | {"error": "access_denied", "error_description": "Call 0900-123"}
    pages.add(visitor.get(f"/sign-in/{row.id}/callback", **denied).text)
    pages.add(visit().get(f"/sign-in/{row.id}/callback", state="x").text)
    assert len({page.replace(f"/sign-in/{row.id}/callback", "") for page in pages}) == 1
    missing = visit().get("/sign-in/999999")
    assert missing.status_code == 400
    assert "0900" not in str(pages)


def test_s40_a_provider_that_is_down_or_slow(network: Network, evil: EvilProvider, visit: Visit) -> None:
    row = add_evil(evil, network.ngo)
    visitor = visit()
    params = evil.answer(visitor.begin(row.id))
    is_answered = threading.Event()

    def slow(_handler: BaseHTTPRequestHandler) -> None:
        is_answered.wait(HANGING)

    evil.routes["/token"] = slow
    answer = visitor.get(f"/sign-in/{row.id}/callback", **params)
    is_answered.set()  # we did not wait for the provider
    assert answer.status_code == 502
    gone = EvilProvider()
    gone.close()
    down = add_evil(gone, network.county)
    second = visitor.get(f"/sign-in/{down.id}")
    assert second.status_code == 502


def test_no_transaction_waits_for_a_provider(app: Edge, network: Network, evil: EvilProvider, visit: Visit) -> None:
    """While the provider thinks, others can write (on SQLite there is one writer at a time)."""
    row = add_evil(evil, network.ngo)
    member_id, written, is_answered = network.member.id, [], threading.Event()

    def write_meanwhile(handler: BaseHTTPRequestHandler) -> None:
        with app.app_context():
            db.session.get_one(Person, member_id).theme = "dark"
            db.commit()
        written.append(not is_answered.is_set())  # whoever had to wait would write after the visitor's answer
        send_json(handler, {"error": "server_error"}, 500)

    evil.routes["/token"] = evil.routes["/.well-known/openid-configuration"] = write_meanwhile
    visitor = visit()
    assert visitor.get(f"/sign-in/{row.id}").status_code == 502
    is_answered.set()
    del evil.routes["/.well-known/openid-configuration"]
    params = evil.answer(visitor.begin(row.id))
    is_answered.clear()
    assert visitor.get(f"/sign-in/{row.id}/callback", **params).status_code == 400
    assert written == [True, True]


def test_s42_the_log_says_why_and_nothing_secret(
    network: Network, evil: EvilProvider, visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    row = add_evil(evil, network.ngo)
    visitor = visit()
    visitor.post("/sign-in", email="local.part@foreningen.example")
    evil.claims_changes["sub"] = "19811228-9874"
    params = evil.answer(visitor.begin(row.id))
    visitor.get(f"/sign-in/{row.id}/callback", **params)
    denied = evil.answer(visitor.begin(row.id)) | {"error": "x\r\nforged line", "error_description": "forged line"}
    visitor.get(f"/sign-in/{row.id}/callback", **denied)
    reasons = [record.getMessage() for record in caplog.records if record.name == "portal.security"]
    assert len(reasons) == 2
    assert f"reason=subject_is_personal_number detail=- provider={row.id}" in reasons[0]
    assert f"reason=provider_error detail=other provider={row.id}" in reasons[1]
    for secret in (
        "9874",
        "forged",
        "local.part",
        params["state"],
        "the-code",
        "the-access-token",
        visitor.cookie or "?",
    ):
        assert secret not in caplog.text


def test_s45_too_many_at_once(app: Edge, provider: int, visit: Visit) -> None:
    usual = app.config["SETTINGS"]
    app.config["SETTINGS"] = usual.model_copy(update={"sign_in_limit": "3/minute"})
    try:
        visitor = visit()
        token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get("/sign-in").text)
        assert token
        form = {"csrf_token": token.group(1), "email": "a@x.example"}
        statuses = [visitor.ask("POST", "/sign-in", data=form).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        assert [visitor.get("/sign-in").status_code for _ in range(3)] == [200, 200, 429]
        assert [visitor.get(f"/sign-in/{provider}").status_code for _ in range(4)] == [303, 303, 303, 429]
        assert [visitor.get(f"/sign-in/{provider}/callback").status_code for _ in range(4)] == [400, 400, 400, 429]
    finally:
        app.config["SETTINGS"] = usual
        web.limiter.reset()


@pytest.fixture
def limited(tmp_path: Path, built_front_end: Path, request: pytest.FixtureRequest) -> Iterator[Edge]:
    """A portal behind some proxies where three look-ups a minute come from one address."""
    app = make_portal(tmp_path, sign_in_limit="3/minute", trusted_proxies=request.param)
    with app.app_context():
        db.Base.metadata.create_all(db.engine())
        yield app
        db.session.remove()
        db.engine().dispose()


def statuses(app: Edge, *forwarded: str) -> list[int]:
    headers = [{"X-Forwarded-For": value} for value in forwarded]
    return [app.test_client().get("/sign-in", headers=each).status_code for each in headers]


@pytest.mark.parametrize("limited", [1], indirect=True)
def test_s45_behind_a_proxy_each_address_has_its_own_limit(limited: Edge) -> None:
    assert statuses(limited, *["192.0.2.1"] * 4) == [200, 200, 200, 429]
    assert statuses(limited, "192.0.2.2") == [200]
    # what the browser itself wrote stands before what the proxy added
    assert statuses(limited, *(f"198.51.100.{number}, 192.0.2.1" for number in range(3))) == [429] * 3


@pytest.mark.parametrize("limited", [0], indirect=True)
def test_s45_without_a_proxy_nobody_chooses_an_address(limited: Edge) -> None:
    assert statuses(limited, *(f"192.0.2.{number}" for number in range(4))) == [200, 200, 200, 429]
