"""Calendar files as other programs read them (RFC 5545)."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from dateutil import tz
from icalendar import Calendar

from portal import calendar
from portal.calendar import Entry, Method, Party, Status
from portal.times import STOCKHOLM

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


def test_a_cancelled_meeting_says_so_and_rings_for_nobody() -> None:
    assert read(calendar.one_entry(entry(status=Status.CANCELLED))).walk("VALARM") == []
    assert read(calendar.one_entry(entry(status=Status.CANCELLED)))["status"] == "CANCELLED"


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
    rules = zone.to_tz(lookup_tzid=False)  # as a program that knows the zone from this file only
    local = datetime.strptime(wall, "%Y%m%dT%H%M%S").replace(tzinfo=rules)
    assert local.astimezone(UTC) == starts_at


def test_the_zone_s_rules_are_right_in_every_year_that_a_meeting_can_have() -> None:
    """Read by another program, which is given nothing but the file."""
    content = calendar.one_entry(entry()).decode()
    zone = content[content.index("BEGIN:VTIMEZONE") : content.index("BEGIN:VEVENT")]
    rules: Any = tz.tzical(io.StringIO(zone)).get("Europe/Stockholm")
    for year in range(1990, 2101):
        for month, on in product(range(1, 13), (1, 15, *range(23, 31))):
            try:
                noon = datetime(year, month, on, 12)  # noqa: DTZ001  # the clock on the wall
            except ValueError:
                continue  # no 29th or 30th of February
            assert noon.replace(tzinfo=rules).utcoffset() == noon.replace(tzinfo=STOCKHOLM).utcoffset(), noon


def test_the_second_half_past_two_in_the_october_night_is_told_in_utc() -> None:
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    event = read(calendar.one_entry(entry(starts_at=first, ends_at=second)))
    assert event.decoded("dtend") - event.decoded("dtstart").astimezone(UTC) == timedelta(hours=1)
    assert event["dtstart"].params["TZID"] == "Europe/Stockholm"
    assert b"DTEND:20261025T013000Z\r\n" in calendar.one_entry(entry(starts_at=first, ends_at=second))


def test_a_whole_day_is_a_date() -> None:
    """Also the day that has 25 hours."""
    starts = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    content = calendar.one_entry(entry(starts_at=starts, ends_at=starts + timedelta(hours=25), is_all_day=True))
    assert b"DTSTART;VALUE=DATE:20261025\r\nDTEND;VALUE=DATE:20261026\r\n" in content
    assert b"VALARM" not in content


def test_a_call_has_one_who_calls_and_one_who_is_called() -> None:
    organizer = Party("answer+1-x@portal.example", 'LAMP: "nätverket"\r\nATTENDEE:mailto:evil@evil.example')
    attendee = Party("anna@x.example", "Åström; Anna, 1:a", answer="TENTATIVE", is_asked=True)
    content = calendar.one_entry(entry(organizer=organizer, attendee=attendee), Method.REQUEST)
    assert Calendar.from_ical(content)["METHOD"] == "REQUEST"
    event = read(content)
    assert event["organizer"] == "mailto:answer+1-x@portal.example"
    assert event["attendee"] == "mailto:anna@x.example"
    assert dict(event["attendee"].params) == {
        "CN": "Åström; Anna, 1:a", "CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "TENTATIVE", "RSVP": "TRUE",
    }  # fmt: skip
    assert event["organizer"].params["CN"].startswith("LAMP: 'nätverket' ATTENDEE")


def test_what_no_calendar_may_hold_is_left_out() -> None:
    content = calendar.one_entry(entry(title="A\x00B\x07C\x1b[31m\x7f", link="https://x.example/\x01"))
    assert read(content)["summary"] == "ABC[31m"
    assert not set(content) & ({*range(32), 127} - {10, 13})


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
