"""Every write while a meeting is held. What is shown of it is published by the views, in the same transaction."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict, NotFound
from portal.meetings.mode.models import Attendance, ItemComment, SpeakerRequest
from portal.meetings.models import AgendaItem, Answer, Invitation, Meeting, MeetingState
from portal.meetings.policy import check_not_circulated, check_not_sealed, participants_of
from portal.people.models import Person
from portal.people.traces import note_reading

LONGEST_EXTRA = 600  # minutes


def record_meeting(meeting: Meeting, *, by: Person) -> None:
    """Write down that a meeting has been held that nobody called here: those whom it was for stand in its list, and are not
    told. Attendance is noted and minutes are written as of any meeting that is over.

    Raises `Conflict` if it was called or cancelled, or is still to come.
    """
    db.lock(meeting)
    if meeting.state is not MeetingState.PLANNING:
        raise Conflict(_("The meeting has been called already."))
    if meeting.ends_at > db.now():
        raise Conflict(_("The meeting is not over. Call it instead."))
    meeting.state = MeetingState.CALLED
    meeting.touch()
    for person in participants_of(meeting.group, meeting.series):
        db.session.add(Invitation(meeting=meeting, person=person, organisation_id=person.organisation_id))
    audit.record("meeting_recorded", by=by, on=meeting)


def open_meeting(meeting: Meeting, *, by: Person) -> None:
    """Begin the meeting, or go on with one that was closed by mistake: whoever was there at the close still is.

    Raises `Conflict` if it is not called or runs already.
    """
    db.lock(meeting)
    if meeting.state is not MeetingState.CALLED:
        raise Conflict(_("Only a meeting that has been called can begin."))
    if meeting.is_running:
        raise Conflict(_("The meeting has begun already."))
    check_not_sealed(meeting)
    check_not_circulated(meeting)
    is_new = meeting.opened_at is None
    if meeting.closed_at is not None:
        at_close = (Attendance.meeting_id == meeting.id) & (Attendance.left_at == meeting.closed_at)
        still_here = sa.update(Attendance).where(at_close).values(left_at=None)
        db.session.execute(still_here.execution_options(synchronize_session=False))
    meeting.opened_at, meeting.closed_at = meeting.opened_at or db.now(), None
    meeting.touch()
    audit.record("meeting_opened" if is_new else "meeting_reopened", by=by, on=meeting)
    if is_new and meeting.items:
        meeting.items[0].began_at = db.now()


def close_meeting(meeting: Meeting, *, by: Person) -> None:
    """End the meeting: the current item is done, everybody has left. Raises `Conflict` if it does not run."""
    _running(meeting)
    _end_current(meeting)
    meeting.closed_at = db.now()
    meeting.touch()
    present = sa.update(Attendance).where(Attendance.meeting_id == meeting.id, Attendance.left_at.is_(None))
    db.session.execute(present.values(left_at=meeting.closed_at).execution_options(synchronize_session=False))
    waiting = sa.update(SpeakerRequest).where(
        SpeakerRequest.meeting_id == meeting.id, SpeakerRequest.ended_at.is_(None)
    )
    db.session.execute(waiting.values(ended_at=db.now()).execution_options(synchronize_session=False))
    audit.record("meeting_closed", by=by, on=meeting)


def _running(meeting: Meeting) -> None:
    db.lock(meeting)
    if not meeting.is_running:
        raise Conflict(_("The meeting is not running."))


def _of(meeting: Meeting, item: AgendaItem) -> AgendaItem:
    """The item as it stands on the agenda now; a meeting that runs can still change it."""
    found = next((one for one in meeting.items if one is item), None)
    if found is None:
        raise NotFound
    return found


def _end_current(meeting: Meeting) -> None:
    for item in meeting.items:
        if item.began_at is not None:
            item.spent_seconds += max(0, int((db.now() - item.began_at).total_seconds()))
            item.began_at, item.is_done = None, True


def go_to_item(meeting: Meeting, item: AgendaItem, *, by: Person) -> None:
    """Make an item the current one; the one before is done. Said twice, it changes nothing.

    Raises `Conflict` if the meeting does not run, and `NotFound` if the item was taken away.
    """
    _running(meeting)
    item = _of(meeting, item)
    if item.began_at is not None:
        return
    _end_current(meeting)
    item.began_at, item.is_done = db.now(), False
    audit.record("agenda_item_begun", by=by, on=item)


def extend_item(item: AgendaItem, *, minutes: int, by: Person) -> None:
    """Give the current item more time. Raises `Conflict` if the meeting does not run, `NotFound` if the item was taken away."""
    meeting = item.meeting
    _running(meeting)
    item = _of(meeting, item)
    item.extra_minutes = min(item.extra_minutes + minutes, LONGEST_EXTRA)
    audit.record("agenda_item_extended", by=by, on=item, minutes=minutes)


# --- who is there -----------------------------------------------------------------------------------------------------


def note_arrival(invitation: Invitation, way: Answer, *, by: Person) -> None:
    """Note that somebody is there, on site or online; who is there in the other way changes over.

    Of a meeting that is over it says that somebody was there, all the time unless it was noted otherwise; until its minutes
    are circulated. Raises `Conflict`.
    """
    if _is_noted_after(invitation.meeting):
        _note_was_there(invitation, way)
        audit.record("arrival_noted", by=by, on=invitation, way=way.value)
        return
    stay = _stay(invitation)
    if stay is not None and stay.way is way:
        return
    if stay is not None:
        stay.left_at = db.now()
        db.session.flush()
    db.session.add(Attendance(meeting_id=invitation.meeting_id, invitation=invitation, way=way))
    audit.record("arrival_noted", by=by, on=invitation, way=way.value)


def note_departure(invitation: Invitation, *, by: Person) -> None:
    """Note that somebody has left; of a meeting that is over, that somebody was not there. Raises `Conflict`."""
    if _is_noted_after(invitation.meeting):
        db.session.execute(sa.delete(Attendance).where(Attendance.invitation_id == invitation.id))
        audit.record("absence_noted", by=by, on=invitation)
        return
    stay = _stay(invitation)
    if stay is not None:
        stay.left_at = db.now()
        audit.record("departure_noted", by=by, on=invitation)


def _is_noted_after(meeting: Meeting) -> bool:
    """Whether attendance is noted afterwards. Raises `Conflict` before the meeting and once its minutes are circulated."""
    db.lock(meeting)
    if meeting.state is not MeetingState.CALLED or not meeting.is_over:
        _running(meeting)
        return False
    check_not_circulated(meeting)
    return True


def _note_was_there(invitation: Invitation, way: Answer) -> None:
    meeting = invitation.meeting
    stays = db.session.scalars(
        sa.select(Attendance).where(Attendance.invitation_id == invitation.id).order_by(Attendance.id)
    ).all()
    if stays:
        stays[-1].way = way
        return
    came_at, left_at = meeting.opened_at or meeting.starts_at, meeting.closed_at or meeting.ends_at
    db.session.add(
        Attendance(
            meeting_id=meeting.id, invitation=invitation, way=way, came_at=came_at, left_at=max(came_at, left_at)
        )
    )


def _stay(invitation: Invitation) -> Attendance | None:
    return db.session.scalar(
        sa.select(Attendance).where(Attendance.invitation_id == invitation.id, Attendance.left_at.is_(None))
    )


def note_announced(meeting: Meeting, *, by: Person) -> int:
    """Note everybody as there who said to come and is not noted yet; returns how many. Raises `Conflict`."""
    is_after = _is_noted_after(meeting)
    noted = sa.select(Attendance.invitation_id).where(Attendance.meeting_id == meeting.id)
    coming = sa.select(Invitation).where(
        Invitation.meeting_id == meeting.id, Invitation.withdrawn_at.is_(None), Invitation.id.not_in(noted),
        Invitation.answer.in_([Answer.ON_SITE, Answer.ONLINE]),
    )  # fmt: skip
    found = db.session.scalars(coming).all()
    for invitation in found:
        way = invitation.answer or Answer.ON_SITE
        if is_after:
            _note_was_there(invitation, way)
        else:
            db.session.add(Attendance(meeting_id=meeting.id, invitation=invitation, way=way))
    audit.record("arrivals_noted", by=by, on=meeting, count=len(found))
    return len(found)


# --- the floor --------------------------------------------------------------------------------------------------------


def ask_for_floor(meeting: Meeting, *, by: Person) -> None:
    """Put the person last among those who ask for the floor; once at a time. Raises `Conflict`."""
    _running(meeting)
    waiting = sa.select(SpeakerRequest.id).where(
        SpeakerRequest.meeting_id == meeting.id, SpeakerRequest.person_id == by.id, SpeakerRequest.ended_at.is_(None)
    )
    if db.session.scalar(waiting) is None:
        db.session.add(SpeakerRequest(meeting_id=meeting.id, person=by, organisation_id=by.organisation_id))
        db.session.flush()


def _hold(request: SpeakerRequest) -> None:
    _running(request.meeting)
    db.session.refresh(request)


def give_floor(request: SpeakerRequest, *, by: Person) -> None:
    """Let somebody speak; whoever spoke has finished. Who has spoken already is not given the floor again.

    Raises `Conflict` if the meeting does not run.
    """
    _hold(request)
    if request.ended_at is not None:
        return
    speaking = sa.update(SpeakerRequest).where(
        SpeakerRequest.meeting_id == request.meeting_id, SpeakerRequest.given_at.is_not(None),
        SpeakerRequest.ended_at.is_(None), SpeakerRequest.id != request.id,
    )  # fmt: skip
    db.session.execute(speaking.values(ended_at=db.now()).execution_options(synchronize_session=False))
    request.given_at = request.given_at or db.now()
    audit.record("floor_given", by=by, on=request)


def end_floor(request: SpeakerRequest, *, by: Person) -> None:
    """Somebody has spoken, or does not want to any longer. Raises `Conflict` if the meeting does not run."""
    _hold(request)
    request.ended_at = request.ended_at or db.now()
    audit.record("floor_ended", by=by, on=request)


def add_comment(item: AgendaItem, *, body: str, client_id: str, keep: Collection[str] = (), by: Person) -> ItemComment:
    """Say something to the secretary on an item. Sent twice it is one comment. Raises `guard.Stopped`."""
    kept = guard.check({"body": body}, keep=keep)
    db.lock_name(f"comment:{client_id}")
    twin = sa.select(ItemComment).where(
        ItemComment.item_id == item.id, ItemComment.author_id == by.id, ItemComment.client_id == client_id
    )
    if (existing := db.session.scalar(twin)) is not None:
        return existing
    comment = ItemComment(item=item, author=by, organisation_id=by.organisation_id, client_id=client_id, body=body)
    db.session.add(comment)
    audit.record("item_comment_added", by=by, on=comment)
    note_kept(kept, on=comment, by=by)
    return comment


def note_watch(meeting_id: int, *, by: Person) -> None:
    """Note that somebody listens to a meeting of a sensitive group."""
    meeting = db.session.get(Meeting, meeting_id)
    if meeting is not None:
        note_reading("meeting_watched", meeting.group, on=meeting, by=by)
