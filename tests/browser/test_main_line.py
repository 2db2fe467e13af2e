"""The true line through the house, in a real browser: sign in, see one's own, talk live, share, find, meet."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import typst
from playwright.sync_api import expect

from tests.browser.conftest import Open, Visitor
from tests.browser.stack import Stack
from tests.servers import wait_for

NETWORK = "/groups/informationsnatverket"
EmailOf = Callable[[str, str], str]

# all browser tests share one demo, so they run in one process (--dist loadgroup)
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def start_thread(visitor: Visitor, title: str) -> str:
    """Start a thread in the network group; answers its path."""
    visitor.go(f"{NETWORK}/threads/new")
    visitor.page.get_by_label("Rubrik").fill(title)
    visitor.page.get_by_label("Första inlägget").fill("Här börjar det.")
    visitor.page.get_by_role("button", name="Starta tråden").click()
    visitor.page.wait_for_url(re.compile(r"/threads/\d+"))
    return re.sub(r"^https?://[^/]+", "", visitor.page.url).partition("#")[0]


def write(visitor: Visitor, text: str) -> None:
    visitor.page.locator("#composer-text").fill(text)
    visitor.page.keyboard.press("Control+Enter")


def bodies(visitor: Visitor) -> list[str]:
    """The texts of the posts that are safely stored, in the order of the page."""
    texts = visitor.page.locator("article.post[data-seq] .post-body").all_inner_texts()
    return [text.strip() for text in texts]


def test_two_members_of_two_organisations_see_only_their_groups(visit: Open, email_of: EmailOf) -> None:
    rfsl, lamp = visit(email_of("RFSL", "")), visit(email_of("", "LAMP (convener)"))
    expect(rfsl.page.get_by_role("heading", level=1)).to_have_text("Idag")
    menu = rfsl.page.locator(".sidebar .groups")
    expect(menu.get_by_role("link", name="Informationsnätverket")).to_be_visible()
    expect(menu.get_by_role("link", name="LAMP")).to_have_count(0)
    expect(lamp.page.locator(".sidebar .groups").get_by_role("link", name="LAMP")).to_be_visible()
    rfsl.go("/groups/lamp")
    expect(rfsl.page.get_by_role("heading", level=1)).to_have_text("Sidan finns inte här")
    rfsl.complaints.clear()  # the browser notes the 404
    lamp.go("/groups/lamp")
    expect(lamp.page.get_by_role("heading", level=1)).to_contain_text("LAMP")


def test_live_posts_offline_gap_and_return(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    other = visit(email_of("", "Informationsnätverket (convener)"))
    one.watch_sockets()
    path = start_thread(one, "Går det fram?")
    other.go(path)
    expect(one.page.locator("[data-presence] li")).to_have_count(1)  # the others who are here
    write(other, "Jag ser dig.")
    expect(one.page.get_by_text("Jag ser dig.")).to_be_visible()
    write(one, "Och jag dig.")
    expect(other.page.get_by_text("Och jag dig.")).to_be_visible()

    one.cut()
    expect(one.page.locator("p[data-offline-lost]")).to_be_visible()
    for number in range(1, 6):
        write(other, f"Medan du var borta {number}")
        expect(other.page.locator("article.post[data-seq]").get_by_text(f"Medan du var borta {number}")).to_be_visible()
    one.mend()
    expect(one.page.locator("article.post[data-seq]").get_by_text("Medan du var borta 5")).to_be_visible()
    wanted = ["Här börjar det.", "Jag ser dig.", "Och jag dig.", *(f"Medan du var borta {n}" for n in range(1, 6))]
    wait_for(lambda: bodies(one) == wanted, what="all posts in order, each once")


def test_typing_shows_and_an_edit_reaches_the_others(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    other = visit(email_of("", "Informationsnätverket (convener)"))
    path = start_thread(one, "Rätta mig")
    other.go(path)
    expect(other.page.locator("[data-presence] li")).to_have_count(1)
    expect(one.page.locator("[data-presence] li")).to_have_count(1)
    one.page.locator("#composer-text").press_sequentially("Jag skriver", delay=20)
    expect(other.page.locator("[data-typing]")).to_contain_text("skriver")
    first = one.page.locator("article.post").first
    first.get_by_label("Mer om inlägget").click()
    first.get_by_role("link", name="Ändra inlägget").click()
    one.page.get_by_label("Ditt inlägg").fill("Här börjar det om.")
    one.page.get_by_role("button", name="Spara").click()
    expect(other.page.get_by_text("Här börjar det om.")).to_be_visible()


def test_what_is_read_live_is_read_and_a_page_in_the_background_reads_nothing(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    other = visit(email_of("", "Informationsnätverket (convener)"))
    path = start_thread(one, "Läst eller inte")
    other.go(path)
    looking = other.page
    with looking.expect_response(lambda answer: answer.url.endswith("/read-mark")) as told:
        one.page.locator("#composer-text").fill("Det här läses direkt.")
        one.page.keyboard.press("Control+Enter")
        expect(looking.get_by_text("Det här läses direkt.")).to_be_visible()
    assert told.value.status == 204
    asked: list[str] = []
    looking.on("request", lambda request: asked.append(request.url))
    looking.evaluate("""() => {
        Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
    }""")
    one.page.locator("#composer-text").fill("Det här ser ingen ännu.")
    one.page.keyboard.press("Control+Enter")
    expect(looking.get_by_text("Det här ser ingen ännu.")).to_be_attached()
    looking.wait_for_timeout(3_000)
    assert [url for url in asked if url.endswith("/read-mark")] == []
    with looking.expect_response(lambda answer: answer.url.endswith("/read-mark")) as told:
        looking.evaluate("""() => {
            Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "visible" });
            document.dispatchEvent(new Event("visibilitychange"));
        }""")
    assert told.value.status == 204


def test_nothing_acknowledged_is_lost_when_the_web_process_is_killed(
    visit: Open, stack: Stack, email_of: EmailOf
) -> None:
    one = visit(email_of("RFSL", ""))
    other = visit(email_of("", "Informationsnätverket (convener)"))
    path = start_thread(one, "Strömmen går")
    other.go(path)
    texts = [f"Rad {number} {uuid.uuid4().hex[:6]}" for number in range(12)]
    for number, text in enumerate(texts):
        if number == 5:
            stack.kill_web_process()
        write(one, text)
        retry = one.page.locator("[data-retry]")
        stored = one.page.locator("article.post[data-seq]").get_by_text(text)

        def is_stored(stored: object = stored, retry: object = retry) -> bool:
            if retry.count():  # type: ignore[attr-defined]  # a locator
                retry.first.click()  # type: ignore[attr-defined]
            return bool(stored.count() == 1)  # type: ignore[attr-defined]

        wait_for(is_stored, seconds=90, what=f"{text!r} was stored")
    wait_for(stack.is_up, seconds=60, what="the portal's return")
    other.go(path)
    assert bodies(other) == ["Här börjar det.", *texts]


def test_a_personal_identity_number_is_stopped_and_the_text_stays(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    start_thread(one, "Vakten")
    text = "Första raden.\nDet gäller 811228-9874."
    write(one, text)
    panel = one.page.locator("[data-guard]")
    expect(panel).to_contain_text("personnummer")
    expect(panel).to_contain_text("Rad 2")
    expect(one.page.locator("#composer-text")).to_have_value(text)
    one.page.reload()
    assert bodies(one) == ["Här börjar det."]
    expect(one.page.locator("#composer-text")).to_have_value(text)


def test_a_file_is_added_read_and_found(visit: Open, email_of: EmailOf, tmp_path: Path) -> None:
    word = f"provord{uuid.uuid4().hex[:8]}"
    source = tmp_path / "a.typ"
    source.write_text(f"Texten med ordet {word} står bara i filen.", encoding="utf-8")
    file = tmp_path / "underlag.pdf"
    file.write_bytes(typst.compile(str(source)))
    one = visit(email_of("RFSL", ""))
    one.go("/library/upload")
    one.page.locator("#files").set_input_files(str(file))
    row = one.page.locator("li.upload-ready")
    expect(row).to_have_count(1, timeout=60_000)
    row.get_by_label("Rubrik").fill("Ett underlag")
    one.page.locator("#batch-group").select_option(label="Informationsnätverket")
    one.page.locator("[data-add]").click()
    one.page.wait_for_url(re.compile(r"/resources/\d+"))

    def is_found() -> bool:  # with its passage: whoever adds a file sees it before its pages are there
        one.go(f"/search?q={word}")
        return one.page.locator("li", has_text="Ett underlag").locator("mark").all_inner_texts() == [word]

    wait_for(is_found, seconds=60, what="the file's words in the search")
    outsider = visit(email_of("", "Spetsgruppen 2026"))
    outsider.go(f"/search?q={word}")
    member = "Informationsnätverket" in outsider.page.locator(".sidebar .groups").inner_text()
    expect(outsider.page.get_by_role("link", name="Ett underlag")).to_have_count(1 if member else 0)


def test_meeting_from_plan_to_minutes(visit: Open, email_of: EmailOf) -> None:
    convener = visit(email_of("", "LAMP (convener)"))
    convener.go("/groups/lamp/meetings/new")
    title = f"Extra möte {uuid.uuid4().hex[:5]}"
    convener.page.get_by_label("Rubrik").fill(title)
    convener.page.get_by_label("Datum", exact=True).fill("2031-05-06")
    convener.page.get_by_label("Börjar").fill("09:30")
    convener.page.get_by_label("Slutar").fill("11:00")
    convener.page.get_by_label("Plats").fill("Stockholm")
    convener.page.get_by_role("button", name="Spara").click()
    convener.page.get_by_role("link", name="Lägg till en punkt").click()
    convener.page.get_by_label("Rubrik").fill("Mallen # $x$ @a")
    convener.page.get_by_role("button", name="Spara").click()
    convener.page.get_by_role("button", name="Kalla till mötet").click()
    path = re.sub(r"^https?://[^/]+", "", convener.page.url).partition("#")[0]

    secretary = visit(email_of("", "LAMP (secretary)"))
    row = secretary.page.locator("li.task", has_text=title)
    row.get_by_role("button", name="På distans").click()
    expect(secretary.page.locator(".notice")).to_contain_text("Du deltar på distans")

    for visitor in (convener, secretary):
        visitor.go(f"{path}/minutes")
        visitor.page.get_by_role("link", name=re.compile("^Skriv")).first.click()
    convener.page.get_by_label("Anteckningar").fill("Sammankallandes text.")
    convener.page.get_by_role("button", name="Spara").click()
    secretary.page.get_by_label("Anteckningar").fill("Sekreterarens text.")
    secretary.page.get_by_role("button", name="Spara").click()
    expect(secretary.page.get_by_role("alert")).to_contain_text("Din text är kvar")
    expect(secretary.page.locator("pre", has_text="Sammankallandes text.")).to_be_visible()
    expect(secretary.page.get_by_label("Anteckningar")).to_have_value("Sekreterarens text.")
    secretary.page.get_by_role("button", name="Spara min text").click()
    expect(secretary.page.get_by_text("Sekreterarens text.")).to_be_visible()

    with secretary.page.expect_download() as waiting:
        secretary.page.get_by_role("link", name="PDF/A").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"%PDF")


def test_leaving_ends_the_session_everywhere(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""))
    start_thread(one, "Jag går nu")
    other_tab = one.context.new_page()
    other_tab.goto(one.page.url)
    one.page.locator(".topbar details.menu summary").click()
    one.page.get_by_role("button", name="Logga ut").first.click()
    one.page.wait_for_load_state()
    other_tab.goto(one.address + "/")
    expect(other_tab).to_have_url(re.compile("/sign-in"))
