"""How meetings and minutes are found."""

from __future__ import annotations

from operator import attrgetter

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from portal import markup, search
from portal.meetings.minutes.policy import visible_notes
from portal.meetings.models import AgendaItem, Meeting, MinutesNote
from portal.meetings.policy import visible_meetings


def _meeting_document(meeting: Meeting) -> search.Document:
    agenda = "\n".join(f"{item.title}\n{markup.plain(item.description)}" for item in meeting.items)
    body = f"{meeting.place}\n{agenda}\n{meeting.practical}"
    return search.Document(
        "meeting",
        meeting.id,
        (meeting.group_id,),
        meeting.title,
        body,
        meeting.changed_at,
        search.of_year(meeting.starts_at),
    )


def _minutes_document(note: MinutesNote) -> search.Document:
    body = markup.plain(note.text)
    return search.Document(
        "minutes",
        note.id,
        (note.item.meeting.group_id,),
        note.item.title,
        body,
        note.written_at,
        search.of_year(note.item.meeting.starts_at),
    )


def register() -> None:
    """Let meetings and minutes be found. A meeting is indexed anew when `changed_at` is set (agenda changes do that)."""
    search.register(
        "meeting",
        Meeting,
        document=_meeting_document,
        visible=visible_meetings,
        all_rows=lambda: sa.select(Meeting).options(selectinload(Meeting.items)),
        text=[selectinload(Meeting.items)],
    )
    search.register(
        "minutes",
        MinutesNote,
        document=_minutes_document,
        visible=visible_notes,
        all_rows=lambda: sa.select(MinutesNote).options(joinedload(MinutesNote.item).joinedload(AgendaItem.meeting)),
        group=attrgetter("item.meeting.group"),
        changed_at=attrgetter("written_at"),
    )
