"""The request edge, over every route: headers, tokens, faults, languages, and what strangers never see."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Collection, Iterator
from itertools import product
from pathlib import Path

import markdown_it
import pytest
import sqlalchemy as sa
import whoosh.index
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from typing_extensions import Buffer
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

import config
from portal import db, outbox, search, web, web_errors
from portal.discussions.models import Post, Thread
from portal.people import actions as people
from portal.people.models import Group, Membership, Person
from portal.web import Edge
from tests import commands, factories
from tests.conftest import Browser, Sign, address, make_portal, routes, signed_in
from tests.factories import Network

TRACES = {
    "browser_session",
    "read_mark",
    "audit_entry",
    "calendar_feed",
    "search_feed",
    "saved_search",
    "public_day",
    "resource_download",
}  # what a page may leave behind when it is read
SIGNED = {
    "calls.answer",
    "polls.guest",
    "notifications.unsubscribe",
}  # no session: the signed token in the address is the authority
SIGN_IN_STEPS = {"auth.sign_in", "auth.start", "auth.callback"}

pytestmark = pytest.mark.usefixtures("built_front_end")


def stored(*, without: Collection[str] = ()) -> dict[str, list[str]]:
    """All that is in the database."""
    with db.engine().connect() as connection:
        return {
            table.name: sorted(repr(row) for row in connection.execute(sa.select(table)))
            for table in db.Base.metadata.sorted_tables
            if table.name not in without
        }


# --- headers and what a page loads --------------------------------------------------------------------------------------


def assert_headers(answer: TestResponse, where: str) -> None:
    """s38, s22, s23: on every answer, whatever it says."""
    headers = answer.headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";") if " " in part.strip()
    )
    assert policy["default-src"] == "'none'", where
    assert policy["frame-ancestors"] == "'none'", where
    assert "unsafe" not in headers["Content-Security-Policy"], where
    if "sandbox" not in headers["Content-Security-Policy"]:
        assert policy["base-uri"] == "'none'", where
        assert policy["script-src"] == policy["style-src"] == "'self'", where
        assert policy["form-action"] == "'self'", where
    assert headers["X-Content-Type-Options"] == "nosniff", where
    assert headers["Referrer-Policy"] == "no-referrer", where
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin", where
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", where
    if "/static/" not in where:
        # these belong to no session
        is_feed = (
            where.startswith(("/calendar/feed/", "/searches/feed/", "/public/catalogue.")) and answer.status_code < 400
        )
        assert headers["Cache-Control"] == ("private, no-cache" if is_feed else "no-store"), where
    for cookie in headers.getlist("Set-Cookie"):
        assert cookie.startswith("__Host-session="), where
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}, where
        assert "Domain" not in cookie, where


def assert_own_parts_only(answer: TestResponse, where: str) -> None:
    """Nothing of a page comes from elsewhere, nothing in it runs but our files."""
    if answer.mimetype != "text/html":
        return
    page = BeautifulSoup(answer.data, "html.parser")
    for element in page.find_all(
        ["script", "link", "img", "iframe", "form", "source", "object", "embed", "video", "audio"]
    ):
        target = element.get("src") or element.get("href") or element.get("action") or element.get("data") or ""
        assert re.match(r"/(?!/)|#|\?|$", str(target)), f"{where}: {element}"
        if element.name == "script":
            assert element.get("src"), f"{where}: inline script"
    assert not page.find_all("style"), where
    for element in page.find_all(True):
        assert not [name for name in element.attrs if name.startswith("on") or name == "style"], f"{where}: {element}"
        assert not str(element.get("href", "")).lower().startswith(("javascript:", "data:")), where


def test_s22_s23_s38_every_route_has_its_headers(
    app: Edge, network: Network, things: dict[str, object], sign_in: Sign
) -> None:
    convener, stranger = sign_in(network.convener), app.test_client()
    for method, endpoint in routes(app, "GET", "POST"):
        for client in (convener, stranger):
            if endpoint == "auth.sign_out" and client is convener:
                continue
            where = address(app, method, endpoint, things)
            form = {"csrf_token": convener.csrf} if method == "POST" else None
            answer = client.open(where, method=method, data=form)
            assert_headers(answer, where)
            assert_own_parts_only(answer, where)


def test_s23_signing_out_clears_the_browser(network: Network, sign_in: Sign) -> None:
    client = sign_in(network.member)
    answer = client.post("/sign-out", data={"csrf_token": client.csrf})
    assert_headers(answer, "/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cookies", "storage"'


@contextlib.contextmanager
def failing(app: Edge, error: BaseException) -> Iterator[None]:
    """The members' page raises an error."""

    def fail(slug: str) -> str:
        raise error

    kept = app.view_functions["people.members"]
    app.view_functions["people.members"] = fail
    try:
        yield
    finally:
        app.view_functions["people.members"] = kept


