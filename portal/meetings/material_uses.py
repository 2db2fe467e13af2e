"""Where material is used in meetings: as a paper of an agenda item."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from portal import db
from portal.library import uses
from portal.library.models import Resource
from portal.library.uses import Use
from portal.meetings.agenda.models import ItemPaper
from portal.meetings.agenda.policy import visible_papers
from portal.meetings.models import AgendaItem, Meeting, MeetingState
from portal.people.models import Person
from portal.times import day


@uses.register
def papers(resource: Resource, person: Person) -> list[Use]:
    """The agenda items whose paper it is, the latest meeting first."""
    rows = (
        visible_papers(person)
        .join(ItemPaper.item)
        .join(AgendaItem.meeting)
        .where(ItemPaper.resource_id == resource.id)
        .options(contains_eager(ItemPaper.item).contains_eager(AgendaItem.meeting))
        .order_by(Meeting.starts_at.desc(), AgendaItem.position)
        .limit(uses.MOST)
    )
    found = [(paper.item, paper.item.meeting) for paper in db.session.scalars(rows).unique()]
    return [Use(item.title, meeting.path, f"{meeting.title} · {day(meeting.starts_at)}") for item, meeting in found]


@uses.register_holder
def papers_of_meetings_to_come(person: Person) -> sa.Select[int]:
    """Material on the agenda of meetings to come ought to be in force."""
    return (
        visible_papers(person)
        .join(ItemPaper.item)
        .join(AgendaItem.meeting)
        .where(Meeting.starts_at > db.now(), Meeting.state != MeetingState.CANCELLED)
        .with_only_columns(ItemPaper.resource_id)
    )
