"""The demo's calendar: everything is dated backwards and forwards from the day on which it is loaded, so that it looks alive.

Content says "12 days before today" or, inside a text, `{+14}`: a date that many days after the text was written.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from babel.dates import format_date

from portal.times import STOCKHOLM

_PLACE = re.compile(r"\{(?P<what>[a-z_]*)(?P<days>[+-]\d+)?(?: (?P<form>dag|månad|vecka|år))?\}")
_FORMS = {None: "d MMMM", "dag": "EEEE d MMMM", "månad": "LLLL", "vecka": "w", "år": "y"}
_FIRST_MINUTE, _LAST_MINUTE = 8 * 60 + 5, 16 * 60 + 50  # of the working day
_APART = timedelta(minutes=3)


_DAY = timedelta(days=1)
_FREE = {
    (12, 24),
    (12, 25),
    (12, 26),
    (12, 31),
    (1, 1),
    (1, 6),
    (5, 1),
    (6, 6),
}  # month and day; the movable ones are let be


def _is_free(on: date) -> bool:
    return on.weekday() > 4 or (on.month, on.day) in _FREE


def working_day(on: date, step: timedelta = _DAY) -> date:
    """The day itself, or the next one on which people work (with a step of minus one day: the one before)."""
    while _is_free(on):
        on += step
    return on


def at(on: date, clock: str) -> datetime:
    """The instant of a Swedish clock time such as `09.30`."""
    return datetime.combine(on, time.fromisoformat(clock.replace(".", ":")), STOCKHOLM)


@dataclass(frozen=True)
class Calendar:
    """`today` is the day of loading, `latest` the moment of the newest post; `meetings` the dates that texts refer to."""

    today: date
    latest: datetime
    meetings: Mapping[str, date] = field(default_factory=dict)

    @classmethod
    def of(cls, now: datetime) -> Calendar:
        """The calendar for loading at `now`: the newest post is of this morning, or of the working day before."""
        local = now.astimezone(STOCKHOLM)
        day, clock = local.date(), "09.42"
        if _is_free(day) or local.time() < time(9, 45):
            day, clock = working_day(day - _DAY, -_DAY), "16.41"
        return cls(local.date(), at(day, clock))

    def ahead(self, days: int) -> date:
        """The first working day at least so many days from today (negative: in the past)."""
        return working_day(self.today + timedelta(days=days))

    def before(self, days: float, dice: random.Random) -> datetime:
        """A moment in working hours about so many days ago; 0 is the newest one there is."""
        if days <= 0:
            return self.latest
        day = working_day((self.latest - timedelta(days=days)).astimezone(STOCKHOLM).date(), -_DAY)
        minute = dice.randint(_FIRST_MINUTE, _LAST_MINUTE)
        return min(at(day, "00.00").replace(hour=minute // 60, minute=minute % 60), self.latest)

    def spread(self, first: float, last: float, count: int, dice: random.Random) -> list[datetime]:
        """`count` rising moments from `first` to `last` days ago: answers come thick at first, then sparser."""
        shares = sorted(dice.random() ** 1.6 for _ in range(count - 2))
        days = [first, *(first - (first - last) * share for share in shares), last][:count]
        moments = sorted(self.before(day, dice) for day in days)
        for place in range(count - 2, -1, -1):
            moments[place] = min(moments[place], moments[place + 1] - _APART)
        return moments

    def fill(self, text: str, written: date) -> str:
        """The text with its dates put in: `{+14}`, `{+14 dag}`, `{+60 månad}`, `{+7 vecka}`, `{lamp}`, `{lamp dag}`."""

        def put(found: re.Match[str]) -> str:
            days = timedelta(days=int(found["days"] or 0))
            on = (self.meetings[found["what"]] if found["what"] else written) + days
            on = working_day(on) if found["form"] in (None, "dag") else on
            return str(format_date(on, _FORMS[found["form"]], locale="sv"))

        return _PLACE.sub(put, text)