def every_error(app: Edge, network: Network, client: Browser) -> Iterator[tuple[int, TestResponse]]:
    """Each error page that the portal has."""
    where = f"/groups/{network.group.slug}/members"
    token = {"csrf_token": client.csrf}
    yield 400, client.post("/read-marks")
    yield 401, app.test_client().get("/groups", headers={"X-Fragment": "1"})
    yield 403, client.get(f"/groups/{network.group.slug}/meetings/new")
    yield 404, client.get("/no-such-page")
    yield 404, client.get("/threads/999999")
    yield 404, client.get("/threads/99999999999999999999999")
    yield 405, client.get("/read-marks")
    yield 405, client.put("/groups", data=token)
    yield 413, client.post("/read-marks", data={"csrf_token": "x" * 5_000_000})
    with failing(app, RuntimeError("innermost secret")):
        yield 500, client.get(where)
    with failing(app, sa.exc.OperationalError("SELECT secret", {}, Exception("innermost secret"))):
        yield 503, client.get(where)
    with failing(app, OSError(28, "innermost secret", "/innermost/secret")):
        yield 503, client.get(where)
    with failing(app, sa.exc.IntegrityError("INSERT secret", {}, Exception("innermost secret"))):
        yield 409, client.get(where)
    with failing(app, MemoryError("innermost secret")):
        yield 500, client.get(where)
    with failing(app, RecursionError("innermost secret")):
        yield 500, client.get(where)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_s38_s44_every_error_page_in_both_languages(app: Edge, network: Network, sign_in: Sign, language: str) -> None:
    network.member.language = language
    db.commit()
    client = sign_in(network.member)
    words = {"sv": "Sidan finns inte", "en": "The page is not here"}
    for status, answer in every_error(app, network, client):
        assert answer.status_code == status, answer.text[:300]
        assert_headers(answer, str(status))
        assert_own_parts_only(answer, str(status))
        for told in ("secret", "Traceback", "sqlalchemy", "site-packages", str(commands.ROOT)):
            assert told not in answer.text, status
        if status != 401:
            assert f'lang="{language}"' in answer.text, status
            assert BeautifulSoup(answer.data, "html.parser").find("h1"), status
    shown = client.get("/no-such-page").text
    assert words["en"] in shown if language == "en" else words["en"] not in shown


def test_error_pages_speak_the_stranger_s_language_too(app: Edge) -> None:
    assert 'lang="en"' in app.test_client().get("/no-such-page?lang=en").text
    assert 'lang="sv"' in app.test_client().get("/no-such-page").text


def test_a_script_gets_the_sentence_alone(network: Network, sign_in: Sign) -> None:
    answer = sign_in(network.member).get("/threads/999999", headers={"X-Fragment": "1"})
    assert answer.status_code == 404
    assert answer.text.startswith("<p ")
    assert 'role="alert"' in answer.text


def test_options_and_head_are_answered(network: Network, sign_in: Sign) -> None:
    client = sign_in(network.member)
    assert client.options("/groups").status_code == 200
    head = client.head("/groups")
    assert (head.status_code, head.data) == (200, b"")


# --- state changes ----------------------------------------------------------------------------------------------------


SIGNED = {
    "polls.guest",
    "calls.answer",
    "notifications.unsubscribe",
}  # no session: the signed token in the address is the authority (meetings/test_polls.py)


