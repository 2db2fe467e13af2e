"""What somebody wrote is never lost and never published unasked, whatever becomes of it on its way. In a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Locator, Page, Route, expect

from tests.browser.conftest import Open, Visitor
from tests.browser.test_main_line import EmailOf, bodies, start_thread, write
from tests.browser.test_waiting_posts import POSTS, quiet
from tests.servers import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LEADER = "Informationsnätverket (convener)"


def cut_posts(visitor: Visitor) -> list[str]:
    """Let no post through. Answers the bodies of those that were tried."""
    tried: list[str] = []

    def stop(route: Route) -> None:
        if route.request.method == "POST":
            tried.append(route.request.post_data or "")
            route.abort("internetdisconnected")
        else:
            route.continue_()

    visitor.context.route(POSTS, stop)
    return tried


def mend_posts(visitor: Visitor) -> None:
    """Let posts through again, and say so to the page."""
    visitor.context.unroute(POSTS)
    visitor.page.evaluate("document.dispatchEvent(new CustomEvent('portal:contact-back'))")


def pending(visitor: Visitor) -> Locator:
    return visitor.page.locator("article[data-pending]")


def kept_count(page: Page) -> int:
    """How many threads have posts in this browser that have not been sent."""
    count: int = page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('outbox:')).length")
    return count


def ask(visitor: Visitor, path: str, step: str) -> None:
    """What a button of the thread's menu does."""
    token = visitor.page.locator("input[name=csrf_token]").first.get_attribute("value") or ""
    answer = visitor.context.request.post(f"{visitor.address}{path}/state", form={"csrf_token": token, "step": step})
    assert answer.ok


def test_what_was_written_stays_where_a_thread_is_closed(visit: Open, email_of: EmailOf) -> None:
    one, leader = visit(email_of("RFSL", "")), visit(email_of("", LEADER))
    path = start_thread(one, "Stängs snart")
    leader.go(path)
    cut_posts(one)
    write(one, "Väntar när tråden stängs.")
    expect(pending(one).locator("[data-take-back]")).to_be_visible()
    one.page.locator("#composer-text").fill("Halvskrivet")
    ask(leader, path, "close")
    for _time in range(2):
        expect(one.page.locator("#composer-text")).to_have_count(0, timeout=60_000)
        expect(one.page.locator("[data-kept-text] textarea")).to_have_value("Halvskrivet")
        expect(pending(one).locator("textarea")).to_have_value("Väntar när tråden stängs.")
        expect(pending(one).locator("[data-take-back], [data-retry]")).to_have_count(0)
        one.page.reload()
    assert kept_count(one.page) == 1
    ask(leader, path, "open")
    expect(one.page.locator("#composer-text")).to_have_value("Halvskrivet", timeout=60_000)
    mend_posts(one)
    wait_for(lambda: "Väntar när tråden stängs." in bodies(one), seconds=60, what="the post")
    expect(one.page.locator("#composer-text")).to_have_value("Halvskrivet")
    quiet(one, "ERR_INTERNET_DISCONNECTED")


