"""Reminders of minutes: not circulated, to be adjusted, an adjuster who is gone."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import db, outbox
from portal.meetings.minutes.models import Adjuster
from portal.meetings.minutes.policy import possible_adjusters, unapproved, until_of
from portal.meetings.models import Meeting, MeetingState
from portal.notifications.actions import notify
from portal.notifications.reminders import claim_once
from portal.people.models import Group
from portal.people.policy import leaders
from portal.times import as_date, today

LATE_AFTER, LATE_EVERY = 14, 7  # days after the meeting; then weekly
GIVEN_UP_AFTER = 26 * 7  # days: minutes that nobody has written in half a year will not be
DAYS_BEFORE = 3


@outbox.every(timedelta(hours=1))
def remind_to_circulate() -> None:
    """Two weeks after a meeting, and every week then: convener and secretary of a group whose minutes nobody has circulated."""
    now = db.now()
    rows = (
        sa.select(Meeting)
        .join(Meeting.group)
        .where(
            Meeting.state == MeetingState.CALLED,
            Meeting.circulated_at.is_(None),
            Meeting.items.any(),
            Meeting.ends_at <= now - timedelta(days=LATE_AFTER),
            Meeting.ends_at > now - timedelta(days=GIVEN_UP_AFTER),
            Group.is_archived.is_(False),
        )
    )
    for meeting in db.session.scalars(rows.order_by(Meeting.id)).unique().all():
        days = (now - meeting.ends_at).days
        if claim_once(f"minutes_late:{meeting.id}:{(days - LATE_AFTER) // LATE_EVERY}"):
            path = f"{meeting.path}/minutes"
            notify(
                leaders(meeting.group),
                "minutes_late",
                group=meeting.group,
                path=path,
                by=None,
                title=meeting.title,
                days=days,
            )


@outbox.every(timedelta(hours=1))
def remind_adjusters() -> None:
    """Three days before the deadline and on its day: those who have not approved. If one cannot any more, the leaders."""
    possible: dict[int, set[int]] = {}
    rows = unapproved().where(Meeting.group.has(Group.is_archived.is_(False))).options(joinedload(Adjuster.person))
    for adjuster in db.session.scalars(rows.order_by(Adjuster.id)).unique().all():
        minutes = adjuster.minutes
        meeting, until = minutes.meeting, minutes.adjust_by
        if meeting.group_id not in possible:
            possible[meeting.group_id] = {person.id for person in possible_adjusters(meeting.group)}
        if adjuster.person_id not in possible[meeting.group_id]:
            if claim_once(f"adjuster_gone:{adjuster.id}"):
                notify(
                    leaders(meeting.group), "adjuster_gone", group=meeting.group, path=minutes.path, by=None,
                    name=adjuster.person.name, title=meeting.title,
                )  # fmt: skip
        elif until is not None and adjuster.addendum_id is None:
            left = (as_date(until) - today()).days
            step = "on the day" if left <= 0 else "before"
            if left <= DAYS_BEFORE and claim_once(f"adjusting:{adjuster.id}:{as_date(until)}:{step}"):
                notify(
                    [adjuster.person], "adjusting_requested", group=meeting.group, path=minutes.path, by=None,
                    until=until_of(minutes), title=meeting.title,
                )  # fmt: skip