def test_s31_no_change_without_the_form_s_token(
    app: Edge, network: Network, things: dict[str, object], sign_in: Sign
) -> None:
    client, other = sign_in(network.convener), sign_in(network.member)
    before = stored(without={"browser_session"})
    changing = [row for row in routes(app, "POST", "PUT", "PATCH", "DELETE") if row[1] not in SIGNED]
    assert len(changing) > 15
    for method, endpoint in changing:
        where = address(app, method, endpoint, things)
        for token in (None, client.csrf[:-2] + "xx", other.csrf):
            form = {"language": "en", "theme": "dark", "title": "Ny", "body": "Ny", "text": "Ny", "answer": "online"}
            form |= {"csrf_token": token} if token is not None else {}
            assert client.open(where, method=method, data=form).status_code == 400, (where, token)
        assert client.open(where, method=method, query_string={"csrf_token": client.csrf}).status_code == 400, where
    assert stored(without={"browser_session"}) == before


def test_s31_no_change_asked_for_by_another_site(
    app: Edge, network: Network, things: dict[str, object], sign_in: Sign
) -> None:
    client = sign_in(network.convener)
    before = stored(without={"browser_session"})
    for method, endpoint in routes(app, "POST", "PUT", "PATCH", "DELETE"):
        where = address(app, method, endpoint, things)
        for site in ("cross-site", "same-site"):
            form = {"csrf_token": client.csrf, "language": "en", "theme": "dark"}
            answer = client.open(where, method=method, data=form, headers={"Sec-Fetch-Site": site})
            assert answer.status_code == 400, (where, site)
    assert stored(without={"browser_session"}) == before


def test_s31_looking_changes_nothing_but_traces(
    app: Edge, network: Network, things: dict[str, object], sign_in: Sign
) -> None:
    before = stored(without=TRACES)
    for person in (network.convener, network.outsider):
        client = sign_in(person)
        for method, endpoint in routes(app, "GET"):
            where = address(app, method, endpoint, things)
            for query in (
                "",
                "?q=a&show=unread&before=1&after=0&at=1&page=2&kind=manual&publisher=x&type=post&fragment=1",
            ):
                client.get(where + query)
    for method, endpoint in routes(app, "GET"):
        app.test_client().get(address(app, method, endpoint, things))
    assert stored(without=TRACES) == before


def test_s31_the_steps_of_sign_in_are_the_only_get_that_write(app: Edge) -> None:
    marked = {name for name, view in app.view_functions.items() if getattr(view, "writes_on_get", False)}
    assert marked == {"auth.callback"}


EXTRA = {
    "id": "1", "group_id": "GROUP", "group": "slutna", "author_id": "OTHER", "created_by_id": "OTHER", "created_by": "OTHER",
    "organisation_id": "ORGANISATION", "org_id": "ORGANISATION", "person_id": "OTHER", "status": "active", "role": "convener",
    "is_organisation_admin": "1", "is_coordinator": "1", "email": "x@evil.example", "name": "Annan", "state": "called",
    "revision": "99", "seq": "99", "last_seq": "99", "handling_class": "open", "uid": "evil", "thread_id": "1",
}  # fmt: skip


def test_s29_fields_that_no_form_has_change_nothing(
    app: Edge, network: Network, things: dict[str, object], sign_in: Sign
) -> None:
    extra = {key: value.replace("GROUP", str(network.closed.id)).replace("OTHER", str(network.outsider.id))
             .replace("ORGANISATION", str(network.county.id)) for key, value in EXTRA.items()}  # fmt: skip
    member = sign_in(network.member)
    token = {"csrf_token": member.csrf, "client_id": str(uuid.uuid4())}
    kept = stored()["person"]
    assert member.post("/account", data={**extra, **token, "language": "sv", "theme": "auto"}).status_code == 302
    assert stored()["person"] == kept
    form = {**extra, **token, "title": "Rubrik", "body": "Text", "kind": "discussion"}
    assert member.post(f"/groups/{network.group.slug}/threads/new", data=form).status_code == 302
    thread = db.session.scalars(sa.select(Thread).order_by(Thread.id.desc())).first()
    assert thread is not None
    assert (thread.group_id, thread.created_by_id, thread.organisation_id, thread.last_seq) == (
        network.group.id, network.member.id, network.ngo.id, 1,
    )  # fmt: skip
    post = db.session.scalars(sa.select(Post).where(Post.thread_id == thread.id)).one()
    assert (post.author_id, post.organisation_id, post.seq, post.revision) == (network.member.id, network.ngo.id, 1, 1)
    convener = sign_in(network.convener)
    form = {
        **extra,
        "csrf_token": convener.csrf,
        "title": "Möte",
        "on": "2031-05-05",
        "starts": "09:00",
        "ends": "10:00",
    }
    assert convener.post(f"/groups/{network.group.slug}/meetings/new", data=form).status_code == 302
    meetings = stored()["meeting"]
    assert sum("'planning'" in str(row) or "PLANNING" in str(row) for row in meetings) == 1
    assert not any("evil" in str(row) for row in meetings)


