"""Every write to date polls. What is shown of it is published by the views, in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard, outbox
from portal.discussions.actions import note_kept
from portal.errors import Conflict, Invalid
from portal.meetings.actions import Plan, call_meeting, plan_meeting
from portal.meetings.models import Meeting, MeetingSeries
from portal.meetings.policy import suggested_title
from portal.meetings.polls.models import (
    DatePoll,
    PollAnswer,
    PollInvitee,
    PollOption,
    PollState,
    Quorum,
    Suits,
)
from portal.meetings.polls.policy import is_open, standing_invitees
from portal.notifications.actions import notify
from portal.people.models import Group, HandlingClass, Person
from portal.times import as_date

MOST_OPTIONS = 40


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, until when, and what makes a time good enough."""

    title: str
    closes_at: datetime
    options: Sequence[tuple[datetime, datetime]]
    text: str = ""
    place: str = ""
    quorum: Quorum = Quorum.NONE


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked: people of the group, guests by name and e-mail address, and which of the people must come."""

    people: Sequence[Person]
    guests: Sequence[tuple[str, str]] = ()
    must_come: Collection[int] = ()


def open_poll(
    group: Group, question: Question, asked: Asked, *, series: MeetingSeries | None = None, keep: Collection[str] = (), by: Person,
) -> DatePoll:  # fmt: skip
    """Ask people which times suit them, and tell them. Raises `guard.Stopped`, or `Invalid` for no time or too many."""
    texts = {"title": question.title, "text": question.text, "place": question.place}
    guests = {"guests": "\n".join(name for name, _email in asked.guests)}
    kept = guard.check(texts | guests, keep=keep)
    if not question.options:
        raise Invalid(_("Propose at least one time."), field="options")
    if len(question.options) > MOST_OPTIONS:
        raise Invalid(_("At most %(number)s times.", number=MOST_OPTIONS), field="options")
    poll = DatePoll(
        group=group, series=series, title=question.title, text=question.text, place=question.place, closes_at=question.closes_at,
        quorum=question.quorum, created_by=by, organisation_id=by.organisation_id,
        options=[PollOption(starts_at=starts, ends_at=ends) for starts, ends in question.options],
    )  # fmt: skip
    db.session.add(poll)
    for person in asked.people:
        poll.invitees.append(
            PollInvitee(person=person, organisation_id=person.organisation_id, must_come=person.id in asked.must_come)
        )
    for name, email in asked.guests:
        poll.invitees.append(PollInvitee(guest_name=name, guest_email=email))
    audit.record("poll_opened", by=by, on=poll, options=len(poll.options), asked=len(poll.invitees))
    note_kept(kept, on=poll, by=by)
    _tell(poll, poll.invitees, "poll_opened", by=by)
    return poll


def _tell(poll: DatePoll, invitees: Sequence[PollInvitee], kind: str, *, by: Person | None) -> None:
    """Ask by notice, and guests by mail with their own link."""
    people = [invitee.person for invitee in invitees if invitee.person is not None]
    until = as_date(poll.closes_at).isoformat()
    notify(people, kind, group=poll.group, path=f"/polls/{poll.id}", by=by, title=poll.title, until=until)
    for invitee in invitees:
        if invitee.person is None:
            outbox.enqueue("poll_mail", key=str(invitee.id), invitee_id=invitee.id, is_reminder=kind == "poll_closing")


def answer_poll(
    invitee: PollInvitee,
    answers: Mapping[int, Suits],
    *,
    comment: str = "",
    keep: Collection[str] = (),
    by: Person | None,
) -> None:
    """Say which times suit; what was said before is replaced. `by` is None for a guest.

    Raises `guard.Stopped` for the comment, `Conflict` when the poll takes no answers any more, `Invalid` for no answer at
    all or a time that the poll does not have.
    """
    kept = guard.check({"comment": comment}, keep=keep)
    poll = invitee.poll
    db.lock(poll)
    _check_open(poll)
    if not answers:
        raise Invalid(_("Answer for at least one time."))
    if not set(answers) <= {option.id for option in poll.options}:
        raise Invalid(_("The times have changed since you opened the page. Load it again."))
    db.session.refresh(invitee)
    db.session.execute(sa.delete(PollAnswer).where(PollAnswer.invitee_id == invitee.id))
    db.session.expire(invitee, ["answers"])
    db.session.add_all(
        [PollAnswer(invitee_id=invitee.id, option_id=one, suits=suits) for one, suits in answers.items()]
    )
    invitee.comment, invitee.answered_at = comment, db.now()
    audit.record("poll_answered", by=by, on=invitee)
    if by is not None:
        note_kept(kept, on=invitee, by=by)


def _check_open(poll: DatePoll) -> None:
    if poll.state is PollState.DECIDED:
        raise Conflict(_("A time has been chosen already."))
    if poll.state is PollState.CANCELLED:
        raise Conflict(_("The date poll was ended without a meeting."))
    if not is_open(poll):
        raise Conflict(_("The last day to answer has passed."))


def _check_undecided(poll: DatePoll) -> None:
    db.lock(poll)
    if poll.state is not PollState.OPEN:
        _check_open(poll)


def set_deadline(poll: DatePoll, closes_at: datetime, *, by: Person) -> None:
    """Give more time, less, or none at all. Raises `Conflict` when it has been decided or cancelled."""
    _check_undecided(poll)
    poll.closes_at, poll.changed_at = closes_at, db.now()
    poll.revision += 1
    audit.record("poll_deadline_set", by=by, on=poll, closes_at=closes_at.isoformat())


def cancel_poll(poll: DatePoll, *, by: Person) -> None:
    """End it without a meeting and tell those who were asked. Raises `Conflict` when it has been decided or cancelled."""
    _check_undecided(poll)
    poll.state, poll.changed_at = PollState.CANCELLED, db.now()
    poll.revision += 1
    audit.record("poll_cancelled", by=by, on=poll)
    people = [invitee.person for invitee in standing_invitees(poll) if invitee.person is not None]
    notify(people, "poll_cancelled", group=poll.group, path=f"/polls/{poll.id}", by=by, title=poll.title)


def remind_silent(poll: DatePoll, *, by: Person | None) -> int:
    """Remind those who have not answered, and nobody else; returns how many. Raises `Conflict` when no answer is taken."""
    _check_open(poll)
    silent = [invitee for invitee in standing_invitees(poll) if invitee.answered_at is None]
    if silent:
        _tell(poll, silent, "poll_closing", by=by)
        audit.record("poll_reminded", by=by, on=poll, reminded=len(silent))
    return len(silent)


def decide_poll(poll: DatePoll, option: PollOption, *, by: Person) -> Meeting:
    """Make the meeting at that time and call all who were asked. Asked for twice, it makes one meeting.

    Raises `Conflict` when another time was chosen, the poll was cancelled, or the time has passed.
    """
    db.lock(poll)
    if poll.state is PollState.DECIDED and poll.meeting is not None and poll.meeting.starts_at == option.starts_at:
        return poll.meeting
    _check_undecided(poll)
    if option.starts_at <= db.now():
        raise Conflict(_("This time has passed. Choose another one."))
    series = poll.series if poll.series is not None and not poll.series.is_ended else None
    plan = Plan(
        suggested_title(series, option.starts_at) if series is not None else poll.title, option.starts_at, option.ends_at,
        place=poll.place or (series.place if series is not None else ""), practical=series.practical if series is not None else "",
    )  # fmt: skip
    # the texts were read when they were written, and what their author chose to keep was noted then
    keep = [find.key for name, text in plan.texts().items() for find in guard.scan(text, field=name)]
    meeting = plan_meeting(poll.group, plan, series=series, keep=keep, by=by)
    db.session.flush()
    invitees = standing_invitees(poll)
    call_meeting(
        meeting, people=[one.person for one in invitees if one.person is not None],
        guests=[(one.guest_name, one.guest_email) for one in invitees if one.person is None], by=by,
    )  # fmt: skip
    poll.state, poll.meeting, poll.changed_at = PollState.DECIDED, meeting, db.now()
    poll.revision += 1
    audit.record("poll_decided", by=by, on=poll, meeting=meeting.id)
    return meeting


def note_watch(poll_id: int, *, by: Person) -> None:
    """Note that somebody listens to a poll of a sensitive group."""
    poll = db.session.get(DatePoll, poll_id)
    if poll is not None and poll.group.handling_class is HandlingClass.SENSITIVE:
        audit.record_read("poll_watched", by=by, on=poll)
