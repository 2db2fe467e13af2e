"""Every write to proposals for agendas."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.discussions.models import Thread, ThreadKind
from portal.errors import Conflict
from portal.meetings.agenda.actions import ItemPlan, add_item
from portal.meetings.agenda.models import AgendaProposal, ProposalState
from portal.meetings.agenda.policy import is_answerable, waits_or_stands
from portal.meetings.models import AgendaItem, Meeting, MeetingState
from portal.meetings.policy import check_not_over
from portal.notifications.actions import notify
from portal.people.models import Group, Person
from portal.people.policy import leaders


def propose_item(
    group: Group, plan: ItemPlan, *, meeting: Meeting | None = None, thread: Thread | None = None,
    keep: Collection[str] = (), by: Person,
) -> AgendaProposal:  # fmt: skip
    """Propose an item for a meeting, or for one to come; a thread that is lifted goes with it and becomes a lifted question.

    The group's leaders are told. Raises `guard.Stopped`, or `Conflict` after the deadline, for a meeting that is over, and
    for a thread that waits for its answer already.
    """
    kept = guard.check(plan.texts(), keep=keep)
    if meeting is not None:
        db.lock(meeting)
        check_not_over(meeting)
        if meeting.proposals_by is not None and meeting.proposals_by < db.now():
            raise Conflict(_("The last day for proposals has passed. Propose the item for a later meeting."))
    if thread is not None:
        db.lock(thread)
        waiting = sa.select(AgendaProposal.id).where(AgendaProposal.thread_id == thread.id, waits_or_stands())
        if db.session.scalar(waiting.limit(1)) is not None:
            raise Conflict(_("The thread has been lifted already."))
        thread.kind, thread.lifted_at = ThreadKind.LIFTED, thread.lifted_at or db.now()
    proposal = AgendaProposal(
        group=group, meeting=meeting, thread=thread, title=plan.title, description=plan.description, kind=plan.kind,
        minutes_allotted=plan.minutes_allotted, proposed_by=by, organisation=by.organisation,
    )  # fmt: skip
    db.session.add(proposal)
    audit.record("item_proposed", by=by, on=proposal)
    note_kept(kept, on=proposal, by=by)
    notify(
        leaders(group), "item_proposed", group=group, path=proposal.path, by=by, item=plan.title,
        organisation=by.organisation.short_name,
    )  # fmt: skip
    return proposal


def _answer(proposal: AgendaProposal, state: ProposalState, answer: str, *, by: Person) -> None:
    proposal.state, proposal.answer, proposal.answered_at = state, answer, db.now()
    proposal.answered_by_id = by.id
    audit.record(f"proposal_{state.value}", by=by, on=proposal)
    if state is not ProposalState.WITHDRAWN:
        meeting = proposal.meeting
        # members do not see a meeting before it is called
        path = meeting.path if meeting is not None and meeting.state is not MeetingState.PLANNING else proposal.path
        notify(
            [proposal.proposed_by], "proposal_answered", group=proposal.group, path=path, by=by, item=proposal.title,
            is_accepted=state is ProposalState.ACCEPTED,
        )  # fmt: skip


def _open_proposal(proposal: AgendaProposal) -> None:
    db.lock(proposal)
    if not is_answerable(proposal):
        raise Conflict(_("The proposal has been answered already."))


def accept_proposal(proposal: AgendaProposal, meeting: Meeting, *, answer: str = "", by: Person) -> AgendaItem:
    """Put a proposal on a meeting's agenda; who proposed it is responsible. Raises `Conflict` and `guard.Stopped`."""
    guard.check({"answer": answer})
    _open_proposal(proposal)
    plan = ItemPlan(
        proposal.title,
        proposal.kind,
        proposal.minutes_allotted,
        owner=proposal.proposed_by,
        description=proposal.description,
    )
    item = add_item(meeting, plan, keep=guard.kept_in(plan.texts()), by=by)
    item.thread_id = proposal.thread_id
    proposal.meeting, proposal.item = meeting, item
    _answer(proposal, ProposalState.ACCEPTED, answer, by=by)
    return item


def postpone_proposal(proposal: AgendaProposal, *, answer: str = "", by: Person) -> None:
    """Put a proposal off to a later meeting: the group's backlog. Raises `Conflict` and `guard.Stopped`."""
    guard.check({"answer": answer})
    _open_proposal(proposal)
    proposal.meeting = None
    _answer(proposal, ProposalState.POSTPONED, answer, by=by)


def withdraw_proposal(proposal: AgendaProposal, *, by: Person) -> None:
    """Take one's own proposal back. Raises `Conflict` if it has been accepted."""
    _open_proposal(proposal)
    _answer(proposal, ProposalState.WITHDRAWN, "", by=by)
