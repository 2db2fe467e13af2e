"""The years of a series, and its standing items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from portal import db
from portal.meetings.models import Meeting, MeetingSeries, MeetingState, StandingItem
from portal.meetings.policy import visible_meetings, visible_series
from portal.people.models import Person
from portal.times import STOCKHOLM, local, today

YEARS_A_PAGE = 3

_signs: list[Callable[[], sa.ColumnElement[bool]]] = []


def sign_of_planning(condition: Callable[[], sa.ColumnElement[bool]]) -> Callable[[], sa.ColumnElement[bool]]:
    """Let another room say by what a series is on its way to its next meeting, though none is planned: a condition on
    `MeetingSeries`.
    """
    _signs.append(condition)
    return condition


def is_on_its_way() -> sa.ColumnElement[bool]:
    """Whether somebody is about to find a time for a series' next meeting."""
    return sa.or_(sa.false(), *(condition() for condition in _signs))


@dataclass(slots=True)
class Entry:
    """A meeting of a year, and how many months have gone since the one before if they are more than the rhythm."""

    meeting: Meeting
    gap: int | None = None


@dataclass(slots=True)
class Years:
    """Some years of a series, the latest first."""

    years: list[tuple[int, list[Entry]]] = field(default_factory=list)
    months_since: int | None = None  # the last one was held, and none is planned
    is_late: bool = False
    is_on_its_way: bool = False  # nothing is planned, and somebody asks for a time
    older: int | None = None  # ask for the years before this one


def visible_standing_items(person: Person) -> sa.Select[StandingItem]:
    """The standing items of the visible series."""
    series = visible_series(person).with_only_columns(MeetingSeries.id)
    return (
        sa.select(StandingItem)
        .join(StandingItem.series)
        .where(StandingItem.series_id.in_(series))
        .options(contains_eager(StandingItem.series))
    )


def months_between(first: date, second: date) -> int:
    """Whole months from one day to a later one."""
    return (second.year - first.year) * 12 + second.month - first.month - (second.day < first.day)


def years_of(series: MeetingSeries, person: Person, *, before: int | None = None) -> Years:
    """What the person may see of the series' meetings, three years at a time."""
    visible = visible_meetings(person).where(Meeting.series_id == series.id)
    newest = db.session.scalar(visible.with_only_columns(sa.func.max(Meeting.starts_at)))
    last = (before - 1) if before is not None else max(today().year, local(newest).year if newest else 0)
    first = max(last - YEARS_A_PAGE + 1, 1)
    edge = datetime(first, 1, 1, tzinfo=STOCKHOLM)
    end = datetime(last + 1, 1, 1, tzinfo=STOCKHOLM)
    rows = visible.where(Meeting.starts_at >= edge, Meeting.starts_at < end).order_by(Meeting.starts_at)
    meetings = db.session.scalars(rows).unique().all()
    found = Years([(year, []) for year in range(last, first - 1, -1)])
    of_year = dict(found.years)
    _enter(series, meetings, of_year)
    found.years = [(year, entries[::-1]) for year, entries in found.years if entries or year == today().year]
    if db.session.scalar(visible.where(Meeting.starts_at < edge).with_only_columns(Meeting.id).limit(1)) is not None:
        found.older = first
    _look_ahead(series, visible, found)
    return found


def _enter(series: MeetingSeries, meetings: Sequence[Meeting], of_year: dict[int, list[Entry]]) -> None:
    previous: Meeting | None = None
    for meeting in meetings:
        entry = Entry(meeting)
        of_year[local(meeting.starts_at).year].append(entry)
        if meeting.state is MeetingState.CANCELLED:
            continue
        if previous is not None and series.months_between is not None:
            months = months_between(local(previous.starts_at).date(), local(meeting.starts_at).date())
            entry.gap = months if months > series.months_between else None
        previous = meeting


def _look_ahead(series: MeetingSeries, visible: sa.Select[Meeting], found: Years) -> None:
    stands = visible.where(Meeting.state != MeetingState.CANCELLED)
    latest = db.session.scalar(stands.with_only_columns(sa.func.max(Meeting.starts_at)))
    if latest is None or latest > db.now() or series.is_ended:
        return
    found.months_since = months_between(local(latest).date(), today())
    asked = sa.select(MeetingSeries.id).where(MeetingSeries.id == series.id, is_on_its_way())
    found.is_on_its_way = db.session.scalar(asked) is not None
    found.is_late = (
        not found.is_on_its_way and series.months_between is not None and found.months_since >= series.months_between
    )
