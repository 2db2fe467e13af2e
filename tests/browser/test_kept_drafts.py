"""A draft stays until the portal has its text, and comes back as what it was meant to be. In a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Open, Visitor
from tests.browser.stack import Stack
from tests.browser.test_main_line import NETWORK, EmailOf, start_thread
from tests.browser.test_waiting_posts import quiet

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MAY_STATE = """
from portal.people.actions import set_speaker
set_speaker(person, is_speaker=True, by=person)
db.commit()
"""


def test_only_the_portal_says_that_a_text_arrived(visit: Open, email_of: EmailOf) -> None:
    """Not a page of something in between, which has no script of ours, nor that the browser went on somewhere else."""
    one = visit(email_of("RFSL", ""))
    new, text = f"{NETWORK}/threads/new", "En lång text som ingen får tappa."
    one.go(new)
    field, start = one.page.get_by_label("Första inlägget"), one.page.get_by_role("button", name="Starta tråden")
    field.fill(text)
    for answer in (502, 200, None):
        refuse_form(one, answer)
        one.page.get_by_label("Rubrik").fill("Kommer den fram?")
        start.click(no_wait_after=True)
        if answer:
            expect(one.page.get_by_text("Något stod emellan")).to_be_visible()
        else:
            expect(field).to_have_count(0)  # the browser's own page
        one.context.unroute("**/threads/new")
        one.go("/groups")
        one.go(new)
        expect(field).to_have_value(text)
    one.page.get_by_label("Rubrik").fill("Den kom fram")
    start.click()
    expect(one.page.locator("article.post .post-body")).to_have_text(text)
    one.go(new)
    expect(one.page.locator("h1")).to_be_visible()
    one.page.wait_for_load_state("load")
    expect(field).to_have_value("")
    assert (
        one.page.evaluate("Object.keys(localStorage).filter((key) => /^(draft|sent):.*new-thread|^sent:/.test(key))")
        == []
    )
    quiet(one, "502", "ERR_INTERNET_DISCONNECTED", "favicon.ico")


def refuse_form(visitor: Visitor, status: int | None) -> None:
    """A plain form is answered by a stranger's page, or by nothing at all."""

    def refuse(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
        elif status:
            route.fulfill(status=status, content_type="text/html; charset=utf-8", body="<h1>Något stod emellan</h1>")
        else:
            route.abort("internetdisconnected")

    visitor.context.route("**/threads/new", refuse)


def test_the_tick_of_a_statement_comes_back_with_its_draft_and_goes_with_it(
    visit: Open, email_of: EmailOf, stack: Stack
) -> None:
    """Neither does a statement become an ordinary post unseen, nor an ordinary post a statement."""
    writer = email_of("", "Informationsnätverket (secretary)")
    stack.with_person(writer, MAY_STATE)
    one = visit(writer)
    path = start_thread(one, "Uttalande")
    field, tick = one.page.locator("#composer-text"), one.page.locator("#composer-statement")
    note = one.page.locator(".draft-note")

    def reload() -> None:
        one.page.reload()
        expect(field).to_have_value("Vi anser")

    field.fill("Vi anser")
    reload()
    expect(tick).not_to_be_checked()
    tick.check()
    reload()
    expect(tick).to_be_checked()
    expect(note.locator("[data-ticked]")).to_have_text("Ikryssat som förut: Officiellt uttalande.")
    field.fill("")
    expect(tick).not_to_be_checked()
    field.fill("Vi anser")
    reload()
    expect(tick).not_to_be_checked()
    expect(note.locator("[data-ticked]")).to_be_hidden()
    tick.check()
    reload()
    note.locator("[data-draft-drop]").click()
    expect(tick).not_to_be_checked()

    # what the guard has stopped stays a statement over a reload
    field.fill("Vi anser 811228-9874")
    tick.check()
    field.press("Control+Enter")
    expect(one.page.locator("[data-guard]")).to_be_visible()
    one.page.reload()
    expect(field).to_have_value("Vi anser 811228-9874")
    expect(tick).to_be_checked()
    field.press("End")
    for _sign in " 811228-9874":
        field.press("Backspace")
    field.press("Control+Enter")
    expect(one.page.locator("article.post[data-seq].post-statement .post-body")).to_have_text("Vi anser")
    expect(tick).not_to_be_checked()
    one.go(path)
    expect(one.page.locator("article.post[data-seq]")).to_have_count(2)
    expect(field).to_have_value("")
    expect(tick).not_to_be_checked()
    quiet(one, "422")
