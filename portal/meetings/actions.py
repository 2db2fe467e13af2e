"""Every write to meetings, agendas, invitations and minutes."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict, NotFound
from portal.meetings.models import (
    AgendaItem,
    Answer,
    Invitation,
    ItemKind,
    Meeting,
    MeetingState,
    MinutesNote,
    MinutesVersion,
)
from portal.people.models import Group, Membership, Person, PersonStatus


@dataclass(frozen=True, slots=True)
class Plan:
    """When and where a meeting is held."""

    title: str
    starts_at: datetime
    ends_at: datetime
    place: str = ""
    link: str = ""
    practical: str = ""
    reply_by: datetime | None = None

    def texts(self) -> dict[str, str]:
        """What the guard reads."""
        return {"title": self.title, "place": self.place, "link": self.link, "practical": self.practical}


def plan_meeting(group: Group, plan: Plan, *, keep: Collection[str] = (), by: Person) -> Meeting:
    """Begin to plan a meeting; only the group's leaders see it until it is called. Raises `guard.Stopped`."""
    kept = guard.check(plan.texts(), keep=keep)
    meeting = Meeting(
        group=group, created_by=by, organisation_id=by.organisation_id, uid=f"{uuid.uuid4()}@samverkansportalen",
        title=plan.title, starts_at=plan.starts_at, ends_at=plan.ends_at, place=plan.place, link=plan.link,
        practical=plan.practical, reply_by=plan.reply_by,
    )  # fmt: skip
    db.session.add(meeting)
    audit.record("meeting_planned", by=by, on=meeting)
    note_kept(kept, on=meeting, by=by)
    return meeting


def change_meeting(meeting: Meeting, plan: Plan, *, based_on: int, keep: Collection[str] = (), by: Person) -> None:
    """Change when and where. Raises `Conflict` if somebody changed the meeting since `based_on`, and `guard.Stopped`."""
    kept = guard.check(plan.texts(), keep=keep)
    db.lock(meeting)
    if meeting.revision != based_on:
        raise Conflict(_("Somebody else changed the meeting while you wrote. Compare and save again."))
    for name in ("title", "starts_at", "ends_at", "place", "link", "practical", "reply_by"):
        setattr(meeting, name, getattr(plan, name))
    _touch(meeting)
    audit.record("meeting_changed", by=by, on=meeting, revision=meeting.revision)
    note_kept(kept, on=meeting, by=by)


def _touch(meeting: Meeting) -> None:
    meeting.revision, meeting.changed_at = meeting.revision + 1, db.now()


def call_meeting(meeting: Meeting, *, by: Person) -> None:
    """Send the call: every present member of the group is invited. Raises `Conflict` if it was called or cancelled."""
    db.lock(meeting)
    if meeting.state is not MeetingState.PLANNING:
        raise Conflict(_("The meeting has been called already."))
    meeting.state = MeetingState.CALLED
    _touch(meeting)
    members = (
        sa.select(Person)
        .join(Membership)
        .where(
            Membership.group_id == meeting.group_id, Membership.left_at.is_(None), Person.status == PersonStatus.ACTIVE
        )
    )
    for person in db.session.scalars(members.order_by(Person.id)):
        db.session.add(Invitation(meeting=meeting, person=person, organisation_id=person.organisation_id))
    audit.record("meeting_called", by=by, on=meeting)


def cancel_meeting(meeting: Meeting, *, by: Person) -> None:
    """Call the meeting off. It stays to be read."""
    db.lock(meeting)
    if meeting.state is MeetingState.CANCELLED:
        raise Conflict(_("The meeting is cancelled already."))
    meeting.state = MeetingState.CANCELLED
    _touch(meeting)
    audit.record("meeting_cancelled", by=by, on=meeting)


def answer_invitation(invitation: Invitation, answer: Answer, *, by: Person) -> None:
    """Say whether one comes; the last answer counts."""
    invitation.answer, invitation.answered_at = answer, db.now()
    audit.record("invitation_answered", by=by, on=invitation, answer=answer.value)


# --- agenda -------------------------------------------------------------------------------------------------------------


