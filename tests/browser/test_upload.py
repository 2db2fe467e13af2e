"""Adding files in a real browser: several at once, a connection that breaks, a reload, and a new version."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from PIL import Image
from playwright.sync_api import Route, expect

from tests.browser.conftest import Open, Visitor
from tests.browser.test_every_page import faults, overflows
from tests.library.test_cleaning import document

EmailOf = Callable[[str, str], str]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

A_MINUTE = 60_000


def heavy(path: Path, text: str) -> None:
    """A Word file of three pieces, because of its picture: quickly read, and not to be packed any smaller."""
    picture = io.BytesIO()
    Image.effect_noise((3400, 3400), 90).save(picture, "PNG")
    made = docx.Document()
    made.add_paragraph(text)
    made.add_picture(picture, width=1_000_000)
    made.save(str(path))


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A Word file, a Word file of several pieces, one with a number and one that is broken."""
    (tmp_path / "Checklista_för hotell.docx").write_bytes(document())
    heavy(tmp_path / "Lång rapport.docx", "Rapport om läget")
    (tmp_path / "nummer.txt").write_text("Född 811228-9874")
    (tmp_path / "trasig.pdf").write_bytes(b"%PDF-1.7\n" + b"\xff" * 400)
    return sorted(str(path) for path in tmp_path.iterdir())


def material_of(one: Visitor, files: list[str], title: str) -> str:
    """Adds the light file as a material of its own; its address."""
    one.go("/library/upload?group=informationsnatverket")
    one.page.locator("#files").set_input_files(next(file for file in files if "hotell" in file))
    expect(one.page.locator("li.upload-ready")).to_have_count(1, timeout=A_MINUTE)
    one.page.locator("li.upload-ready input[name$=title]").fill(title)
    one.page.locator("[data-add]").click()
    expect(one.page).to_have_url(re.compile(r"/resources/\d+$"))
    return one.page.url


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_several_files_are_sent_and_added(
    visit: Open, email_of: EmailOf, axe_source: str, files: list[str], width: int, theme: str
) -> None:
    one = visit(email_of("", "LAMP (convener)"), viewport={"width": width, "height": 900}, color_scheme=theme)
    one.go("/library/upload?group=lamp")
    one.page.locator("#files").set_input_files(files)
    expect(one.page.locator("li.upload-ready")).to_have_count(2, timeout=A_MINUTE)
    expect(one.page.locator("li.upload-stopped")).to_have_count(1, timeout=A_MINUTE)
    expect(one.page.locator("li.upload-unreadable")).to_have_count(1, timeout=A_MINUTE)
    expect(one.page.locator("[data-add]")).to_have_text(re.compile("2"))
    expect(one.page.locator("li.upload-ready").first).to_contain_text("Anna Berg")
    assert faults(one.page, axe_source) == []
    assert overflows(one.page) <= 0
    for name in ("nummer.txt", "trasig.pdf"):
        one.page.locator("li.upload", has_text=name).locator(".btn-text").click()
        expect(one.page.locator("li.upload", has_text=name)).to_have_count(0)
    for row in one.page.locator("li.upload-ready").all():
        row.locator("input[name$=title]").fill(f"{row.get_attribute('data-name')} {width}")
    one.page.locator("[data-add]").click()
    expect(one.page).to_have_url(re.compile("/groups/lamp/materials"))
    expect(one.page.locator("main")).to_contain_text(f"Lång rapport.docx {width}")


def test_a_connection_that_breaks_goes_on(visit: Open, email_of: EmailOf, files: list[str]) -> None:
    one = visit(email_of("RFSL", ""))
    one.go("/library/upload")
    long_one = next(file for file in files if "rapport" in file)
    sent: list[int] = []

    def cut_after_first(route: Route) -> None:
        if route.request.method == "PATCH":
            sent.append(1)
            if len(sent) == 2:
                route.abort("internetdisconnected")
                return
        route.continue_()

    one.context.route("**/library/uploads/*", cut_after_first)
    one.page.locator("#files").set_input_files(long_one)
    expect(one.page.locator("li.upload-ready")).to_have_count(1, timeout=A_MINUTE)
    assert len(sent) >= 4, "three pieces, one of them twice"
    one.page.locator("li.upload .btn-text").click()


