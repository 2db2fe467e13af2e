"""Every write to calls: who is called to a meeting, who no longer, who comes instead, and what they answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard, outbox
from portal.errors import Conflict
from portal.i18n import LANGUAGES
from portal.meetings.models import Answer, AnswerVia, Invitation, Meeting, MeetingState
from portal.meetings.policy import called, check_not_over, hold_call, is_member_address, participants_of, substitute_of
from portal.notifications.actions import notify
from portal.notifications.models import Channel
from portal.notifications.policy import channels_of
from portal.people.models import Person


class Guest(NamedTuple):
    """Somebody from outside, and the language of the mail that goes there."""

    name: str
    email: str
    language: str = LANGUAGES[0]


COMING = frozenset({Answer.ON_SITE, Answer.ONLINE})


def tell_called(meeting: Meeting, kind: str, *, because: str = "", by: Person) -> None:
    """Tell all who are called, and why if there is a reason."""
    db.session.flush()
    more = {"because": because} if because else {}
    _tell(called(meeting), kind, by=by, **more)


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
        outbox.enqueue(
            "invitation_mail", key=str(invitation.id), invitation_id=invitation.id, because=more.get("because", "")
        )


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
    called_people = list(participants_of(meeting.group, meeting.series) if people is None else people)
    for person in called_people:
        db.session.add(Invitation(meeting=meeting, person=person, organisation_id=person.organisation_id))
    taken = {person.email.casefold() for person in called_people}  # a guest of the date poll may have joined since
    db.session.add_all(_guest_call(meeting, guest) for guest in guests if guest.email.casefold() not in taken)
    audit.record("meeting_called", by=by, on=meeting)
    tell_called(meeting, "meeting_called", by=by)


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
    `Conflict` if the meeting is over, or the address is called already or that of a member of the group.
    """
    guard.check({"name": guest.name})
    db.lock(meeting)
    check_not_over(meeting)
    if meeting.state is not MeetingState.CALLED or meeting.ends_at <= db.now():
        raise Conflict(_("People can be called only to a meeting that is called and not over."))
    if any(one.email.casefold() == guest.email.casefold() for one in called(meeting)):
        raise Conflict(_("Somebody with this address is called already."))
    if is_member_address(meeting.group, guest.email):
        raise Conflict(_("This is the address of a member of the group. Choose the member above instead."))
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
