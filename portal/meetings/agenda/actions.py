"""Every write to the items of an agenda."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm.attributes import flag_modified

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.discussions.models import Thread, ThreadKind
from portal.errors import Conflict, NotFound
from portal.library.models import Resource
from portal.meetings.agenda.models import AgendaEdition, AgendaProposal, ItemPaper, ItemVersion, ProposalState
from portal.meetings.agenda.policy import as_sent, newest_edition
from portal.meetings.models import AgendaItem, ItemKind, Meeting, MeetingState
from portal.meetings.policy import called, check_not_over
from portal.meetings.watchers import say_agenda_changed
from portal.notifications.actions import notify
from portal.people.models import Group, Person
from portal.people.policy import leaders


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """What an agenda item says."""

    title: str
    kind: ItemKind = ItemKind.DISCUSSION
    minutes_allotted: int = 15
    owner: Person | None = None
    description: str = ""
    wants_paper: bool = False

    def texts(self) -> dict[str, str]:
        """What the guard reads."""
        return {"title": self.title, "description": self.description}


def _changed(meeting: Meeting) -> None:
    meeting.touch()
    say_agenda_changed(meeting)


def _last_position(meeting: Meeting) -> int:
    positions = sa.select(sa.func.max(AgendaItem.position)).where(AgendaItem.meeting_id == meeting.id)
    return db.session.scalar(positions) or 0


def add_item(meeting: Meeting, plan: ItemPlan, *, keep: Collection[str] = (), by: Person) -> AgendaItem:
    """Put an item last on the agenda. Raises `guard.Stopped`, or `Conflict` when the meeting is cancelled or closed."""
    kept = guard.check(plan.texts(), keep=keep)
    db.lock(meeting)  # two items added at once get two places
    check_not_over(meeting)
    item = AgendaItem(
        meeting=meeting, position=_last_position(meeting) + 1, title=plan.title, kind=plan.kind, owner=plan.owner,
        minutes_allotted=plan.minutes_allotted, description=plan.description, wants_paper=plan.wants_paper,
    )  # fmt: skip
    db.session.add(item)
    _changed(meeting)
    audit.record("agenda_item_added", by=by, on=item)
    note_kept(kept, on=item, by=by)
    return item


def _hold(item: AgendaItem) -> None:
    """Hold the item and its meeting, in the order that everybody keeps. Raises `NotFound` if it was taken away."""
    item_id = item.id  # to load the meeting anew also forgets its items, and this one may be gone
    db.lock(item.meeting)
    held = sa.select(AgendaItem.id).where(AgendaItem.id == item_id).with_for_update()
    if db.session.scalar(held) is None:
        raise NotFound
    db.session.refresh(item)


def change_item(item: AgendaItem, plan: ItemPlan, *, based_on: int, keep: Collection[str] = (), by: Person) -> None:
    """Change an item; the words before stay as a version.

    Raises `guard.Stopped`, `Conflict` if somebody changed it since revision `based_on` or the meeting is over, `NotFound` if
    it was taken away.
    """
    kept = guard.check(plan.texts(), keep=keep)
    _hold(item)
    check_not_over(item.meeting)
    if item.revision != based_on:
        raise Conflict(_("Somebody else changed the item while you wrote. Compare and save again."))
    if (plan.title, plan.description) != (item.title, item.description):
        db.session.add(
            ItemVersion(
                item_id=item.id,
                revision=item.revision,
                title=item.title,
                description=item.description,
                replaced_by_id=by.id,
            )
        )
    for name in ("title", "kind", "minutes_allotted", "owner", "description", "wants_paper"):
        setattr(item, name, getattr(plan, name))
    item.revision += 1
    if item.note is not None:
        flag_modified(item.note, "text")  # the minutes are found by the item's title: index them anew
    _changed(item.meeting)
    audit.record("agenda_item_changed", by=by, on=item, revision=item.revision)
    note_kept(kept, on=item, by=by)


def place_item(item: AgendaItem, *, place: int, by: Person) -> None:
    """Put the item on a place of the agenda, counted from 1; beyond the end means last. The others close up."""
    _hold(item)
    check_not_over(item.meeting)
    ids = list(
        db.session.scalars(
            sa.select(AgendaItem.id).where(AgendaItem.meeting_id == item.meeting_id).order_by(AgendaItem.position)
        )
    )
    ids.remove(item.id)
    ids.insert(min(max(place, 1), len(ids) + 1) - 1, item.id)
    positions = {one: number for number, one in enumerate(ids, 1)}
    for other in db.session.scalars(sa.select(AgendaItem).where(AgendaItem.meeting_id == item.meeting_id)):
        other.position = positions[other.id]
    _changed(item.meeting)
    audit.record("agenda_item_moved", by=by, on=item, place=positions[item.id])


def move_item(item: AgendaItem, *, up: bool, by: Person) -> None:
    """Let the item change places with its neighbour; at the end of the agenda nothing happens."""
    _hold(item)
    before = sa.select(sa.func.count()).where(
        AgendaItem.meeting_id == item.meeting_id, AgendaItem.position < item.position
    )
    place = (db.session.scalar(before) or 0) + 1
    place_item(item, place=max(place - 1, 1) if up else place + 1, by=by)


def remove_item(item: AgendaItem, *, by: Person) -> None:
    """Take an item off the agenda. Raises `Conflict` once minutes have been written on it: nothing written is lost."""
    _hold(item)  # as when minutes are saved: nobody begins to write while it is taken away
    check_not_over(item.meeting)
    if item.note is not None:
        raise Conflict(_("Minutes have been written on this item. It cannot be taken away."))
    audit.record("agenda_item_removed", by=by, on=item)
    _changed(item.meeting)
    db.session.flush()
    try:
        with db.session.begin_nested():
            for table in (ItemPaper, ItemVersion):
                db.session.execute(sa.delete(table).where(table.item_id == item.id))
            db.session.delete(item)
    except sa.exc.IntegrityError as error:  # decisions, actions, comments: rooms above this one hold on to it
        raise Conflict(_("Something has been written on this item. It cannot be taken away.")) from error


# --- papers -----------------------------------------------------------------------------------------------------------


def add_paper(item: AgendaItem, resource: Resource, *, by: Person) -> None:
    """Lay a material of the library to an item. Twice is once. Raises `Conflict` when the meeting is over."""
    _hold(item)
    check_not_over(item.meeting)
    twin = sa.select(ItemPaper.id).where(ItemPaper.item_id == item.id, ItemPaper.resource_id == resource.id)
    if db.session.scalar(twin) is None:
        db.session.add(ItemPaper(item=item, resource=resource, added_by_id=by.id))
        _changed(item.meeting)
        audit.record("paper_added", by=by, on=item, resource_id=resource.id)


def remove_paper(paper: ItemPaper, *, by: Person) -> None:
    """Take a paper off an item; the material stays in the library. Raises `Conflict` when the meeting is over."""
    _hold(paper.item)
    check_not_over(paper.item.meeting)
    _changed(paper.item.meeting)
    audit.record("paper_removed", by=by, on=paper.item, resource_id=paper.resource_id)
    db.session.delete(paper)


# --- proposals --------------------------------------------------------------------------------------------------------


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
        waiting = sa.select(AgendaProposal.id).where(
            AgendaProposal.thread_id == thread.id,
            AgendaProposal.state.in_([ProposalState.WAITING, ProposalState.POSTPONED, ProposalState.ACCEPTED]),
        )
        if db.session.scalar(waiting) is not None:
            raise Conflict(_("The thread has been lifted already."))
        thread.kind = ThreadKind.LIFTED
    proposal = AgendaProposal(
        group=group, meeting=meeting, thread=thread, title=plan.title, description=plan.description, kind=plan.kind,
        minutes_allotted=plan.minutes_allotted, proposed_by=by, organisation=by.organisation,
    )  # fmt: skip
    db.session.add(proposal)
    audit.record("item_proposed", by=by, on=proposal)
    note_kept(kept, on=proposal, by=by)
    path = f"/groups/{group.slug}/proposals"
    notify(
        leaders(group),
        "item_proposed",
        group=group,
        path=path,
        by=by,
        item=plan.title,
        organisation=by.organisation.short_name,
    )
    return proposal


def _answer(proposal: AgendaProposal, state: ProposalState, answer: str, *, by: Person) -> None:
    proposal.state, proposal.answer, proposal.answered_at = state, answer, db.now()
    proposal.answered_by_id = by.id
    audit.record(f"proposal_{state.value}", by=by, on=proposal)
    if state is not ProposalState.WITHDRAWN:
        path = proposal.meeting.path if proposal.meeting is not None else f"/groups/{proposal.group.slug}/proposals"
        notify(
            [proposal.proposed_by], "proposal_answered", group=proposal.group, path=path, by=by, item=proposal.title,
            is_accepted=state is ProposalState.ACCEPTED,
        )  # fmt: skip


def _open_proposal(proposal: AgendaProposal) -> None:
    db.lock(proposal)
    if proposal.state not in {ProposalState.WAITING, ProposalState.POSTPONED}:
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
    # what the proposer chose to keep was asked for then
    keep = [find.key for name, text in plan.texts().items() for find in guard.scan(text, field=name)]
    item = add_item(meeting, plan, keep=keep, by=by)
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


# --- editions ---------------------------------------------------------------------------------------------------------


def send_agenda(meeting: Meeting, *, by: Person) -> AgendaEdition:
    """Send the agenda as it stands to all who are called; later changes are shown against this edition.

    Raises `Conflict` when the meeting is not called or over, when there is no item, and when nothing has changed since the
    newest edition.
    """
    db.lock(meeting)
    check_not_over(meeting)
    if meeting.state is not MeetingState.CALLED:
        raise Conflict(_("Call the meeting first."))
    content = as_sent(meeting)
    if not content:
        raise Conflict(_("There is no item on the agenda yet."))
    newest = newest_edition(meeting)
    if newest is not None and newest.content == content:
        raise Conflict(_("Nothing has changed since the agenda was sent."))
    edition = AgendaEdition(
        meeting_id=meeting.id, number=newest.number + 1 if newest else 1, content=content, sent_by=by
    )
    db.session.add(edition)
    audit.record("agenda_sent", by=by, on=edition)
    people = [invitation.person for invitation in called(meeting) if invitation.person is not None]
    notify(people, "agenda_sent", group=meeting.group, path=meeting.path, by=by, number=edition.number, **meeting.told)
    return edition
