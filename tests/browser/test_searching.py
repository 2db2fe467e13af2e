"""Searching in a browser: narrowing down without reloading, the way back, and the search window by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def window_with(text: str, visit: Open, email_of: Callable[[str, str], str]) -> Page:
    """The search window, opened and typed into by keyboard."""
    visitor = visit(email_of("RFSL", ""))
    visitor.go("/")
    visitor.page.keyboard.press("Control+k")
    visitor.page.keyboard.type(text)
    return visitor.page


def test_facets_narrow_down_without_reloading_and_back_goes_back(
    visit: Open, email_of: Callable[[str, str], str]
) -> None:
    visitor = visit(email_of("RFSL", ""))
    page = visitor.page
    visitor.go("/library?q=kommun")
    page.evaluate("document.body.dataset.kept = 'yes'")
    before = page.locator("#hits").inner_text()
    page.locator(".facet").first.click()
    expect(page).to_have_url(re.compile(r"q=kommun&kind=\w+"))
    expect(page.locator(".chip")).to_have_count(1)
    expect(page.locator("#hits")).not_to_have_text(before)
    page.locator("#q").fill("samverkan")
    page.locator("#q").press("Enter")
    expect(page).to_have_url(re.compile(r"q=samverkan&kind=\w+"))
    assert page.evaluate("document.body.dataset.kept") == "yes", "the page was not loaded anew"
    page.go_back()
    expect(page.locator("#q")).to_have_value("kommun")
    expect(page.locator(".chip")).to_have_count(1)
    page.go_back()
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator("#hits")).to_have_text(before)
    page.reload()
    expect(page.locator("#hits")).to_have_text(before)


def test_a_hit_opens_the_document_at_its_page(visit: Open, email_of: Callable[[str, str], str]) -> None:
    visitor = visit(email_of("RFSL", ""))
    page = visitor.page
    visitor.go("/library?q=socialtjänst")
    link = page.locator(".snippet a[href*='page=']").last
    number = re.search(r"page=(\d+)", link.get_attribute("href") or "")
    assert number is not None
    link.click()
    expect(page.locator("#viewer-page")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"page={number[1]}"))


def test_enter_goes_to_what_is_typed_and_not_to_what_was_found_before(
    visit: Open, email_of: Callable[[str, str], str]
) -> None:
    page = window_with("informationsn", visit, email_of)
    expect(page.locator("#search-found [role=option][aria-selected=true]")).to_be_visible()
    page.route(re.compile("fragment=1"), lambda _route: None)  # the answer is long in coming
    page.locator("#search-window input").fill("taxi")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search\?q=taxi$"))


def test_the_search_window_goes_to_things_and_places_by_keyboard(
    visit: Open, email_of: Callable[[str, str], str]
) -> None:
    page = window_with("informationsn", visit, email_of)
    expect(page.locator("#search-found [role=option]").filter(has_text="Informationsnätverket").first).to_be_visible()
    page.locator("#search-window input").fill("öreb")
    place = page.locator("#search-found [role=option]").filter(has_text="Örebro län").first
    expect(place).to_be_visible()
    for _step in range(20):
        if place.get_attribute("aria-selected") == "true":
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("county=T|publisher="))
