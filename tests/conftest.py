"""What all tests share: an app on SQLite and on PostgreSQL, each test on an empty database, and people signed in to it."""

from __future__ import annotations

import contextvars
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from config import Settings
from portal import create_app, db
from portal.auth import sessions
from portal.people.models import Person
from portal.web import Edge
from tests import servers
from tests.factories import Network

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
        answer: TestResponse = contextvars.Context().run(super().open, *args, **kwargs)
        return answer


@pytest.fixture(scope="session")
def one_app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """The app of this test process, its tables made once."""
    settings = Settings(
        secret_key=SECRET, base_url="https://portal.test", data_dir=tmp_path_factory.mktemp("data"),
        database_url=database_url, environment="test", write_limit="100000/minute", sign_in_limit="100000/minute",
    )  # type: ignore[arg-type,call-arg]  # pydantic reads strings as secrets  # fmt: skip
    app = create_app(settings)
    app.testing = True
    app.test_client_class = Browser
    app.config.update(SERVER_NAME="portal.test", PREFERRED_URL_SCHEME="https")
    app.config["PROPAGATE_EXCEPTIONS"] = False  # the edge's own answers are what is tested
    with app.app_context():
        db.Base.metadata.create_all(db.engine())
    yield app
    with app.app_context():
        db.engine().dispose()


@pytest.fixture
def app(one_app: Edge) -> Iterator[Edge]:
    """The app with an empty database, inside an app context of the test's own."""
    with one_app.app_context():
        yield one_app
    with one_app.app_context():
        db.reads_only(False)
        for table in reversed(db.Base.metadata.sorted_tables):
            db.session.execute(sa.delete(table))
        db.commit()
        for folder in ("files", "index"):
            shutil.rmtree(one_app.config["SETTINGS"].data_dir / folder, ignore_errors=True)
        one_app.extensions["search_engine"].close()


@pytest.fixture
def network(app: Edge) -> Network:
    """A small network: three organisations, two groups, and people in each role."""
    made = Network()
    db.commit()
    return made


Sign = Callable[[Person], Browser]


@pytest.fixture
def sign_in(app: Edge) -> Sign:
    """Sign a person in without the walk through a provider (tests/auth does that): a session as sign-in makes it."""

    def make(person: Person) -> Browser:
        client = app.test_client()
        assert isinstance(client, Browser)
        opened = sessions.PortalSession()
        sessions.start(opened, person=db.session.get_one(Person, person.id), user_agent="test")
        db.commit()
        assert opened.token is not None
        client.set_cookie("__Host-session", opened.token, domain="portal.test", secure=True)
        client.csrf = str(URLSafeTimedSerializer(SECRET, salt="wtf-csrf-token").dumps(opened["csrf_token"]))
        return client

    return make


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
