"""The live edge on a real server: what strangers and broken answers do to it."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

import pytest
import websocket
from playwright.sync_api import Route, WebSocketRoute, expect

from tests.browser.conftest import Open
from tests.browser.stack import Stack
from tests.browser.test_main_line import EmailOf, bodies, start_thread, write
from tests.servers import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_s24_a_stranger_s_websocket_is_refused_before_it_opens(stack: Stack) -> None:
    address = f"{stack.address.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    for _ in range(40):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            websocket.create_connection(address, timeout=10)
        assert refused.value.status_code == 401
    assert stack.is_up()


def test_frames_are_ours_also_where_a_browser_offers_to_unpack(visit: Open, email_of: EmailOf, stack: Stack) -> None:
    """They are made once for all readers, so not packed for one of them."""
    one = visit(email_of("RFSL", ""))
    cookie = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in one.context.cookies())
    host = stack.address.removeprefix("http://")
    request = (
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}\r\nOrigin: {stack.address}\r\nCookie: {cookie}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )
    with socket.create_connection((host.split(":")[0], int(host.split(":")[1])), timeout=60) as connection:
        connection.sendall(request.encode())
        came = b""
        while b"\r\n\r\n" not in came or len(came.partition(b"\r\n\r\n")[2]) < 3:
            came += connection.recv(4096)
    head, _end, first = came.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")
    assert (first[0], first[2:3]) == (0x81, b"0")


def test_a_post_whose_event_is_lost_comes_all_the_same(visit: Open, email_of: EmailOf) -> None:
    """The socket stays, the event never comes, and the first two questions for what is missing are not answered."""
    one = visit(email_of("RFSL", ""))
    other = visit(email_of("", "Informationsnätverket (convener)"))
    path = start_thread(other, "Tappad händelse")

    def without_items(opened: WebSocketRoute) -> None:
        server = opened.connect_to_server()
        server.on_message(lambda message: None if '"items"' in str(message) else opened.send(message))

    refused: list[str] = []

    def refuse_twice(route: Route) -> None:
        if len(refused) < 2:
            refused.append(route.request.url)
            route.fulfill(status=503, body="<p>Nej</p>")
        else:
            route.continue_()

    one.context.route_web_socket("**/*", without_items)
    one.go(path)
    expect(one.page.locator("[data-presence] li")).to_have_count(1)
    one.context.route(re.compile(r"/posts\?after="), refuse_twice)
    write(other, "Den här kom aldrig fram.")
    wait_for(lambda: len(bodies(other)) == 2, what="the post at its author's")
    expect(one.page.get_by_text("Den här kom aldrig fram.")).to_be_visible(timeout=60_000)
    assert len(refused) == 2
    one.complaints[:] = [text for text in one.complaints if "503" not in text]


def test_another_tab_does_not_drop_a_draft_that_is_still_on_its_way(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    one.go("/groups/informationsnatverket/threads/new")
    one.page.get_by_label("Rubrik").fill("Viktigt")
    one.page.get_by_label("Första inlägget").fill("En lång text som ingen får tappa.")
    held: list[Route] = []
    one.page.route(
        "**/threads/new", lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    one.page.get_by_role("button", name="Starta tråden").click(no_wait_after=True)
    wait_for(held_by(one.page.wait_for_timeout, held), what="the form on its way")
    tab = one.context.new_page()
    tab.goto(one.address + "/groups")
    expect(tab.get_by_role("heading", level=1)).to_be_visible()
    tab.close()
    error_page = one.context.request.get(one.address + "/nowhere").text()
    held[0].fulfill(status=503, content_type="text/html; charset=utf-8", body=error_page)
    expect(one.page.get_by_role("heading", level=1)).to_have_text("Sidan finns inte här")
    one.page.unroute("**/threads/new")
    one.go("/groups/informationsnatverket/threads/new")
    expect(one.page.get_by_label("Första inlägget")).to_have_value("En lång text som ingen får tappa.")
    one.complaints[:] = [text for text in one.complaints if "503" not in text]


def held_by(turn: Callable[[float], None], held: list[Route]) -> Callable[[], bool]:
    """Whether something is held; each look gives the browser a turn."""

    def look() -> bool:
        turn(50)
        return bool(held)

    return look


def test_the_numbers_of_the_frame_are_live_on_every_page(visit: Open, email_of: EmailOf) -> None:
    reader, writer = visit(email_of("RFSL", "")), visit(email_of("", "Informationsnätverket (convener)"))
    path = start_thread(writer, "Nytt i nätverket")
    reader.go("/library")
    place = reader.page.locator('a.nav-row[href="/groups/informationsnatverket"] .count-place')
    expect(place).to_have_text(re.compile(r"\d+"))
    before = int(re.findall(r"\d+", place.inner_text())[0])
    write(writer, "Ett till")
    expect(place).to_have_text(re.compile(rf"^{before + 1}\b"))
    expect(reader.page).to_have_title(re.compile(r"^\(\d+\) "))
    reader.page.context.new_page().goto(reader.address + path)  # read in another tab
    expect(place).not_to_have_text(re.compile(rf"^{before + 1}\b"))


@pytest.mark.parametrize("does", ["refuses", "swallows"])
def test_where_websockets_do_not_get_through_long_polling_brings_posts(
    does: str, visit: Open, email_of: EmailOf
) -> None:
    """Some proxies refuse a WebSocket; worse ones let it open and carry nothing."""
    one = visit(email_of("RFSL", ""))
    other = visit(email_of("", "Informationsnätverket (convener)"))
    other.context.route_web_socket(
        "**/socket.io/**", lambda route: route.close(code=1011, reason="no") if does == "refuses" else None
    )
    polls: list[str] = []
    other.page.on("request", lambda request: polls.append(request.url) if "transport=polling" in request.url else None)
    path = start_thread(one, f"Bakom en proxy som {does}")
    other.go(path)
    expect(one.page.locator("[data-presence] li")).to_have_count(1, timeout=60_000)
    asked: list[str] = []
    other.page.on("request", lambda request: asked.append(request.url) if "/posts?after=" in request.url else None)
    write(one, "Det kom fram ändå.")
    expect(other.page.get_by_text("Det kom fram ändå.")).to_be_visible()
    assert polls
    assert asked == [], "it came by itself, not because the page asked for it"
    other.complaints[:] = [one for one in other.complaints if "WebSocket" not in one]
