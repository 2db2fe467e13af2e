"""Reading what mail programs send when somebody presses their button: a message, and the calendar answer in it (RFC 5546).

Only the few properties that an answer is made of are looked at. Nothing is believed here: `replies.py` judges. Time zones that a
message brings are not worked out, since their rules can be made to take for ever.
"""

from __future__ import annotations

import email
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import Message

from icalendar import vDDDTypes, vText
from icalendar.parser import Contentlines

from portal.notifications.receiving.messages import BROKEN, addresses, decoded, leaves
from portal.notifications.receiving.messages import Unreadable as Unreadable
from portal.notifications.receiving.messages import plain_address as plain_address
from portal.times import STOCKHOLM

LARGEST_MESSAGE = 1_000_000  # bytes
LARGEST_CALENDAR = 200_000  # characters
MOST_COMMENT = 500
_WANTED = frozenset({"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "ATTENDEE", "COMMENT", "RECURRENCE-ID"})
_EVENT = ["VCALENDAR", "VEVENT"]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as a mail program wrote it."""

    method: str
    uid: str
    attendee: str  # an address in lower case
    partstat: str
    sequence: int | None
    stamp: datetime | None  # when it was given
    starts: datetime | date | None  # the date that was answered to; None if it is not said or cannot be understood
    comment: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message: from whom, whether a program wrote it by itself, and the answer in it or why there is none."""

    sender: str
    is_automatic: bool
    reply: Reply | None
    fault: str = ""


def read_message(content: bytes) -> Letter:
    """What a message says. Raises `Unreadable` for what is no message."""
    if len(content) > LARGEST_MESSAGE:
        raise Unreadable("too large")
    try:
        made = email.message_from_bytes(
            content
        )  # the older reader of headers, whose time does not grow with their square
        senders = addresses(made, "From")
        automatic = str(made.get("Auto-Submitted", "no")).strip().casefold().startswith("auto-")
        calendars = list(_calendars(made))
    except BROKEN as error:
        raise Unreadable("no message") from error
    sender = plain_address(senders[0]) if len(senders) == 1 else ""
    if not calendars:
        return Letter(sender, automatic, None, "no calendar")
    try:
        return Letter(sender, automatic, read_calendar(calendars[0]))
    except Unreadable as error:
        return Letter(sender, automatic, None, str(error))


def _calendars(message: Message) -> Iterator[str]:
    """The calendar parts, best first; not those of a message that is attached."""
    found = sorted(leaves(message), key=lambda part: part.get_content_type() != "text/calendar")
    for part in found:
        is_calendar = part.get_content_type() in {"text/calendar", "application/ics"}
        if is_calendar or (part.get_filename() or "").casefold().endswith(".ics"):
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                yield decoded(content, part.get_content_charset() or "utf-8")


def read_calendar(text: str) -> Reply:
    """The answer in a calendar. Raises `Unreadable`."""
    if len(text) > LARGEST_CALENDAR:
        raise Unreadable("too large")
    try:
        methods, events = _properties(text.replace("\x00", ""))
    except BROKEN as error:
        raise Unreadable("no calendar") from error
    if len(methods) != 1 or len(events) != 1:
        raise Unreadable("not one answer to one meeting")
    (event,) = events
    attendees = [(value, params) for name, params, value in event if name == "ATTENDEE"]
    if len(attendees) != 1:
        raise Unreadable("not one who answers")
    single = {name: (value, params) for name, params, value in event if name != "COMMENT"}
    if "UID" not in single or "RECURRENCE-ID" in single:
        raise Unreadable("not one meeting")
    (address, parameters) = attendees[0]
    comments = [_text(value) for name, _params, value in event if name == "COMMENT"]
    return Reply(
        method=methods[0], uid=_text(single["UID"][0]), attendee=plain_address(address),
        partstat=parameters.get("PARTSTAT", "").upper(), sequence=_number(single.get("SEQUENCE", ("", {}))[0]),
        stamp=_instant(_time(*single["DTSTAMP"])) if "DTSTAMP" in single else None,
        starts=_time(*single["DTSTART"]) if "DTSTART" in single else None,
        comment=" ".join("\n".join(comments).split())[:MOST_COMMENT],
    )  # fmt: skip


_Property = tuple[str, dict[str, str], str]


def _properties(text: str) -> tuple[list[str], list[list[_Property]]]:
    """The methods and, for each meeting, what is wanted of it; what stands in parts of a meeting (alarms) is not its own."""
    path: list[str] = []
    methods: list[str] = []
    events: list[list[_Property]] = []
    for line in Contentlines.from_ical(text):  # type: ignore[no-untyped-call]  # the library has no types there
        try:
            name, params, value = line.parts()
        except (ValueError, AttributeError):
            continue  # a line that is none, such as the last
        name = name.upper()
        if name == "BEGIN":
            path.append(value.strip().upper())
            if path == _EVENT:
                events.append([])
        elif name == "END":
            if path and path[-1] == value.strip().upper():
                path.pop()
        elif path == _EVENT[:1] and name == "METHOD":
            methods.append(value.strip().upper())
        elif path == _EVENT and name in _WANTED:
            known = {key.upper(): str(one) for key, one in params.items() if isinstance(one, str)}
            events[-1].append((name, known, str(value)))
    return methods, events


def _text(value: str) -> str:
    return str(vText.from_ical(value)).strip()


def _number(value: str) -> int | None:
    value = value.strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _time(value: str, params: dict[str, str]) -> datetime | date | None:
    """An instant, or a date; None for one in a time zone that nobody knows by its name."""
    zone = params.get("TZID", "")
    try:
        found = vDDDTypes.from_ical(value.strip(), zone or None)  # type: ignore[no-untyped-call]  # as above
        if not isinstance(found, datetime):
            return found if isinstance(found, date) else None
        if found.tzinfo is None:
            return None if zone else found.replace(tzinfo=STOCKHOLM)
        return found.astimezone(UTC)
    except BROKEN:
        return None


def _instant(found: datetime | date | None) -> datetime | None:
    """A time stamp that can be compared; none from a day when there was no such mail."""
    if not isinstance(found, datetime) or found < datetime(2000, 1, 1, tzinfo=UTC):
        return None
    return min(found, datetime.now(UTC) + timedelta(days=1))
