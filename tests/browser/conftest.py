"""Chromium on the running demo: pages that complain in the console fail their test."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, WebSocketRoute, expect, sync_playwright

from tests import mail_server
from tests.browser.stack import ROOT, Stack, running
from tests.mail_server import MailServer

expect.set_options(timeout=30_000)  # a slow machine is no fault of the portal's
EXPECTED_NOISE = re.compile(
    r"net::ERR_INTERNET_DISCONNECTED|net::ERR_CONNECTION|WebSocket connection to|422|409|ERR_EMPTY_RESPONSE|502|xhr poll"
)


@pytest.fixture(scope="session")
def mails() -> Iterator[MailServer]:
    """The mail server that the demo sends through."""
    with mail_server.running() as made:
        yield made


@pytest.fixture(scope="session")
def dkim_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the key lies that the demo signs its mail with."""
    return tmp_path_factory.mktemp("dkim") / "key"


@pytest.fixture(scope="session")
def dkim_record(dkim_key: Path) -> bytes:
    """What the name servers say about it."""
    return mail_server.signing_key(dkim_key)


@pytest.fixture(scope="session")
def stack(mails: MailServer, dkim_key: Path, dkim_record: bytes) -> Iterator[Stack]:
    """The running demo."""
    with running(
        PORTAL_SMTP_URL=mails.url, PORTAL_REPLY_TO="svar@portal.example", PORTAL_MAIL_CHECKED_BY="mx.portal.example",
        PORTAL_DKIM_KEY_FILE=str(dkim_key), PORTAL_DKIM_SELECTOR="portal1",
    ) as made:  # fmt: skip
        yield made


@pytest.fixture(scope="session")
def people(stack: Stack) -> list[dict[str, str]]:
    """The demo's people: name, email, organisation, and groups with roles such as "LAMP (convener)"."""
    answer = stack.flask("demo", "people")
    assert answer.returncode == 0, answer.stderr
    rows = [line.split("\t") for line in answer.stdout.splitlines() if line.count("\t") == 3]
    return [dict(zip(("name", "email", "organisation", "groups"), row, strict=True)) for row in rows]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("chromium is not installed. Run 'make setup-tests' as root.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync"],
        )  # fmt: skip
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody at a browser."""

    page: Page
    context: BrowserContext
    address: str
    complaints: list[str] = field(default_factory=list)
    sockets: list[WebSocketRoute] = field(default_factory=list)
    is_cut: bool = False

    def go(self, path: str) -> None:
        """Open a page of the portal."""
        self.page.goto(self.address + path)

    def cut(self) -> None:
        """Cut the network: open sockets are closed, nothing gets through until `mend`."""
        self.is_cut = True
        self.context.route("**/*", lambda route: route.abort("internetdisconnected"))
        for socket in self.sockets:
            socket.close(code=3000, reason="cut")
        self.sockets.clear()

    def mend(self) -> None:
        """The network is back; the browser says so to its pages."""
        self.is_cut = False
        self.context.unroute("**/*")
        self.page.evaluate("window.dispatchEvent(new Event('online'))")

    def _on_socket(self, route: WebSocketRoute) -> None:
        if self.is_cut:
            route.close(code=3000, reason="cut")
        else:
            route.connect_to_server()
            self.sockets.append(route)

    def watch_sockets(self) -> None:
        """Make `cut` reach sockets too (Chromium's own offline mode leaves open ones alone)."""
        self.context.route_web_socket("**/*", self._on_socket)

    def sign_in(self, email: str) -> None:
        """Walk the whole way: work e-mail, organisation, its provider, back."""
        self.go("/sign-in")
        self.page.get_by_label(re.compile("e-postadress|e-mail address")).fill(email)
        self.page.keyboard.press("Enter")
        self.page.locator("[data-continue]").click()
        choice, menu = self.page.get_by_role("button", name=email), self.page.locator("nav.groups")
        choice.or_(menu).first.wait_for(state="attached")  # whoever is known to the provider still is not asked again
        if choice.count():
            choice.click()
        menu.wait_for(state="attached")


Open = Callable[..., Visitor]


@pytest.fixture
def visit(chromium: Browser, stack: Stack) -> Iterator[Open]:
    """Open browsers for as many people as a test needs. What their consoles say against the page fails the test."""
    visitors: list[Visitor] = []

    def make(email: str | None = None, **options: Any) -> Visitor:
        context = chromium.new_context(**({"locale": "sv-SE", "viewport": {"width": 1280, "height": 900}} | options))
        context.set_default_timeout(30_000)
        visitor = Visitor(context.new_page(), context, stack.address)

        def listen(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"} and not EXPECTED_NOISE.search(message.text):
                visitor.complaints.append(f"{message.text} ({message.location.get('url')})")

        visitor.page.on("console", listen)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        visitors.append(visitor)
        if email is not None:
            visitor.sign_in(email)
        return visitor

    yield make
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    for visitor in visitors:
        visitor.context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def axe_source() -> str:
    """axe-core, from npm."""
    return (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def email_of(people: list[dict[str, str]]) -> Callable[[str, str], str]:
    """The address of the first person of an organisation with a role in a group, such as "LAMP (convener)"."""

    def find(organisation: str, membership: str = "") -> str:
        for person in people:
            if (not organisation or person["organisation"] == organisation) and membership in person["groups"]:
                return person["email"]
        raise LookupError(f"nobody of {organisation} is {membership}")

    return find


def screenshots_folder() -> Path:
    """Where tests may leave pictures for somebody to look at."""
    folder = ROOT / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