def test_a_reload_in_the_middle_loses_nothing(visit: Open, email_of: EmailOf, files: list[str]) -> None:
    one = visit(email_of("RFSL", ""))
    one.go("/library/upload")
    long_one = next(file for file in files if "rapport" in file)
    offsets: list[str] = []

    def note(route: Route) -> None:
        request = route.request
        if request.method == "PATCH":
            offsets.append(request.headers["upload-offset"])
            if len(offsets) == 2:
                return  # never answered: the page is left meanwhile
        route.continue_()

    one.context.route("**/library/uploads/*", note)
    one.page.locator("#files").set_input_files(long_one)
    one.page.wait_for_function("() => document.querySelector('progress').value > 30", timeout=A_MINUTE)
    one.page.wait_for_timeout(500)
    one.page.reload()
    expect(one.page.locator("li.upload-receiving")).to_contain_text(re.compile("5(,|.)\\d? ?|5\u00a0MB"))
    one.page.locator("#files").set_input_files(long_one)
    expect(one.page.locator("li.upload-ready")).to_have_count(1, timeout=A_MINUTE)
    assert offsets[0] == "0"
    assert "0" not in offsets[1:], "what had come was not sent again"
    one.page.locator("li.upload .btn-text").click()


def test_a_rule_is_said_at_once(visit: Open, email_of: EmailOf, files: list[str]) -> None:
    """That too many files wait is not for waiting: the sentence must not hide behind "no contact"."""
    one = visit(email_of("RFSL", ""))
    one.go("/library/upload")
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.method)
        route.fulfill(status=409, body='<div class="notice"><div class="notice-text">Många väntar</div></div>')

    one.context.route("**/library/uploads", refuse)
    one.page.locator("#files").set_input_files(files[0])
    expect(one.page.locator("li.is-refused [data-said]")).to_have_text("Många väntar")
    assert asked == ["POST"]


def test_a_version_that_did_not_come_through_goes_on(visit: Open, email_of: EmailOf, files: list[str]) -> None:
    one = visit(email_of("RFSL", ""))
    where = material_of(one, files, "Den som går vidare")
    one.page.goto(f"{where}/versions")
    offsets: list[str] = []

    def refuse_second(route: Route) -> None:
        request = route.request
        if request.method == "PATCH":
            offsets.append(request.headers["upload-offset"])
            if len(offsets) == 2:
                route.fulfill(status=422, body="")
                return
        route.continue_()

    one.context.route("**/library/uploads/*", refuse_second)
    newer = Path(files[0]).with_name("vidare.docx")
    heavy(newer, "En text som går vidare")
    one.page.locator("input[type=file]").set_input_files(str(newer))
    button = one.page.locator("form[data-resumable] button[type=submit]")
    button.click()
    expect(one.page.locator("[data-said]")).to_have_text(re.compile("Försök igen|Try again"), timeout=A_MINUTE)
    button.click()
    expect(one.page).to_have_url(re.compile(r"/resources/\d+$"), timeout=A_MINUTE)
    assert offsets[0] == "0"
    assert "0" not in offsets[1:], "what had come was not sent again"


def test_a_new_version_is_sent_in_pieces_too(visit: Open, email_of: EmailOf, axe_source: str, files: list[str]) -> None:
    one = visit(email_of("RFSL", ""))
    where = material_of(one, files, "Den som får en ny version")
    one.page.goto(f"{where}/versions")
    assert faults(one.page, axe_source) == []
    newer = Path(files[0]).with_name("nyare.docx")
    heavy(newer, "En nyare text om samma sak")
    one.page.locator("input[type=file]").set_input_files(str(newer))
    one.page.locator("input[name=note]").fill("Nya telefonnummer")
    one.page.locator("form[data-resumable] button[type=submit]").click()
    expect(one.page).to_have_url(re.compile(r"/resources/\d+$"), timeout=A_MINUTE)
    one.page.goto(f"{where}/versions")
    expect(one.page.locator(".version").first).to_contain_text("Nya telefonnummer")


def test_without_javascript_one_file_at_a_time(visit: Open, email_of: EmailOf, files: list[str]) -> None:
    one = visit(email_of("RFSL", ""), java_script_enabled=False)
    one.go("/library/upload?group=informationsnatverket")
    expect(one.page.locator("[data-drop]")).to_be_hidden()
    one.page.locator("input[name=file]").set_input_files(next(file for file in files if "hotell" in file))
    one.page.locator("form.without-js input[name=title]").fill("Utan skript")
    one.page.locator("form.without-js button[type=submit]").click()
    expect(one.page.locator("h1")).to_have_text("Utan skript")


def test_an_empty_file_is_not_offered_to_be_tried_again(visit: Open, email_of: EmailOf, tmp_path: Path) -> None:
    (tmp_path / "tom.txt").touch()
    one = visit(email_of("", "LAMP (convener)"))
    one.go("/library/upload?group=lamp")
    one.page.locator("#files").set_input_files([str(tmp_path / "tom.txt")])
    refused = one.page.locator("li.is-refused")
    expect(refused.locator("[data-said]")).to_have_text(re.compile(r"^Det här kunde inte sparas\. Filen är tom\."))
    expect(refused.locator("[data-again]")).to_be_hidden()
    expect(refused.locator("[data-cancel]")).to_be_visible()
