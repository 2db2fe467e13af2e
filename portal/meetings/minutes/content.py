"""What minutes say, as plain data: the one source of the page, the PDF, the exports and the checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from portal import db
from portal.meetings.followup.models import ActionItem, ActionState, Decision
from portal.meetings.followup.policy import actions_of, decisions_of
from portal.meetings.minutes.models import Minutes, MinutesEdition
from portal.meetings.mode.policy import attendance_of, vacant_seats
from portal.meetings.models import Answer, Invitation, Meeting
from portal.people.models import Person
from portal.times import local

Content = dict[str, Any]
THERE = (Answer.ON_SITE, Answer.ONLINE)


def canonical(content: Content) -> bytes:
    """The content as bytes that are the same wherever they are made: keys in order, UTF-8, no spaces."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def digest(content: Content) -> str:
    """The SHA-256 of the content in its canonical form: what the seal shows."""
    return hashlib.sha256(canonical(content)).hexdigest()


def number_of(meeting: Meeting) -> str:
    """`2/2026` for a meeting of a series."""
    return f"{meeting.number}/{local(meeting.starts_at).year}" if meeting.number is not None else ""


def assemble(meeting: Meeting, *, adjusters: Iterable[Person] = (), by: Person | None = None) -> Content:
    """Everything that the minutes say now. `adjusters` are those who are to approve it, `by` who circulates it."""
    return {
        "format": 1,
        "group": meeting.group.name,
        "class": meeting.group.handling_class.value,
        "series": meeting.series.name if meeting.series is not None else "",
        "title": meeting.title,
        "number": number_of(meeting),
        "starts_at": meeting.starts_at.isoformat(),
        "ends_at": meeting.ends_at.isoformat(),
        "is_all_day": meeting.is_all_day,
        "place": meeting.place,
        "attendance": _attendance(meeting),
        "items": _items(meeting),
        "adjusters": [named(person) for person in adjusters],
        "written_by": named(by) if by is not None else None,
        "previous": _previous(meeting),
    }


def named(person: Person) -> dict[str, str]:
    """A person as minutes name one."""
    return {"name": person.name, "organisation": person.organisation.name}