def test_a_page_of_something_in_between_is_no_receipt(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    path = start_thread(one, "Spärrat")
    tried: list[str] = []

    def block(route: Route) -> None:
        if route.request.method == "POST":
            tried.append(route.request.post_data or "")
            route.fulfill(status=200, content_type="text/html", body="<h1>Spärrat av brandväggen</h1>")
        else:
            route.continue_()

    one.context.route(POSTS, block)
    one.page.locator("#composer-kind").select_option("update")
    write(one, "En uppdatering.")
    expect(pending(one).locator("[data-retry]")).to_be_visible()
    one.page.locator("#composer-kind").select_option("reply")
    one.page.reload()
    expect(pending(one).locator("[data-time]")).to_contain_text(re.compile(r"20\d\d"))
    one.go("/library")
    expect(one.page.locator("[data-waiting-posts]")).to_be_visible()
    one.page.locator("[data-waiting-posts] a").click()
    assert len(tried) == 1, "nothing that failed is sent unasked"
    pending(one).locator("[data-take-back]").click()
    expect(one.page.locator("#composer-text")).to_have_value("En uppdatering.")
    expect(one.page.locator("#composer-kind")).to_have_value("update")
    assert kept_count(one.page) == 0
    one.context.unroute(POSTS)
    one.page.keyboard.press("Control+Enter")
    expect(one.page.locator("article.post-ngo[data-seq] .post-body")).to_have_text("En uppdatering.")
    one.go(path)
    assert bodies(one) == ["Här börjar det.", "En uppdatering."]


def test_a_kept_post_stays_what_it_was(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    start_thread(one, "En uppdatering väntar")
    cut_posts(one)
    one.page.locator("#composer-kind").select_option("update")
    write(one, "Fortfarande en uppdatering.")
    expect(pending(one).locator("[data-retry]")).to_be_visible()
    one.page.reload()
    expect(pending(one)).to_have_count(1)
    mend_posts(one)
    expect(one.page.locator("article.post-ngo[data-seq] .post-body")).to_have_text("Fortfarande en uppdatering.")
    quiet(one, "ERR_INTERNET_DISCONNECTED")


def test_every_page_sends_what_waits_and_says_so(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    path = start_thread(one, "Från en annan sida")
    cut_posts(one)
    for text in ("Ett.", "Två."):
        write(one, text)
    expect(pending(one).locator("[data-take-back]")).to_have_count(2)
    one.page.evaluate("localStorage.setItem('outbox:0:thread:1', '[]')")
    one.go("/groups")
    assert one.page.evaluate("localStorage.getItem('outbox:0:thread:1')") is None, "another person's"
    line = one.page.locator("[data-waiting-posts]")
    expect(line).to_contain_text("2")
    mend_posts(one)
    expect(line).to_be_hidden()
    assert kept_count(one.page) == 0
    one.go(path)
    assert bodies(one) == ["Här börjar det.", "Ett.", "Två."]
    expect(one.page.locator("#composer-text")).to_have_value("")
    quiet(one, "ERR_INTERNET_DISCONNECTED")


def test_a_day_old_post_waits_for_its_author(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    path = start_thread(one, "Gammalt")
    tried = cut_posts(one)
    write(one, "Igår.")
    expect(pending(one).locator("[data-retry]")).to_be_visible()
    one.go("/groups")
    one.page.evaluate(
        """() => { for (const key of Object.keys(localStorage)) if (key.startsWith("outbox:")) {
          localStorage.setItem(key, JSON.stringify(JSON.parse(localStorage.getItem(key)).map((one) => ({...one, at: one.at - 9e7}))));
        } }"""
    )
    tried.clear()
    one.go("/groups")
    expect(one.page.locator("[data-waiting-posts]")).to_be_visible()
    one.go(path)
    expect(pending(one).locator("[data-time]")).to_be_visible()
    assert tried == []
    one.context.unroute(POSTS)
    pending(one).locator("[data-retry]").click()
    wait_for(lambda: "Igår." in bodies(one), what="the post")
    quiet(one, "ERR_INTERNET_DISCONNECTED")


def test_signing_out_asks_first_and_the_portal_has_the_draft(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    path = start_thread(one, "Loggar ut")
    cut_posts(one)
    with one.page.expect_response(re.compile(r"/draft$")) as saved:
        write(one, "Hann inte fram.")
    assert "Hann inte fram." in (saved.value.request.post_data or "")
    leave = one.page.locator("form[data-sign-out]").first
    question = one.page.locator("dialog[data-unsent]")
    leave.evaluate("form => form.requestSubmit()")
    expect(question).to_be_visible()
    expect(question.locator("[data-text]")).to_contain_text("1")
    question.locator("[data-close]").click()
    expect(question).to_be_hidden()
    assert kept_count(one.page) == 1
    leave.evaluate("form => form.requestSubmit()")
    question.locator("[data-sign-out-now]").click()
    one.page.wait_for_url(lambda url: "/threads/" not in url)
    one.context.unroute(POSTS)
    quiet(one, "ERR_INTERNET_DISCONNECTED")
    again = visit(email_of("RFSL", ""))
    again.go(path)
    expect(again.page.locator("#composer-text")).to_have_value("Hann inte fram.")


def test_a_full_browser_says_that_it_keeps_nothing(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    start_thread(one, "Fullt")
    one.page.evaluate(
        """() => { for (let size = 2 ** 22; size >= 1; size = Math.floor(size / 2)) {
          for (let number = 0; ; number += 1) {
            try { localStorage.setItem(`fyllnad:${size}:${number}`, "x".repeat(size)); } catch { break; }
          }
        } }"""
    )
    cut_posts(one)
    write(one, "Får inte plats.")
    expect(pending(one).locator("[data-is-unkept]")).to_be_visible()
    asked: list[str] = []

    def note(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    one.page.on("dialog", note)
    one.page.reload()
    assert asked == ["beforeunload"]
    quiet(one, "ERR_INTERNET_DISCONNECTED")


def test_files_come_back_with_the_text_or_are_told_of(visit: Open, email_of: EmailOf, tmp_path: Path) -> None:
    one = visit(email_of("RFSL", ""))
    start_thread(one, "Med bilaga")
    made = tmp_path / "Bilaga.txt"
    made.write_text("En bilaga", encoding="utf-8")
    tried = cut_posts(one)
    one.page.locator("[data-attach]").set_input_files(made)
    write(one, "Se bilagan.")
    pending(one).locator("[data-take-back]").click()
    expect(one.page.locator("[data-attached] button")).to_contain_text("Bilaga.txt")
    expect(one.page.locator("#composer-text")).to_have_value("Se bilagan.")
    one.page.keyboard.press("Control+Enter")
    expect(pending(one).locator("[data-take-back]")).to_be_visible()
    tried.clear()
    one.page.reload()
    expect(pending(one).locator("[data-are-lost]")).to_contain_text("Bilaga.txt")
    expect(pending(one).locator("[data-time]")).to_be_visible()
    assert tried == [], "without its files it is not sent unasked"
    quiet(one, "ERR_INTERNET_DISCONNECTED")


def test_two_devices_keep_both_texts(visit: Open, email_of: EmailOf) -> None:
    one, elsewhere = visit(email_of("RFSL", "")), visit(email_of("RFSL", ""))
    path = start_thread(one, "Två enheter")
    elsewhere.go(path)

    def keep(visitor: Visitor, text: str) -> int:
        with visitor.page.expect_response(re.compile(r"/draft$")) as answer:
            visitor.page.locator("#composer-text").fill(text)
        return answer.value.status

    assert keep(one, "Från kontoret") == 200
    assert keep(elsewhere, "Från tåget") == 409
    field = elsewhere.page.locator("#composer-text")
    expect(field).to_have_value("Från tåget")
    with elsewhere.page.expect_response(re.compile(r"/draft$")) as answer:
        elsewhere.page.locator("[data-draft-line] [data-take]").click()
    assert answer.value.status == 200
    expect(field).to_have_value("Från tåget\n\nFrån kontoret")
    write(one, "Skickat från kontoret")
    wait_for(lambda: "Skickat från kontoret" in bodies(one), what="the post")
    third = visit(email_of("RFSL", ""))
    third.go(path)
    expect(third.page.locator("#composer-text")).to_have_value("Från tåget\n\nFrån kontoret")
