"""What waits to be sent, and what an open page learns of slow mode and suspension, in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Route, expect

from portal.times import today
from tests.browser.conftest import Open, Visitor
from tests.browser.test_main_line import NETWORK, EmailOf, bodies, start_thread, write
from tests.servers import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

POSTS = re.compile(r"/threads/\d+/posts$")


def quiet(visitor: Visitor, *statuses: str) -> None:
    """The browser notes what was refused on purpose."""
    visitor.complaints[:] = [text for text in visitor.complaints if not any(one in text for one in statuses)]


def test_a_post_waits_over_a_reload_and_two_tabs_send_it_once(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    path = start_thread(one, "Utan kontakt")
    sent: list[str] = []
    is_cut = [True]

    def stop(route: Route) -> None:
        if route.request.method == "POST" and is_cut[0]:
            route.abort("internetdisconnected")
            return
        if route.request.method == "POST":
            sent.append(route.request.post_data or "")
        route.continue_()

    one.context.route(POSTS, stop)
    write(one, "Första väntar.")
    waiting = one.page.locator("article.post-failed")
    expect(waiting).to_have_count(1)
    write(one, "Andra väntar.")
    expect(waiting).to_have_count(2)
    one.page.reload()
    expect(waiting).to_have_count(2)
    expect(one.page.locator("#composer-text")).to_have_value("")
    second = one.context.new_page()
    second.goto(one.page.url)
    expect(second.locator("article.post-failed")).to_have_count(2)
    is_cut[0] = False
    for page in (one.page, second):
        page.evaluate("document.dispatchEvent(new CustomEvent('portal:contact-back'))")
    wanted = ["Här börjar det.", "Första väntar.", "Andra väntar."]
    wait_for(lambda: bodies(one) == wanted, seconds=60, what="both posts in order, each once")
    expect(waiting).to_have_count(0)
    expect(second.locator("article.post-failed, article.post-sending")).to_have_count(0)
    # a tab may see a moment late that the other one has sent a post; its name keeps it one
    assert len(sent) <= 3
    assert len({name for form in sent for name in re.findall(r'"client_id"\s+([0-9a-f-]{36})', form)}) == 2
    second.close()
    one.go(path)
    assert bodies(one) == wanted
    assert one.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('outbox:')).length") == 0
    quiet(one, "ERR_INTERNET_DISCONNECTED")


def test_slow_mode_lets_a_post_wait_and_sends_it(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    leader = visit(email_of("", "Informationsnätverket (convener)"))
    path = start_thread(one, "Långsamt")
    leader.go(f"{path}/pace")
    leader.page.locator("select[name=seconds]").select_option("30")
    leader.page.locator("input[name=reason]").fill("Det går fort")
    leader.page.locator("main form button[type=submit]").click()
    expect(leader.page.get_by_role("heading", level=1)).to_have_text("Långsamt")
    one.go(path)
    expect(one.page.locator("[data-slow]")).to_be_visible()
    # sent as soon as the first one has arrived, the second one is too early however slow the machine is
    write(one, "Först ut.")
    write(one, "För tidigt, men det väntar.")
    second = one.page.locator("article.post-failed", has_text="För tidigt")
    expect(second.locator("[data-seconds]")).to_contain_text(re.compile(r"\d+ s"), timeout=90_000)
    wanted = ["Här börjar det.", "Först ut.", "För tidigt, men det väntar."]
    wait_for(lambda: bodies(one) == wanted, seconds=90, what="the posts that waited, in order")
    expect(one.page.locator("article.post-failed")).to_have_count(0)
    quiet(one, "429")


def test_whoever_is_suspended_sees_why_on_the_open_page(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    leader = visit(email_of("", "Informationsnätverket (convener)"))
    start_thread(one, "Avstängd")
    one.page.locator("#composer-text").fill("Halvskriven text")
    name = one.page.locator("html").get_attribute("data-person")
    leader.go(f"{NETWORK}/moderation")
    leader.page.locator("details.fold summary").click()
    leader.page.locator("select[name=person]").select_option(name)
    leader.page.locator("input[name=until_on]").fill((today() + timedelta(days=1)).isoformat())
    leader.page.locator("#suspend-reason").fill("Tre varningar räcker")
    leader.page.locator("form[action$=suspensions] button[type=submit]").click()
    expect(one.page.get_by_text("Tre varningar räcker")).to_be_visible(timeout=30_000)
    expect(one.page.locator("#composer-text")).to_have_count(0)
    expect(one.page.locator("[data-kept-text] textarea")).to_have_value("Halvskriven text")
    leader.page.locator("form[action$='/end'] button").click()
    expect(one.page.locator("#composer-text")).to_have_value("Halvskriven text", timeout=30_000)


def test_a_draft_follows_to_another_device(visit: Open, email_of: EmailOf) -> None:
    one, elsewhere = visit(email_of("RFSL", "")), visit(email_of("RFSL", ""))
    path = start_thread(one, "Utkast")

    def keep(visitor: Visitor, text: str) -> None:
        with visitor.page.expect_response(re.compile(r"/draft$"), timeout=30_000):
            visitor.page.locator("#composer-text").fill(text)

    keep(one, "Halvvägs")
    elsewhere.go(path)
    field = elsewhere.page.locator("#composer-text")
    expect(field).to_have_value("Halvvägs")
    expect(elsewhere.page.locator(".draft-note")).to_be_visible()
    keep(elsewhere, "Halvvägs och lite till")
    one.page.reload()
    expect(one.page.locator("#composer-text")).to_have_value("Halvvägs")  # what is typed here is not overwritten
    one.page.locator("[data-take]").click()
    expect(one.page.locator("#composer-text")).to_have_value("Halvvägs och lite till")
    one.page.keyboard.press("Control+Enter")
    wait_for(lambda: "Halvvägs och lite till" in bodies(one), what="the post")
    third = visit(email_of("RFSL", ""))
    third.go(path)
    expect(third.page.locator("#composer-text")).to_have_value("")
