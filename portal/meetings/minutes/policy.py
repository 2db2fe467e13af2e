"""Who may read and write minutes."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import db
from portal.meetings.agenda.policy import visible_items
from portal.meetings.minutes.models import Minutes
from portal.meetings.models import AgendaItem, Meeting, MinutesNote
from portal.people.models import Person


def visible_notes(person: Person) -> sa.Select[MinutesNote]:
    """What the minutes of the visible meetings say."""
    items = visible_items(person).with_only_columns(AgendaItem.id)
    return (
        sa.select(MinutesNote)
        .where(MinutesNote.item_id.in_(items))
        .options(joinedload(MinutesNote.item).joinedload(AgendaItem.meeting))
    )


def minutes_of(meeting: Meeting) -> Minutes | None:
    """The minutes of the meeting, once there are any."""
    return db.session.scalar(sa.select(Minutes).where(Minutes.meeting_id == meeting.id))