def _at(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant is not None else None


# --- who was there ------------------------------------------------------------------------------------------------------


def _attendance(meeting: Meeting) -> dict[str, Any]:
    """Per organisation who came, how and when; where nobody noted it, who said that they come, and nobody is called missing."""
    stays = attendance_of(meeting)
    invitations = _called(meeting, stays)
    present: dict[str, list[dict[str, Any]]] = {}
    called: set[str] = set()
    for invitation in invitations:
        name = invitation.organisation.name if invitation.organisation is not None else ""
        called.add(name)
        here = [
            {"way": stay.way.value, "came_at": _at(stay.came_at), "left_at": _at(stay.left_at)}
            for stay in stays.get(invitation.id, [])
        ]
        if not stays and invitation.answer in THERE:
            here = [{"way": invitation.answer.value, "came_at": None, "left_at": None}]
        if here:
            present.setdefault(name, []).append(_stayed(invitation, here))
    return {
        "basis": "noted" if stays else "announced",
        "organisations": [{"name": name, "people": present[name]} for name in sorted(present)],
        "absent": sorted(called - set(present) - {""}) if stays else [],
        "vacant": [organisation.name for organisation in vacant_seats(meeting)],
    }


def _called(meeting: Meeting, stays: Collection[int]) -> list[Invitation]:
    """Who is called, by organisation and name, and whoever was there (`stays`) although the call was taken back.

    The withdrawn are loaded too: somebody may have come instead of them.
    """
    rows = sa.select(Invitation).where(Invitation.meeting_id == meeting.id)
    found = list(
        db.session.scalars(rows.options(joinedload(Invitation.person), joinedload(Invitation.organisation))).unique()
    )
    standing = [one for one in found if one.withdrawn_at is None or one.id in stays]
    by_id = {invitation.id: invitation for invitation in found}
    for invitation in standing:
        set_committed_value(invitation, "replaces", by_id.get(invitation.replaces_id or 0))
    return sorted(standing, key=lambda row: (row.organisation.name if row.organisation else "\uffff", row.name))


def _stayed(invitation: Invitation, stays: list[dict[str, Any]]) -> dict[str, Any]:
    instead = invitation.replaces.name if invitation.replaces is not None else None
    return {"name": invitation.name, "instead_of": instead, "stays": stays}


# --- what was said ------------------------------------------------------------------------------------------------------


def _items(meeting: Meeting) -> list[dict[str, Any]]:
    said = _said(meeting)
    still_open = _open_actions(meeting) if any(item.lists_open_actions for item in meeting.items) else []
    return [
        {
            "id": item.id, "paragraph": number, "title": item.title, **said(item.id, number),
            "open_actions": still_open if item.lists_open_actions else [],
        }
        for item, _starts, number in meeting.timetable() if number is not None
    ]  # fmt: skip


def renewed(meeting: Meeting, circulated: Content) -> Content:
    """What the minutes say now that an edition is out: notes, decisions and actions may have changed since.

    The rest stands as it was circulated: who was there, what was left to do when the meeting began, which minutes went before.
    """
    said = _said(meeting)
    items = [item | said(item["id"], item["paragraph"]) for item in circulated["items"]]
    return circulated | {"items": items}


def _said(meeting: Meeting) -> Callable[[int, int], dict[str, Any]]:
    """For an item's number and paragraph: its note, decisions and actions."""
    decisions, actions = decisions_of(meeting), actions_of(meeting)
    notes = {item.id: item.note.text for item in meeting.items if item.note is not None}
    return lambda item_id, paragraph: {
        "note": notes.get(item_id, ""),
        "decisions": [_decided(decision, paragraph) for decision in decisions.get(item_id, ())],
        "actions": [_undertaken(action) for action in actions.get(item_id, ())],
    }


def _decided(decision: Decision, paragraph: int) -> dict[str, str]:
    return {"number": f"{paragraph}:{decision.number}", "text": decision.text}


def _undertaken(action: ActionItem) -> dict[str, Any]:
    return {
        "text": action.text,
        "owner": action.owner.name if action.owner is not None else None,
        "organisation": action.organisation.name,
        "due_on": action.due_on.isoformat() if action.due_on is not None else None,
    }


def _open_actions(meeting: Meeting) -> list[dict[str, Any]]:
    """What the group had left to do when the meeting began, the earliest due first; done since, it was open then."""
    ended_later = (ActionItem.state != ActionState.OPEN) & (ActionItem.changed_at > meeting.starts_at)
    rows = (
        sa.select(ActionItem)
        .where(
            ActionItem.group_id == meeting.group_id,
            (ActionItem.state == ActionState.OPEN) | ended_later,
            ActionItem.created_at < meeting.starts_at,
            ActionItem.meeting_id.is_(None) | (ActionItem.meeting_id != meeting.id),
        )
        .options(joinedload(ActionItem.owner), joinedload(ActionItem.organisation))
        .order_by(ActionItem.due_on.is_(None), ActionItem.due_on, ActionItem.id)
    )
    return [_undertaken(action) for action in db.session.scalars(rows)]


def _previous(meeting: Meeting) -> dict[str, str] | None:
    """The newest circulated minutes before these, of the same series, or of the group where there is no series."""
    rows = (
        sa.select(MinutesEdition)
        .join(Minutes)
        .join(Meeting)
        .where(
            Meeting.group_id == meeting.group_id,
            Meeting.series_id == meeting.series_id if meeting.series_id is not None else Meeting.series_id.is_(None),
            Meeting.starts_at < meeting.starts_at,
        )
        .order_by(Meeting.starts_at.desc(), MinutesEdition.number.desc())
        .options(joinedload(MinutesEdition.minutes).joinedload(Minutes.meeting))
    )
    edition = db.session.scalars(rows.limit(1)).first()
    if edition is None:
        return None
    before = edition.minutes.meeting
    return {"title": before.title, "starts_at": before.starts_at.isoformat(), "sha256": edition.sha256}
