"""The numbers of paragraphs (§): what an agenda shows is what its minutes will say when they are sealed.

In a series where they run on through the year, each meeting goes on where the one before it ends. Whatever changes how
many an earlier meeting has numbers the later ones anew, except those whose minutes are circulated.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from portal import db
from portal.meetings.models import AgendaItem, ItemKind, Meeting, MeetingSeries, MeetingState
from portal.meetings.policy import year_of
from portal.meetings.watchers import say_agenda_changed


def hold(meeting: Meeting) -> None:
    """Hold a meeting until the transaction ends, its series first: everybody keeps this order, so that nobody waits in vain."""
    if meeting.series is not None:
        db.lock(meeting.series)
    db.lock(meeting)


def number_anew(series: MeetingSeries | None, at: datetime) -> None:
    """Give the meetings of the year of `at` their first §, in the order of their days. Hold the series.

    What is circulated keeps its numbers, and no other meeting gets them. Call it before anything is audited: the rows of
    other meetings are written here, and who audits holds up everybody.
    """
    if series is None:
        return
    db.session.flush()
    rows = _of_year(series, at)
    taken = [
        (meeting.first_paragraph, meeting.first_paragraph + count) for meeting, count in rows if meeting.circulated_at
    ]
    following = 1
    for meeting, count in rows:
        if meeting.circulated_at is not None:
            following = max(following, meeting.first_paragraph + count)
            continue
        first = _free(following, count, taken) if series.paragraphs_run_on else 1
        following = first + count
        if meeting.first_paragraph != first:
            meeting.first_paragraph, meeting.changed_at = first, db.now()
            say_agenda_changed(meeting)
    db.session.flush()


def _of_year(series: MeetingSeries, at: datetime) -> list[tuple[Meeting, int]]:
    """The series' meetings of that year that are not cancelled, with how many paragraphs each has."""
    begins, ends = year_of(at)
    numbered = sa.select(sa.func.count()).where(AgendaItem.meeting_id == Meeting.id, AgendaItem.kind != ItemKind.BREAK)
    rows = sa.select(Meeting, numbered.correlate(Meeting).scalar_subquery()).where(
        Meeting.series_id == series.id, Meeting.starts_at >= begins, Meeting.starts_at < ends,
        Meeting.state != MeetingState.CANCELLED,
    )  # fmt: skip
    return [(meeting, count) for meeting, count in db.session.execute(rows.order_by(Meeting.starts_at, Meeting.id))]


def _free(first: int, count: int, taken: list[tuple[int, int]]) -> int:
    """The first number from `first` on at which `count` paragraphs have room beside those that are taken."""
    for begins, ends in sorted(taken):
        if first < ends and begins < first + max(count, 1):
            first = ends
    return first
