"""Who may see and answer date polls, and what was said in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from portal import db
from portal.meetings.models import Meeting, MeetingSeries, MeetingState
from portal.meetings.policy import active_members, visible_meetings
from portal.meetings.polls.models import DatePoll, PollAnswer, PollInvitee, PollOption, PollState, Suits
from portal.meetings.series.policy import sign_of_planning
from portal.people.models import Group, Person
from portal.people.policy import can_lead_group, group_ids

MOST_PLANNED = 50
Answers = dict[int, dict[int, Suits]]  # by invitee and option


def visible_polls(person: Person) -> sa.Select[DatePoll]:
    """The polls of the person's own groups: when people can is no business of everybody who may read an open group."""
    return sa.select(DatePoll).where(DatePoll.group_id.in_(group_ids(person)))


def can_open_poll(person: Person, group: Group) -> bool:
    """The group's convener and secretary."""
    return not group.is_archived and can_lead_group(person, group)


@sign_of_planning
def _is_asked_about() -> sa.ColumnElement[bool]:
    """A series whose date poll is undecided and has a time to come needs no reminder that nothing is planned."""
    to_come = sa.exists().where(PollOption.poll_id == DatePoll.id, PollOption.starts_at > db.now())
    return sa.exists().where(DatePoll.series_id == MeetingSeries.id, DatePoll.state == PollState.OPEN, to_come)


def is_open(poll: DatePoll) -> bool:
    """Whether answers are taken."""
    return poll.state is PollState.OPEN and poll.closes_at > db.now()


def lacks_answer(invitee: PollInvitee) -> bool:
    """Whether somebody has not answered, or not since the last time was added."""
    newest = max((option.added_at for option in invitee.poll.options), default=None)
    return invitee.answered_at is None or (newest is not None and invitee.answered_at < newest)


def poll_for(meeting: Meeting) -> DatePoll | None:
    """The open poll that seeks the time of a meeting."""
    rows = sa.select(DatePoll).where(DatePoll.meeting_id == meeting.id, DatePoll.state == PollState.OPEN)
    return db.session.scalars(rows.order_by(DatePoll.id.desc())).first()


def meetings_without_time(person: Person, group: Group) -> Sequence[Meeting]:
    """The group's meetings that are being planned and whose time no open poll seeks yet."""
    sought = sa.select(DatePoll.meeting_id).where(DatePoll.state == PollState.OPEN, DatePoll.meeting_id.is_not(None))
    planned = visible_meetings(person).where(
        Meeting.group_id == group.id, Meeting.state == MeetingState.PLANNING, Meeting.ends_at > db.now(), Meeting.id.not_in(sought)
    )  # fmt: skip
    return db.session.scalars(planned.order_by(Meeting.starts_at, Meeting.id).limit(MOST_PLANNED)).unique().all()


def invitee_of(person: Person, poll: DatePoll) -> PollInvitee | None:
    """The person's own place among those who are asked."""
    rows = sa.select(PollInvitee).where(PollInvitee.poll_id == poll.id, PollInvitee.person_id == person.id)
    return db.session.scalar(rows.options(selectinload(PollInvitee.answers)))


def may_watch_poll(person_id: int, poll_id: int) -> bool:
    """Whether somebody may listen to a poll's live topic."""
    person = db.session.get(Person, person_id)
    if person is None or not person.is_active:
        return False
    return (
        db.session.scalar(visible_polls(person).where(DatePoll.id == poll_id).with_only_columns(DatePoll.id))
        is not None
    )


def last_seq(poll_id: int) -> int:
    """How far the poll's live topic has counted."""
    return db.session.scalar(sa.select(DatePoll.last_seq).where(DatePoll.id == poll_id)) or 0


def last_seqs(poll_ids: Collection[int]) -> dict[int, int]:
    """The same of many polls."""
    rows = sa.select(DatePoll.id, DatePoll.last_seq).where(DatePoll.id.in_(poll_ids))
    return dict(db.session.execute(rows).all())


def standing_invitees(poll: DatePoll) -> Sequence[PollInvitee]:
    """Who is asked and still there: guests, and people who are in the group and may sign in."""
    present = active_members(poll.group).order_by(None).with_only_columns(Person.id)
    rows = (
        sa.select(PollInvitee)
        .where(PollInvitee.poll_id == poll.id, PollInvitee.person_id.is_(None) | PollInvitee.person_id.in_(present))
        .options(joinedload(PollInvitee.person), joinedload(PollInvitee.organisation))
        .order_by(PollInvitee.id)
    )
    return db.session.scalars(rows).unique().all()


def answers_of(poll: DatePoll) -> Answers:
    """What each said to each time, as plain values: a large poll has thousands."""
    rows = sa.select(PollAnswer.invitee_id, PollAnswer.option_id, PollAnswer.suits).join(PollAnswer.invitee)
    found: Answers = {}
    for invitee_id, option_id, suits in db.session.execute(rows.where(PollInvitee.poll_id == poll.id)):
        found.setdefault(invitee_id, {})[option_id] = suits
    return found


def unanswered_polls(person: Person) -> Sequence[DatePoll]:
    """The open polls that await the person's answer, the nearest deadline first."""
    newest = sa.select(sa.func.max(PollOption.added_at)).where(PollOption.poll_id == DatePoll.id).scalar_subquery()
    return db.session.scalars(
        visible_polls(person)
        .join(DatePoll.invitees)
        .where(
            PollInvitee.person_id == person.id,
            PollInvitee.answered_at.is_(None) | (PollInvitee.answered_at < newest),
            DatePoll.state == PollState.OPEN,
            DatePoll.closes_at > db.now(),
        )
        .order_by(DatePoll.closes_at)
    ).all()


def answer_to_poll_of(meeting: Meeting, person: Person) -> Suits | None:
    """What the person said about the meeting's time when it was asked for."""
    said = (
        sa.select(PollAnswer.suits)
        .join(PollAnswer.invitee)
        .join(PollInvitee.poll)
        .join(PollOption, PollOption.id == PollAnswer.option_id)
        .where(DatePoll.meeting_id == meeting.id, PollInvitee.person_id == person.id)
    )
    return db.session.scalar(said.where(PollOption.starts_at == meeting.starts_at))
