"""The whole way of a mail: from a post over a real mail server into a person's mail program, and its answer back into the thread."""

from __future__ import annotations

import email.policy
import re
import urllib.request
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import dkim
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open, Visitor
from tests.browser.mail_program import MailProgram, taking_mail
from tests.browser.stack import Stack
from tests.browser.test_main_line import EmailOf, start_thread, write
from tests.mail_server import MailServer
from tests.servers import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AT_ONCE = """
from portal.notifications.actions import choose_channels
from portal.notifications.models import Channel
choose_channels(person, {"posted": Channel.MAIL, "mentioned": Channel.MAIL}, by=person)
db.commit()
"""
CHANNEL = """
from portal.notifications.policy import channels
print(channels(person)["posted"].value)
"""
SENT = """
from portal.notifications.delivery.models import Delivery, State
from portal.notifications.models import Notice
sent = sa.select(Notice.id).join(Delivery, Delivery.notice_id == Notice.id).where(Delivery.state == State.SENT)
print(*db.session.scalars(sent.where(Notice.person_id == person.id, Notice.about == sys.argv[2])))
"""
TITLE = "Båtresan till Åland"
SECRET_TITLE, SECRET_TEXT = "Zebraspaning i Öxabäck", "Kvalsterkollen börjar på måndag"


@pytest.fixture
def reader(people: list[dict[str, str]]) -> dict[str, str]:
    """Somebody of the network and of a sensitive group, who wants mail at once."""
    return next(
        one for one in people if {"Informationsnätverket (member)", "LAMP (member)"} <= set(one["groups"].split(", "))
    )


@pytest.fixture
def program(reader: dict[str, str], stack: Stack, tmp_path: Path) -> Iterator[MailProgram]:
    """The reader's."""
    stack.with_person(reader["email"], AT_ONCE)
    with taking_mail(stack) as door:
        yield MailProgram(tmp_path, reader["name"], reader["email"], door, "mx.portal.example")


def start_secret(visitor: Visitor) -> str:
    """Start a thread in a sensitive group. Answers what nobody may find in a mail: words, names, addresses."""
    visitor.go("/groups/lamp/threads/new")
    visitor.page.get_by_label("Rubrik").fill(SECRET_TITLE)
    visitor.page.get_by_label("Första inlägget").fill(SECRET_TEXT)
    visitor.page.get_by_role("button", name="Starta tråden").click()
    visitor.page.wait_for_url(re.compile(r"/threads/\d+"))
    return re.sub(r"^https?://[^/]+", "", visitor.page.url).partition("#")[0]


def wait_for_mails(mails: MailServer, stack: Stack, reader: dict[str, str], secret: str) -> tuple[list[bytes], bytes]:
    """What the mail server has got for the reader: the three about posts of the network, and the one of the sensitive group."""

    def found(header: str, value: str) -> list[bytes]:
        pairs = list(zip(mails.taken, mails.raw, strict=False))  # the server works on meanwhile
        mine = [(made, raw) for made, raw in pairs if made["To"].addresses[0].addr_spec == reader["email"]]
        return [raw for made, raw in mine if value in made[header]]

    def sent() -> str:
        return stack.with_person(reader["email"], SENT, f"thread:{secret.rpartition('/')[2]}")

    wait_for(lambda: len(found("Subject", TITLE)) == 3, seconds=240, what="mail about three posts")
    wait_for(sent, seconds=240, what="mail about the secret post")
    (silent,) = found("Message-ID", f"<notice.{sent()}.1@portal.example>")
    return found("Subject", TITLE), silent


def test_a_mail_program_shows_answers_and_stops_what_the_portal_sends(
    visit: Open, email_of: EmailOf, mails: MailServer, stack: Stack, reader: dict[str, str], program: MailProgram, people: list[dict[str, str]],
    dkim_record: bytes,
) -> None:  # fmt: skip
    leader, writer = visit(email_of("", "LAMP (convener)")), visit(email_of("RFSL", ""))
    secret = start_secret(leader)
    start_thread(writer, TITLE)  # of the same name as the next one, and another thread
    path = start_thread(writer, TITLE)
    write(writer, "Vi är fyra från Malmö på färjan.")
    titled, silent = wait_for_mails(mails, stack, reader, secret)
    program.receive([*titled, silent])

    for raw in (*titled, silent):
        assert dkim.verify(raw, dnsfunc=lambda _name, timeout=5: dkim_record)
    everything = program.show("<tag-pattern>~A<enter>")
    assert everything.count("Auto-Submitted: auto-generated") == 4
    assert everything.count("List-Unsubscribe-Post: List-Unsubscribe=One-Click") == 4

    # its thread is one thread, and the other one of the same name is none of it
    thread_id = path.rpartition("/")[2]
    shown = program.show("<limit>~b fyra.från.Malmö<enter><first-entry><limit>~A<enter><tag-thread>")
    assert shown.count(f"In-Reply-To: <thread.{thread_id}@portal.example>") == 2
    assert shown.count("Subject: [Informationsnätverket] Båtresan till Åland") == 2
    assert shown.count("Message-ID: ") == shown.count("List-Id: <group-") == 2
    assert "Här börjar det." in shown
    assert "Vi är fyra från Malmö på färjan." in shown

    # of the sensitive group there is one mail, and it says nothing
    text = str(message_from_bytes(silent, policy=email.policy.default).get_content())
    told = program.show("<tag-pattern>~h notices\\.portal\\.example<enter>")
    author = next(one for one in people if one["email"] == email_of("", "LAMP (convener)"))
    words = {*SECRET_TITLE.split(), *SECRET_TEXT.split(), *author["name"].split(), "LAMP", "lamp", secret} - {"i", "på"}
    whole = silent.decode("ascii") + text + told
    assert [word for word in words if word in whole] == []

    # the answer, live, and in the mail program under what it answers
    program.answer("~b fyra.från.Malmö", "Hälsning från brevlådan på ön.")
    live = writer.page.locator("article.post[data-seq] .post-body", has_text="Hälsning från brevlådan på ön.")
    expect(live).to_have_count(1)
    expect(live).to_have_text("Hälsning från brevlådan på ön.")
    expect(writer.page.locator("article.post[data-seq]").last).to_contain_text(reader["name"])
    below = program.show("<limit>~b fyra.från.Malmö !~P<enter><first-entry><limit>~A<enter><tag-subthread>")
    assert below.count("Subject: ") == 2
    assert "> Vi är fyra från Malmö på färjan." in below

    # one click of the program stops it
    stop = re.search(r"List-Unsubscribe: <(\S+)>", shown)
    assert stop is not None
    asked = urllib.request.Request(stop[1], data=b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert answer.status == 200
    assert stack.with_person(reader["email"], CHANNEL) == "portal"
