"""Fixtures of the sign-in tests: the demo's provider as a process, and browsers that visit portal and provider."""

from __future__ import annotations

import contextvars
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import db
from portal.auth import actions, sealing
from portal.auth.models import IdentityProvider
from portal.people.models import Organisation
from portal.web import Edge
from tests.auth.demo_provider import Browser, DemoProvider, organisation
from tests.auth.evil_provider import CLIENT_ID, CLIENT_SECRET, EvilProvider
from tests.conftest import SECRET

PORTAL = "https://portal.test"
COOKIE = "__Host-session"
SLUGS = ("myndigheten", "foreningen")
# Rows get new ids all through a test run, and each has a redirect URI of its own.
REDIRECT_URIS = [f"{PORTAL}/sign-in/{number}/callback" for number in range(1, 400)]


@dataclass
class Visitor:
    """One browser: the portal's cookies in a Flask test client, the provider's in `elsewhere`."""

    client: FlaskClient
    elsewhere: Browser = field(default_factory=Browser)

    def get(self, path: str, **query: str | list[str]) -> TestResponse:
        """Open a page."""
        return self.ask("GET", path, query_string=query)

    def ask(self, method: str, path: str, **more: Any) -> TestResponse:
        """Any request. The test lets go of the database, since the portal may want to write, and of its app context,
        since Flask would answer within it and keep what it knows of this request for the next one."""
        db.rollback()
        return contextvars.Context().run(partial(self.client.open, path, method=method, **more))

    def post(self, path: str, token_from: str = "/sign-in", **form: str) -> TestResponse:
        """Post a form with the token that the page `token_from` holds."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(token_from).text)
        return self.ask("POST", path, data={"csrf_token": found.group(1) if found else "", **form})

    def begin(self, provider_id: int, **query: str) -> str:
        """Press the button; the provider's address that the portal sends the browser to."""
        answer = self.get(f"/sign-in/{provider_id}", **query)
        assert answer.status_code == 303
        return answer.headers["Location"]

    def sign_in(self, provider_id: int, sub: str, **query: str) -> TestResponse:
        """The whole way, with the demo's provider."""
        params = self.elsewhere.sign_in(self.begin(provider_id, **query), sub)
        return self.get(f"/sign-in/{provider_id}/callback", **params)

    @property
    def cookie(self) -> str | None:
        """The value of the session's cookie."""
        kept = self.client.get_cookie(COOKIE, domain="portal.test")
        return kept.value if kept else None

    def is_in(self) -> bool:
        """Whether a page behind the gate opens."""
        return self.get("/groups").status_code == 200


@pytest.fixture
def visit(app: Edge, built_front_end: Path) -> Callable[[], Visitor]:
    """Makes browsers."""

    def make() -> Visitor:
        client = app.test_client()
        client.environ_base.update({"wsgi.url_scheme": "https", "HTTP_HOST": "portal.test"})
        return Visitor(client)

    return make


@pytest.fixture(scope="session")
def demo_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProvider]:
    """The demo's provider with two organisations."""
    folder = tmp_path_factory.mktemp("idp")
    values = {"redirect_uris": REDIRECT_URIS, "post_logout_redirect_uris": [f"{PORTAL}/sign-in"]}
    started = DemoProvider(
        folder, [organisation(slug, REDIRECT_URIS[0], organisation_number=None, **values) for slug in SLUGS]
    )
    yield started
    started.stop()


def add_demo(demo: DemoProvider, of: Organisation) -> IdentityProvider:
    """The row of a demo organisation's provider."""
    client = organisation(of.slug, "")
    provider = actions.add_provider(
        of,
        issuer=demo.issuer(of.slug),
        client_id=client["client_id"],
        sealed_secret=sealing.seal(client["client_secret"], key=SECRET),
        by=None,
    )
    db.commit()
    return provider


def add_evil(evil: EvilProvider, of: Organisation) -> IdentityProvider:
    """The row of a provider that may lie."""
    secret = sealing.seal(CLIENT_SECRET, key=SECRET)
    provider = actions.add_provider(of, issuer=evil.issuer, client_id=CLIENT_ID, sealed_secret=secret, by=None)
    db.commit()
    return provider
