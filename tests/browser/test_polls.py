"""A date poll in a real browser: what one answers, the other sees; and the form gets rows without leaving the page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.test_main_line import EmailOf

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_two_people_see_a_poll_s_result_live(visit: Open, email_of: EmailOf) -> None:
    convener, member = visit(email_of("", "LAMP (convener)")), visit(email_of("Länsstyrelsen i Örebro län", "LAMP"))
    for one in (convener, member):
        one.go("/groups/lamp/polls")
        one.page.locator("main").get_by_role("link", name=re.compile("vilka dagar passar")).click()
        expect(one.page.get_by_role("heading", level=1)).to_contain_text("vilka dagar passar")
    result = convener.page.locator("#poll-result")
    before = int(result.locator(".poll-sum strong").inner_text())
    opened = result.locator("details").first
    opened.locator("summary").click()
    for row in member.page.locator(".poll-row").all():
        row.get_by_label("Nej").check()
    member.page.get_by_label(re.compile("sammankallande")).fill("Ingen av dagarna, tyvärr.")
    member.page.locator(".poll-mine button[type=submit]").click()
    expect(member.page.locator(".notice-done")).to_be_visible()
    expect(result.locator(".poll-sum strong")).to_have_text(str(before + 1))
    expect(convener.page.get_by_text("Ingen av dagarna, tyvärr.")).to_be_visible()
    expect(result.locator("details[open]")).to_have_count(1)  # what was opened stays open
    buttons = [one.page.locator("#poll-result .for-leaders").first for one in (convener, member)]
    expect(buttons[0]).to_be_visible()
    expect(buttons[1]).to_be_hidden()


def test_the_form_gets_more_rows(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("", "LAMP (convener)"))
    one.go("/groups/lamp/polls/new")
    rows = one.page.locator(".poll-time")
    expect(rows).to_have_count(5)
    rows.nth(4).locator("input").nth(0).fill("2031-05-05")
    rows.nth(4).locator("input").nth(1).fill("09:00")
    rows.nth(4).locator("input").nth(2).fill("10:00")
    one.page.locator("[data-poll-more]").click()
    expect(rows).to_have_count(6)
    expect(rows.nth(5).locator("input").nth(0)).to_have_value("")
    expect(rows.nth(5).locator("input").nth(1)).to_have_value("09:00")
    expect(rows.nth(5).locator("input").nth(0)).to_be_focused()
    names = rows.locator("input").evaluate_all("all => all.map(a => a.name)")
    assert len(set(names)) == 18
