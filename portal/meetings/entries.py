"""A meeting as calendars see it: the same in a file, in a mail and in a feed, and for sensitive groups nothing but the time."""

from __future__ import annotations

from flask import current_app
from flask_babel import gettext as _

from portal.calendar import Entry, Status
from portal.meetings.models import Meeting, MeetingState
from portal.people.models import HandlingClass

_STATUS = {
    MeetingState.PLANNING: Status.TENTATIVE,
    MeetingState.CALLED: Status.CONFIRMED,
    MeetingState.CANCELLED: Status.CANCELLED,
}


def says_nothing(meeting: Meeting) -> bool:
    """Whether what leaves the portal must not tell what the meeting is about (house rule 9)."""
    return meeting.group.handling_class is HandlingClass.SENSITIVE


def title_outside(meeting: Meeting, *, hides: bool = False) -> str:
    """The title as mail and calendars may show it, in the present language."""
    return str(_("Meeting in Samverkansportalen")) if hides or says_nothing(meeting) else meeting.title


def page_of(meeting: Meeting, *, hides: bool = False) -> str:
    """The address that leads to the meeting: its number says nothing, and whoever opens it signs in. Only the portal's own with
    `hides`, for a reader who may not hear of it any more.
    """
    base: str = current_app.config["SETTINGS"].base_url
    return base if hides else base + meeting.path


def entry(meeting: Meeting, *, page: str | None = None, hides: bool = False) -> Entry:
    """The meeting's entry in the present language; `page` is an address that leads to it instead of its page.

    `hides`: nothing but the time, for a reader who may not hear of it any more.
    """
    page = page or page_of(meeting, hides=hides)
    hides = hides or says_nothing(meeting)
    return Entry(
        uid=meeting.uid, sequence=meeting.revision, title=title_outside(meeting, hides=hides), starts_at=meeting.starts_at,
        ends_at=meeting.ends_at, changed_at=meeting.changed_at, is_all_day=meeting.is_all_day, status=_STATUS[meeting.state],
        url=page, place="" if hides else meeting.place or meeting.link, link="" if hides else meeting.link,
        description=page if hides else _description(meeting, page),
    )  # fmt: skip


def _description(meeting: Meeting, page: str) -> str:
    agenda = "\n".join(f"{number}. {item.title}" for item, _at, number in meeting.timetable() if number)
    online = _("Take part online: %(address)s", address=meeting.link) if meeting.link else ""
    return "\n\n".join(part for part in (agenda, online, page) if part)
