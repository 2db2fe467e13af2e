"""Calls as mail with a calendar part that mail programs show with buttons (RFC 5546, RFC 6047)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import current_app, render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from portal import audit, calendar, db, i18n, mail, outbox
from portal.calendar import Method, Party
from portal.mail import CalendarPart, Mail
from portal.meetings.calls import actions, policy, tokens
from portal.meetings.entries import entry, page_of, says_nothing, title_outside
from portal.meetings.models import Answer, Invitation, Meeting, MeetingState
from portal.notifications.delivery import actions as deliveries
from portal.notifications.delivery.bounces import bounce_address, letter_key
from portal.notifications.delivery.models import State
from portal.notifications.letters import refused
from portal.times import clock, day

CALENDAR_MAIL = "calendar_mail"  # in the log of deliveries

PARTSTAT = {
    Answer.ON_SITE: "ACCEPTED",
    Answer.ONLINE: "ACCEPTED",
    Answer.TENTATIVE: "TENTATIVE",
    Answer.DECLINED: "DECLINED",
}


@dataclass(frozen=True, slots=True)
class _Sending:
    """What is to be sent: the method, and why."""

    method: Method
    reason: str  # called, changed, again, cancelled or withdrawn


def _sending(invitation: Invitation, *, is_again: bool) -> _Sending | None:
    """What the invited person's calendar lacks; None if it has all that it may have."""
    meeting, mailed = invitation.meeting, invitation.mailed_revision
    if not policy.may_lose(invitation):
        return None
    if invitation.withdrawn_at is not None or meeting.state is MeetingState.CANCELLED:
        reason = "cancelled" if meeting.state is MeetingState.CANCELLED else "withdrawn"
        return _Sending(Method.CANCEL, reason) if mailed is not None else None
    if not policy.may_hear(invitation):
        return None
    if meeting.state is not MeetingState.CALLED or meeting.ends_at <= db.now():
        return None
    if is_again:
        return _Sending(Method.REQUEST, "again")
    if mailed == meeting.revision:
        return None
    return _Sending(Method.REQUEST, "changed" if mailed is not None else "called")


@outbox.handler("invitation_mail")
def send_invitation(*, invitation_id: int, is_again: bool = False, because: str = "") -> None:
    """Mail what has changed since the last mail, if anything has. `is_again`: the answer was to an older date; `because`: why the
    meeting is cancelled.

    If it runs twice for one revision, nothing is sent the second time; if it ended between the sending and the noting, the
    same message goes out again under the same name.
    """
    invitation = db.session.get(Invitation, invitation_id)
    sending = _sending(invitation, is_again=is_again) if invitation is not None else None
    if invitation is None or sending is None:
        return
    revision = invitation.meeting.revision
    if not _deliver(invitation, _letter(invitation, sending.reason, sending.method, because=because)):
        return
    stands = None if sending.method is Method.CANCEL else revision
    actions.note_mailed(invitation, stands, method=sending.method.value, by=None)


def _letter(invitation: Invitation, reason: str, method: Method | None = None, *, because: str = "") -> Mail:
    """What is mailed for that reason, with a calendar part if there is a method."""
    meeting, hides = invitation.meeting, _hides(invitation)
    with force_locale(_language(invitation)):
        title = title_outside(meeting, hides=hides)
        subject = _subject(_what(meeting, title, hides=hides), reason)
        text = render_template(
            "mail/invitation.txt", meeting=meeting, reason=reason, title=title, hides=hides, answer_page="" if method is Method.CANCEL else answer_page(invitation),
            page=page_of(meeting, hides=not policy.may_hear(invitation)) if invitation.person is not None else "", answers=Answer, replaced=_replaced(invitation),
            because=because if reason == "cancelled" and not hides else "",
        )  # fmt: skip
        part = calendar_part(invitation, method) if method is not None else None
    # one that goes out again after a crash is shown once; somebody who is called anew another day must see it
    name = f"call.{invitation.id}.{meeting.revision}.{reason}.{db.now():%Y%m%d}"
    return Mail(
        "" if hides else invitation.name, invitation.email, subject, text, part,
        reply_to=tokens.reply_address(invitation) if part is not None else "", name="" if reason == "again" else name,
    )  # fmt: skip


def _replaced(invitation: Invitation) -> str:
    """Whom the called comes instead of; nobody if that must not be told."""
    one = invitation.replaces
    return "" if one is None or says_nothing(invitation.meeting) else one.name


def _hides(invitation: Invitation) -> bool:
    """Whether it must not be told what the meeting is about: to nobody, or not to somebody who has left the group."""
    return says_nothing(invitation.meeting) or not policy.may_hear(invitation)


