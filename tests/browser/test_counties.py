"""The map of the counties by keyboard and by ear, and a round of situation reports from its preparing to what it shows."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from portal.times import today
from tests.browser.conftest import Open, Visitor
from tests.browser.test_main_line import EmailOf

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def show_autumn(visitor: Visitor) -> Page:
    """The map of the demo's round that is being answered, whatever rounds other tests have opened."""
    visitor.go("/counties")
    options = visitor.page.locator("#round option")
    values = [option.get_attribute("value") for option in options.all() if "Hösten" in option.inner_text()]
    assert values[0]
    visitor.go(f"/counties?round={values[0]}")
    return visitor.page


def walked(page: Page) -> int:
    """How many counties can be reached with the arrow keys from the one that has the focus."""
    seen, waiting = set(), [page.evaluate("document.activeElement.dataset.county")]
    while waiting:
        code = waiting.pop()
        if code in seen:
            continue
        seen.add(code)
        for key in ("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"):
            page.locator(f"a.county[data-county={code}]").press(key)
            waiting.append(page.evaluate("document.activeElement.dataset.county"))
    return len(seen)


def test_the_map_is_walked_with_the_arrow_keys_and_says_where_each_county_stands(
    visit: Open, email_of: EmailOf
) -> None:
    page = show_autumn(visit(email_of("Länsstyrelsen i Örebro län", "LAMP")))
    county_map = page.get_by_role("group", name="Karta: hur långt länens lägesrapporter har kommit")
    expect(county_map.get_by_role("link")).to_have_count(21)
    heard = county_map.aria_snapshot()
    for words in ("Stockholms län: Inlämnad", "Kronobergs län: Påbörjad", "Gävleborgs län: Saknas"):
        assert words in heard
    assert county_map.locator("a[tabindex='0']").count() == 1  # one stop of the Tab key
    county_map.locator("a[tabindex='0']").focus()
    expect(page.locator("a.county[data-county=T]")).to_be_focused()  # the own county first
    expect(page.locator("tr[data-county=T]")).to_have_class(re.compile("is-marked"))
    for key, code in (("ArrowRight", "U"), ("ArrowUp", "X"), ("ArrowUp", "Y"), ("End", "T"), ("Home", "AB")):
        page.keyboard.press(key)
        expect(page.locator(f"a.county[data-county={code}]")).to_be_focused()
    expect(page.locator("tr[data-county=AB]")).to_have_class(re.compile("is-marked"))
    assert walked(page) == 21  # the arrow keys alone lead to every county
    page.keyboard.press("Tab")
    expect(page.locator("a.county:focus")).to_have_count(0)
    page.locator("a.county[data-county=AB]").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Stockholms län")


def test_the_table_says_the_same_and_is_sorted_by_links(visit: Open, email_of: EmailOf) -> None:
    page = show_autumn(visit(email_of("Länsstyrelsen i Örebro län", "LAMP")))
    rows = page.locator("[data-county-table] tbody tr")
    expect(rows).to_have_count(21)
    drawn = {
        one.get_attribute("data-county"): one.get_attribute("aria-label") or ""
        for one in page.locator("a.county").all()
    }
    for row in rows.all():
        word = row.locator(".report-state").inner_text().strip()
        assert drawn[row.get_attribute("data-county")].endswith((word, word.removesuffix(" sent")))
    page.get_by_role("columnheader", name="Län", exact=True).get_by_role("link").click()
    expect(rows.first).to_have_attribute("data-county", "K")  # Blekinge
    expect(rows.last).to_have_attribute("data-county", "E")  # Östergötland: ö comes last
    page.get_by_role("columnheader", name="Stödbehov").get_by_role("link").click()
    expect(rows.first).to_have_attribute("data-county", re.compile("^(AB|M)$"))


def test_in_print_the_map_needs_no_colour(visit: Open, email_of: EmailOf) -> None:
    page = show_autumn(visit(email_of("Länsstyrelsen i Örebro län", "LAMP")))
    page.emulate_media(media="print")
    fill = page.locator("a.county-in path").first.evaluate("one => getComputedStyle(one).fill")
    assert fill == "rgb(0, 0, 0)"
    assert "url" in page.locator("a.county-half path").first.evaluate("one => getComputedStyle(one).fill")
    assert page.locator("a.county-none path").first.evaluate("one => getComputedStyle(one).strokeDasharray") != "none"


def test_a_round_from_its_questions_to_all_answers(visit: Open, email_of: EmailOf) -> None:
    convener, county = visit(email_of("", "LAMP (convener)")), visit(email_of("Länsstyrelsen i Örebro län", "LAMP"))
    lead, page = convener.page, county.page
    convener.go("/groups/lamp/rounds/new")
    lead.get_by_label("Rubrik").fill("Provomgången")
    due = today() + timedelta(days=5)
    lead.get_by_label("Sista dag", exact=True).fill(due.isoformat())
    lead.get_by_label("Sista dag för sena rapporter").fill(due.isoformat())
    lead.get_by_role("button", name="Spara").click()
    expect(lead.get_by_role("heading", level=1)).to_contain_text("Provomgången")
    lead.get_by_role("link", name="Ny fråga i den här omgången").click()
    lead.get_by_label("Fråga", exact=True).fill("Hur många timmar?")
    lead.get_by_label("Sorts svar").select_option("number")
    lead.get_by_label(re.compile("Siffrans enhet")).fill("timmar")
    lead.get_by_role("button", name="Spara").click()
    expect(lead.get_by_text("Hur många timmar?").first).to_be_visible()
    lead.get_by_role("button", name="Öppna omgången").click()
    expect(lead.locator(".notice-done")).to_be_visible()
    where = lead.url.split("#")[0].removeprefix(convener.address)
    county.go(f"{where}/counties/T")
    expect(page.locator(".last-time").first).to_be_visible()  # the answers of the round before
    page.get_by_role("textbox", name=re.compile("Hur många timmar")).fill("tolv")
    page.get_by_role("button", name="Lämna in").click()
    expect(page.locator(".error-summary")).to_contain_text("Skriv ett heltal")
    page.locator("[aria-invalid]").fill("1 200")
    page.get_by_role("button", name="Lämna in").click()
    expect(page.locator(".notice-done")).to_contain_text("Rapporten är inlämnad")
    expect(page.get_by_text("1\N{NO-BREAK SPACE}200\N{NO-BREAK SPACE}timmar")).to_be_visible()
    convener.go(f"{where}/counties/T")
    lead.get_by_label("Vad saknas?").fill("Resten av frågorna")
    lead.get_by_role("button", name="Skicka tillbaka").click()
    expect(lead.locator(".notice-done")).to_be_visible()
    county.go(f"{where}/counties/T")
    expect(page.get_by_text("Resten av frågorna")).to_be_visible()
    page.get_by_role("button", name="Lämna in").click()
    convener.go(f"{where}/compiled")
    expect(lead.get_by_text("1\N{NO-BREAK SPACE}200\N{NO-BREAK SPACE}timmar").first).to_be_visible()
