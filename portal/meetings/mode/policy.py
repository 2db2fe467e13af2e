"""Who may do what while a meeting is held."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import db
from portal.meetings.mode.models import Attendance, ItemComment, SpeakerRequest
from portal.meetings.models import AgendaItem, Invitation, ItemKind, Meeting, MeetingState, Seat
from portal.meetings.policy import visible_meetings
from portal.people.models import Organisation, Person
from portal.people.policy import can_lead_group, can_write_in_group


def can_lead_meeting(person: Person, meeting: Meeting) -> bool:
    """The group's convener and secretary, of a meeting that was called."""
    return meeting.state is MeetingState.CALLED and can_lead_group(person, meeting.group)


def can_take_part(person: Person, meeting: Meeting) -> bool:
    """Everybody who may write in the group: comments to the secretary, asks for the floor."""
    return meeting.state is MeetingState.CALLED and can_write_in_group(person, meeting.group)


def may_watch_meeting(person_id: int, meeting_id: int) -> bool:
    """Whether somebody may listen to a meeting's live topic."""
    person = db.session.get(Person, person_id)
    if person is None or not person.is_active:
        return False
    visible = visible_meetings(person).where(Meeting.id == meeting_id).with_only_columns(Meeting.id)
    return db.session.scalar(visible) is not None


def last_seq(meeting_id: int) -> int:
    """How far the meeting's live topic has counted."""
    return db.session.scalar(sa.select(Meeting.last_seq).where(Meeting.id == meeting_id)) or 0


def last_seqs(meeting_ids: Collection[int]) -> dict[int, int]:
    """The same of many meetings."""
    rows = sa.select(Meeting.id, Meeting.last_seq).where(Meeting.id.in_(meeting_ids))
    return dict(db.session.execute(rows).all())


def current_item(meeting: Meeting) -> AgendaItem | None:
    """What the meeting is dealing with now."""
    return next((item for item in meeting.items if item.began_at is not None), None)


def next_item(meeting: Meeting) -> AgendaItem | None:
    """What comes after the current item: the first one behind it that is not done; breaks count too."""
    current = current_item(meeting)
    after = [item for item in meeting.items if current is None or item.position > current.position]
    return next((item for item in after if not item.is_done), None)


def previous_item(meeting: Meeting) -> AgendaItem | None:
    """The item before the current one, breaks left out."""
    current = current_item(meeting)
    if current is None:
        return None
    before = [item for item in meeting.items if item.position < current.position and item.kind is not ItemKind.BREAK]
    return before[-1] if before else None


def attendance_of(meeting: Meeting) -> dict[int, list[Attendance]]:
    """The stays of each invitation, oldest first. Ask only for a meeting that may be seen."""
    found: dict[int, list[Attendance]] = {}
    rows = sa.select(Attendance).where(Attendance.meeting_id == meeting.id).order_by(Attendance.id)
    for stay in db.session.scalars(rows):
        found.setdefault(stay.invitation_id, []).append(stay)
    return found


def participants(meeting: Meeting) -> list[Invitation]:
    """Who is called, by organisation and name."""
    rows = (
        sa.select(Invitation)
        .where(Invitation.meeting_id == meeting.id, Invitation.withdrawn_at.is_(None))
        .options(joinedload(Invitation.person), joinedload(Invitation.organisation))
    )
    found = list(db.session.scalars(rows))
    return sorted(found, key=lambda row: (row.organisation.name if row.organisation else "\uffff", row.name))


def visible_speaker_requests(person: Person) -> sa.Select[SpeakerRequest]:
    """Who asks for the floor at the visible meetings."""
    meetings = visible_meetings(person).with_only_columns(Meeting.id)
    return sa.select(SpeakerRequest).where(SpeakerRequest.meeting_id.in_(meetings))


def vacant_seats(meeting: Meeting) -> list[Organisation]:
    """The organisations whose seat has no ordinary holder, by name."""
    rows = sa.select(Organisation).join(Seat, Seat.organisation_id == Organisation.id).where(
        Seat.group_id == meeting.group_id, Seat.ordinary_id.is_(None)
    )  # fmt: skip
    return list(db.session.scalars(rows.order_by(Organisation.name)))


def speakers(meeting: Meeting) -> list[SpeakerRequest]:
    """Who has the floor and who waits for it, in order."""
    rows = (
        sa.select(SpeakerRequest)
        .where(SpeakerRequest.meeting_id == meeting.id, SpeakerRequest.ended_at.is_(None))
        .options(joinedload(SpeakerRequest.person), joinedload(SpeakerRequest.organisation))
        .order_by(SpeakerRequest.given_at.is_(None), SpeakerRequest.given_at, SpeakerRequest.id)
    )
    return list(db.session.scalars(rows))


def comments_of(item: AgendaItem) -> list[ItemComment]:
    """What those who watch have said to the secretary on an item, oldest first."""
    rows = (
        sa.select(ItemComment)
        .where(ItemComment.item_id == item.id)
        .options(joinedload(ItemComment.author), joinedload(ItemComment.organisation))
        .order_by(ItemComment.id)
    )
    return list(db.session.scalars(rows))
