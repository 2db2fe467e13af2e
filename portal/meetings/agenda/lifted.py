"""Where raised problems stand on agendas, for the threads and lists that show them."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import aliased, joinedload

from portal import db
from portal.discussions import lifting
from portal.discussions.lifting import AgendaStep
from portal.meetings.agenda.models import AgendaProposal, ProposalState
from portal.meetings.agenda.policy import visible_proposals
from portal.meetings.models import AgendaItem, ItemKind, Meeting, MeetingState
from portal.meetings.policy import visible_meetings
from portal.people.models import Person
from portal.times import day

NBSP = "\u00a0"


@lifting.register_agenda
def on_agendas(thread_ids: Collection[int], person: Person) -> dict[int, AgendaStep]:
    """The newest proposal of each thread: that it waits for the convener, or the paragraph of the meeting that takes it up.

    A meeting that the person may not see yet is not named.
    """
    query = visible_proposals(person).where(
        AgendaProposal.thread_id.in_(thread_ids), AgendaProposal.state != ProposalState.WITHDRAWN
    )
    proposals = db.session.scalars(
        query.options(joinedload(AgendaProposal.meeting), joinedload(AgendaProposal.group)).order_by(AgendaProposal.id)
    ).unique()
    newest = {proposal.thread_id: proposal for proposal in proposals if proposal.thread_id is not None}
    if not newest:
        return {}
    meetings = {proposal.meeting_id for proposal in newest.values()} - {None}
    seen = set(
        db.session.scalars(visible_meetings(person).where(Meeting.id.in_(meetings)).with_only_columns(Meeting.id))
    )
    places = _paragraphs([proposal.item_id for proposal in newest.values() if proposal.item_id is not None])
    return {number: _step(proposal, seen, places) for number, proposal in newest.items()}


def _step(proposal: AgendaProposal, seen: set[int], places: dict[int, int]) -> AgendaStep:
    meeting = proposal.meeting
    is_accepted = proposal.state is ProposalState.ACCEPTED and meeting is not None
    if meeting is None or not is_accepted or meeting.state is MeetingState.CANCELLED or meeting.id not in seen:
        return AgendaStep(str(_("proposed for an agenda")), proposal.path, proposal.proposed_at, is_open=True)
    place = places.get(proposal.item_id or 0)
    words = {"paragraph": f"§{NBSP}{place}", "day": day(meeting.starts_at)}
    text = _("on the agenda %(paragraph)s, %(day)s", **words) if place else _("on the agenda %(day)s", **words)
    path = f"{meeting.path}#item-{proposal.item_id}" if proposal.item_id else meeting.path
    return AgendaStep(str(text), path, meeting.starts_at, is_open=meeting.circulated_at is None)


def _paragraphs(item_ids: Collection[int]) -> dict[int, int]:
    """The paragraph number (§) of agenda items; breaks have none."""
    other = aliased(AgendaItem)
    before = (
        sa.select(sa.func.count())
        .where(
            other.meeting_id == AgendaItem.meeting_id,
            other.position <= AgendaItem.position,
            other.kind != ItemKind.BREAK,
        )
        .scalar_subquery()
    )
    rows = sa.select(AgendaItem.id, Meeting.first_paragraph - 1 + before).join(AgendaItem.meeting)
    found = rows.where(AgendaItem.id.in_(item_ids), AgendaItem.kind != ItemKind.BREAK)
    return dict(db.session.execute(found).all())
