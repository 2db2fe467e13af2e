"""The worker: does what the outbox holds, keeps house, and leaves a sign of life."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask, current_app

from portal import db, outbox

log = logging.getLogger("portal.outbox")

POLL_SECONDS = 0.05
SIGN_EVERY = timedelta(seconds=5)
LONGEST_JOB = timedelta(minutes=10)  # such as making the whole index anew; after that the worker counts as gone


def _do_what_is_due() -> bool:
    """Do the next due job or batch; returns whether it is worth to look again at once.

    After a batch that was not full it is not: what comes meanwhile makes one batch, and many small ones would cost the
    web process its turns at the database.
    """
    with db.reading():  # to look takes no lock; most of the time nothing is due
        if db.session.scalar(outbox.due_jobs().with_only_columns(outbox.Job.id).limit(1)) is None:
            return False
    jobs = outbox.claim()
    if not jobs:
        return False
    registered = outbox.handlers.get(jobs[0].kind)
    is_full = registered is None or len(jobs) >= registered.batch
    outbox.run(jobs)
    return is_full


def _keep_house(function: Callable[[], object]) -> None:
    try:
        function()
        db.commit()
    except Exception:  # the next time may be better, and jobs must go on
        db.rollback()
        log.exception("housekeeping failed: %s", function.__qualname__)


def sign(name: str) -> None:
    """Leave the worker's sign of life."""
    db.session.merge(outbox.WorkerSign(name=name, seen_at=db.now()))
    db.commit()


def _sign_on(app: Flask, name: str, ended: threading.Event, came_by: Callable[[], float]) -> None:
    """Sign for the loop while it is at a long job; a job that never ends is no sign of life."""
    while not ended.wait(SIGN_EVERY.total_seconds()):
        if time.monotonic() - came_by() > LONGEST_JOB.total_seconds():
            continue
        try:
            with app.app_context():
                sign(name)
        except sa.exc.SQLAlchemyError:
            log.exception("the sign of life could not be left")


def work(name: str, *, stopped: Callable[[], bool]) -> None:
    """The worker's loop: until `stopped()` says so. A database that is away is waited for, with a line in the log."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own method is not in its stub
    came_by, ended = time.monotonic(), threading.Event()
    signing = threading.Thread(target=_sign_on, args=(app, name, ended, lambda: came_by), daemon=True)
    has_signed = False
    kept_at = dict.fromkeys(outbox.housekeeping, db.now())
    signing.start()
    try:
        while not stopped():
            came_by = time.monotonic()
            try:
                if not has_signed:  # at once: who starts the worker waits for it
                    sign(name)
                    has_signed = True
                for function, last in kept_at.items():
                    if db.now() - last >= outbox.housekeeping[function]:
                        kept_at[function] = db.now()
                        _keep_house(function)
                if not _do_what_is_due():
                    time.sleep(POLL_SECONDS)
            except sa.exc.SQLAlchemyError:
                log.exception("the database does not answer; waiting")
                db.session.remove()
                time.sleep(5)
    finally:
        ended.set()
        signing.join()
