"""Reminders about calls: answers that are missing, meetings of tomorrow, and series that have come to a stop. Each is given once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased, contains_eager, joinedload

from portal import db, outbox
from portal.meetings.calls.policy import may_hear
from portal.meetings.models import Answer, Invitation, Meeting, MeetingSeries, MeetingState
from portal.meetings.policy import conveners_of
from portal.meetings.series.policy import is_on_its_way, months_between
from portal.notifications.actions import notify
from portal.notifications.reminders import FIRST_HOUR, claim_once, is_daytime
from portal.times import STOCKHOLM, local, today

BEFORE_DEADLINE = timedelta(days=3)  # where there is a last day to answer
BEFORE_MEETING = timedelta(days=7)  # where there is none
DAY = timedelta(days=1)
NOT_SOONER_THAN = timedelta(hours=12)  # after the call itself


@outbox.every(timedelta(minutes=20))
def remind() -> None:
    """Give the reminders of the day."""
    if not is_daytime():
        return
    for invitation in _coming():
        _remind_of_meeting(invitation)
    for stopped in _stopped_series():
        _remind_of_rhythm(stopped)


def _coming() -> Sequence[Invitation]:
    """Calls that stand, of members and guests, to meetings soon enough to be reminded of."""
    now = db.now()
    soon = (Meeting.starts_at > now) & (Meeting.starts_at < now + BEFORE_MEETING + DAY)
    is_asked = Meeting.reply_by.is_not(None) & (Meeting.reply_by > now - DAY)
    answer_soon = is_asked & (Meeting.reply_by < now + BEFORE_DEADLINE + DAY) & (Meeting.starts_at > now)
    return (
        db.session.scalars(
            sa.select(Invitation)
            .join(Invitation.meeting)
            .join(Meeting.group)
            .options(contains_eager(Invitation.meeting).contains_eager(Meeting.group), joinedload(Invitation.person))
            .where(
                Meeting.state == MeetingState.CALLED,
                soon | answer_soon,
                Invitation.withdrawn_at.is_(None),
                Invitation.answer.is_(None) | (Invitation.answer != Answer.DECLINED),
            )
            .order_by(Invitation.id)
        )
        .unique()
        .all()
    )


def _remind_of_meeting(invitation: Invitation) -> None:
    meeting = invitation.meeting
    starts, last, days = local(meeting.starts_at).date(), *_days_to_ask(meeting)
    step = _step(invitation, last, days) if invitation.answer is None else None
    if step is not None and _is_given(invitation, "answer_missing", f"{last}:{step.days}"):
        return
    is_asked = invitation.answer is None and today() in {last - day for day in days}  # one word a day is enough
    if starts - today() == DAY and not is_asked:
        _is_given(invitation, "meeting_tomorrow", f"{starts}")


def _is_given(invitation: Invitation, kind: str, step: str) -> bool:
    """Give a reminder, unless it has been given or may not be; returns whether it was."""
    meeting = invitation.meeting
    if not may_hear(invitation) or not claim_once(f"{kind}:{invitation.id}:{step}"):
        return False
    if invitation.person is None:
        outbox.enqueue("guest_reminder", invitation_id=invitation.id, about=kind)
    else:
        notify([invitation.person], kind, group=meeting.group, path=meeting.path, by=None, **meeting.told)
    return True


def _days_to_ask(meeting: Meeting) -> tuple[date, tuple[timedelta, ...]]:
    """The day by which answers are wanted, and how long before it those who have not answered are reminded."""
    if meeting.reply_by is not None:
        return local(meeting.reply_by).date(), (DAY, BEFORE_DEADLINE)
    return local(meeting.starts_at).date(), (DAY, BEFORE_MEETING)


def _step(invitation: Invitation, last: date, days: tuple[timedelta, ...]) -> timedelta | None:
    """Which reminder of a missing answer is due: the later one only, if the worker stood still; none at once after the call."""
    due = [day for day in days if timedelta(0) <= last - today() <= day]
    if not due:
        return None
    morning = datetime.combine(last - due[0], time(FIRST_HOUR), tzinfo=STOCKHOLM)
    is_new = invitation.invited_at is not None and invitation.invited_at > morning - NOT_SOONER_THAN
    return None if is_new else due[0]


def _stopped_series() -> Iterator[tuple[MeetingSeries, Meeting, int]]:
    """Series whose rhythm has passed since the last meeting, while none is planned and no time is sought: the series, that meeting, whole months."""
    now, one = db.now(), aliased(Meeting)
    to_come = sa.exists().where(
        one.series_id == MeetingSeries.id, one.ends_at > now, one.state != MeetingState.CANCELLED
    )
    last = (
        sa.select(one.id)
        .where(one.series_id == MeetingSeries.id, one.ends_at <= now, one.state == MeetingState.CALLED)
        .order_by(one.ends_at.desc(), one.id.desc())
        .limit(1)
        .correlate(MeetingSeries)
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(MeetingSeries, Meeting)
        .join(Meeting, Meeting.id == last)
        .where(MeetingSeries.is_ended.is_(False), MeetingSeries.months_between.is_not(None), ~to_come, ~is_on_its_way())
    )
    for series, meeting in rows.unique().all():
        months = months_between(local(meeting.starts_at).date(), today())
        if months >= (series.months_between or 0) and not series.group.is_archived:
            yield series, meeting, months


def _remind_of_rhythm(stopped: tuple[MeetingSeries, Meeting, int]) -> None:
    series, last, months = stopped
    if not claim_once(f"meeting_due:{series.id}:{last.id}"):
        return
    path = f"/groups/{series.group.slug}/meetings"
    notify(
        conveners_of(series.group),
        "meeting_due",
        group=series.group,
        path=path,
        by=None,
        series=series.name,
        months=months,
    )
