"""Calendar files as other programs read them (RFC 5545)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from portal import calendar
from portal.calendar import Entry

START = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


def entry(**more: Any) -> Entry:
    values: dict[str, Any] = {
        "uid": "1@portal", "sequence": 3, "title": "LAMP", "starts_at": START, "ends_at": START + timedelta(hours=6),
        "changed_at": START - timedelta(days=7), **more,
    }  # fmt: skip
    return Entry(**values)


def read(content: bytes) -> Any:
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    return event


def test_what_goes_in_comes_out() -> None:
    event = read(
        calendar.one_entry(
            entry(place="Rosenbad 4", url="https://portal.test/meetings/1", description="1. Ett\n2. Två")
        )
    )
    assert (event["uid"], event["sequence"], event["summary"]) == ("1@portal", 3, "LAMP")
    assert (event["location"], event["url"], event["description"]) == (
        "Rosenbad 4", "https://portal.test/meetings/1", "1. Ett\n2. Två",
    )  # fmt: skip
    assert event.decoded("dtstart") == START
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(hours=6)
    assert event["status"] == "CONFIRMED"
    assert event.decoded("dtstamp") == START - timedelta(days=7)
    (alarm,) = event.walk("VALARM")
    assert alarm.decoded("trigger") == timedelta(hours=-1)


def test_a_cancelled_meeting_says_so() -> None:
    assert read(calendar.one_entry(entry(is_cancelled=True)))["status"] == "CANCELLED"


@pytest.mark.parametrize(
    ("starts_at", "wall"),
    [
        (datetime(2026, 3, 28, 8, 0, tzinfo=UTC), "20260328T090000"),
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "20260329T013000"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "20260329T030000"),
        (datetime(2026, 7, 1, 8, 0, tzinfo=UTC), "20260701T100000"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "20261025T023000"),
        (datetime(2026, 10, 25, 2, 30, tzinfo=UTC), "20261025T033000"),
        (datetime(2030, 12, 24, 8, 0, tzinfo=UTC), "20301224T090000"),
    ],
)
def test_the_zone_goes_with_the_file(starts_at: datetime, wall: str) -> None:
    content = calendar.one_entry(entry(starts_at=starts_at, ends_at=starts_at + timedelta(hours=1)))
    assert f"DTSTART;TZID=Europe/Stockholm:{wall}\r\n".encode() in content
    assert b"BEGIN:VTIMEZONE" in content
    zone: Any = Calendar.from_ical(content).walk("VTIMEZONE")[0]
    rules = zone.to_tz()  # as a program that knows the zone from this file only
    local = datetime.strptime(wall, "%Y%m%dT%H%M%S").replace(tzinfo=rules)
    assert local.astimezone(UTC) == starts_at


@pytest.mark.parametrize(
    "title",
    [
        "Möte om åtgärder " * 20,
        "🧭" * 60,
        "Semikolon; komma, bakstreck \\ och \"citat\"",
        "Rad\r\nATTENDEE:mailto:evil@example.org",
        "Rad\nEND:VEVENT\nBEGIN:VEVENT",
        "\\n är inget radslut",
        "BEGIN:VCALENDAR",
        "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ä" * 15,
        ":;,\\",
    ],
    ids=range(9),
)  # fmt: skip
def test_any_title(title: str) -> None:
    content = calendar.one_entry(entry(title=title, place=title, description=title))
    event = read(content)
    assert event["summary"] == title.replace("\r\n", "\n")
    assert "attendee" not in event
    lines = content.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines), "folded"
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert lines[-1] == b""
    for line in lines:
        line.decode()  # folded between characters, not within one
    assert sum(line == b"BEGIN:VEVENT" for line in lines) == 1
