"""Every write to date polls. What is shown of it is published by the views, in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard, outbox
from portal.discussions.actions import note_kept
from portal.errors import Conflict, Invalid, NotFound
from portal.meetings.actions import Guest, Plan, call_meeting, plan_meeting, set_time
from portal.meetings.models import Meeting, MeetingSeries, MeetingState
from portal.meetings.policy import is_member_address, is_usual_title, suggested_title
from portal.meetings.polls.models import (
    DatePoll,
    PollAnswer,
    PollInvitee,
    PollOption,
    PollState,
    Quorum,
    Suits,
)
from portal.meetings.polls.policy import answers_of, is_open, lacks_answer, poll_for, standing_invitees
from portal.notifications.actions import notify
from portal.people.models import Group, Person
from portal.people.traces import note_reading
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
    """Who is asked: people of the group, guests, and which of the people must come."""

    people: Sequence[Person]
    guests: Sequence[Guest] = ()
    must_come: Collection[int] = ()


def open_poll(
    group: Group, question: Question, asked: Asked, *, series: MeetingSeries | None = None, meeting: Meeting | None = None,
    keep: Collection[str] = (), by: Person,
) -> DatePoll:  # fmt: skip
    """Ask people which times suit them, and tell them. `meeting`: the one being planned whose time is sought.

    Raises `guard.Stopped`, `Invalid` for no time or too many and for a guest who is a member of the group, `Conflict` for a
    meeting that has been called or whose time another poll seeks.
    """
    texts = {"title": question.title, "text": question.text, "place": question.place}
    guests = {"guests": "\n".join(guest.name for guest in asked.guests)}
    kept = guard.check(texts | guests, keep=keep)
    if not question.options:
        raise Invalid(_("Propose at least one time."), field="options")
    if len(question.options) > MOST_OPTIONS:
        raise Invalid(_("At most %(number)s times.", number=MOST_OPTIONS), field="options")
    asked_already = {person.email.casefold() for person in asked.people}
    for guest in asked.guests:
        if guest.email.casefold() in asked_already:
            raise Invalid(_("%(email)s is asked as a member already.", email=guest.email), field="guests")
        if is_member_address(group, guest.email):
            raise Invalid(_("%(email)s belongs to a member of the group: no guest.", email=guest.email), field="guests")
    title = question.title
    if meeting is not None:
        _check_seeks_time(meeting)
        series = meeting.series
    elif series is not None and is_usual_title(series, title):
        title = suggested_title(series, min(starts for starts, _ends in question.options))
    poll = DatePoll(
        group=group, series=series, meeting=meeting, title=title, text=question.text, place=question.place, closes_at=question.closes_at,
        quorum=question.quorum, created_by=by, organisation_id=by.organisation_id,
        options=[PollOption(starts_at=starts, ends_at=ends) for starts, ends in question.options],
    )  # fmt: skip
    db.session.add(poll)
    for person in asked.people:
        poll.invitees.append(
            PollInvitee(person=person, organisation_id=person.organisation_id, must_come=person.id in asked.must_come)
        )
    for guest in asked.guests:
        poll.invitees.append(PollInvitee(guest_name=guest.name, guest_email=guest.email, guest_language=guest.language))
    audit.record("poll_opened", by=by, on=poll, options=len(poll.options), asked=len(poll.invitees))
    note_kept(kept, on=poll, by=by)
    _tell(poll, poll.invitees, "poll_opened", by=by, until=_until(poll))
    return poll


def _check_seeks_time(meeting: Meeting) -> None:
    db.lock(meeting)
    if meeting.state is not MeetingState.PLANNING:
        raise Conflict(_("The meeting has been called already. Change its time on its page."))
    if poll_for(meeting) is not None:
        raise Conflict(_("A date poll about this meeting is open already."))


def _until(poll: DatePoll) -> str:
    return as_date(poll.closes_at).isoformat()


def _tell(poll: DatePoll, invitees: Sequence[PollInvitee], kind: str, *, by: Person | None, **more: Any) -> None:
    """Tell by notice, and guests by mail with their own link."""
    people = [invitee.person for invitee in invitees if invitee.person is not None]
    notify(people, kind, group=poll.group, path=f"/polls/{poll.id}", by=by, title=poll.title, **more)
    for invitee in invitees:
        if invitee.person is None:
            outbox.enqueue("poll_mail", key=str(invitee.id), invitee_id=invitee.id, about=kind)


def answer_poll(
    invitee: PollInvitee,
    answers: Mapping[int, Suits],
    *,
    comment: str = "",
    seen: Collection[int] | None = None,
    keep: Collection[str] = (),
    by: Person | None,
) -> None:
    """Say which times suit; what was said before is replaced. `by` is None for a guest, `seen` are the times that were shown.

    Raises `guard.Stopped` for the comment, `Conflict` when the poll takes no answers any more, `Invalid` for no answer at
    all, a time that the poll does not have, or one that was added and not seen.
    """
    kept = guard.check({"comment": comment}, keep=keep)
    poll = invitee.poll
    db.lock(poll)
    _check_open(poll)
    if not answers:
        raise Invalid(_("Answer for at least one time."))
    present = {option.id for option in poll.options}
    if not set(answers) <= present:
        raise Invalid(_("The times have changed since you opened the page. Load it again."))
    if seen is not None and not present <= set(seen):
        raise Invalid(_("A time was added since you opened the page. Look at it, and send your answer again."))
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
    """Give more time, less, or none at all. Raises `Conflict` when it has been decided or cancelled, `Invalid` for a day after
    all the times.
    """
    _check_undecided(poll)
    if closes_at > db.now() and closes_at >= max(option.starts_at for option in poll.options):
        raise Invalid(_("The last day to answer comes after all the proposed times."))
    poll.closes_at = closes_at
    poll.touch()
    audit.record("poll_deadline_set", by=by, on=poll, closes_at=closes_at.isoformat())


def add_time(poll: DatePoll, starts_at: datetime, ends_at: datetime, *, by: Person) -> PollOption:
    """Propose one more time. Those who have answered are told, and asked anew until they have said what they think of it.

    Raises `Conflict` when no answer is taken any more, `Invalid` for a time that has passed, is there, or is one too many.
    """
    db.lock(poll)
    _check_open(poll)
    if starts_at <= db.now():
        raise Invalid(_("This time has passed."))
    if any((one.starts_at, one.ends_at) == (starts_at, ends_at) for one in poll.options):
        raise Invalid(_("This time is there already."))
    if len(poll.options) >= MOST_OPTIONS:
        raise Invalid(_("At most %(number)s times.", number=MOST_OPTIONS))
    answered = [invitee for invitee in standing_invitees(poll) if invitee.answered_at is not None]
    option = PollOption(poll=poll, starts_at=starts_at, ends_at=ends_at)
    db.session.add(option)
    poll.touch()
    audit.record("poll_time_added", by=by, on=poll, starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat())
    _tell(poll, answered, "poll_time_added", by=by, starts_at=starts_at.isoformat(), until=_until(poll))
    return option


def remove_time(option: PollOption, *, by: Person) -> None:
    """Propose a time no longer; what was said of it goes with it. Those who could come then are told, and whoever had
    answered nothing else is asked anew.

    Raises `Conflict` when it has been decided or cancelled, `Invalid` for the only time.
    """
    poll = option.poll
    _check_undecided(poll)
    if option not in poll.options:
        raise NotFound
    if len(poll.options) == 1:
        raise Invalid(_("This is the only time. Propose another one first, or end the date poll."))
    answers, suits = answers_of(poll), {Suits.YES, Suits.IF_NEED_BE}
    could_come = [one for one in standing_invitees(poll) if answers.get(one.id, {}).get(option.id) in suits]
    only_this = [invitee_id for invitee_id, said in answers.items() if set(said) == {option.id}]
    starts_at = option.starts_at.isoformat()
    audit.record("poll_time_removed", by=by, on=poll, starts_at=starts_at, could_come=len(could_come))
    db.session.execute(sa.delete(PollAnswer).where(PollAnswer.option_id == option.id))
    db.session.execute(sa.update(PollInvitee).where(PollInvitee.id.in_(only_this)).values(answered_at=None))
    poll.options.remove(option)
    poll.touch()
    _tell(poll, could_come, "poll_time_removed", by=by, starts_at=starts_at)


def cancel_poll(poll: DatePoll, *, by: Person) -> None:
    """End it without a meeting and tell those who were asked. Raises `Conflict` when it has been decided or cancelled."""
    _check_undecided(poll)
    poll.state = PollState.CANCELLED
    poll.touch()
    audit.record("poll_cancelled", by=by, on=poll)
    _tell(poll, standing_invitees(poll), "poll_cancelled", by=by)


def remind_silent(poll: DatePoll, *, by: Person | None) -> int:
    """Remind those who have not answered, and nobody else; returns how many. Raises `Conflict` when no answer is taken."""
    _check_open(poll)
    silent = [invitee for invitee in standing_invitees(poll) if lacks_answer(invitee)]
    if silent:
        _tell(poll, silent, "poll_closing", by=by, until=_until(poll))
        audit.record("poll_reminded", by=by, on=poll, reminded=len(silent))
    return len(silent)


def decide_poll(poll: DatePoll, option: PollOption, *, by: Person) -> Meeting:
    """Choose a time: the meeting whose time was sought gets it, or else one is made; all who were asked are called.

    Asked for twice, it makes one meeting. Raises `Conflict` when another time was chosen, the poll was cancelled, the time has
    passed, or the meeting has been called meanwhile.
    """
    db.lock(poll)
    if poll.state is PollState.DECIDED and poll.meeting is not None and poll.meeting.starts_at == option.starts_at:
        return poll.meeting
    _check_undecided(poll)
    if option.starts_at <= db.now():
        raise Conflict(_("This time has passed. Choose another one."))
    meeting = _meeting_at(poll, option, by=by)
    invitees = standing_invitees(poll)
    call_meeting(
        meeting, people=[one.person for one in invitees if one.person is not None],
        guests=[Guest(one.guest_name, one.guest_email, one.guest_language) for one in invitees if one.person is None], by=by,
    )  # fmt: skip
    poll.state, poll.meeting = PollState.DECIDED, meeting
    poll.touch()
    audit.record("poll_decided", by=by, on=poll, meeting=meeting.id)
    return meeting


def _meeting_at(poll: DatePoll, option: PollOption, *, by: Person) -> Meeting:
    planned = poll.meeting
    if planned is not None and planned.state is not MeetingState.CANCELLED:
        set_time(planned, option.starts_at, option.ends_at, place=poll.place or planned.place, by=by)
        return planned
    series = poll.series if poll.series is not None and not poll.series.is_ended else None
    plan = Plan(
        suggested_title(series, option.starts_at) if series is not None else poll.title, option.starts_at, option.ends_at,
        place=poll.place or (series.place if series is not None else ""), practical=series.practical if series is not None else "",
    )  # fmt: skip
    # the texts were read when they were written, and what their author chose to keep was noted then
    keep = [find.key for name, text in plan.texts().items() for find in guard.scan(text, field=name)]
    meeting = plan_meeting(poll.group, plan, series=series, keep=keep, by=by)
    db.session.flush()
    return meeting


def note_watch(poll_id: int, *, by: Person) -> None:
    """Note that somebody listens to a poll of a sensitive group."""
    poll = db.session.get(DatePoll, poll_id)
    if poll is not None:
        note_reading("poll_watched", poll.group, on=poll, by=by)
