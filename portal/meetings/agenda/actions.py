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
from portal.meetings.agenda.models import ItemPaper, ItemVersion
from portal.meetings.models import AgendaItem, ItemKind, Meeting
from portal.meetings.policy import check_not_over
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

    def texts(self) -> dict[str, str]:
        """What the guard reads."""
        return {"title": self.title, "description": self.description}


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
    meeting.touch()
    audit.record("agenda_item_added", by=by, on=item)
    note_kept(kept, on=item, by=by)
    return item


def _hold(item: AgendaItem) -> None:
    """Hold the item and its meeting, in the order that everybody keeps. Raises `NotFound` if it was taken away."""
    db.lock(item.meeting)
    held = sa.select(AgendaItem.id).where(AgendaItem.id == item.id).with_for_update()
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
    item.meeting.touch()
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
    item.meeting.touch()
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
    item.meeting.touch()
    db.session.flush()
    try:
        with db.session.begin_nested():
            for table in (ItemPaper, ItemVersion):
                db.session.execute(sa.delete(table).where(table.item_id == item.id))
            db.session.delete(item)
    except sa.exc.IntegrityError as error:  # decisions, actions, comments: rooms above this one hold on to it
        raise Conflict(_("Something has been written on this item. It cannot be taken away.")) from error
