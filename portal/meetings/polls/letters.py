"""Mail to guests of a date poll, and the reminders that go out by themselves."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import sqlalchemy as sa
from flask import current_app, render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from portal import audit, db, i18n, mail, outbox
from portal.meetings.policy import conveners_of
from portal.meetings.polls import actions, tokens
from portal.meetings.polls.models import DatePoll, PollInvitee, PollOption, PollState
from portal.meetings.polls.policy import is_open, lacks_answer
from portal.notifications.actions import notify
from portal.notifications.reminders import FIRST_HOUR, claim_once, is_daytime
from portal.people.models import HandlingClass
from portal.times import STOCKHOLM, as_date, today

DAYS_BEFORE = (3, 1)
NOT_SOONER_THAN = timedelta(hours=12)  # after the question itself


def title_outside(poll: DatePoll) -> str:
    """What may be said of it in mail and to guests: of a sensitive group not even what it is about."""
    return str(_("Meeting")) if poll.group.handling_class is HandlingClass.SENSITIVE else poll.title


@outbox.handler("poll_mail")
def send_question(*, invitee_id: int, about: str = "poll_opened") -> None:
    """Mail a guest the own link, while it answers, or that there is nothing to answer any more (`poll_cancelled`).

    `about` is the kind of the notice which others get. Runs twice without harm: at worst a mail comes twice.
    """
    invitee = db.session.get(PollInvitee, invitee_id)
    if invitee is None or invitee.person_id is not None or not _is_worth_telling(invitee, about):
        return
    poll, language = invitee.poll, i18n.known(invitee.guest_language)
    base: str = current_app.config["SETTINGS"].base_url
    in_english = "" if language == "sv" else f"?lang={language}"
    with force_locale(language):
        title = title_outside(poll)
        text = render_template(
            "mail/poll.txt", poll=poll, kind=about, title=title,
            address="" if about == "poll_cancelled" else f"{base}/poll-answers/{tokens.guest_token(invitee)}{in_english}",
        )  # fmt: skip
        subject = _subject(about, title)
    name = "" if poll.group.handling_class is HandlingClass.SENSITIVE else invitee.guest_name
    letter = mail.Mail(name, invitee.guest_email, subject, text)
    db.pause()
    try:
        mail.deliver(letter)
    except mail.Undeliverable:
        audit.record("mail_refused", by=None, poll_invitee_id=invitee_id)


def _is_worth_telling(invitee: PollInvitee, kind: str) -> bool:
    """Whether it still is as it was when the mail was asked for."""
    if kind == "poll_cancelled":
        return invitee.poll.state is PollState.CANCELLED
    return is_open(invitee.poll) and (kind != "poll_closing" or lacks_answer(invitee))


def _subject(kind: str, title: str) -> str:
    if kind == "poll_cancelled":
        return str(_("Nothing to answer any more: %(title)s", title=title))
    if kind in {"poll_time_added", "poll_time_removed"}:
        return str(_("The proposed times have changed: %(title)s", title=title))
    if kind == "poll_closing":
        return str(_("Reminder: which days suit you? %(title)s", title=title))
    return str(_("Which days suit you? %(title)s", title=title))


@outbox.every(timedelta(minutes=20))
def remind_before_deadline() -> None:
    """In the morning three days and one day before the last day to answer: a word to those who have not answered."""
    if not is_daytime():
        return
    now = db.now()
    near = sa.select(DatePoll).where(
        DatePoll.state == PollState.OPEN,
        DatePoll.closes_at > now,
        DatePoll.closes_at <= now + timedelta(days=max(DAYS_BEFORE) + 1),
    )
    for poll in db.session.scalars(near).unique().all():
        last = as_date(poll.closes_at)
        due = [days for days in DAYS_BEFORE if (last - today()).days <= days]
        if not due:
            continue
        days = min(due)  # a worker that stood still gives one reminder, not two
        morning = datetime.combine(last - timedelta(days=days), time(FIRST_HOUR), tzinfo=STOCKHOLM)
        if poll.created_at > morning - NOT_SOONER_THAN:
            continue
        if claim_once(f"poll:{poll.id}:{last.isoformat()}:{days}"):
            actions.remind_silent(poll, by=None)


@outbox.every(timedelta(minutes=20))
def remind_to_decide() -> None:
    """The morning after the last day to answer: a word to the group's conveners, while there is a time to choose."""
    if not is_daytime():
        return
    now = db.now()
    closed = sa.select(DatePoll).where(
        DatePoll.state == PollState.OPEN, DatePoll.closes_at <= now, DatePoll.options.any(PollOption.starts_at > now)
    )
    for poll in db.session.scalars(closed).unique().all():
        if poll.group.is_archived or as_date(poll.closes_at) >= today():
            continue
        if claim_once(f"poll_decide:{poll.id}:{as_date(poll.closes_at).isoformat()}"):
            people = conveners_of(poll.group)
            notify(people, "poll_closed", group=poll.group, path=f"/polls/{poll.id}", by=None, title=poll.title)