# --- addresses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "portal.test.evil.example", "evil.example:443", "127.0.0.1", "", "portal.test@evil"]
)
def test_an_unknown_host_is_refused(app: Edge, network: Network, host: str) -> None:
    for where in ("/sign-in", "/", "/health", "/static/x.css"):
        answer = app.test_client().get(where, headers={"Host": host})
        assert answer.status_code == 400, where
        assert "evil" not in answer.text
        assert "evil" not in answer.headers.get("Location", "")


OWN = ["/", "/groups", "/groups/a-b?x=1&y=2#z", "/search?q=https://evil.example", "/%2F%2Fevil.example"]
FOREIGN = [
    None, "", "groups", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
    "https:evil.example", "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example",
    "/a\r\nSet-Cookie: x=y", "/a\\b", "/\x00", "@evil.example", "/\x0b/evil.example", "\N{NO-BREAK SPACE}//evil.example",
]  # fmt: skip


@pytest.mark.parametrize("target", OWN)
def test_s41_an_own_address_is_gone_to(app: Edge, target: str) -> None:
    with app.test_request_context():
        assert web.safe_next(target) == target


@pytest.mark.parametrize("target", FOREIGN)
def test_s41_any_other_is_not(app: Edge, target: str | None) -> None:
    with app.test_request_context():
        assert web.safe_next(target) == "/"


def test_s41_who_is_signed_in_is_not_sent_away(network: Network, sign_in: Sign) -> None:
    client = sign_in(network.member)
    for target in ("//evil.example", "https://evil.example", "/%0d%0aX-Evil: 1", "/%5cevil.example", "/\\evil.example"):
        answer = client.get("/sign-in", query_string={"next": target})
        assert answer.status_code == 302
        assert "evil.example" not in answer.headers["Location"].split("?")[0] or answer.headers["Location"].startswith(
            "/%"
        )
        assert "X-Evil" not in answer.headers


@pytest.mark.parametrize(
    "where",
    ["/threads/99999999999999999999", "/meetings/9223372036854775808/minutes", "/resources/18446744073709551616/file",
     "/groups/%00", "/groups/a%00b/members", "/search?q=%00", "/library?publisher=%00", "/library?before=99999999999999999999",
     "/library?kind=%ff%fe", "/groups/natverket?before=99999999999999999999", "/groups/natverket?before=-1", "/search?page=-5",
     "/search?q=a&page=99999999999999999999", "/search?q=a&type=%00", "/library?q=a&page=99999999999999999999999",
     "/groups/" + "x" * 3000, "/groups/%ed%a0%80", "/threads/١٢", "/sign-in/99999999999999999999", "/?lang=%00"],
)  # fmt: skip
def test_odd_addresses_are_no_errors_of_ours(network: Network, sign_in: Sign, where: str) -> None:
    search.mend()
    assert sign_in(network.member).get(where).status_code in {200, 302, 400, 404}


def test_odd_numbers_in_a_thread(network: Network, things: dict[str, object], sign_in: Sign) -> None:
    client = sign_in(network.member)
    for query in ("before=0", "before=-1", "before=99999999999999999999", "at=99999999999999999999", "at=-99999999999999999999",
                  "before=1.5", "at=x", "before=٣"):  # fmt: skip
        assert client.get(f"/threads/{things['thread_id']}?{query}").status_code == 200, query
    for query in ("after=-1", "after=99999999999999999999", "after=-99999999999999999999", "after=x", ""):
        assert client.get(f"/threads/{things['thread_id']}/posts?{query}").status_code == 200, query


