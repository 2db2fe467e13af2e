"""How far a raised problem has come: raised, supported by others, on an agenda, answered.

Where it stands on an agenda the features above say here, each only what the person may see.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import db
from portal.discussions.models import Thread, ThreadKind, ThreadSupport
from portal.people.models import Person
from portal.times import day


@dataclass(frozen=True, slots=True)
class AgendaStep:
    """Where a problem is, or was last, on an agenda: in words, and the address; `is_open` while it waits to be dealt with there."""

    text: str
    path: str
    at: datetime
    is_open: bool


@dataclass(frozen=True, slots=True)
class Lifted:
    """A raised problem: since when, how many other organisations support it, and how far it is."""

    raised_at: datetime
    supporters: int
    agenda: AgendaStep | None
    answered_at: datetime | None

    @property
    def step(self) -> str:
        """`answered`, `agenda` (also when it was answered and is lifted again), or `raised`."""
        if self.agenda is not None and self.agenda.is_open:
            return "agenda"
        return "answered" if self.answered_at is not None else "raised"

    @property
    def text(self) -> str:
        """The step in a few words, for the tag of a row."""
        if self.step == "answered":
            return str(_("answered"))
        if self.step == "agenda" and self.agenda is not None:
            return self.agenda.text
        return str(_("raised %(day)s", day=day(self.raised_at)))


Finder = Callable[[Collection[int], Person], dict[int, AgendaStep]]
_finders: list[Finder] = []


def register_agenda(finder: Finder) -> Finder:
    """Say where threads stand on agendas: a function of their ids and the reader, with a constant number of queries."""
    _finders.append(finder)
    return finder


def lifted(threads: Iterable[Thread], person: Person) -> dict[int, Lifted]:
    """How far those of the threads have come that are raised problems."""
    raised = {thread.id: thread for thread in threads if thread.kind is ThreadKind.LIFTED}
    if not raised:
        return {}
    counts = (
        sa.select(ThreadSupport.thread_id, sa.func.count())
        .where(ThreadSupport.thread_id.in_(raised))
        .group_by(ThreadSupport.thread_id)
    )
    supporters = dict(db.session.execute(counts).all())
    steps: dict[int, AgendaStep] = {}
    for finder in _finders:
        steps |= finder(list(raised), person)
    return {
        number: Lifted(
            thread.lifted_at or thread.created_at, supporters.get(number, 0), steps.get(number), thread.answered_at
        )
        for number, thread in raised.items()
    }
