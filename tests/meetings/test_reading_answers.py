"""What mail programs send is read; what is broken is refused with a word and breaks nothing."""

from __future__ import annotations

import contextlib
import random
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from portal.meetings.calls import incoming
from portal.meetings.calls.incoming import Unreadable
from tests.meetings.calling import START, program_answer

FOLDER = Path(__file__).parent / "calendars"
PROGRAMS = ("outlook", "gmail", "apple", "thunderbird")
BROKEN = sorted((FOLDER / "broken").iterdir(), key=lambda path: path.name)
STILL_READ = {
    "bom.ics", "utf-16.ics", "latin-1.ics", "nul.ics", "secondly-zone.ics", "unknown-zone.ics", "bad-dates.ics", "bad-numbers.ics",
    "counter.ics", "no-end.ics", "long-line.ics",
}  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_answers_of_mail_programs(program: str) -> None:
    content = program_answer(
        program, to="answer+1-x@portal.example", sender="anna@x.example", uid="7@portal", sequence=3
    )
    message = incoming.read_message(content)
    reply = message.reply
    assert reply is not None
    assert (message.sender, message.is_automatic, message.fault) == ("anna@x.example", False, "")
    assert (reply.method, reply.uid, reply.attendee, reply.partstat) == (
        "REPLY",
        "7@portal",
        "anna@x.example",
        "ACCEPTED",
    )
    assert (reply.sequence, reply.starts) == (3, START)
    assert reply.stamp == datetime(2026, 11, 2, 9, 5, tzinfo=UTC)
    assert reply.comment == ("Vi ses där." if program == "outlook" else "")


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.name)
@pytest.mark.parametrize("content_type", ["text/calendar", "application/ics", "application/octet-stream"])
def test_broken_calendars(path: Path, content_type: str) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "Anna <anna@x.example>", "answer+1-x@portal.example"
    message.set_content("Hej")
    maintype, _slash, subtype = content_type.partition("/")
    message.add_attachment(path.read_bytes(), maintype=maintype, subtype=subtype, filename=path.name)
    if path.name == "utf-16.ics":
        message.get_payload()[1].set_param("charset", "utf-16")  # type: ignore[union-attr,index]
    read = incoming.read_message(message.as_bytes())
    assert (read.reply is not None) == (path.name in STILL_READ), read
    assert (read.fault == "") == (read.reply is not None)


@pytest.mark.parametrize(
    ("name", "starts"),
    [("unknown-zone.ics", None), ("bad-dates.ics", None), ("secondly-zone.ics", START)],
)
def test_what_cannot_be_understood_is_not_guessed(name: str, starts: datetime | None) -> None:
    assert incoming.read_calendar((FOLDER / "broken" / name).read_text(encoding="utf-8")).starts == starts


def test_every_cut_and_every_wrong_byte_is_borne() -> None:
    """Messages cut short anywhere, and with bytes changed at random."""
    seed = random.Random(7)
    for program in PROGRAMS:
        whole = program_answer(program, to="a+1@x.example", sender="anna@x.example", uid="7@portal", sequence=3)
        for cut in range(0, len(whole), 97):
            incoming.read_message(whole[:cut])
        for _time in range(60):
            changed = bytearray(whole)
            for _byte in range(seed.randrange(1, 30)):
                changed[seed.randrange(len(changed))] = seed.randrange(256)
            incoming.read_message(bytes(changed))


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 1000, b"From: \r\n\r\n", b"From: a@b, c@d\r\n\r\nHej", b"From: =?utf-8?q?=ff?= <>\r\nContent-Type: multipart/mixed\r\n\r\n",
     b"Content-Type: text/calendar; charset=nonsense\r\n\r\nBEGIN:VCALENDAR", b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" * 3000,
     b"From: " + b"(" * 900_000 + b"\r\n\r\n", b"Content-Type: text/calendar" + b"; a=b" * 150_000 + b"\r\n\r\nx", b"From: (((((((((((((((((((((((((((\r\n\r\n", b"From: " + b"<" * 50_000 + b"\r\n\r\n", b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\r\n\r\n"],
    ids=range(12),
)  # fmt: skip
def test_odd_messages(content: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert incoming.read_message(content).reply is None


def test_a_message_beyond_the_limit_is_not_read() -> None:
    with pytest.raises(Unreadable):
        incoming.read_message(b"x" * (incoming.LARGEST_MESSAGE + 1))
    with pytest.raises(Unreadable):
        incoming.read_calendar("x" * (incoming.LARGEST_CALENDAR + 1))


def test_a_forwarded_call_is_no_answer() -> None:
    inner, outer = EmailMessage(), EmailMessage()
    inner.set_content("x")
    inner.add_attachment((FOLDER / "apple.ics").read_bytes(), maintype="text", subtype="calendar")
    outer["From"] = "anna@x.example"
    outer.set_content("Se nedan")
    outer.add_attachment(inner)
    assert incoming.read_message(outer.as_bytes()).fault == "no calendar"


@pytest.mark.parametrize(
    "written",
    ["anna.b@x.example", "MAILTO:Anna.B@X.example", "mailto:<anna.b@x.example>", '"anna.b"@x.example', "<Anna.B@x.example>", 'mailto:"anna.b"@X.EXAMPLE',
     " mailto:anna%2Eb@x.example ", "mailto:anna.b%40x.example"],
)  # fmt: skip
def test_one_address_in_all_its_spellings(written: str) -> None:
    assert incoming.plain_address(written) == "anna.b@x.example"


def test_a_day_and_an_hour_on_the_wall() -> None:
    text = (FOLDER / "apple.ics").read_text(encoding="utf-8")
    whole_day = text.replace("DTSTART;TZID=Europe/Stockholm:20261124T093000", "DTSTART;VALUE=DATE:20261124")
    assert incoming.read_calendar(whole_day).starts == date(2026, 11, 24)
    floating = text.replace("DTSTART;TZID=Europe/Stockholm:", "DTSTART:")
    assert incoming.read_calendar(floating).starts == START