def test_a_null_character_in_a_form_is_no_error_of_ours(
    app: Edge, network: Network, things: dict[str, object], sign_in: Sign
) -> None:
    client = sign_in(network.convener)
    admin = sign_in(network.admin)
    for method, endpoint in routes(app, "POST"):
        if endpoint == "auth.sign_out":
            continue
        names = ["body", "title", "text", "decision", "description", "practical", "place", "link", "name", "note", "phone",
                 "email", "kind", "answer", "direction", "language", "theme", "client_id", "owner", "on", "starts", "ends",
                 "based_on", "minutes_allotted", "guard_keep", "group", "publisher", "next"]  # fmt: skip
        for sender in (client, admin):
            form = dict.fromkeys(names, "a\x00b") | {"csrf_token": sender.csrf}
            answer = sender.open(address(app, method, endpoint, things), method=method, data=form)
            assert answer.status_code < 500, endpoint


# --- what foreign ids tell ------------------------------------------------------------------------------------------------


def test_s26_a_foreign_thing_s_id_tells_nothing_where_a_list_goes_on(
    network: Network, things: dict[str, object], sign_in: Sign
) -> None:
    hidden = factories.things(network, network.closed)
    client = sign_in(network.member)
    for where, key in (
        ("/groups/natverket", "thread_id"),
        ("/library", "resource_id"),
        ("/groups/natverket/materials", "resource_id"),
    ):
        foreign = client.get(f"{where}?before={hidden[key]}").text
        missing = client.get(f"{where}?before=987654321").text
        assert without_tokens(foreign) == without_tokens(missing), where


def without_tokens(page: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page)


# --- strangers and the closed group -----------------------------------------------------------------------------------------


def test_s28_a_word_of_the_closed_group_shows_to_nobody_else(
    app: Edge, network: Network, things: dict[str, object], sign_in: Sign
) -> None:
    word = "kanariefågel"
    left = people.add_member(network.closed, network.member, by=None)
    network.closed.name = f"Slutna {word}"
    network.closed.description = word
    hidden = factories.things(network, network.closed, word=f"{word} ekorre")
    hidden["slug"] = network.closed.slug
    people.remove_member(left, by=None)
    db.commit()
    outbox.run_all()
    # an administrator sees newcomers of the own organisation, so their names are not of the group
    db.session.execute(sa.update(Person).where(Person.name.contains(word)).values(name="Ny Ansökt"))
    db.commit()
    inside = sign_in(network.secretary)
    assert word in inside.get("/search?q=ekorre").text, "the word is there to be found"
    seers: list[FlaskClient] = [sign_in(network.member), sign_in(network.outsider)]
    for client in [*seers, app.test_client()]:
        for method, endpoint in routes(app, "GET"):
            for values in (things, hidden):
                answer = client.open(address(app, method, endpoint, values), method=method)
                assert word.encode() not in answer.data, endpoint
                assert word not in str(answer.headers), endpoint
        for where, query in product(
            ("/search", "/library"), ("ekorre", "ekorr*", '"ekorre"', "innehall -ekorre", "manual")
        ):
            for more in ({}, {"fragment": "1"}) if where == "/search" else ({}, {"kind": "manual"}):
                answer = client.get(where, query_string={"q": query, **more})
                assert word not in answer.text, (where, query)
    for person in (network.member, network.outsider):
        told = commands.run(app, "search", "query", "ekorre", "--as", person.email, "--json")
        assert json.loads(told.output)["total"] == 0


def test_s28_numbers_do_not_count_what_is_hidden(network: Network, things: dict[str, object], sign_in: Sign) -> None:
    client = sign_in(network.member)
    pages = (
        "/",
        "/groups",
        "/library",
        "/calendar",
        "/groups/natverket",
        "/groups/natverket/materials",
        "/search?q=innehall",
    )
    outbox.run_all()
    before = [without_tokens(client.get(where).text) for where in pages]
    factories.things(network, network.closed)
    outbox.run_all()
    assert [without_tokens(client.get(where).text) for where in pages] == before


# --- rights at use ------------------------------------------------------------------------------------------------------------


