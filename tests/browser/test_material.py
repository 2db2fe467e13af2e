"""The page of a material in a browser: the viewer, its search, the keyboard, and what stays without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Open, Visitor

EmailOf = Callable[[str, str], str]

# all browser tests share one demo, so they run in one process (--dist loadgroup)
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

TITLE = "Handledning för lokal rutin"


def path_of(visitor: Visitor, title: str) -> str:
    """The address of a material of the demo."""
    visitor.go("/groups/informationsnatverket/materials")
    found = visitor.page.get_by_role("link", name=re.compile(title)).first.get_attribute("href")
    assert found
    return found.split("?")[0].split("#")[0]


def is_drawn(page: Page, number: int) -> bool:
    """Whether a page of the document has ink on it."""
    drawn: bool = page.evaluate(
        """number => {
            const canvas = document.querySelector(`.pdf-page:nth-of-type(${number}) canvas`);
            if (!canvas) return false;
            const all = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            for (let at = 0; at < all.length; at += 4) if (all[at] < 100) return true;
            return false;
        }""",
        number,
    )
    return drawn


def test_a_hit_of_the_search_opens_on_its_page_with_its_words_marked(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("", "LAMP (convener)"))
    one.go(f"{path_of(one, TITLE)}?page=2&q=kommun")
    page = one.page
    expect(page.locator("[data-number]")).to_have_value("2")
    expect(page.locator("[data-hits]")).to_have_text(re.compile(r"^\d+ av \d+$"))
    expect(page.locator(".pdf-page mark.is-present")).to_be_in_viewport()
    page.wait_for_function("() => document.querySelectorAll('.pdf-page canvas').length > 0")
    assert is_drawn(page, 2)
    assert "kommun" in (page.locator(".pdf-page:nth-of-type(2) .text-layer").text_content() or "").lower()
    first = page.locator("[data-hits]").text_content() or ""
    page.get_by_label("Sök i dokumentet").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-hits]")).not_to_have_text(first)
    page.keyboard.press("Shift+Enter")
    expect(page.locator("[data-hits]")).to_have_text(first)
    page.keyboard.press("Control+A")
    page.keyboard.type("finns-inte-här")
    expect(page.locator("[data-hits]")).to_have_text("Inga träffar")
    expect(page.locator(".pdf-page mark")).to_have_count(0)


def test_the_viewer_is_used_with_the_keyboard(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("", "LAMP (convener)"))
    one.go(path_of(one, TITLE))
    page = one.page
    number, zoom = page.locator("[data-number]"), page.locator("[data-zoom]")
    expect(number).to_have_value("1")
    expect(page.get_by_role("button", name="Föregående sida")).to_be_disabled()
    number.fill("3")
    page.keyboard.press("Enter")
    expect(page.locator(".viewer-pages a[aria-current=page]")).to_have_text("3")
    page.locator("[data-desk]").focus()
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="Nästa sida")).to_be_disabled()
    page.keyboard.press("Home")
    expect(number).to_have_value("1")
    before = zoom.text_content() or ""
    page.keyboard.press("+")
    expect(zoom).not_to_have_text(before)
    number.fill("999")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Nästa sida")).to_be_disabled()
    page.locator(".viewer-pages a").nth(1).press("Enter")
    expect(number).to_have_value("2")
    page.get_by_role("button", name="Visa sidorna bredvid").press("Enter")
    expect(page.locator(".viewer-pages")).to_be_hidden()


def test_without_javascript_there_is_the_first_page_the_text_and_the_file(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("", "LAMP (convener)"), java_script_enabled=False)
    one.go(path_of(one, TITLE))
    page = one.page
    picture = page.get_by_role("img", name=re.compile("Första sidan av"))
    expect(picture).to_be_visible()
    expect(page.locator("[data-bar]")).to_be_hidden()
    page.get_by_text("Texten i filen").click()
    expect(page.locator(".page-text").first).to_contain_text("Sida 1 av")
    expect(page.get_by_role("link", name=re.compile("Hämta PDF"))).to_be_visible()


def test_rows_of_a_collection_are_moved_one_after_the_other(visit: Open, email_of: EmailOf) -> None:
    visitor = visit(email_of("", "Informationsnätverket (convener)"))
    page = visitor.page
    visitor.go("/collections")
    page.get_by_role("link", name=re.compile("^Manualen")).click()
    rows = page.locator("[data-sortable-rows] > li")
    first = rows.first.get_attribute("data-item")
    held: list[Route] = []
    page.route(re.compile("/place$"), lambda route: held.append(route))  # the answer is long in coming
    grip = page.locator(f"[data-item='{first}'] .grip")
    for _step in range(2):
        grip.press("ArrowDown")
    page.wait_for_timeout(500)
    assert len(held) == 1, "the second says what follows after the first: it waits for it"
    for _step in range(2):
        with page.expect_response(re.compile("/place$")):
            held.pop().continue_()
        page.wait_for_timeout(500)
    page.reload()
    assert rows.nth(2).get_attribute("data-item") == first