def add_item(
    meeting: Meeting, *, title: str, kind: ItemKind, minutes_allotted: int, owner: Person | None, description: str = "",
    keep: Collection[str] = (), by: Person,
) -> AgendaItem:  # fmt: skip
    """Put an item last on the agenda. Raises `guard.Stopped`."""
    kept = guard.check({"title": title, "description": description}, keep=keep)
    db.lock(meeting)  # two items added at once get two places
    last = (
        db.session.scalar(sa.select(sa.func.max(AgendaItem.position)).where(AgendaItem.meeting_id == meeting.id)) or 0
    )
    item = AgendaItem(
        meeting=meeting, position=last + 1, title=title, kind=kind, minutes_allotted=minutes_allotted, owner=owner,
        description=description,
    )  # fmt: skip
    db.session.add(item)
    _touch(meeting)
    audit.record("agenda_item_added", by=by, on=item)
    note_kept(kept, on=item, by=by)
    return item


def change_item(
    item: AgendaItem, *, title: str, kind: ItemKind, minutes_allotted: int, owner: Person | None, description: str,
    keep: Collection[str] = (), by: Person,
) -> None:  # fmt: skip
    """Change an item. Raises `guard.Stopped`."""
    kept = guard.check({"title": title, "description": description}, keep=keep)
    db.lock(item.meeting)
    item.title, item.kind, item.description = title, kind, description
    item.minutes_allotted, item.owner = minutes_allotted, owner
    _touch(item.meeting)
    audit.record("agenda_item_changed", by=by, on=item)
    note_kept(kept, on=item, by=by)


def move_item(item: AgendaItem, *, up: bool, by: Person) -> None:
    """Let the item change places with its neighbour; at the end of the agenda nothing happens."""
    db.lock(item.meeting)
    db.session.refresh(item)
    beside = AgendaItem.position < item.position if up else AgendaItem.position > item.position
    order = AgendaItem.position.desc() if up else AgendaItem.position
    neighbour = db.session.scalar(
        sa.select(AgendaItem).where(AgendaItem.meeting_id == item.meeting_id, beside).order_by(order).limit(1)
    )
    if neighbour is None:
        return
    item.position, neighbour.position = neighbour.position, item.position
    _touch(item.meeting)
    audit.record("agenda_item_moved", by=by, on=item)


def remove_item(item: AgendaItem, *, by: Person) -> None:
    """Take an item off the agenda. Raises `Conflict` once minutes have been written on it: nothing written is lost."""
    db.lock(item.meeting)
    db.lock(item)  # as in save_note: nobody begins to write while it is taken away
    if db.session.scalar(sa.select(sa.exists().where(MinutesNote.item_id == item.id))):
        raise Conflict(_("Minutes have been written on this item. It cannot be taken away."))
    audit.record("agenda_item_removed", by=by, on=item)
    _touch(item.meeting)
    db.session.delete(item)


# --- minutes ------------------------------------------------------------------------------------------------------------


def save_note(
    item: AgendaItem, *, text: str, decision: str, based_on: int, keep: Collection[str] = (), by: Person
) -> MinutesNote:
    """Write what the minutes say on an item; what stood before stays as a version.

    Raises `guard.Stopped`, or `Conflict` when somebody saved the same item since revision `based_on` (0: nothing stood
    there); then nothing is overwritten and the writer chooses.
    """
    kept = guard.check({"text": text, "decision": decision}, keep=keep)
    # the item's row is the lock: two first writers meet here, where no note exists yet that could be locked
    if db.session.scalar(sa.select(AgendaItem.id).where(AgendaItem.id == item.id).with_for_update()) is None:
        raise NotFound  # taken away meanwhile
    note = db.session.scalar(
        sa.select(MinutesNote).where(MinutesNote.item_id == item.id).execution_options(populate_existing=True)
    )
    if (note.revision if note is not None else 0) != based_on:
        raise Conflict
    if note is None:
        note = MinutesNote(item=item, text=text, decision=decision, written_by=by)
        db.session.add(note)
    elif (text, decision) != (note.text, note.decision):
        db.session.add(
            MinutesVersion(
                note_id=note.id,
                revision=note.revision,
                text=note.text,
                decision=note.decision,
                written_by_id=note.written_by_id,
                written_at=note.written_at,
            )
        )
        note.text, note.decision, note.revision = text, decision, note.revision + 1
        note.written_by, note.written_at = by, db.now()
    audit.record("minutes_saved", by=by, on=note, revision=note.revision)
    note_kept(kept, on=note, by=by)
    return note
