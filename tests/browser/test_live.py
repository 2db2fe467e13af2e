"""The live edge on a real server: what strangers and broken answers do to it."""

from __future__ import annotations

import re
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


def test_a_post_whose_event_is_lost_comes_all_the_same(visit: Open, email_of: EmailOf) -> None:
    """The socket stays, the event never comes, and the first two questions for what is missing are not answered."""
    one = visit(email_of("RFSL", ""))
    other = visit(email_of("", "Informationsnätverket (convener)"))
    path = start_thread(other, "Tappad händelse")

    def without_items(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: None if '"items"' in str(message) else socket.send(message))

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
