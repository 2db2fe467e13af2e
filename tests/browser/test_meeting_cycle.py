"""A meeting from the date poll to the agenda of the next one, as its people live it: in browsers and in their mail programs."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from icalendar import Calendar
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from portal.times import local, today
from tests.browser.conftest import Open, Visitor
from tests.browser.stack import Stack
from tests.browser.test_main_line import EmailOf
from tests.mail_server import MailServer
from tests.meetings.calling import program_answer
from tests.servers import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(900)]

TITLE = "Möte om ”hotell” och #taxi"
DAY = today() + timedelta(days=40)


def ask_for_dates(page: Page) -> None:
    """A poll in LAMP's series with two times."""
    page.get_by_role("link", name="LAMP-möte", exact=True).click()
    page.get_by_role("link", name="Fråga om datum").click()
    page.get_by_label("Vad handlar mötet om?").fill(TITLE)
    for row, day in enumerate((DAY, DAY + timedelta(days=1))):
        fields = page.locator(".poll-time").nth(row).locator("input")
        for field, value in zip((0, 1, 2), (day.isoformat(), "09:00", "12:00"), strict=True):
            fields.nth(field).fill(value)
    page.get_by_label("Sista svarsdag").fill((today() + timedelta(days=7)).isoformat())
    page.get_by_role("button", name="Skicka frågan").click()


def answer_poll(visitor: Visitor, path: str, *answers: str) -> None:
    """Yes or no to each time."""
    visitor.go(path)
    for row, said in enumerate(answers):
        visitor.page.locator(".poll-row").nth(row).get_by_label(said, exact=True).check()
    visitor.page.get_by_role("button", name="Skicka mitt svar").click()
    expect(visitor.page.locator(".notice-done")).to_be_visible()


def _calendar(part: Any) -> Any:
    return Calendar.from_ical(part.get_payload(decode=True))


def call_in(mails: MailServer, address: str) -> tuple[EmailMessage, Any]:
    """The call to this test's meeting that the server has taken for somebody, with its event."""

    def found() -> list[tuple[EmailMessage, Any]]:
        return [
            (one, event)
            for one in list(mails.taken)
            for part in one.walk()
            if address in str(one["To"]) and part.get_param("method") == "REQUEST"
            for event in _calendar(part).walk("VEVENT")
            if event["DTSTART"].dt.date() == DAY + timedelta(days=1)  # the day on which both can
        ]

    wait_for(lambda: bool(found()), seconds=60, what=f"a call to {address}")
    return found()[-1]


def answer_by_mail(stack: Stack, mails: MailServer, address: str) -> None:
    """Press "accept" in Outlook; the mail server hands the answer in."""
    message, event = call_in(mails, address)
    reply_to = str(event["ORGANIZER"]).removeprefix("mailto:").removeprefix("MAILTO:")
    assert message["From"] is not None
    content = program_answer(
        "outlook", to=reply_to, sender=address, uid=str(event["UID"]), sequence=int(event["SEQUENCE"]),
        stamp=event["DTSTAMP"].dt.strftime("%Y%m%dT%H%M%SZ"),
        old="20261124T093000", new=local(event["DTSTART"].dt).strftime("%Y%m%dT%H%M%S"),
    )  # fmt: skip
    taken = stack.flask("mail", "deliver", "--to", reply_to, given=content)
    assert taken.returncode == 0, taken.stderr


def add_item(page: Page, title: str) -> None:
    """Put an item on the agenda."""
    page.get_by_role("link", name="Lägg till en punkt").click()
    page.get_by_label("Rubrik").fill(title)
    page.get_by_role("button", name="Spara").click()
    expect(page.get_by_role("rowheader", name=title)).to_be_visible()


def hold(leader: Visitor, watcher: Visitor, path: str) -> None:
    """Two in meeting mode: one writes, decides and hands out; the other sees it as it happens."""
    room = leader.page
    leader.go(f"{path}/room")
    room.get_by_role("button", name="Börja mötet").click()
    room.get_by_role("button", name="Börja nu ändå").click()  # it starts in weeks: one is asked
    expect(room.locator(".mode-state")).to_contain_text("Pågår")
    room.locator("#mode-agenda a", has_text="Hotellbranschen").click()
    expect(room.locator("#mode-title")).to_have_text("Hotellbranschen")
    watcher.go(f"{path}/room?item={room.locator('#mode-item').get_attribute('data-item')}")
    room.locator("#note-text").press_sequentially("Länen berättar om #hotell och $taxi.")
    expect(watcher.page.locator("[data-note] .reading")).to_contain_text("Länen berättar om #hotell och $taxi.")
    room.locator("#decision-text").fill("Materialet sprids i mars.")
    room.get_by_role("button", name="Lägg till beslutet").click()
    room.locator("#action-text").fill("Skicka materialet till länen")
    room.locator("#action-form select").select_option(index=1)
    room.locator("#action-form input[type=date]").fill((DAY + timedelta(days=30)).isoformat())
    room.get_by_role("button", name="Lägg till åtgärden").click()
    for page in (room, watcher.page):
        expect(page.locator("#mode-item")).to_contain_text("Materialet sprids i mars.")
        expect(page.locator("#mode-item")).to_contain_text("Skicka materialet till länen")
    expect(room.locator("[data-save-state]")).to_contain_text("Sparat")
    room.get_by_role("button", name="Avsluta mötet").click()
    expect(room.locator("main")).to_contain_text("Ingen är antecknad som närvarande.")
    room.get_by_role("link", name="Tillbaka och anteckna vilka som är här").click()
    room.locator("#mode-attendance summary").click()
    room.get_by_role("button", name="Anteckna alla som sagt att de kommer").click()
    expect(room.locator(".mode-people .cell.is-here").first).to_be_visible()
    room.get_by_role("button", name="Avsluta mötet").click()
    room.wait_for_url(re.compile(r"/minutes$"))


