"""Every write to meetings and invitations."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard, outbox
from portal.discussions.actions import note_kept
from portal.errors import Conflict
from portal.meetings.models import (
    Answer,
    AnswerVia,
    Invitation,
    Meeting,
    MeetingSeries,
    MeetingState,
    Participants,
    Seat,
)
from portal.meetings.policy import called, check_not_over
from portal.notifications.actions import notify
from portal.notifications.models import Channel
from portal.notifications.policy import channels_of
from portal.people.models import Group, Membership, Person, PersonStatus
from portal.times import local


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
    proposals_by: datetime | None = None
    is_all_day: bool = False

    def texts(self) -> dict[str, str]:
        """What the guard reads."""
        return {"title": self.title, "place": self.place, "link": self.link, "practical": self.practical}


PLANNED = (
    "title", "starts_at", "ends_at", "place", "link", "practical", "reply_by", "proposals_by", "is_all_day",
)  # fmt: skip


def plan_meeting(
    group: Group, plan: Plan, *, series: MeetingSeries | None = None, keep: Collection[str] = (), by: Person
) -> Meeting:
    """Begin to plan a meeting; only the group's leaders see it until it is called. Raises `guard.Stopped`.

    A meeting of a series takes its number within the year.
    """
    kept = guard.check(plan.texts(), keep=keep)
    if series is not None:
        db.lock(series)  # two meetings planned at once get two numbers
    meeting = Meeting(
        group=group, series=series, created_by=by, organisation_id=by.organisation_id,
        uid=f"{uuid.uuid4()}@samverkansportalen", **{name: getattr(plan, name) for name in PLANNED},
    )  # fmt: skip
    db.session.add(meeting)
    if series is not None:
        meeting.number = _next_number(series, plan.starts_at)
    audit.record("meeting_planned", by=by, on=meeting)
    note_kept(kept, on=meeting, by=by)
    return meeting


def _next_number(series: MeetingSeries, starts_at: datetime) -> int:
    first = local(starts_at).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    last = first.replace(year=first.year + 1)
    taken = sa.select(sa.func.max(Meeting.number)).where(
        Meeting.series_id == series.id, Meeting.starts_at >= first, Meeting.starts_at < last
    )
    return (db.session.scalar(taken) or 0) + 1


def change_meeting(meeting: Meeting, plan: Plan, *, based_on: int, keep: Collection[str] = (), by: Person) -> None:
    """Change when and where; those who are called are told. Raises `guard.Stopped`, or `Conflict` if somebody changed the
    meeting since `based_on` or it is over.
    """
    kept = guard.check(plan.texts(), keep=keep)
    db.lock(meeting)
    check_not_over(meeting)
    if meeting.revision != based_on:
        raise Conflict(_("Somebody else changed the meeting while you wrote. Compare and save again."))
    changed = [name for name in PLANNED if getattr(meeting, name) != getattr(plan, name)]
    for name in changed:
        setattr(meeting, name, getattr(plan, name))
    meeting.touch()
    audit.record("meeting_changed", by=by, on=meeting, revision=meeting.revision, fields=changed)
    note_kept(kept, on=meeting, by=by)
    if meeting.state is MeetingState.CALLED and {"title", "starts_at", "ends_at", "place", "link", "is_all_day"} & set(
        changed
    ):
        _tell_called(meeting, "meeting_changed", by=by)


def _tell_called(meeting: Meeting, kind: str, *, by: Person) -> None:
    """Tell all who are called."""
    db.session.flush()
    _tell(called(meeting), kind, by=by)


def _tell(invitations: Sequence[Invitation], kind: str, *, by: Person) -> None:
    """Tell by calendar mail those who wish calls by mail and those whose calendars have the meeting; all others as they wish."""
    if not invitations:
        return
    meeting = invitations[0].meeting
    chosen = channels_of([one.person_id for one in invitations if one.person_id is not None], "meeting_called")
    by_mail = [
        one
        for one in invitations
        if one.mailed_revision is not None or one.person_id is None or chosen[one.person_id] is Channel.MAIL
    ]
    people = [one.person for one in invitations if one.person is not None]
    mailed = [one.person_id for one in by_mail if one.person_id is not None]
    notify(people, kind, group=meeting.group, path=meeting.path, by=by, mailed=mailed, **meeting.told)
    for invitation in by_mail:
        outbox.enqueue("invitation_mail", key=str(invitation.id), invitation_id=invitation.id)


def call_meeting(meeting: Meeting, *, by: Person) -> None:
    """Send the call to the present members of the group, or to those who hold its seats if the series says so.

    Raises `Conflict` if it was called or cancelled, or lies in the past.
    """
    db.lock(meeting)
    if meeting.state is not MeetingState.PLANNING:
        raise Conflict(_("The meeting has been called already."))
    if meeting.ends_at <= db.now():
        raise Conflict(_("The meeting is over. Change its date before you call it."))
    meeting.state = MeetingState.CALLED
    meeting.touch()
    for person in _participants(meeting):
        db.session.add(Invitation(meeting=meeting, person=person, organisation_id=person.organisation_id))
    audit.record("meeting_called", by=by, on=meeting)
    _tell_called(meeting, "meeting_called", by=by)


def _participants(meeting: Meeting) -> Sequence[Person]:
    members = (
        sa.select(Person)
        .join(Membership)
        .where(
            Membership.group_id == meeting.group_id, Membership.left_at.is_(None), Person.status == PersonStatus.ACTIVE
        )
    )
    if meeting.series is not None and meeting.series.participants is Participants.SEATS:
        members = members.join(Seat, (Seat.group_id == meeting.group_id) & (Seat.ordinary_id == Person.id))
    return db.session.scalars(members.order_by(Person.id)).unique().all()


def invite(meeting: Meeting, person: Person, *, replaces: Invitation | None = None, by: Person) -> Invitation:
    """Call one more person to a called meeting; whoever is called already stays so. Raises `Conflict` if it is over."""
    db.lock(meeting)
    check_not_over(meeting)
    if meeting.state is not MeetingState.CALLED or meeting.ends_at <= db.now():
        raise Conflict(_("People can be called only to a meeting that is called and not over."))
    invitation = db.session.scalar(
        sa.select(Invitation).where(Invitation.meeting_id == meeting.id, Invitation.person_id == person.id)
    )
    if invitation is None:
        invitation = Invitation(meeting=meeting, person=person, organisation_id=person.organisation_id)
        db.session.add(invitation)
    elif invitation.withdrawn_at is None and replaces is None:
        return invitation
    invitation.withdrawn_at, invitation.replaces = None, replaces
    audit.record("invited", by=by, on=invitation)
    _tell([invitation], "meeting_called", by=by)
    return invitation


def cancel_meeting(meeting: Meeting, *, by: Person) -> None:
    """Call the meeting off. It stays to be read. Raises `Conflict` if it was cancelled or has been closed."""
    db.lock(meeting)
    check_not_over(meeting)
    was_called = meeting.state is MeetingState.CALLED
    meeting.state = MeetingState.CANCELLED
    meeting.touch()
    audit.record("meeting_cancelled", by=by, on=meeting)
    if was_called:
        _tell_called(meeting, "meeting_cancelled", by=by)


def answer_invitation(
    invitation: Invitation, answer: Answer, *, via: AnswerVia = AnswerVia.PORTAL, comment: str | None = None,
    at: datetime | None = None, by: Person | None,
) -> None:  # fmt: skip
    """Say whether one comes; the last answer counts. `by` is None for a guest, `at` is when it was given if not now.

    Raises `guard.Stopped` for the comment.
    """
    if comment is not None:
        guard.check({"comment": comment})
        invitation.comment = comment
    invitation.answer, invitation.answered_at, invitation.answered_via = answer, at or db.now(), via
    audit.record("invitation_answered", by=by, on=invitation, answer=answer.value, via=via.value)
