"""Every write to meetings and invitations."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard, outbox
from portal.discussions.actions import note_kept
from portal.errors import Conflict
from portal.i18n import LANGUAGES
from portal.meetings.models import (
    AgendaItem,
    Answer,
    AnswerVia,
    Invitation,
    Meeting,
    MeetingSeries,
    MeetingState,
)
from portal.meetings.numbering import hold, number_anew
from portal.meetings.policy import called, check_not_over, hold_call, next_number, participants_of, substitute_of
from portal.notifications.actions import notify
from portal.notifications.models import Channel
from portal.notifications.policy import channels_of
from portal.people.models import Group, Person
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


class Guest(NamedTuple):
    """Somebody from outside, and the language of the mail that goes there."""

    name: str
    email: str
    language: str = LANGUAGES[0]


PLANNED = (
    "title", "starts_at", "ends_at", "place", "link", "practical", "reply_by", "proposals_by", "is_all_day",
)  # fmt: skip


COMING = frozenset({Answer.ON_SITE, Answer.ONLINE})


def plan_meeting(
    group: Group, plan: Plan, *, series: MeetingSeries | None = None, keep: Collection[str] = (), by: Person
) -> Meeting:
    """Begin to plan a meeting; only the group's leaders see it until it is called. Raises `guard.Stopped`.

    A meeting of a series takes its number within the year, and its agenda begins with the series' standing items.
    Raises `Conflict` for a series that has ended.
    """
    kept = guard.check(plan.texts(), keep=keep)
    if series is not None:
        db.lock(series)  # two meetings planned at once get two numbers
        if series.is_ended:
            raise Conflict(_("The series has ended. Take it up again before you plan a meeting in it."))
    meeting = Meeting(
        group=group, created_by=by, organisation_id=by.organisation_id,
        uid=f"{uuid.uuid4()}@samverkansportalen", **{name: getattr(plan, name) for name in PLANNED},
    )  # fmt: skip
    db.session.add(meeting)
    if series is not None:
        _begin_as(series, meeting)
    audit.record("meeting_planned", by=by, on=meeting)
    note_kept(kept, on=meeting, by=by)
    return meeting


def _begin_as(series: MeetingSeries, meeting: Meeting) -> None:
    meeting.number = next_number(series, meeting.starts_at)
    meeting.items = [
        AgendaItem(
            position=place, title=standing.title, kind=standing.kind, minutes_allotted=standing.minutes_allotted,
            lists_open_actions=standing.lists_open_actions,
        )
        for place, standing in enumerate(series.standing_items, 1)
    ]  # fmt: skip
    meeting.series = series
    number_anew(series, meeting.starts_at)


def set_time(meeting: Meeting, starts_at: datetime, ends_at: datetime, *, place: str, by: Person) -> None:
    """Give a meeting that is being planned its time. In another year it takes that year's next number, and so does its title,
    unless somebody gave it one. Raises `Conflict` if it was called or cancelled.
    """
    hold(meeting)
    if meeting.state is not MeetingState.PLANNING:
        raise Conflict(_("The meeting has been called already. Change its time on its page."))
    series = meeting.series
    if series is not None and local(starts_at).year != local(meeting.starts_at).year:
        has_usual_title = meeting.title == f"{series.name} {meeting.number}/{local(meeting.starts_at).year}"
        meeting.number = next_number(series, starts_at)
        if has_usual_title:
            meeting.title = f"{series.name} {meeting.number}/{local(starts_at).year}"
    was_at = meeting.starts_at
    meeting.starts_at, meeting.ends_at, meeting.is_all_day, meeting.place = starts_at, ends_at, False, place
    for name in ("reply_by", "proposals_by"):
        last = getattr(meeting, name)
        if last is not None and last > starts_at:
            setattr(meeting, name, None)
    meeting.touch()
    for year in (was_at, starts_at):  # the order of the year, or of two years
        number_anew(series, year)
    audit.record("meeting_time_set", by=by, on=meeting, revision=meeting.revision)


def change_meeting(meeting: Meeting, plan: Plan, *, based_on: int, keep: Collection[str] = (), by: Person) -> None:
    """Change when and where; those who are called are told. Raises `guard.Stopped`, or `Conflict` if somebody changed the
    meeting since `based_on` or it is over.
    """
    kept = guard.check(plan.texts(), keep=keep)
    hold(meeting)
    check_not_over(meeting)
    if meeting.revision != based_on:
        raise Conflict(_("Somebody else changed the meeting while you wrote. Compare and save again."))
    changed, was_at = [name for name in PLANNED if getattr(meeting, name) != getattr(plan, name)], meeting.starts_at
    ended_at = meeting.ends_at
    for name in changed:
        setattr(meeting, name, getattr(plan, name))
    meeting.touch()
    if "starts_at" in changed:  # the order of the year, or of two years
        number_anew(meeting.series, was_at)
        number_anew(meeting.series, meeting.starts_at)
    audit.record("meeting_changed", by=by, on=meeting, revision=meeting.revision, fields=changed)
    note_kept(kept, on=meeting, by=by)
    is_to_come = max(ended_at, meeting.ends_at) > db.now()  # what has been changes no calendar
    if (
        meeting.state is MeetingState.CALLED
        and is_to_come
        and {"title", "starts_at", "ends_at", "place", "link", "is_all_day"} & set(changed)
    ):
        _tell_called(meeting, "meeting_changed", by=by)


def _tell_called(meeting: Meeting, kind: str, *, by: Person) -> None:
    """Tell all who are called."""
    db.session.flush()
    _tell(called(meeting), kind, by=by)


def _tell(invitations: Sequence[Invitation], kind: str, *, by: Person, **more: str) -> None:
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
    notify(people, kind, group=meeting.group, path=meeting.path, by=by, mailed=mailed, **meeting.told, **more)
    for invitation in by_mail:
        outbox.enqueue("invitation_mail", key=str(invitation.id), invitation_id=invitation.id)


def call_meeting(
    meeting: Meeting, *, people: Iterable[Person] | None = None, guests: Iterable[Guest] = (), by: Person
) -> None:
    """Send the call to `people`: if they are not named, to all whom the group's meetings or this series are for, and
    `guests`.

    Raises `Conflict` if it was called or cancelled, or lies in the past.
    """
    db.lock(meeting)
    if meeting.state is not MeetingState.PLANNING:
        raise Conflict(_("The meeting has been called already."))
    if meeting.ends_at <= db.now():
        raise Conflict(_("The meeting is over. Change its date before you call it."))
    meeting.state = MeetingState.CALLED
    meeting.touch()
    called_people = participants_of(meeting.group, meeting.series) if people is None else people
    for person in called_people:
        db.session.add(Invitation(meeting=meeting, person=person, organisation_id=person.organisation_id))
    db.session.add_all(_guest_call(meeting, guest) for guest in guests)
    audit.record("meeting_called", by=by, on=meeting)
    _tell_called(meeting, "meeting_called", by=by)


def _guest_call(meeting: Meeting, guest: Guest) -> Invitation:
    return Invitation(meeting=meeting, guest_name=guest.name, guest_email=guest.email, guest_language=guest.language)


def invite(meeting: Meeting, person: Person, *, replaces: Invitation | None = None, by: Person) -> Invitation:
    """Call one more person to a called meeting, instead of somebody else perhaps; whoever is called already stays so.

    Raises `Conflict` if the meeting is over.
    """
    db.lock(meeting)
    check_not_over(meeting)
    if meeting.state is not MeetingState.CALLED or meeting.ends_at <= db.now():
        raise Conflict(_("People can be called only to a meeting that is called and not over."))
    invitation = db.session.scalar(
        sa.select(Invitation).where(Invitation.meeting_id == meeting.id, Invitation.person_id == person.id)
    )
    if invitation is None:
        invitation = Invitation(meeting=meeting, person=person, organisation_id=person.organisation_id)
        invitation.is_only_substitute = replaces is not None
        db.session.add(invitation)
    elif invitation.withdrawn_at is not None:
        _call_anew(invitation)
        invitation.is_only_substitute = replaces is not None
    elif replaces is None:
        invitation.is_only_substitute = False
        return invitation
    invitation.replaces = replaces
    audit.record("invited", by=by, on=invitation)
    kind, more = "meeting_called", {}
    if replaces is not None:
        kind, more = "substitute_named", {"name": replaces.name}
    _tell([invitation], kind, by=by, **more)
    return invitation


def _call_anew(invitation: Invitation) -> None:
    """Somebody who was called no longer is called again, and has not answered."""
    invitation.withdrawn_at, invitation.invited_at = None, db.now()
    invitation.answer, invitation.answered_at, invitation.answered_via, invitation.comment = None, None, None, ""
    invitation.meeting.touch()  # calendars take no call that is not newer than what took it out of them


def invite_guest(meeting: Meeting, guest: Guest, *, by: Person) -> Invitation:
    """Call somebody from outside to a called meeting; the answer comes by the mail's link. Raises `guard.Stopped`, or
    `Conflict` if the meeting is over or the address is called already.
    """
    guard.check({"name": guest.name})
    db.lock(meeting)
    check_not_over(meeting)
    if meeting.state is not MeetingState.CALLED or meeting.ends_at <= db.now():
        raise Conflict(_("People can be called only to a meeting that is called and not over."))
    if any(one.email.casefold() == guest.email.casefold() for one in called(meeting)):
        raise Conflict(_("Somebody with this address is called already."))
    invitation = _guest_call(meeting, guest)
    db.session.add(invitation)
    audit.record("guest_invited", by=by, on=invitation)
    outbox.enqueue("invitation_mail", key=str(invitation.id), invitation_id=invitation.id)
    return invitation


def withdraw_invitation(invitation: Invitation, *, by: Person | None) -> None:
    """Call somebody to the meeting no longer: a mail takes it out of the calendar. Raises `Conflict` if it is over."""
    hold_call(invitation)
    check_not_over(invitation.meeting)
    if invitation.withdrawn_at is not None:
        return
    invitation.withdrawn_at = db.now()
    if invitation.mailed_revision is not None:
        invitation.meeting.touch()  # what takes it out of a calendar is newer than what put it there (RFC 5546, 2.1.4)
    audit.record("invitation_withdrawn", by=by, on=invitation)
    outbox.enqueue("invitation_mail", key=str(invitation.id), invitation_id=invitation.id)


def release_substitute(invitation: Invitation, *, by: Person | None) -> Invitation | None:
    """Let nobody come instead any more, and tell the one who was to; returns her call, None if there was nobody.

    Who was called only to come instead is called no longer, and neither is whoever was to come instead of her.
    """
    substitute = substitute_of(invitation)
    if substitute is None:
        return None
    assert substitute.person is not None  # guests replace nobody
    was_mailed, is_called = substitute.mailed_revision is not None, not substitute.is_only_substitute
    if not is_called:
        release_substitute(substitute, by=by)
        withdraw_invitation(substitute, by=by)
    substitute.replaces = None
    audit.record("substitute_recalled", by=by, on=substitute, replaced=invitation.id)
    meeting, mailed = invitation.meeting, [substitute.person.id] if was_mailed and not is_called else []
    notify(
        [substitute.person], "substitute_recalled", group=meeting.group, path=meeting.path, by=by, mailed=mailed,
        name=invitation.name, is_called=is_called, **meeting.told,
    )  # fmt: skip
    return substitute


def cancel_meeting(meeting: Meeting, *, by: Person) -> None:
    """Call the meeting off. It stays to be read. Raises `Conflict` if it was cancelled or has been closed."""
    hold(meeting)
    check_not_over(meeting)
    was_called = meeting.state is MeetingState.CALLED and meeting.ends_at > db.now()
    meeting.state = MeetingState.CANCELLED
    meeting.touch()
    number_anew(meeting.series, meeting.starts_at)
    audit.record("meeting_cancelled", by=by, on=meeting)
    if was_called:
        _tell_called(meeting, "meeting_cancelled", by=by)


def answer_invitation(
    invitation: Invitation, answer: Answer, *, via: AnswerVia = AnswerVia.PORTAL, comment: str | None = None,
    at: datetime | None = None, by: Person | None,
) -> Invitation | None:  # fmt: skip
    """Say whether one comes; the last answer counts. `by` is None for a guest, `at` is when it was given if not now.

    Whoever comes oneself after all needs nobody instead: that one is told, and her call is returned.
    Raises `guard.Stopped` for the comment, `Conflict` if one is called no longer or the meeting is cancelled.
    """
    if comment is not None:
        guard.check({"comment": comment})
    hold_call(invitation)
    if invitation.meeting.state is MeetingState.CANCELLED:
        raise Conflict(_("The meeting is cancelled."))
    if invitation.withdrawn_at is not None:
        raise Conflict(_("You are no longer called to this meeting."))
    if comment is not None:
        invitation.comment = comment
    invitation.answer, invitation.answered_at, invitation.answered_via = answer, at or db.now(), via
    audit.record("invitation_answered", by=by, on=invitation, answer=answer.value, via=via.value)
    return release_substitute(invitation, by=by) if answer in COMING else None
