"""The threads of a group's front page: which of them, in which order, and how far the raised problems among them have come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import request

from portal import db, web
from portal.county_codes import COUNTIES
from portal.discussions import lifting
from portal.discussions.lifting import Lifted
from portal.discussions.models import Thread, ThreadCounty, ThreadKind, topics_of_threads
from portal.discussions.policy import visible_threads
from portal.people.models import Group, Person
from portal.times import local
from portal.topics.models import Topic

THREADS_A_PAGE = 30
KINDS = {"lifted": ThreadKind.LIFTED, "questions": ThreadKind.QUESTION, "updates": ThreadKind.UPDATE}
STATES = ("open", "closed", "answered", "unanswered")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked for: `show` all, unread, lifted, questions or updates; a county, a topic, a state; threads before one."""

    show: str = "all"
    county: str = ""
    topic: int | None = None
    state: str = ""
    before: int | None = None

    @classmethod
    def of_request(cls) -> Choice:
        """What the address says; what it cannot mean is passed over."""
        said = request.args
        show, county, state = said.get("show", ""), said.get("county", ""), said.get("state", "")
        return cls(
            show=show if show in KINDS or show == "unread" else "all", county=county if county in COUNTIES else "",
            topic=web.number_of("topic"), state=state if state in STATES else "", before=web.number_of("before"),
        )  # fmt: skip

    @property
    def is_narrowed(self) -> bool:
        """Whether threads are left out because of what they are about or of their state."""
        return bool(self.county or self.topic is not None or self.state)

    def but(self, **values: object) -> dict[str, object]:
        """The address with some of it changed."""
        all_of_it = {"show": self.show, "county": self.county, "topic": self.topic, "state": self.state} | values
        return {key: value for key, value in all_of_it.items() if value not in ("", None, "all")}


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of threads, the pinned ones first."""

    choice: Choice
    threads: Sequence[Thread]
    has_older: bool
    lifted: dict[int, Lifted]
    lifted_count: int
    steps: tuple[int, int, int]  # raised and waiting, on an agenda, answered this year
    counties: dict[str, str]
    topics: Sequence[Topic]


def listed(person: Person, group: Group, choice: Choice, unread: Collection[int]) -> Listed:
    """The threads of a group that somebody sees and asks for: pinned ones first, then the latest activity."""
    threads = visible_threads(person).where(Thread.group_id == group.id)
    query = _narrowed(threads, choice, unread)
    before = None
    if choice.before is not None:
        before = db.session.scalars(threads.where(Thread.id == choice.before)).first()
    pinned = (
        [] if before is not None else list(web.page(_in_order(query.where(Thread.pinned_at.is_not(None))), limit=10))
    )
    rest = query.where(Thread.pinned_at.is_(None))
    if before is not None:
        edge = sa.tuple_(sa.literal(before.last_post_at, Thread.last_post_at.type), before.id)
        rest = rest.where(sa.tuple_(Thread.last_post_at, Thread.id) < edge)
    rows = list(web.page(_in_order(rest), limit=THREADS_A_PAGE + 1))
    shown = pinned + rows[:THREADS_A_PAGE]
    raised = threads.where(Thread.kind == ThreadKind.LIFTED)
    of_now = raised.where(Thread.answered_at.is_(None) | (Thread.answered_at >= _new_year()))
    counted = db.session.scalars(of_now).unique().all()
    steps = lifting.lifted([*counted, *shown], person)
    return Listed(
        choice,
        shown,
        len(rows) > THREADS_A_PAGE,
        steps,
        _count(raised),
        _steps([steps[one.id] for one in counted]),
        _counties(threads),
        _topics(threads),
    )


def _in_order(query: sa.Select[Thread]) -> sa.Select[Thread]:
    return query.order_by(Thread.last_post_at.desc(), Thread.id.desc())


def _narrowed(threads: sa.Select[Thread], choice: Choice, unread: Collection[int]) -> sa.Select[Thread]:
    if choice.show == "unread":
        threads = threads.where(Thread.id.in_(unread))
    elif choice.show in KINDS:
        threads = threads.where(Thread.kind == KINDS[choice.show])
    if choice.county:
        threads = threads.where(Thread.counties.any(ThreadCounty.code == choice.county))
    if choice.topic is not None:
        threads = threads.where(Thread.topics.any(Topic.id == choice.topic))
    asks = Thread.kind.in_([ThreadKind.QUESTION, ThreadKind.LIFTED])
    return threads.where(
        {
            "open": Thread.closed_at.is_(None), "closed": Thread.closed_at.is_not(None),
            "answered": Thread.answered_at.is_not(None), "unanswered": asks & Thread.answered_at.is_(None),
        }.get(choice.state, sa.true())
    )  # fmt: skip


def _new_year() -> datetime:
    return local(db.now()).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)


def _count(threads: sa.Select[Thread]) -> int:
    rows = threads.with_only_columns(Thread.id).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0


def _steps(lifted: Collection[Lifted]) -> tuple[int, int, int]:
    steps = [one.step for one in lifted]
    return steps.count("raised"), steps.count("agenda"), steps.count("answered")


def _counties(threads: sa.Select[Thread]) -> dict[str, str]:
    """Those that threads here are about, in the usual order."""
    ids = threads.with_only_columns(Thread.id)
    codes = set(db.session.scalars(sa.select(ThreadCounty.code).where(ThreadCounty.thread_id.in_(ids)).distinct()))
    return {code: name for code, name in COUNTIES.items() if code in codes}


def _topics(threads: sa.Select[Thread]) -> Sequence[Topic]:
    """Those that threads here are about."""
    used = sa.select(topics_of_threads.c.topic_id).where(
        topics_of_threads.c.thread_id.in_(threads.with_only_columns(Thread.id))
    )
    return db.session.scalars(sa.select(Topic).where(Topic.id.in_(used)).order_by(Topic.name)).all()
