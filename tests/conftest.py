"""What all tests share: an app on SQLite and on PostgreSQL, each test on an empty database, and people signed in to it."""

from __future__ import annotations

import contextvars
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import has_app_context
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from pydantic import SecretStr
from werkzeug.test import TestResponse

from config import Settings
from portal import create_app, db, db_engine
from portal.auth import sessions
from portal.people.models import Person
from portal.web import Edge
from tests import factories, servers
from tests.factories import Kept, Network

SECRET = "a-secret-of-the-tests-that-is-long-enough"
BACKENDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """One PostgreSQL server for each test process."""
    with servers.postgresql() as url:
        yield url


@pytest.fixture(scope="session", params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of an empty database of this test process."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('database') / 'portal.db'}"
    server = request.getfixturevalue("postgresql_url")
    engine = sa.create_engine(
        f"{server}/postgres".replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE portal_test")
    engine.dispose()
    return f"{server}/portal_test"


class Browser(FlaskClient):
    """A test client whose requests run in a context of their own, as a server's do.

    Inside the test's app context a request would share the test's database session, `g` and signed-in person.
    """

    csrf: str = ""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request."""
        kwargs.setdefault("buffered", True)  # read to the end, so that a sent file is closed
        if has_app_context():
            db.pause()  # the test's own transaction would hold the write lock of SQLite; what it forgot to commit is an error
        answer: TestResponse = contextvars.Context().run(super().open, *args, **kwargs)
        return answer


def send(client: Browser, where: str, **form: Any) -> TestResponse:
    return client.post(where, data={"csrf_token": client.csrf, **form})


def make_portal(data_dir: Path, database_url: str = "", **more: Any) -> Edge:
    """A portal for tests, without tables yet."""
    values = {
        "write_limit": "100000/minute",
        "organisation_write_limit": "100000/minute",
        "address_write_limit": "100000/minute",
        "sign_in_limit": "100000/minute",
        "public_limit": "100000/minute",
        "database_url": database_url,
        **more,
    }
    settings = Settings(
        secret_key=SecretStr(SECRET), base_url="https://portal.test", data_dir=data_dir, environment="test", **values
    )
    app = create_app(settings)
    app.testing = True
    app.test_client_class = Browser
    app.config.update(SERVER_NAME="portal.test", PREFERRED_URL_SCHEME="https")
    app.config["PROPAGATE_EXCEPTIONS"] = False  # the edge's own answers are what is tested
    return app


@pytest.fixture(scope="session")
def one_app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """The app of this test process, its tables made once."""
    app = make_portal(tmp_path_factory.mktemp("data"), database_url)
    sa.event.listen(app.extensions["engine"], "connect", _without_syncing)
    with app.app_context():
        db.Base.metadata.create_all(db.engine())
    yield app
    with app.app_context():
        db.engine().dispose()


@pytest.fixture
def own_portal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edge]:
    """A portal on a SQLite file of its own, to be broken; it waits half a second for a lock. Inside its app context."""
    monkeypatch.setattr(db_engine, "BUSY_SECONDS", 0.5)
    app = make_portal(tmp_path)
    with app.app_context():
        db.Base.metadata.create_all(db.engine())
        yield app
    with app.app_context():
        db.engine().dispose()


def _without_syncing(connection: Any, _record: object) -> None:
    """The tests' SQLite need not survive a power cut."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture
def app(one_app: Edge) -> Iterator[Edge]:
    """The app with an empty database, inside an app context of the test's own."""
    with one_app.app_context():
        yield one_app
    with one_app.app_context():
        db.reads_only(False)
        empty_tables()
        db.commit()
        for folder in ("files", "index", "mail"):
            shutil.rmtree(one_app.config["SETTINGS"].data_dir / folder, ignore_errors=True)
        one_app.extensions["search_engine"].close()


def empty_tables() -> None:
    """Delete all rows, asking once which tables have any: most tests touch few of them."""
    tables = db.Base.metadata.sorted_tables
    has_rows = sa.select(*(sa.exists(sa.select(1).select_from(table)).label(table.name) for table in tables))
    filled = db.session.execute(has_rows).one()._mapping
    for table in reversed(tables):
        if filled[table.name]:
            db.session.execute(sa.delete(table))


_kept: dict[str, Kept] = {}


@pytest.fixture
def network(app: Edge) -> Network:
    """A small network: three organisations, two groups, and people in each role."""
    made, place = Network(), str(db.engine().url)
    if place in _kept:
        made.put_back(_kept[place])
        db.commit()
    else:
        made.make()
        db.commit()
        _kept[place] = made.keep()
        db.rollback()
    return made


Sign = Callable[[Person], Browser]


def signed_in(app: Edge, person: Person) -> Browser:
    """A browser with a session as sign-in makes it, without the walk through a provider (tests/auth does that)."""
    client = app.test_client()
    assert isinstance(client, Browser)
    opened = sessions.PortalSession()
    sessions.start(opened, person=db.session.get_one(Person, person.id), user_agent="test")
    db.commit()
    assert opened.token is not None
    client.set_cookie("__Host-session", opened.token, domain="portal.test", secure=True)
    client.csrf = str(URLSafeTimedSerializer(SECRET, salt="wtf-csrf-token").dumps(opened["csrf_token"]))
    return client


@pytest.fixture
def sign_in(app: Edge) -> Sign:
    """Sign people in."""
    return partial(signed_in, app)


@pytest.fixture
def things(network: Network) -> dict[str, object]:
    """One of each thing in the network group, as addresses name them."""
    return factories.things(network, network.group)


def address(app: Edge, method: str, endpoint: str, values: dict[str, object]) -> str:
    """The address of a route with what stands in it."""
    rule = next(rule for rule in app.url_map.iter_rules(endpoint) if method in (rule.methods or ()))
    built = rule.build({key: values[key] for key in rule.arguments})
    assert built is not None
    return built[1]


def routes(app: Edge, *methods: str) -> list[tuple[str, str]]:
    """(method, endpoint) of every route that takes one of the methods."""
    return sorted(
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in methods
        if method in (rule.methods or ())
    )


@pytest.fixture(scope="session")
def built_front_end() -> Path:
    """The built front end, without which no page can be shown."""
    root = Path(__file__).resolve().parent.parent
    if not (root / "static/build/manifest.json").exists():
        raise RuntimeError("The front end is not built. Run 'make build'.")
    return root


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis server for this test process."""
    with servers.redis() as url:
        yield url


def pytest_configure() -> None:
    """No test may reach beyond this machine: a proxy in the environment would do it."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        os.environ.pop(name, None)
