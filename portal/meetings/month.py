"""A month as the weeks that a table shows."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from portal.meetings.models import Meeting
from portal.times import STOCKHOLM, local, today

YEARS = range(1990, 2101)


@dataclass(slots=True)
class Day:
    """One day, with the meetings that are held on it."""

    on: date
    is_other_month: bool
    meetings: list[Meeting] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Month:
    """A month. `weeks` are whole weeks from Monday, so the first and the last hold days of its neighbours."""

    first: date
    weeks: tuple[tuple[Day, ...], ...]

    @property
    def starts_at(self) -> datetime:
        """When the first day shown begins in Sweden."""
        return datetime.combine(self.weeks[0][0].on, time(), tzinfo=STOCKHOLM)

    @property
    def ends_at(self) -> datetime:
        """When the last day shown has ended in Sweden."""
        return datetime.combine(self.weeks[-1][-1].on + timedelta(days=1), time(), tzinfo=STOCKHOLM)

    @property
    def previous(self) -> date | None:
        """The first of the month before, as far as our calendars go."""
        before = self.first - timedelta(days=1)
        return before.replace(day=1) if before.year in YEARS else None

    @property
    def following(self) -> date | None:
        """The first of the month after, as far as our calendars go."""
        after = (self.first + timedelta(days=31)).replace(day=1)
        return after if after.year in YEARS else None

    def put(self, meetings: Iterable[Meeting]) -> None:
        """Put meetings on every day that they touch."""
        days = {day.on: day for week in self.weeks for day in week}
        for meeting in meetings:
            on, last = local(meeting.starts_at).date(), local(meeting.ends_at - timedelta(microseconds=1)).date()
            while on <= last and on <= self.weeks[-1][-1].on:
                if on in days:
                    days[on].meetings.append(meeting)
                on += timedelta(days=1)


def month(text: str) -> Month:
    """The month written as `2026-12`; the present one for anything else."""
    try:
        first = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  # a month has no zone
    except ValueError:
        first = today().replace(day=1)
    if first.year not in YEARS:
        first = today().replace(day=1)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    return Month(first, tuple(tuple(Day(on, on.month != first.month) for on in week) for week in weeks))