def adjust(secretary: Visitor, member: Visitor, path: str, name: str) -> None:
    """Circulate, remark, answer the remark with a new edition, approve: the minutes are sealed."""
    page = secretary.page
    secretary.go(f"{path}/minutes/circulation")
    page.get_by_label(re.compile(name)).check()
    page.get_by_label("Justeras senast").fill((today() + timedelta(days=14)).isoformat())
    page.get_by_role("button", name="Skicka ut").click()
    expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
    member.go(f"{path}/minutes")
    paragraph = member.page.locator("article.minutes-item", has_text="Hotellbranschen")
    paragraph.get_by_text("Anmärk på paragrafen").click()
    paragraph.get_by_label("Vad ska ändras?").fill("Det var även nagelsalonger.")
    paragraph.get_by_role("button", name="Skicka anmärkningen").click()
    expect(paragraph.locator(".remark")).to_be_visible()
    secretary.go(f"{path}/minutes")
    item = page.locator("article.minutes-item", has_text="Hotellbranschen")
    expect(item).to_contain_text("Det var även nagelsalonger.")
    item.get_by_role("link", name="Skriv").click()
    page.locator("textarea[name=text]").fill("Länen berättar om #hotell, $taxi och nagelsalonger.")
    page.get_by_role("button", name="Spara").click()
    expect(page.get_by_role("heading", name="Texten har ändrats sedan version 1")).to_be_visible()
    item.locator("summary", has_text="Svara").click()
    item.get_by_label("Ett ord till den som anmärkt").fill("Tack, det är med nu.")
    item.get_by_role("button", name="Den är klar").click()
    expect(item.locator(".remark")).to_contain_text("Infört av sekreteraren")
    page.get_by_label("Vad har ändrats?").fill("Nagelsalonger är med.")
    page.get_by_role("button", name="Skicka version 2").click()
    expect(page.get_by_role("heading", name="Version 2")).to_be_visible()
    member.go(f"{path}/minutes")
    expect(paragraph.locator(".reading")).to_contain_text("nagelsalonger.")
    expect(member.page.locator(".remark")).to_contain_text("Tack, det är med nu.")
    member.page.get_by_role("button", name="Justera version 2").click()
    expect(member.page.locator("main")).to_contain_text("låser protokollet för gott")
    member.page.get_by_role("button", name="Justera och lås").click()
    expect(member.page.get_by_role("heading", name="Version 2 är låst")).to_be_visible()


def sealed_pdf(visitor: Visitor, path: str) -> str:
    """The text of the sealed PDF/A, once the worker has made it."""

    def is_there() -> bool:
        visitor.go(f"{path}/minutes")
        return visitor.page.get_by_role("link", name="Arkivpaket").count() == 1

    wait_for(is_there, seconds=120, what="the PDF")
    answer = visitor.context.request.get(f"{visitor.address}{path}/minutes.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    reader = PdfReader(io.BytesIO(answer.body()))
    assert b"pdfaid" in (reader.xmp_metadata.stream.get_data() if reader.xmp_metadata is not None else b"")
    return " ".join(page.extract_text() for page in reader.pages)


def test_from_the_poll_to_the_next_agenda(
    visit: Open, stack: Stack, mails: MailServer, email_of: EmailOf, people: list[dict[str, str]]
) -> None:
    address = email_of("Länsstyrelsen i Örebro län", "LAMP")
    convener, secretary = visit(email_of("", "LAMP (convener)")), visit(email_of("", "LAMP (secretary)"))
    member = visit(address)
    page = convener.page

    convener.go("/groups/lamp/meetings")
    ask_for_dates(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    poll = page.url.removeprefix(stack.address)
    answer_poll(secretary, poll, "Nej", "Ja")
    answer_poll(member, poll, "Ja", "Ja")
    best = page.locator(".poll-option").first
    expect(best).to_contain_text(re.compile("Bäst|Närmast"))
    best.get_by_role("button", name="Boka mötet").click()
    page.wait_for_url(re.compile(r"/meetings/\d+$"))
    path = page.url.removeprefix(stack.address)

    mail, _event = call_in(mails, address)
    assert TITLE not in str(mail), "a sensitive group: mail says only that there is a meeting"
    answer_by_mail(stack, mails, address)
    member.go(path)
    expect(member.page.get_by_role("button", name="På plats", pressed=True)).to_be_visible()

    add_item(page, "Hotellbranschen")
    page.get_by_role("button", name="Skicka dagordningen").click()
    expect(page.locator(".edition-line")).to_contain_text("Version 1 skickades")
    hold(secretary, member, path)
    adjust(secretary, member, path, next(one["name"] for one in people if one["email"] == address))
    text = sealed_pdf(member, path)
    for said in ("Länen berättar om #hotell, $taxi och nagelsalonger.", "Materialet sprids i mars."):
        assert said in re.sub(r"\s+", " ", text)

    convener.go("/groups/lamp/meetings")
    page.get_by_role("link", name="LAMP-möte", exact=True).click()
    page.get_by_role("link", name="Planera ett möte").click()
    page.get_by_label("Datum").fill((DAY + timedelta(days=120)).isoformat())
    page.get_by_label("Börjar").fill("09:00")
    page.get_by_label("Slutar").fill("12:00")
    page.get_by_role("button", name="Spara").click()
    expect(page.locator(".agenda")).to_contain_text("Skicka materialet till länen")
