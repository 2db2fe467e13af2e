"""A meeting with everything that can go wrong with browsers, networks and servers: not a letter of the minutes is lost.

Three people: secretary and convener write, each on an item of their own, a member comments. Between two sentences something
happens to one of them: the network goes, the page is loaded anew in the middle of a word, the tab crashes, the session ends,
or the web process is killed. PORTAL_FAULTS says how many such things (60 make an hour of a bad day).
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Open, Visitor
from tests.browser.stack import Stack
from tests.servers import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(3600)]

FAULTS = int(os.environ.get("PORTAL_FAULTS", "10"))
WORDS = [
    "länet", "åtgärd", "möte", "Öland", "”citat”", "frågan", "tolken", "§", "4", "rutin", "samverkan", "och", "på", "för", "hotell",
    "–", "#inte\\kod", "$x", "@alla",
]  # fmt: skip


def plan_meeting(convener: Visitor) -> str:
    """A called meeting with two items; answers its path."""
    convener.go("/groups/lamp/meetings/new")
    page = convener.page
    page.get_by_label("Rubrik").fill("Extra möte")
    page.get_by_label("Datum").fill("2031-05-05")
    page.get_by_label("Börjar").fill("09:00")
    page.get_by_label("Slutar").fill("10:00")
    page.get_by_role("button", name="Spara").click()
    page.wait_for_url(re.compile(r"/meetings/\d+$"))
    path = re.sub(r"^https?://[^/]+", "", page.url)
    for title in ("Första punkten", "Andra punkten"):
        page.get_by_role("link", name="Lägg till en punkt").click()
        page.get_by_label("Rubrik").fill(title)
        page.get_by_role("button", name="Spara").click()
        expect(page.get_by_role("heading", name="Dagordning")).to_be_visible()
    page.locator("form[action$='/call'] button").click()
    convener.go(f"{path}/room")
    page.get_by_role("button", name="Börja mötet").click()
    expect(page.locator("main")).to_contain_text("Mötet börjar")  # in years: one is asked
    page.get_by_role("button", name="Börja nu ändå").click()
    expect(page.locator("#mode-agenda a")).to_have_count(2)
    return path


class Writer:
    """Somebody who writes on one item, whatever happens."""

    def __init__(self, visitor: Visitor, email: str, address: str, stack: Stack) -> None:
        self.visitor, self.email, self.address, self.stack = visitor, email, address, stack
        self.typed = ""
        self.open()

    @property
    def page(self) -> Page:
        return self.visitor.page

    def open(self) -> None:
        self.visitor.go(self.address)
        self.area.wait_for()

    @property
    def area(self):  # type: ignore[no-untyped-def]  # a locator
        return self.page.locator("#note-text")

    def type(self, text: str) -> None:
        expect(self.area).to_have_value(self.typed)  # what was written before is there again, in time
        self.area.press("Control+End")
        self.area.press_sequentially(text)
        self.typed += text

    def is_saved(self) -> bool:
        state = self.page.locator("[data-save-state]")
        return state.get_attribute("data-state") in {None, "saved"} and state.inner_text().startswith("Sparat")

    # --- what happens -------------------------------------------------------------------------------------------------

    def offline(self, text: str) -> None:
        self.visitor.cut()
        self.type(text)
        expect(self.page.locator("[data-save-state]")).to_contain_text("Väntar på nätet")
        self.visitor.mend()

    def reload(self, text: str) -> None:
        self.type(text)
        self.page.reload()
        self.area.wait_for()

    def crash(self, text: str) -> None:
        """The tab is gone, and with it what the tab remembered."""
        self.type(text)
        gone = self.page
        self.visitor.page = self.visitor.context.new_page()
        gone.close()
        self.open()

    def kill(self, text: str) -> None:
        self.stack.kill_web_process()
        self.type(text)

    def session_ends(self, text: str) -> None:
        with sqlite3.connect(self.stack.folder / "portal.db", timeout=30) as database:
            database.execute(
                "DELETE FROM browser_session WHERE person_id = (SELECT id FROM person WHERE email = ?)", (self.email,)
            )
        self.type(text)
        back = self.page.locator("dialog[data-session-ended] [data-session-back]")
        back.wait_for()
        here = self.page
        self.visitor.page = self.visitor.context.new_page()
        self.visitor.sign_in(self.email)
        self.visitor.page.close()
        self.visitor.page = here
        back.click()
        expect(self.page.locator("dialog[data-session-ended]")).not_to_be_visible()


def stored(stack: Stack, title: str) -> str:
    query = (
        "SELECT minutes_note.text FROM minutes_note JOIN agenda_item ON agenda_item.id = minutes_note.item_id "
        "WHERE agenda_item.title = ? ORDER BY minutes_note.id DESC"
    )
    with sqlite3.connect(stack.folder / "portal.db", timeout=30) as database:
        row = database.execute(query, (title,)).fetchone()
    return str(row[0]) if row else ""


def was_asked_for(complaint: str) -> bool:
    """Whether the faults themselves make a browser say so: ended sessions, a portal that is away, and sockets that the process
    after a killed one has never heard of."""
    return "401" in complaint or "503" in complaint or ("status of 400" in complaint and "/socket.io/" in complaint)


def test_an_hour_with_faults_loses_nothing(visit: Open, stack: Stack, email_of: Callable[[str, str], str]) -> None:
    addresses = {role: email_of("", f"LAMP ({role})") for role in ("convener", "secretary", "member")}
    convener, secretary, member = (visit(addresses[role]) for role in ("convener", "secretary", "member"))
    for visitor in (convener, secretary):
        visitor.watch_sockets()
    path = plan_meeting(convener)
    items = [link.get_attribute("data-item") for link in convener.page.locator("#mode-agenda a").all()]
    writers = [
        Writer(secretary, addresses["secretary"], f"{path}/room?item={items[0]}", stack),
        Writer(convener, addresses["convener"], f"{path}/room?item={items[1]}", stack),
    ]
    member.go(f"{path}/room?item={items[0]}")
    chance, said = random.Random(4711), 0
    kinds = ("offline", "reload", "crash", "kill", "session_ends")
    for number in range(FAULTS):
        writer = writers[number % 2]
        text = " ".join(chance.choices(WORDS, k=6)) + f" ({number}). "
        getattr(writer, kinds[number // 2 % len(kinds)])(text)
        writers[(number + 1) % 2].type(f"Samtidigt {number}. ")
        if number % 5 == 4:
            wait_for(stack.is_up, seconds=60, what="the portal's return")
            member.page.locator("#comment-body").fill(f"Fråga {number}")
            member.page.get_by_role("button", name="Skicka", exact=True).click()
            expect(member.page.locator(".mode-comments")).to_contain_text(f"Fråga {number}")
            said += 1
    for writer in writers:
        wait_for(writer.is_saved, seconds=120, what="everything was saved")
    assert [stored(stack, title) for title in ("Första punkten", "Andra punkten")] == [w.typed for w in writers]
    expect(member.page.locator("[data-note] .reading")).to_contain_text(
        f"Samtidigt {FAULTS - 1}." if FAULTS % 2 == 0 else f"({FAULTS - 1})."
    )
    expect(member.page.locator(".mode-comment")).to_have_count(said)
    for visitor in (convener, secretary, member):
        visitor.complaints[:] = [one for one in visitor.complaints if not was_asked_for(one)]


def test_two_write_on_one_item_and_choose(visit: Open, stack: Stack, email_of: Callable[[str, str], str]) -> None:
    convener, secretary = visit(email_of("", "LAMP (convener)")), visit(email_of("", "LAMP (secretary)"))
    path = plan_meeting(convener)
    item = convener.page.locator("#mode-agenda a").first.get_attribute("data-item")
    for visitor in (convener, secretary):
        visitor.go(f"{path}/room?item={item}")
    secretary.page.locator("#note-text").press_sequentially("Sekreterarens rad.")
    expect(convener.page.locator("#note-text")).to_have_value("Sekreterarens rad.")  # nothing of her own was unsaved
    secretary.watch_sockets()
    secretary.cut()
    secretary.page.locator("#note-text").press("Control+End")
    secretary.page.locator("#note-text").press_sequentially(" Mer.")
    convener.page.locator("#note-text").press("Control+End")
    convener.page.locator("#note-text").press_sequentially(" Ordförandens tillägg.")
    expect(convener.page.locator("[data-save-state]")).to_contain_text("Sparat")
    wait_for(lambda: "tillägg" in stored(stack, "Första punkten"), what="the convener's words were stored")
    secretary.mend()
    panel = secretary.page.locator("[data-conflict]")
    expect(panel).to_contain_text("Ordförandens tillägg.")
    expect(panel).to_contain_text("Mer.")
    assert "Mer." not in stored(stack, "Första punkten"), "nothing is overwritten before the choice"
    panel.get_by_role("button", name="Behåll båda texterna").click()
    wanted = "Sekreterarens rad. Ordförandens tillägg.\n\nSekreterarens rad. Mer."
    wait_for(lambda: stored(stack, "Första punkten") == wanted, what="both texts")
    expect(convener.page.locator("#note-text")).to_have_value(wanted)


def test_what_is_typed_beside_the_minutes_stays(visit: Open, email_of: Callable[[str, str], str]) -> None:
    convener, secretary = visit(email_of("", "LAMP (convener)")), visit(email_of("", "LAMP (secretary)"))
    path = plan_meeting(convener)
    secretary.go(f"{path}/room")
    page = secretary.page
    page.locator("#action-text").press_sequentially("Ring länen")
    page.locator("#action-form select").focus()
    convener.page.locator("[data-next]").click()
    expect(page.locator("#mode-agenda [aria-current]")).to_contain_text("Andra punkten")
    expect(page.locator("#action-text")).to_have_value("Ring länen")  # the meeting goes on, and the form stays
    page.locator("#mode-agenda a").last.click()
    expect(page.locator("#mode-title")).to_have_text("Andra punkten")
    expect(page.locator("#action-text")).to_have_value("")
    page.locator("#mode-agenda a").first.click()
    expect(page.locator("#action-text")).to_have_value("Ring länen")
    held: list[Route] = []
    page.route("**/agenda-items/*/decisions", lambda route: held.append(route))  # the library marks its handler
    page.locator("#decision-text").press_sequentially("Vi gör så.")
    with page.expect_request("**/agenda-items/*/decisions"):
        page.get_by_role("button", name="Lägg till beslutet").click()
    page.locator("#decision-text").press_sequentially(" Nästa beslut")
    held[0].continue_()
    expect(page.locator(".mode-rows .decision")).to_contain_text("Vi gör så.")
    expect(page.locator("#decision-text")).to_have_value("Nästa beslut")


def test_what_is_decided_without_the_network_is_sent_once_it_is_back(
    visit: Open, stack: Stack, email_of: Callable[[str, str], str]
) -> None:
    convener, secretary = visit(email_of("", "LAMP (convener)")), visit(email_of("", "LAMP (secretary)"))
    path = plan_meeting(convener)
    secretary.watch_sockets()
    secretary.go(f"{path}/room")
    page = secretary.page
    rows, waiting = page.locator(".mode-rows"), page.locator("[data-waiting] li")
    secretary.cut()
    page.locator("#decision-text").fill("Vi gör så.")
    page.get_by_role("button", name="Lägg till beslutet").click()
    expect(waiting).to_contain_text(["Väntar på nätet: beslutet är inte sparat ännu."])
    expect(waiting).to_contain_text(["Vi gör så."])
    expect(page.locator("#decision-text")).to_have_value("")  # free for the next one
    page.locator("#action-text").fill("Ring länen")
    page.locator("#action-form select").select_option(index=1)
    page.get_by_role("button", name="Lägg till åtgärden").click()
    expect(waiting).to_have_count(2)
    secretary.mend()
    expect(rows.locator(".decision")).to_contain_text(["Vi gör så."])
    expect(rows.locator(".action")).to_contain_text(["Ring länen"])
    expect(waiting).to_have_count(0)

    secretary.cut()
    page.locator("#decision-text").fill("Nästa beslut.")
    page.get_by_role("button", name="Lägg till beslutet").click()
    expect(waiting).to_have_count(1)
    page.close()  # the laptop is closed before the network is back
    secretary.is_cut = False
    secretary.context.unroute("**/*")
    page = secretary.page = secretary.context.new_page()
    secretary.go(f"{path}/room")
    expect(page.locator(".mode-rows .decision")).to_contain_text(["Vi gör så.", "Nästa beslut."])
    expect(page.locator("[data-waiting] li")).to_have_count(0)
    expect(page.locator("#decision-text")).to_have_value("")
    page.reload()
    expect(page.locator(".mode-rows .decision")).to_have_count(2)


def test_what_was_refused_leaves_nothing_in_the_form(visit: Open, email_of: Callable[[str, str], str]) -> None:
    convener = visit(email_of("", "LAMP (convener)"))
    plan_meeting(convener)
    page = convener.page
    form = page.locator("#action-form")
    form.locator("select").select_option(index=1)
    page.locator("#action-text").evaluate("field => { field.maxLength = 2000; }")
    page.locator("#action-text").fill("Ring länen " * 100)
    page.get_by_role("button", name="Lägg till åtgärden").click()
    expect(form.locator(".field-error")).to_contain_text("Högst 1")
    expect(page.locator("[data-waiting] li")).to_have_count(0)
    page.locator("#action-text").fill("Ring länen")
    page.get_by_role("button", name="Lägg till åtgärden").click()
    expect(page.locator(".mode-rows .action")).to_contain_text(["Ring länen"])
    expect(form.locator(".field-error")).to_have_count(0)
    expect(form.locator("[aria-invalid]")).to_have_count(0)
    expect(form.locator("select")).to_have_value("")
