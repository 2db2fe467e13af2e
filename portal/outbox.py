"""The outbox: anything outside the database is a row written in the same transaction, and done later by a worker.

At least once: a handler may run twice for one row and must bear it. Errors are kept with the row and shown
(`flask outbox`). Several workers may run; on PostgreSQL they pass each other with SKIP LOCKED.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal import db

log = logging.getLogger("portal.outbox")

LEASE = timedelta(minutes=2)  # longer than any handler may take
FIRST_RETRY = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
LAST_ATTEMPT = (
    40  # waits double up to an hour: the last try is some thirty hours after the first, a full disk's night and day
)
DEADLY_ATTEMPTS = 12  # without a word: the worker itself ended each time
GIVEN_UP = "_given_up"  # at the end of a job's kind: the job that is done when one of that kind is given up, if anything handles it
BATCH_ATTEMPTS = 3  # then each job of a batch is done alone: one that takes the worker down must not hold up the rest

Payload = dict[str, Any]


class Job(db.Base):
    """Something to do outside the database."""

    __tablename__ = "job"

    id: Mapped[db.pk]
    kind: Mapped[str] = mapped_column(sa.String(60))
    key: Mapped[str | None] = mapped_column(sa.String(120))
    payload: Mapped[Payload] = mapped_column(sa.JSON)
    created_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    run_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)
    attempts: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime | None] = mapped_column(db.UTCDateTime)
    error: Mapped[str | None] = mapped_column(sa.Text)

    __table_args__ = (
        sa.Index("ix_job_waiting", "failed_at", "run_at"),
        sa.Index("ix_job_kind_key", "kind", "key"),
    )


class WorkerSign(db.Base):
    """A worker's last sign of life; `GET /health` reads it."""

    __tablename__ = "worker_sign"

    name: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(db.UTCDateTime)


@dataclass(frozen=True, slots=True)
class _Handler:
    function: Callable[..., object]
    batch: int


handlers: dict[str, _Handler] = {}
housekeeping: dict[Callable[[], object], timedelta] = {}


def handler(kind: str, *, batch: int = 0) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Register the function that does jobs of this kind.

    It is called with the payload as keywords; with `batch=n` it is called with a list of up to n payloads instead.
    """

    def register(function: Callable[..., object]) -> Callable[..., object]:
        if kind in handlers and handlers[kind].function is not function:
            raise RuntimeError(f"two handlers for {kind}")
        handlers[kind] = _Handler(function, batch)
        return function

    return register


def every(period: timedelta) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Register housekeeping that the worker does once in a while. It may run in several workers and must bear it."""

    def register(function: Callable[[], object]) -> Callable[[], object]:
        housekeeping[function] = period
        return function

    return register


_INSERT = sa.insert(cast(sa.Table, Job.__table__))


def enqueue(kind: str, *, key: str | None = None, delay: timedelta = timedelta(0), **payload: Any) -> None:
    """Add a job to the present transaction.

    With a `key`, a job of the same kind and key that waits untouched is replaced, so that ten edits make one job.
    """
    if key is not None:
        db.session.execute(
            sa.delete(Job).where(Job.kind == kind, Job.key == key, Job.attempts == 0, Job.failed_at.is_(None))
        )
    db.session.execute(_INSERT, {"kind": kind, "key": key, "payload": payload, "run_at": db.now() + delay})


def _is_used_up() -> sa.ColumnElement[bool]:
    """Tried often enough, or so often without an error that the job must be what ends the worker."""
    return (Job.attempts >= LAST_ATTEMPT) | (Job.error.is_(None) & (Job.attempts >= DEADLY_ATTEMPTS))


def due_jobs() -> sa.Select[Job]:
    """What is to be done now, oldest first."""
    return (
        sa.select(Job)
        .where(Job.failed_at.is_(None), Job.run_at <= db.now(), sa.not_(_is_used_up()))
        .order_by(Job.run_at, Job.id)
    )


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job as it was taken: to look at it needs no transaction."""

    id: int
    kind: str
    payload: Payload


def claim() -> list[Claimed]:
    """Take the oldest due job (or a batch of its kind) and lease it, so that a crashed worker's jobs come back."""
    due = due_jobs().with_for_update(skip_locked=True)
    first = db.session.scalars(due.limit(1)).first()
    if first is None:
        db.rollback()
        return []
    registered = handlers.get(first.kind)
    jobs = [first]
    if registered and registered.batch and first.attempts < BATCH_ATTEMPTS:
        alike = due.where(Job.kind == first.kind, Job.attempts < BATCH_ATTEMPTS)
        jobs = list(db.session.scalars(alike.limit(registered.batch)))
    for job in jobs:
        job.attempts += 1
        job.run_at = db.now() + LEASE
    claimed = [Claimed(job.id, job.kind, job.payload) for job in jobs]
    db.commit()
    return claimed


