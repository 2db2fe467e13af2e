"""Everything that was raised in the network: where it is now, what became of it, and how it went year by year."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

import sqlalchemy as sa

from portal.discussions import lifting
from portal.discussions.lifting import Lifted
from portal.discussions.models import Thread, ThreadKind
from portal.discussions.policy import visible_threads
from portal.people.models import Person
from portal.times import local

STEPS = ("raised", "agenda", "answered")
MOST = 500


@dataclass(frozen=True, slots=True)
class Year:
    """What was raised in a year, how much of it has been answered since, and the usual time until then in days."""

    year: int
    raised: int
    answered: int
    days: int | None

    @property
    def waiting(self) -> int:
        """What has no answer yet."""
        return self.raised - self.answered


@dataclass(frozen=True, slots=True)
class Overview:
    """The lifted questions that somebody may see, the latest first."""

    threads: Sequence[Thread]
    lifted: dict[int, Lifted]
    counts: dict[str, int]
    years: Sequence[Year]


def visible_lifted(person: Person) -> sa.Select[Thread]:
    """The raised problems of the readable groups."""
    raised_at = sa.func.coalesce(Thread.lifted_at, Thread.created_at)
    return visible_threads(person).where(Thread.kind == ThreadKind.LIFTED).order_by(raised_at.desc(), Thread.id.desc())


def overview(threads: Sequence[Thread], person: Person, step: str) -> Overview:
    """How far they have come; only those at one step, if it is one of `STEPS`. The numbers are of all."""
    found = lifting.lifted(threads, person)
    shown = [one for one in threads if step not in STEPS or found[one.id].step == step]
    counts = {name: sum(one.step == name for one in found.values()) for name in STEPS}
    return Overview(shown, found, counts, by_year(found.values()))


def by_year(all_of_them: Iterable[Lifted]) -> list[Year]:
    """The statistics, the latest year first."""
    years: dict[int, list[Lifted]] = {}
    for one in all_of_them:
        years.setdefault(local(one.raised_at).year, []).append(one)
    return [_year(year, years[year]) for year in sorted(years, reverse=True)]


def _year(year: int, of_it: Sequence[Lifted]) -> Year:
    took = [_days(one.raised_at, one.answered_at) for one in of_it if one.answered_at is not None]
    return Year(year, len(of_it), len(took), round(median(took)) if took else None)


def _days(start: datetime, end: datetime) -> int:
    return max(0, (local(end).date() - local(start).date()).days)
