"""Every write to the items of an agenda."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm.attributes import flag_modified

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict, NotFound
from portal.library.models import Resource
from portal.meetings.agenda.models import AgendaEdition, AgendaProposal, ItemPaper, ItemVersion, ProposalState
from portal.meetings.agenda.policy import as_sent, newest_edition
from portal.meetings.models import AgendaItem, ItemKind, Meeting, MeetingState
from portal.meetings.numbering import hold, number_anew
from portal.meetings.policy import called, check_not_over
from portal.meetings.watchers import say_agenda_changed
from portal.notifications.actions import notify
from portal.people.models import Person


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """What an agenda item says."""

    title: str
    kind: ItemKind = ItemKind.DISCUSSION
    minutes_allotted: int = 15
    owner: Person | None = None
    description: str = ""
    wants_paper: bool = False
    lists_open_actions: bool = False  # what is open comes in by itself

    def texts(self) -> dict[str, str]:
        """What the guard reads."""
        return {"title": self.title, "description": self.description}


_OWN = {
    table.__tablename__ for table in (ItemPaper, ItemVersion, AgendaProposal)
}  # of this room; they say nothing in the minutes


def _changed(meeting: Meeting, *, is_counted_anew: bool = False) -> None:
    """Let those who look see it; `is_counted_anew`: how many paragraphs there are may have changed."""
    meeting.touch()
    if is_counted_anew:
        number_anew(meeting.series, meeting.starts_at)
    say_agenda_changed(meeting)


def _last_position(meeting: Meeting) -> int:
    positions = sa.select(sa.func.max(AgendaItem.position)).where(AgendaItem.meeting_id == meeting.id)
    return db.session.scalar(positions) or 0


def add_item(meeting: Meeting, plan: ItemPlan, *, keep: Collection[str] = (), by: Person) -> AgendaItem:
    """Put an item last on the agenda. Raises `guard.Stopped`, or `Conflict` when the meeting is cancelled or closed."""
    kept = guard.check(plan.texts(), keep=keep)
    hold(meeting)  # two items added at once get two places
    check_not_over(meeting)
    item = AgendaItem(
        meeting=meeting, position=_last_position(meeting) + 1, title=plan.title, kind=plan.kind, owner=plan.owner,
        minutes_allotted=plan.minutes_allotted, description=plan.description, wants_paper=plan.wants_paper,
        lists_open_actions=plan.lists_open_actions,
    )  # fmt: skip
    db.session.add(item)
    _changed(meeting, is_counted_anew=True)
    audit.record("agenda_item_added", by=by, on=item)
    note_kept(kept, on=item, by=by)
    return item


def _hold(item: AgendaItem) -> None:
    """Hold the item and its meeting, in the order that everybody keeps. Raises `NotFound` if it was taken away."""
    item_id = item.id  # to load the meeting anew also forgets its items, and this one may be gone
    hold(item.meeting)
    held = sa.select(AgendaItem.id).where(AgendaItem.id == item_id).with_for_update()
    if db.session.scalar(held) is None:
        raise NotFound
    db.session.refresh(item)


def _is_written_on(item: AgendaItem) -> bool:
    """Whether rooms above this one hold on to the item: a note, decisions, actions, comments, remarks."""
    db.session.flush()
    columns = [
        key.parent for name, table in db.Base.metadata.tables.items() if name not in _OWN
        for key in table.foreign_keys if key.column is AgendaItem.__table__.c.id
    ]  # fmt: skip
    return bool(db.session.scalar(sa.select(sa.or_(*(sa.exists().where(column == item.id) for column in columns)))))


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
    is_counted_anew = (plan.kind is ItemKind.BREAK) != (item.kind is ItemKind.BREAK)
    if is_counted_anew and plan.kind is ItemKind.BREAK and _is_written_on(item):
        raise Conflict(
            _("Something has been written on this item. It cannot become a break: minutes leave breaks out.")
        )
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
    for name in ("title", "kind", "minutes_allotted", "owner", "description", "wants_paper", "lists_open_actions"):
        setattr(item, name, getattr(plan, name))
    item.revision += 1
    if item.note is not None:
        flag_modified(item.note, "text")  # the minutes are found by the item's title: index them anew
    _changed(item.meeting, is_counted_anew=is_counted_anew)
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
    """Take an item off the agenda; a proposal that it came from waits in the backlog again.

    Raises `Conflict` once something has been written on it: nothing written is lost.
    """
    _hold(item)  # as when minutes are saved: nobody begins to write while it is taken away
    check_not_over(item.meeting)
    if _is_written_on(item):
        raise Conflict(_("Something has been written on this item. It cannot be taken away."))
    meeting = item.meeting
    proposals = sa.select(AgendaProposal).where(AgendaProposal.item_id == item.id)
    for proposal in db.session.scalars(proposals):
        proposal.state, proposal.meeting, proposal.item = ProposalState.POSTPONED, None, None
    for table in (ItemPaper, ItemVersion):
        db.session.execute(sa.delete(table).where(table.item_id == item.id))
    db.session.flush()
    db.session.delete(item)
    _changed(meeting, is_counted_anew=True)
    audit.record("agenda_item_removed", by=by, on=item)


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
