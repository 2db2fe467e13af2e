"""Who may see and change agendas, and what was sent of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from portal import db
from portal.library.models import Resource
from portal.library.policy import visible_resources
from portal.meetings.agenda.models import AgendaEdition, AgendaProposal, ItemPaper, ProposalState
from portal.meetings.models import AgendaItem, Meeting, MeetingState
from portal.meetings.policy import visible_meetings
from portal.people.models import Group, Person
from portal.people.policy import can_lead_group, can_write_in_group, readable_group_ids


def visible_items(person: Person) -> sa.Select[AgendaItem]:
    """The agenda items of the visible meetings."""
    meetings = visible_meetings(person).with_only_columns(Meeting.id)
    return (
        sa.select(AgendaItem)
        .join(AgendaItem.meeting)
        .where(AgendaItem.meeting_id.in_(meetings))
        .options(contains_eager(AgendaItem.meeting), joinedload(AgendaItem.note))
    )


def visible_papers(person: Person) -> sa.Select[ItemPaper]:
    """Papers of the visible meetings, of those materials that the person may read."""
    items = visible_items(person).with_only_columns(AgendaItem.id)
    resources = visible_resources(person).with_only_columns(Resource.id)
    return sa.select(ItemPaper).where(ItemPaper.item_id.in_(items), ItemPaper.resource_id.in_(resources))


def papers_of(meeting: Meeting, person: Person) -> dict[int, list[ItemPaper]]:
    """The papers of a meeting by item, as far as the person may read them."""
    ids = sa.select(AgendaItem.id).where(AgendaItem.meeting_id == meeting.id)
    rows = visible_papers(person).where(ItemPaper.item_id.in_(ids)).options(joinedload(ItemPaper.resource))
    found: dict[int, list[ItemPaper]] = {}
    for paper in db.session.scalars(rows.order_by(ItemPaper.id)):
        found.setdefault(paper.item_id, []).append(paper)
    return found


def number_of_papers(meeting: Meeting) -> int:
    """How many materials are papers of the meeting, whoever may read them."""
    rows = sa.select(sa.func.count(sa.distinct(ItemPaper.resource_id))).join(ItemPaper.item)
    return db.session.scalar(rows.where(AgendaItem.meeting_id == meeting.id)) or 0


def can_add_paper(person: Person, item: AgendaItem) -> bool:
    """The group's leaders, and whoever is responsible for the item."""
    return item.owner_id == person.id or can_lead_group(person, item.meeting.group)


def visible_proposals(person: Person) -> sa.Select[AgendaProposal]:
    """Those of the groups that the person may read."""
    return sa.select(AgendaProposal).where(AgendaProposal.group_id.in_(readable_group_ids(person)))


def _of_cancelled() -> sa.ColumnElement[bool]:
    """Accepted onto the agenda of a meeting that was called off: the question waits again."""
    is_cancelled = AgendaProposal.meeting.has(Meeting.state == MeetingState.CANCELLED)
    return (AgendaProposal.state == ProposalState.ACCEPTED) & is_cancelled


def _waits() -> sa.ColumnElement[bool]:
    return AgendaProposal.state.in_([ProposalState.WAITING, ProposalState.POSTPONED])


def waits_or_stands() -> sa.ColumnElement[bool]:
    """Proposals that wait, or stand on the agenda of a meeting whose minutes have not answered them."""
    is_ahead = AgendaProposal.meeting.has(Meeting.circulated_at.is_(None))
    return _waits() | ((AgendaProposal.state == ProposalState.ACCEPTED) & is_ahead)


def is_answerable(proposal: AgendaProposal) -> bool:
    """Whether it waits for an answer: a new one, one that was put off, one whose meeting was called off."""
    if proposal.state is ProposalState.ACCEPTED:
        return proposal.meeting is not None and proposal.meeting.state is MeetingState.CANCELLED
    return proposal.state is not ProposalState.WITHDRAWN