def test_s30_a_right_that_is_gone_is_gone_at_the_next_click(
    network: Network, things: dict[str, object], sign_in: Sign
) -> None:
    client = sign_in(network.member)
    assert client.get(f"/threads/{things['thread_id']}").status_code == 200
    db.session.execute(sa.update(Membership).where(Membership.person_id == network.member.id).values(left_at=db.now()))
    db.commit()
    assert client.get(f"/threads/{things['thread_id']}").status_code == 404
    form = {"body": "Text", "client_id": str(uuid.uuid4()), "csrf_token": client.csrf}
    assert client.post(f"/threads/{things['thread_id']}/posts", data=form).status_code == 404


def test_s30_an_archived_group_is_closed_to_all(network: Network, things: dict[str, object], sign_in: Sign) -> None:
    client = sign_in(network.convener)
    db.session.execute(sa.update(Group).where(Group.id == network.group.id).values(is_archived=True))
    db.commit()
    assert client.get(f"/threads/{things['thread_id']}").status_code == 404


# --- faults -------------------------------------------------------------------------------------------------------------------


def test_s44_a_fault_in_anything_we_stand_on_ends_closed_and_says_nothing(
    app: Edge, network: Network, things: dict[str, object], sign_in: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faults in libraries, files and programs: the answers of all that fail are the same page."""
    client = sign_in(network.convener)
    secret = "4711-secret-of-the-inside"

    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError(secret)

    outbox.run_all()
    faults: list[tuple[object, str, str, int]] = [
        (markdown_it.MarkdownIt, "parse", f"/meetings/{things['meeting_id']}/minutes.pdf", 500),
        (subprocess, "Popen", f"/meetings/{things['meeting_id']}/minutes.pdf", 500),
        (sa.orm.Session, "scalars", f"/threads/{things['thread_id']}", 500),
        (sa.orm.Session, "execute", "/groups", 500),
        (whoosh.index.TOC, "read", "/search?q=innehall", 503),
        (sa.orm.Session, "commit", "/groups", 500),
    ]  # fmt: skip
    pages = set()
    for owner, name, where, status in faults:
        app.extensions["search_engine"].close()
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, fail)
            answer = client.get(where)
        assert answer.status_code == status, where
        assert secret.encode() not in answer.data
        assert_headers(answer, where)
        if status == 500:
            pages.add(answer.data.replace(where.encode(), b""))  # the way to the page in the other language
    assert len(pages) == 1


def test_s44_a_file_that_is_gone_is_said_plainly(
    app: Edge, network: Network, things: dict[str, object], sign_in: Sign
) -> None:
    shutil.rmtree(app.config["SETTINGS"].data_dir / "files")
    client = sign_in(network.convener)
    answer = client.get(f"/resources/{things['resource_id']}/file")
    assert answer.status_code == 503
    assert str(app.config["SETTINGS"].data_dir) not in answer.text
    assert client.get(f"/resources/{things['resource_id']}").status_code == 200


def test_s44_when_even_the_error_page_fails(app: Edge, network: Network, sign_in: Sign) -> None:
    client = sign_in(network.member)
    kept = app.jinja_env.globals["asset"]

    def fail(_name: str) -> str:
        raise RuntimeError("innermost secret")

    app.jinja_env.globals["asset"] = fail
    try:
        answer = client.get("/groups")
    finally:
        app.jinja_env.globals["asset"] = kept
    assert answer.status_code == 500
    assert answer.text.startswith("<!DOCTYPE html>")
    assert "secret" not in answer.text
    assert_headers(answer, "/groups")


# --- too much -------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_portal(tmp_path: Path) -> Iterator[Edge]:
    """A portal that takes files of 10,000 bytes."""
    made = make_portal(tmp_path, max_upload_bytes=10_000)
    with made.app_context():
        db.Base.metadata.create_all(db.engine())
        yield made
    with made.app_context():
        db.engine().dispose()


def test_too_large_a_file_is_refused_with_the_limit(small_portal: Edge) -> None:
    network = Network()
    network.make()
    client = signed_in(small_portal, network.convener)
    assert "10\N{NO-BREAK SPACE}kB" in client.get("/library/upload").text
    for size, status in ((10_000, 302), (10_001, 422), (150_000, 422), (300_000, 413), (3_000_000, 413)):
        form = {"file": FileStorage(io.BytesIO(b"x" * size), "a.txt"), "title": "Fil", "group": "natverket", "kind": "other",
                "csrf_token": client.csrf}  # fmt: skip
        boundary, body = encode_multipart(form)
        answer = client.post("/library/upload", data=body, content_type=f"multipart/form-data; boundary={boundary}")
        assert answer.status_code == status, size
        if status != 302:
            assert "10\N{NO-BREAK SPACE}kB" in answer.text
    assert (
        len([path for path in (small_portal.config["SETTINGS"].data_dir / "files").rglob("*") if path.is_file()]) == 1
    )


class Body(io.BytesIO):
    """A request's body that knows how much of it was read."""

    taken = 0

    def readinto(self, buffer: Buffer) -> int:
        number = super().readinto(buffer)
        self.taken += number
        return number


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize(
    ("where", "status"), [("/nowhere", 404), ("/health", 405), ("/sign-in", 413), ("/library/upload", 401)]
)
def test_of_a_stranger_no_large_body_is_read(app: Edge, where: str, status: int, kind: str) -> None:
    body = Body(b"a=" + b"x" * 5_000_000)
    answer = app.test_client().post(where, input_stream=body, content_length=5_000_002, content_type=kind)
    assert answer.status_code == status
    assert body.taken <= web.LARGEST_OPEN_FORM


def test_a_file_that_is_not_there_is_not_kept_by_the_browser(app: Edge, built_front_end: Path) -> None:
    client = app.test_client()
    missing = client.get("/static/build/app-00000000.js")
    assert (missing.status_code, missing.headers["Cache-Control"]) == (404, "no-store")
    there = next(path.name for path in (built_front_end / "static/build").glob("app-*.js"))
    assert "immutable" in client.get(f"/static/build/{there}").headers["Cache-Control"]


def test_too_large_a_text_is_refused_and_kept_in_the_form(
    network: Network, things: dict[str, object], sign_in: Sign
) -> None:
    client = sign_in(network.member)
    form = {"body": "x" * 50_001, "client_id": str(uuid.uuid4()), "csrf_token": client.csrf}
    answer = client.post(f"/threads/{things['thread_id']}/posts", data=form)
    assert answer.status_code == 422
    assert "x" * 50_001 in answer.text
    assert "50000" in answer.text or "50 000" in answer.text


# --- settings -------------------------------------------------------------------------------------------------------------------


GOOD = {"PORTAL_SECRET_KEY": "x" * 32, "PORTAL_BASE_URL": "https://portal.test"}
BAD = [
    ({"PORTAL_SECRET_KEY": None}, "PORTAL_SECRET_KEY is not set."),
    ({"PORTAL_BASE_URL": None}, "PORTAL_BASE_URL is not set."),
    ({"PORTAL_SECRET_KEY": "short"}, "PORTAL_SECRET_KEY must have at least 32 characters."),
    ({"PORTAL_BASE_URL": "portal.test"}, "PORTAL_BASE_URL must be an address"),
    ({"PORTAL_BASE_URL": "http://portal.test"}, "base_url must be https"),
    ({"PORTAL_BASE_URL": "http://localhost:8000"}, "base_url must be https in production"),
    ({"PORTAL_MAX_UPLOAD_BYTES": "many"}, "PORTAL_MAX_UPLOAD_BYTES"),
    ({"PORTAL_SESSION_HOURS": "11"}, "PORTAL_SESSION_HOURS"),
    ({"PORTAL_LOG_LEVEL": "DEBUG"}, "PORTAL_LOG_LEVEL DEBUG would print"),
    ({"PORTAL_ENVIRONMENT": "development"}, "PORTAL_ENVIRONMENT"),
    ({"PORTAL_DATABASE_URL": "nonsense"}, "PORTAL_DATABASE_URL must be"),
    ({"PORTAL_DATABASE_URL": "mysql://x/y"}, "PORTAL_DATABASE_URL must be"),
    ({"PORTAL_REDIS_URL": "nonsense"}, "PORTAL_REDIS_URL must be"),
    ({"PORTAL_WRITE_LIMIT": "often"}, "PORTAL_WRITE_LIMIT must be"),
    ({"PORTAL_SIGN_IN_LIMIT": "10/fortnight"}, "PORTAL_SIGN_IN_LIMIT must be"),
]


@pytest.mark.parametrize(("changed", "sentence"), BAD)
def test_wrong_settings_are_one_sentence_and_exit_code_2(
    changed: dict[str, str | None], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {**GOOD, **changed}.items():
        monkeypatch.setenv(name, value) if value is not None else monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as ended:
        config.load()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert sentence in said
    assert said.count("\n") == 1
    assert "short" not in said or "short" not in str(changed.get("PORTAL_SECRET_KEY"))


def test_s46_secrets_may_lie_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "secret"
    file.write_text("y" * 40 + "\n")
    monkeypatch.setenv("PORTAL_BASE_URL", "https://portal.test")
    monkeypatch.delenv("PORTAL_SECRET_KEY", raising=False)
    monkeypatch.setenv("PORTAL_SECRET_KEY_FILE", str(file))
    assert config.load().secret_key.get_secret_value() == "y" * 40
    for name, value, sentence in (
        ("PORTAL_SECRET_KEY", "x" * 32, "PORTAL_SECRET_KEY and PORTAL_SECRET_KEY_FILE are both set.\n"),
        ("PORTAL_SECRET_KEY_FILE", str(tmp_path), "PORTAL_SECRET_KEY_FILE names a file that cannot be read.\n"),
    ):
        with monkeypatch.context() as wrong:
            wrong.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                config.load()
        assert (ended.value.code, capsys.readouterr().err) == (2, sentence)
    file.write_text("short")
    with pytest.raises(SystemExit):
        config.load()
    assert capsys.readouterr().err == "PORTAL_SECRET_KEY must have at least 32 characters.\n"


def test_a_file_that_only_commands_would_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    (tmp_path / ".env").write_text("OTHER=1\n")
    assert config.load().write_limit == "120/minute"
    (tmp_path / ".env").write_text("PORTAL_WRITE_LIMIT=1/minute\n")
    with pytest.raises(SystemExit):
        config.load()
    assert "would be read by commands only" in capsys.readouterr().err


def test_the_commands_say_it_too(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "PORTAL_DATA_DIR": str(tmp_path)}
    done = commands.process(environment, "routes")
    assert (done.returncode, done.stderr) == (2, "PORTAL_SECRET_KEY is not set.\n")


# --- what was written when a form is refused ------------------------------------------------------------------------------


def test_a_refused_form_gives_back_what_was_written(app: Edge, network: Network, sign_in: Sign) -> None:
    thread = factories.thread(network.group, network.convener)
    db.commit()
    where, client = f"/threads/{thread.id}/posts", sign_in(network.member)
    form = {"body": "Enordig<b>", "title": "Två ord", "text-17": "Numrerad", "client_id": "hemligt-id", "kind": "slaget",
            "password": "lösen ord", "guard_keep": "en nyckel", "csrf_token": "en gammal nyckel"}  # fmt: skip
    stale, signed_out = client.post(where, data=form), app.test_client().post(where, data=form)
    outsider = sign_in(network.outsider)
    lost = outsider.post(where, data=form | {"csrf_token": outsider.csrf})
    assert (stale.status_code, signed_out.status_code) == (400, 401)
    assert lost.status_code == 404
    for answer in (stale, signed_out, lost):
        for text in ("Enordig&lt;b&gt;", "Två ord", "Numrerad"):
            assert f'<pre class="version-text">{text}</pre>' in answer.text, answer.status_code
        for text in ("hemligt-id", "slaget", "lösen ord", "en nyckel", "en gammal"):
            assert text not in answer.text, answer.status_code
    foreign = client.post(where, data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 400
    assert "Enordig" not in foreign.text, "another site puts no words on a page of ours"
    assert "Enordig" not in client.post(where, data=form, headers={"X-Fragment": "1"}).text


def test_every_long_field_is_given_back() -> None:
    """A form's text field is known to the error page by its name."""
    fields = [
        name
        for path in sorted(Path(web_errors.__file__).parent.rglob("forms.py"))
        for name in re.findall(r"^    (\w+)\b[^=\n]*= TextAreaField\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(fields) > 10
    assert [name for name in fields if web_errors.WRITTEN.isdisjoint(re.split("[-_]", name))] == []
