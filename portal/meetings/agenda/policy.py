"""Who may see and change agendas."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from portal.meetings.models import AgendaItem, Meeting
from portal.meetings.policy import visible_meetings
from portal.people.models import Person


def visible_items(person: Person) -> sa.Select[AgendaItem]:
    """The agenda items of the visible meetings."""
    meetings = visible_meetings(person).with_only_columns(Meeting.id)
    return (
        sa.select(AgendaItem)
        .join(AgendaItem.meeting)
        .where(AgendaItem.meeting_id.in_(meetings))
        .options(contains_eager(AgendaItem.meeting), joinedload(AgendaItem.note))
    )