def open_proposals(person: Person, group: Group) -> Sequence[AgendaProposal]:
    """What waits for an answer or was put off, oldest first."""
    return (
        db.session.scalars(
            visible_proposals(person)
            .where(AgendaProposal.group_id == group.id, _waits() | _of_cancelled())
            .options(
                joinedload(AgendaProposal.proposed_by),
                joinedload(AgendaProposal.organisation),
                joinedload(AgendaProposal.meeting),
            )
            .order_by(AgendaProposal.id)
        )
        .unique()
        .all()
    )


def can_propose_item(person: Person, group: Group) -> bool:
    """Everybody who may write in the group."""
    return can_write_in_group(person, group)


def can_answer_proposal(person: Person, proposal: AgendaProposal) -> bool:
    """The group's leaders."""
    return can_lead_group(person, proposal.group)


def can_withdraw_proposal(person: Person, proposal: AgendaProposal) -> bool:
    """Whoever made it."""
    return proposal.proposed_by_id == person.id


def meetings_for(person: Person, group: Group) -> Sequence[Meeting]:
    """The group's meetings that are ahead and can take an item, as far as the person may see them."""
    rows = visible_meetings(person).where(
        Meeting.group_id == group.id,
        Meeting.state != MeetingState.CANCELLED,
        Meeting.closed_at.is_(None),
        Meeting.ends_at > db.now(),
    )
    return db.session.scalars(rows.order_by(Meeting.starts_at, Meeting.id)).unique().all()


# --- what was sent ----------------------------------------------------------------------------------------------------


def newest_edition(meeting: Meeting) -> AgendaEdition | None:
    """The agenda as it was last sent."""
    rows = sa.select(AgendaEdition).where(AgendaEdition.meeting_id == meeting.id).order_by(AgendaEdition.number.desc())
    return db.session.scalars(rows.limit(1)).first()


def as_sent(meeting: Meeting) -> list[dict[str, Any]]:
    """The agenda as rows that can be kept and compared."""
    papers: dict[int, list[str]] = {}
    ids = sa.select(AgendaItem.id).where(AgendaItem.meeting_id == meeting.id)
    rows = sa.select(ItemPaper.item_id, Resource.title).join(Resource).where(ItemPaper.item_id.in_(ids))
    for item_id, title in db.session.execute(rows.order_by(ItemPaper.id)):
        papers.setdefault(item_id, []).append(title)
    return [
        {
            "id": item.id, "title": item.title, "kind": item.kind.value, "minutes": item.minutes_allotted,
            "owner": item.owner.name if item.owner else "", "description": item.description,
            "papers": papers.get(item.id, []),
        }
        for item in meeting.items
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since an edition was sent: ids of new, changed and moved items, and the titles of those taken away."""

    new: frozenset[int]
    changed: frozenset[int]
    moved: frozenset[int]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.moved or self.removed)


def changes_since(edition: AgendaEdition, meeting: Meeting) -> Changes:
    """Compare the agenda with an edition of it. Those items have moved that must, for the others to stand in their old order."""
    before, now = {row["id"]: row for row in edition.content}, as_sent(meeting)
    stayed = [row["id"] for row in now if row["id"] in before]
    was = [key for key in before if key in set(stayed)]
    return Changes(
        new=frozenset(row["id"] for row in now if row["id"] not in before),
        changed=frozenset(row["id"] for row in now if row["id"] in before and before[row["id"]] != row),
        moved=frozenset(stayed) - _in_order([was.index(key) for key in stayed], was),
        removed=tuple(row["title"] for key, row in before.items() if key not in set(stayed)),
    )


def _in_order(places: list[int], keys: list[int]) -> frozenset[int]:
    """The keys of the longest part of `places` that rises: what has kept its order."""
    best: list[list[int]] = []  # best[n]: the rising part of n + 1 places that ends lowest
    for place in places:
        at = bisect_left([part[-1] for part in best], place)
        best[at : at + 1] = [[*(best[at - 1] if at else []), place]]
    return frozenset(keys[place] for place in best[-1]) if best else frozenset()
