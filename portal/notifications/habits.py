"""When mail goes out: the hours that a person has chosen, in Swedish time. Rules only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portal.notifications.models import Channel
from portal.times import STOCKHOLM, local

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """A person's hours; `quiet_from` and `quiet_to` are both there or neither, and may span midnight."""

    hour: int = 7  # of the mail of the day and of the week
    weekday: int = 0  # of the mail of the week; Monday is 0
    quiet_from: int | None = None
    quiet_to: int | None = None


def due(channel: Channel, hours: Hours, at: datetime) -> datetime | None:
    """When something told at that moment is to be mailed: None is at once, or not at all for what stays in the portal."""
    if channel is Channel.PORTAL:
        return None
    if channel is Channel.MAIL:
        end = quiet_end(hours, at)
        return end if end > at else None
    wanted = {Channel.HOURLY: _next_hour, Channel.DAILY: _next_day, Channel.WEEKLY: _next_week}[channel](hours, at)
    return quiet_end(hours, wanted)


def quiet_end(hours: Hours, at: datetime) -> datetime:
    """The moment itself, or the end of the quiet hours that it lies in."""
    if hours.quiet_from is None or hours.quiet_to is None or hours.quiet_from == hours.quiet_to:
        return at
    there = local(at)
    spans_midnight = hours.quiet_from > hours.quiet_to
    is_quiet = (
        there.hour >= hours.quiet_from or there.hour < hours.quiet_to
        if spans_midnight
        else hours.quiet_from <= there.hour < hours.quiet_to
    )
    if not is_quiet:
        return at
    days = 1 if spans_midnight and there.hour >= hours.quiet_from else 0
    return _at_hour(there, hours.quiet_to, days=days)


def _at_hour(there: datetime, hour: int, *, days: int) -> datetime:
    """That hour of the clock so many days later; the clock may have been moved in between."""
    day = there.date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=STOCKHOLM).astimezone(UTC)


def _next_hour(_hours: Hours, at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0) + _HOUR


def _next_day(hours: Hours, at: datetime) -> datetime:
    there = local(at)
    today = _at_hour(there, hours.hour, days=0)
    return today if at < today else _at_hour(there, hours.hour, days=1)


def _next_week(hours: Hours, at: datetime) -> datetime:
    there = local(at)
    days = (hours.weekday - there.weekday()) % 7
    this_week = _at_hour(there, hours.hour, days=days)
    return this_week if at < this_week else _at_hour(there, hours.hour, days=days + 7)
