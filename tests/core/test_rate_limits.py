"""How often somebody may write: one limit for all writing routes, shared by processes (security.md, number 45)."""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import time_machine
from werkzeug.test import TestResponse

from portal import db, rate_limits, web
from portal.rate_counters import CounterFile
from portal.web import Edge
from portal.web_errors import SAFE_METHODS
from tests.conftest import Browser, Sign, make_portal
from tests.factories import Network

DAY = 24 * 60 * 60
APART = {"PATCH library.take_piece", "POST discussions.mark_thread_read"}  # they have a limit of their own


@pytest.fixture
def limited(app: Edge) -> Iterator[Callable[..., None]]:
    """Sets limits for one test."""
    usual = app.config["SETTINGS"]

    def choose(**limits: str) -> None:
        app.config["SETTINGS"] = usual.model_copy(update=limits)

    web.limiter.reset()
    yield choose
    app.config["SETTINGS"] = usual
    web.limiter.reset()


def writing_routes(app: Edge) -> Iterator[tuple[str, str, str]]:
    """Method, endpoint and an address of every route that writes."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            for method in (rule.methods or set()) - SAFE_METHODS:
                values = {
                    name: 1 if "Number" in type(rule._converters[name]).__name__ else "x" for name in rule.arguments
                }
                yield method, rule.endpoint, app.url_map.bind("portal.test").build(rule.endpoint, values, method=method)  # fmt: skip


def write(client: Browser, words: str = "Rubrik och text", **headers: str) -> TestResponse:
    return client.post(
        "/account", data={"csrf_token": client.csrf, "language": "en", "theme": "auto", "words": words}, headers=headers
    )


def test_s45_every_writing_route_is_limited(
    app: Edge, network: Network, sign_in: Sign, limited: Callable[..., None]
) -> None:
    limited(write_limit="1/hour")
    client = sign_in(network.member)
    assert write(client).status_code == 302
    routes = list(writing_routes(app))
    assert len(routes) > 90
    answered = {
        f"{method} {endpoint}": client.open(path, method=method).status_code for method, endpoint, path in routes
    }
    assert {name for name, status in answered.items() if status != 429} == APART
    assert client.get("/account").status_code == 200


def test_s45_a_person_an_organisation_and_an_address(
    network: Network, sign_in: Sign, limited: Callable[..., None], app: Edge
) -> None:
    member, secretary, observer = (sign_in(one) for one in (network.member, network.secretary, network.observer))
    limited(write_limit="2/hour")
    assert [write(member).status_code for _ in range(3)] == [302, 302, 429]
    assert write(secretary).status_code == 302
    web.limiter.reset()
    limited(organisation_write_limit="2/hour")
    assert [write(client).status_code for client in (secretary, observer, secretary, observer)] == [302, 302, 429, 429]
    assert write(member).status_code == 302  # of another organisation
    web.limiter.reset()
    limited(address_write_limit="3/hour")
    assert [write(client).status_code for client in (member, secretary, observer, member)] == [302, 302, 302, 429]
    stranger = app.test_client()
    assert [stranger.post("/account").status_code for _ in range(4)] == [401, 401, 401, 429]
    assert stranger.post("/account", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 401


def test_who_has_no_session_stops_nobody_behind_the_same_address(
    network: Network, sign_in: Sign, limited: Callable[..., None], app: Edge
) -> None:
    member, stranger = sign_in(network.member), app.test_client()
    limited(address_write_limit="2/hour")
    assert [stranger.post("/account").status_code for _ in range(4)] == [401, 401, 429, 429]
    assert [write(member).status_code for _ in range(3)] == [302, 302, 429]


def test_addresses_of_one_network_are_one(app: Edge, limited: Callable[..., None]) -> None:
    limited(address_write_limit="1/hour")
    client = app.test_client()

    def ask(address: str) -> int:
        return client.post("/account", environ_base={"REMOTE_ADDR": address}).status_code

    assert [ask("2001:db8:1:2::1"), ask("2001:db8:1:2:ffff::9"), ask("2001:db8:1:3::1")] == [401, 429, 401]
    assert [ask("192.0.2.1"), ask("::ffff:192.0.2.1"), ask("192.0.2.2"), ask("no address")] == [401, 401, 401, 401]


def test_the_answer_says_how_long_to_wait_and_loses_nothing(
    network: Network, sign_in: Sign, limited: Callable[..., None]
) -> None:
    limited(write_limit="1/minute")
    client = sign_in(network.member)
    with time_machine.travel(time.time(), tick=False) as clock:
        write(client)
        page = write(client, "Två meningar <b>som</b> inte får försvinna")
        part = write(client, **{"X-Fragment": "1"})
        data = write(client, Accept="application/json")
        clock.shift(61)
        assert write(client).status_code == 302
    for answer in (page, part, data):
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert "second" in answer.text
    assert "Två meningar &lt;b&gt;som&lt;/b&gt; inte får försvinna" in page.text
    assert "<html" in page.text
    assert "<html" not in part.text
    assert set(data.get_json()) == {"error", "message"}


def test_a_long_wait_is_told_in_minutes(network: Network, sign_in: Sign, limited: Callable[..., None]) -> None:
    limited(write_limit="1/hour")
    client = sign_in(network.member)
    with time_machine.travel(time.time(), tick=False):
        write(client)
        assert "60 minutes" in write(client).text


def _count(path: str, times: int) -> None:
    counters = CounterFile(f"counters://{path}")
    for _ in range(times):
        counters.incr("LIMITS/a", DAY)


def test_processes_count_together(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "limits.db")
    began = time.time()
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_count, args=(path, 200)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    counters = CounterFile(f"counters://{path}")
    assert counters.get("LIMITS/a") == 600
    assert began <= counters.get_expiry("LIMITS/a") - DAY <= time.time(), "the first one began the stretch"


def test_a_stretch_of_time_ends(tmp_path: Path) -> None:
    counters = CounterFile(f"counters://{tmp_path / 'a b.db'}")
    start = time.time()
    with time_machine.travel(start, tick=False) as clock:
        assert [counters.incr("a", 10), counters.incr("a", 10, 2), counters.incr("b", 100)] == [1, 3, 1]
        clock.shift(10)
        assert counters.get("a") == 0
        assert counters.incr("a", 10) == 1
        counters.clear("a")
        assert (counters.get("a"), counters.get("b")) == (0, 1)
        clock.shift(1000)
        for _ in range(1000):
            counters.incr("c", 10_000)
    with sqlite3.connect(tmp_path / "a b.db") as database:
        assert database.execute("SELECT name FROM counter").fetchall() == [("c",)]
    database.close()
    counters.reset()
    assert counters.get("c") == 0
    assert counters.check()
    (tmp_path / "folder").mkdir()
    assert not CounterFile(f"counters://{tmp_path / 'folder'}").check()


def test_when_the_counters_are_away_each_process_counts_for_itself(tmp_path: Path, built_front_end: Path) -> None:
    (tmp_path / "limits.db").mkdir()  # what is no file cannot be opened
    app = make_portal(tmp_path, address_write_limit="2/hour")
    with app.app_context():
        db.Base.metadata.create_all(db.engine())
    client = app.test_client()
    assert [client.post("/account").status_code for _ in range(3)] == [401, 401, 429]
    with app.app_context():
        db.engine().dispose()
    assert rate_limits.limiter._storage_dead
    rate_limits.limiter._storage_dead = False  # one limiter serves all apps of the tests
