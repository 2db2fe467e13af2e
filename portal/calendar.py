"""Calendar objects (RFC 5545, 5546) that Outlook, Gmail, Apple, Thunderbird and phones read, in Europe/Stockholm with its rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache

from icalendar import Alarm, Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress, vUri

from portal.times import STOCKHOLM

# Times of the years before 1990 are not ours. The rules end nowhere, so that a meeting of any year is right.
_CHANGES = (
    # (is summer time, first change on the clock before it, month, when the rule ended: some days later, for careless readers)
    (True, datetime(1990, 3, 25, 2, 0), 3, None),  # noqa: DTZ001  # the clock on the wall
    (False, datetime(1989, 9, 24, 3, 0), 9, "19951001T000000Z"),  # noqa: DTZ001  # until 1995 it ended in September
    (False, datetime(1996, 10, 27, 3, 0), 10, None),  # noqa: DTZ001  # as above
)
_END = b"END:VCALENDAR\r\n"
_CONTROLS = dict.fromkeys([*range(9), *range(11, 32), 127])


class Method(StrEnum):
    """What a calendar object asks of the program that reads it (RFC 5546)."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class Status(StrEnum):
    """Where a meeting stands."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Party:
    """Who calls, or who is called; `answer` is a PARTSTAT of those who are called."""

    email: str
    name: str = ""
    answer: str = "NEEDS-ACTION"
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One meeting as calendars see it. `sequence` grows with each change, so that a newer entry replaces an older one."""

    uid: str
    sequence: int
    title: str
    starts_at: datetime
    ends_at: datetime
    changed_at: datetime
    place: str = ""
    url: str = ""
    link: str = ""  # for those online
    description: str = ""
    status: Status = Status.CONFIRMED
    is_all_day: bool = False
    is_free: bool = False  # does not take the reader's time: the call was declined
    has_alarm: bool = True
    organizer: Party | None = None
    attendee: Party | None = None


def one_entry(entry: Entry, method: Method = Method.PUBLISH) -> bytes:
    """A calendar file, or the calendar part of a mail, with one meeting."""
    return entries([entry], method=method)


def entries(several: Iterable[Entry], *, method: Method = Method.PUBLISH, name: str = "", refresh: timedelta | None = None) -> bytes:  # fmt: skip
    """A calendar with meetings; `name` and how often it should be asked for are for programs that subscribe to it."""
    calendar = Calendar()
    calendar.add("prodid", "-//Samverkansportalen//SV")
    calendar.add("version", "2.0")
    calendar.add("method", method.value)
    if name:
        calendar.add("name", _text(name))
        calendar.add("x-wr-calname", _text(name))
    if refresh is not None:
        calendar.add("refresh-interval", refresh, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", refresh)
    calendar.add_component(_zone())
    content: bytes = calendar.to_ical(sorted=False)
    return content.removesuffix(_END) + b"".join(map(_written, several)) + _END


@lru_cache(maxsize=8192)  # a changed meeting is written anew, not the hundreds beside it
def _written(entry: Entry) -> bytes:
    content: bytes = _event(entry).to_ical(sorted=False)
    return content


@cache
def _zone() -> Timezone:
    zone = Timezone()
    zone.add("tzid", "Europe/Stockholm")
    for is_summer, first, month, until in _CHANGES:
        part = TimezoneDaylight() if is_summer else TimezoneStandard()
        part.add("dtstart", first)
        part.add("tzoffsetfrom", timedelta(hours=1 if is_summer else 2))
        part.add("tzoffsetto", timedelta(hours=2 if is_summer else 1))
        part.add("tzname", "CEST" if is_summer else "CET")
        rule = {"freq": "yearly", "bymonth": month, "byday": "-1SU"}
        part.add("rrule", rule | ({"until": datetime.fromisoformat(until)} if until else {}))
        zone.add_component(part)
    return zone


def _text(text: str) -> str:
    """Text without what no calendar may hold."""
    return text.replace("\r\n", "\n").translate(_CONTROLS)


def _at(instant: datetime) -> datetime:
    """On the clock in Sweden; in UTC for the hour that comes twice, the second time: a clock there says it only once."""
    on_clock = instant.astimezone(STOCKHOLM)
    return instant if on_clock.fold else on_clock


def _party(party: Party, **parameters: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{party.email}")
    if party.name:
        address.params["CN"] = _text(party.name).replace('"', "'").replace("\n", " ")
    address.params.update(parameters)
    return address


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("summary", _text(entry.title))
    if entry.is_all_day:
        event.add("dtstart", entry.starts_at.astimezone(STOCKHOLM).date())
        event.add("dtend", entry.ends_at.astimezone(STOCKHOLM).date())
    else:
        event.add("dtstart", _at(entry.starts_at))
        event.add("dtend", _at(entry.ends_at))
    event.add("status", entry.status.value)
    if entry.is_free or entry.status is Status.CANCELLED:
        event.add("transp", "TRANSPARENT")
    for name, value in (("location", entry.place), ("url", entry.url), ("description", entry.description)):
        if value:
            event.add(name, _text(value))
    if entry.link:
        event.add("conference", vUri(_text(entry.link)), parameters={"VALUE": "URI", "FEATURE": "VIDEO"})
    _add_parties(event, entry)
    if entry.has_alarm and entry.status is not Status.CANCELLED and not entry.is_all_day:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _text(entry.title))
        alarm.add("trigger", timedelta(hours=-1))
        event.add_component(alarm)
    return event


def _add_parties(event: Event, entry: Entry) -> None:
    if entry.organizer is not None:
        event.add("organizer", _party(entry.organizer))
    if entry.attendee is not None:
        one = entry.attendee
        rsvp = "TRUE" if one.is_asked else "FALSE"
        event.add("attendee", _party(one, CUTYPE="INDIVIDUAL", ROLE="REQ-PARTICIPANT", PARTSTAT=one.answer, RSVP=rsvp))