def _what(meeting: Meeting, title: str, *, hides: bool) -> str:
    """The meeting in a subject. Those without a title are told apart by their time, so that it says the hour too."""
    on = day(meeting.starts_at)
    if not hides:
        return f"{title}, {on}"
    if meeting.is_all_day:
        return str(_("Meeting on %(day)s", day=on))
    return str(_("Meeting on %(day)s at %(time)s", day=on, time=clock(meeting.starts_at)))


def _subject(what: str, reason: str) -> str:
    if reason == "cancelled":
        return str(_("Cancelled: %(what)s", what=what))
    if reason == "withdrawn":
        return str(_("You are no longer called: %(what)s", what=what))
    if reason == "changed":
        return str(_("Changed: %(what)s", what=what))
    if reason in {"answer_missing", "meeting_tomorrow"}:
        return str(_("Reminder: %(what)s", what=what))
    return str(_("Invitation: %(what)s", what=what))


@outbox.handler("guest_reminder")
def remind_guest(*, invitation_id: int, about: str) -> None:
    """Remind a guest of the answer (`answer_missing`) or of the meeting (`meeting_tomorrow`); others have notices.

    Runs twice without harm: at worst a mail comes twice.
    """
    invitation = db.session.get(Invitation, invitation_id)
    if invitation is None or invitation.person is not None or not policy.can_answer_unsigned(invitation):
        return
    if about == "answer_missing" and invitation.answer is not None:
        return
    _deliver(invitation, _letter(invitation, about))


def _deliver(invitation: Invitation, letter: Mail) -> bool:
    """Hand a letter over; returns whether it was taken. What is pending must be stored before."""
    person, group, key = invitation.person, invitation.meeting.group, letter_key(letter.name)
    if person is not None:  # a guest has no account to which a bounce could be noted
        letter = replace(letter, bounce_to=bounce_address(person.id, key))
    db.pause()
    try:
        mail.deliver(letter)
    except mail.Undeliverable as error:
        audit.record("mail_refused", by=None, on=invitation)
        if person is not None:
            refused(person.id, error)
            deliveries.note_letter(
                person, CALENDAR_MAIL, State.REFUSED, group=group, letter=key, code=str(error.code or ""), by=None
            )
        return False
    if person is not None:
        deliveries.note_letter(person, CALENDAR_MAIL, State.SENT, group=group, letter=key, by=None)
    return True


@outbox.handler("answer_help")
def send_help(*, invitation_id: int, reason: str) -> None:
    """Tell the invited person, at the address that was called, why an answer by mail was not taken over."""
    invitation = db.session.get(Invitation, invitation_id)
    if invitation is None or not policy.may_hear(invitation):
        return
    with force_locale(_language(invitation)):
        text = render_template(
            "mail/answer_help.txt", meeting=invitation.meeting, title=title_outside(invitation.meeting), reason=reason,
            answer_page=answer_page(invitation) if policy.can_answer_unsigned(invitation) else "",
        )  # fmt: skip
        subject = str(_("Your answer by mail"))
    name = "" if says_nothing(invitation.meeting) else invitation.name
    _deliver(invitation, Mail(name, invitation.email, subject, text))


def _language(invitation: Invitation) -> str:
    return i18n.known(invitation.person.language if invitation.person is not None else invitation.guest_language)


def answer_page(invitation: Invitation) -> str:
    """The address where the call can be answered without signing in, in the language of the invited."""
    base: str = current_app.config["SETTINGS"].base_url
    language = _language(invitation)
    return f"{base}/answers/{tokens.answer_token(invitation)}" + ("" if language == "sv" else f"?lang={language}")


def calendar_part(invitation: Invitation, method: Method) -> CalendarPart:
    """The calendar object for one invited person: nobody else's address is in it."""
    meeting = invitation.meeting
    hides, reply_to = _hides(invitation), tokens.reply_address(invitation)
    organizer = Party(
        reply_to or current_app.config["SETTINGS"].mail_from, "Samverkansportalen" if hides else meeting.group.name
    )
    attendee = Party(
        invitation.email, "" if hides else invitation.name,
        answer=PARTSTAT[invitation.answer] if invitation.answer is not None else "NEEDS-ACTION",
        is_asked=bool(reply_to) and method is Method.REQUEST,
    )  # fmt: skip
    page = answer_page(invitation) if invitation.person is None else None
    made = entry(meeting, page=page, hides=not policy.may_hear(invitation))
    made = replace(made, changed_at=db.now(), organizer=organizer, attendee=attendee)
    if method is Method.CANCEL:
        made = replace(made, status=calendar.Status.CANCELLED)
    return CalendarPart(calendar.one_entry(made, method), method.value)