def _do(jobs: list[Claimed]) -> None:
    registered = handlers.get(jobs[0].kind)
    if registered is None:
        raise LookupError(f"no handler for {jobs[0].kind}")
    payloads, ids = [job.payload for job in jobs], [job.id for job in jobs]
    db.pause()
    if registered.batch:
        registered.function(payloads)
    else:
        registered.function(**payloads[0])
    db.session.execute(sa.delete(Job).where(Job.id.in_(ids)))
    db.commit()


def _postpone(ids: list[int], error: Exception) -> None:
    trace = "".join(traceback.format_exception(error))[-4000:]
    for job in db.session.scalars(sa.select(Job).where(Job.id.in_(ids))):
        job.error = trace
        job.run_at = db.now() + min(FIRST_RETRY * 2 ** (job.attempts - 1), LONGEST_WAIT)
        if job.attempts >= LAST_ATTEMPT:
            job.failed_at = db.now()
            _tell(job.kind, job.payload)
    db.commit()


def _tell(kind: str, payload: Payload) -> None:
    """What waits for a job that was given up hears of it, by a job of its own with the same payload."""
    if kind + GIVEN_UP in handlers:
        enqueue(kind + GIVEN_UP, **payload)


def run_once() -> int:
    """Do the next due job, or batch of jobs of one kind; returns how many rows it took (0: nothing is due)."""
    jobs = claim()
    if jobs:
        run(jobs)
    return len(jobs)


def run(jobs: list[Claimed]) -> None:
    """Do what was claimed; what fails is kept with its error and tried again, one by one."""
    ids, kind = [job.id for job in jobs], jobs[0].kind
    try:
        _do(jobs)
    except Exception as error:  # whatever a handler raises is kept with its row and tried again
        db.rollback()
        if len(ids) > 1:
            log.warning("batch of %d %s failed; one at a time now", len(ids), kind)
            for job_id in ids:
                _run_alone(job_id)
        else:
            log.exception("job %s %s failed", kind, ids[0])
            _postpone(ids, error)


def _run_alone(job_id: int) -> None:
    """One row of a failed batch, so that a single bad row does not hold up the rest."""
    job = db.session.get(Job, job_id)
    if job is None:
        return
    try:
        _do([Claimed(job.id, job.kind, job.payload)])
    except Exception as error:  # kept with the row
        db.rollback()
        log.exception("job %s failed", job_id)
        _postpone([job_id], error)


def run_all(*, limit: int = 10_000) -> int:
    """Do everything that is due now; returns the number of rows taken. For tests and the demo loader."""
    done = 0
    while done < limit and (taken := run_once()):
        done += taken
    return done


@every(timedelta(minutes=1))
def give_up_deadly() -> None:
    """Give up jobs during which the worker ended again and again: nobody was left to note an error."""
    deadly = sa.update(Job).where(Job.failed_at.is_(None), _is_used_up(), Job.run_at <= db.now())
    ended = sa.func.coalesce(Job.error, "the worker ended while it did this")
    given_up = deadly.values(failed_at=db.now(), error=ended).returning(Job.kind, Job.payload)
    for kind, payload in db.session.execute(given_up, execution_options={"synchronize_session": False}).all():
        _tell(kind, payload)


@every(timedelta(hours=1))
def forget_old_signs() -> None:
    """Delete the signs of life of workers that ended long ago; each start has a name of its own."""
    db.session.execute(sa.delete(WorkerSign).where(WorkerSign.seen_at < db.now() - timedelta(days=1)))


def failed_count() -> int:
    """How many jobs were given up: somebody has to look (`flask outbox`)."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(Job).where(Job.failed_at.is_not(None))) or 0


def retry(job_id: int | None = None) -> int:
    """Let a job that was given up, or all of them, be tried anew at once; returns how many. One that still waits is not waited for."""
    wanted = Job.failed_at.is_not(None) if job_id is None else Job.id == job_id
    fresh = {"failed_at": None, "attempts": 0, "error": None, "run_at": db.now()}
    anew = sa.update(Job).where(wanted).values(fresh).returning(Job.id)
    return len(db.session.scalars(anew, execution_options={"synchronize_session": False}).all())
