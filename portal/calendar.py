"""Calendar entries (RFC 5545) that Outlook, Gmail, Thunderbird and phones read, in Europe/Stockholm with its own rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event, Timezone

from portal.times import STOCKHOLM


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
    description: str = ""
    is_cancelled: bool = False


def one_entry(entry: Entry) -> bytes:
    """A calendar file with one meeting."""
    calendar = Calendar()
    calendar.add("prodid", "-//Samverkansportalen//SV")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(Timezone.from_tzid("Europe/Stockholm"))
    calendar.add_component(_event(entry))
    content: bytes = calendar.to_ical()
    return content


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("summary", entry.title)
    event.add("dtstart", entry.starts_at.astimezone(STOCKHOLM))
    event.add("dtend", entry.ends_at.astimezone(STOCKHOLM))
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    for name, value in (("location", entry.place), ("url", entry.url), ("description", entry.description)):
        if value:
            event.add(name, value)
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", entry.title)
    alarm.add("trigger", timedelta(hours=-1))
    event.add_component(alarm)
    return event
