"""The outbox: at least once, whatever happens to the worker."""

from __future__ import annotations

import contextvars
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from portal import db, outbox, worker
from portal.outbox import Job
from portal.web import Edge
from tests import commands
from tests.servers import wait_for

Register = Callable[..., None]


@pytest.fixture
def register() -> Iterator[Register]:
    """Register handlers for the length of a test."""
    before = dict(outbox.handlers)

    def add(kind: str, function: Callable[..., object], *, batch: int = 0) -> None:
        outbox.handler(kind, batch=batch)(function)

    yield add
    outbox.handlers.clear()
    outbox.handlers.update(before)


def put(kind: str, *, key: str | None = None, delay: timedelta = timedelta(0), **payload: Any) -> None:
    outbox.enqueue(kind, key=key, delay=delay, **payload)
    db.commit()


def jobs() -> list[Job]:
    db.rollback()
    return list(db.session.scalars(sa.select(Job).order_by(Job.id)))


def later(**much: float) -> datetime:
    return db.now() + timedelta(**much)


def test_a_job_is_done_once_when_all_goes_well(app: Edge, register: Register) -> None:
    seen: list[int] = []
    register("noted", lambda number: seen.append(number))
    put("noted", number=1)
    put("noted", number=2)
    assert outbox.run_all() == 2
    assert (seen, jobs()) == ([1, 2], [])
    assert outbox.run_once() == 0


def test_a_job_of_a_transaction_that_is_rolled_back_never_was(app: Edge, register: Register) -> None:
    register("noted", lambda: pytest.fail("done"))
    outbox.enqueue("noted")
    db.rollback()
    assert outbox.run_all() == 0


def test_what_a_handler_writes_and_the_end_of_its_job_are_one_transaction(app: Edge, register: Register) -> None:
    def write_and_fail() -> None:
        outbox.enqueue("other")
        db.session.flush()
        raise ValueError

    register("noted", write_and_fail)
    put("noted")
    outbox.run_once()
    assert [job.kind for job in jobs()] == ["noted"]


def test_an_error_is_kept_and_the_job_tried_again_with_longer_and_longer_waits(app: Edge, register: Register) -> None:
    def fail() -> None:
        raise ValueError("the scanner is away")

    register("noted", fail)
    put("noted")
    waits = []
    with time_machine.travel(db.now(), tick=False) as clock:
        while (job := jobs()[0]).failed_at is None:
            clock.move_to(max(job.run_at, db.now()))
            assert outbox.run_all(limit=1) == 1
            job = jobs()[0]
            waits.append((job.run_at - db.now()).total_seconds())
            assert "the scanner is away" in (job.error or "")
        assert waits == [min(5 * 2**number, 3600) for number in range(outbox.LAST_ATTEMPT)]
        assert sum(waits[:-1]) > 24 * 3600, "a disk that is full for a day and a night"
        clock.shift(timedelta(days=30))
        assert outbox.run_once() == 0, "given up"
    shown = commands.run(app, "outbox")
    assert "noted" in shown.output
    assert "given up: ValueError: the scanner is away" in shown.output
    assert "1 jobs with errors." in shown.output


def test_what_was_given_up_is_counted_and_can_be_tried_anew(app: Edge, register: Register) -> None:
    for number in range(3):
        put("noted", number=number)
    db.session.execute(sa.update(Job).values(failed_at=db.now(), attempts=40, error="away"))
    db.commit()
    assert contextvars.Context().run(app.test_client().get, "/health").get_json()["outbox"] == {"failed": 3}
    assert outbox.run_all() == 0
    first = jobs()[0].id
    assert commands.run(app, "outbox", "--retry", str(first)).output == "1 jobs will be tried anew.\n"
    assert outbox.failed_count() == 2
    db.rollback()
    assert commands.run(app, "outbox", "--retry").output == "2 jobs will be tried anew.\n"
    assert commands.run(app, "outbox", "--retry", "999999").output == "0 jobs will be tried anew.\n"
    assert commands.run(app, "outbox", "--retry", "x").exit_code == 2
    done: list[int] = []
    register("noted", lambda number: done.append(number))
    assert outbox.run_all() == 3
    assert (sorted(done), jobs()) == ([0, 1, 2], [])


def test_signs_of_life_of_workers_long_gone_are_forgotten(app: Edge) -> None:
    worker.sign("old")
    with time_machine.travel(db.now() + timedelta(days=2)):
        worker.sign("new")
        outbox.forget_old_signs()
        db.commit()
        assert db.session.scalars(sa.select(outbox.WorkerSign.name)).all() == ["new"]


def test_a_job_that_fails_does_not_hold_up_others(app: Edge, register: Register) -> None:
    seen: list[int] = []

    def fail() -> None:
        raise ValueError

    register("failing", fail)
    register("noted", lambda number: seen.append(number))
    put("failing")
    put("noted", number=1)
    outbox.run_all()
    assert seen == [1]
    assert [job.kind for job in jobs()] == ["failing"]


def test_a_job_without_a_handler_waits_and_says_why(app: Edge) -> None:
    put("unheard_of")
    assert outbox.run_all() == 1
    assert "no handler for unheard_of" in (jobs()[0].error or "")
    assert jobs()[0].run_at > db.now()


def test_a_key_makes_one_job_of_many(app: Edge, register: Register) -> None:
    seen: list[int] = []
    register("noted", lambda number: seen.append(number))
    for number in range(10):
        put("noted", key="thing:1", number=number)
    put("noted", key="thing:2", number=100)
    assert outbox.run_all() == 2
    assert seen == [9, 100]


def test_a_key_does_not_take_the_place_of_a_job_that_has_begun(app: Edge, register: Register) -> None:
    seen: list[int] = []

    def work(number: int) -> None:
        seen.append(number)
        if number == 1:
            outbox.enqueue("noted", key="thing:1", number=2)

    register("noted", work)
    put("noted", key="thing:1", number=1)
    outbox.run_all()
    assert seen == [1, 2]


def test_a_delay_is_kept(app: Edge, register: Register) -> None:
    seen: list[int] = []
    register("noted", lambda: seen.append(1))
    put("noted", delay=timedelta(hours=1))
    assert outbox.run_all() == 0
    with time_machine.travel(later(hours=1, seconds=1)):
        assert outbox.run_all() == 1
    assert seen == [1]


def test_a_batch_takes_its_kind_only_and_not_more_than_it_may(app: Edge, register: Register) -> None:
    seen: list[list[int]] = []
    register("counted", lambda payloads: seen.append([payload["number"] for payload in payloads]), batch=3)
    register("noted", lambda: seen.append([]))
    for number in range(7):
        put("counted", number=number)
        if number == 1:
            put("noted")
    outbox.run_all()
    assert seen == [[0, 1, 2], [], [3, 4, 5], [6]]


def test_a_bad_row_of_a_batch_does_not_hold_up_the_rest(app: Edge, register: Register) -> None:
    seen: list[int] = []

    def count(payloads: list[dict[str, int]]) -> None:
        if any(payload["number"] == 2 for payload in payloads):
            raise ValueError("two")
        seen.extend(payload["number"] for payload in payloads)

    register("counted", count, batch=10)
    for number in range(5):
        put("counted", number=number)
    assert outbox.run_once() == 5
    assert seen == [0, 1, 3, 4]
    assert [(job.payload["number"], job.attempts) for job in jobs()] == [(2, 1)]


def test_a_job_comes_back_when_its_worker_is_gone(app: Edge, register: Register) -> None:
    seen: list[int] = []
    register("noted", lambda: seen.append(1))
    put("noted")
    assert len(outbox.claim()) == 1  # and here the worker ends
    assert outbox.run_all() == 0
    with time_machine.travel(db.now() + outbox.LEASE + timedelta(seconds=1)):
        assert outbox.run_all() == 1
    assert (seen, jobs()) == ([1], [])


def test_a_job_that_takes_every_worker_down_is_given_up_and_its_neighbours_are_not(
    app: Edge, register: Register
) -> None:
    seen: list[int] = []

    class Dead(BaseException):
        """The process ends."""

    def count(payloads: list[dict[str, int]]) -> None:
        if any(payload["number"] == 2 for payload in payloads):
            raise Dead
        seen.extend(payload["number"] for payload in payloads)

    register("counted", count, batch=10)
    for number in range(5):
        put("counted", number=number)
    with time_machine.travel(db.now(), tick=False) as clock:
        for _life in range(30):
            clock.shift(outbox.LEASE + timedelta(seconds=1))
            try:
                outbox.run_all()
            except Dead:
                db.rollback()
        outbox.give_up_deadly()
        db.commit()
    left = jobs()
    assert sorted(seen) == [0, 1, 3, 4]
    assert [(job.payload["number"], job.failed_at is not None) for job in left] == [(2, True)]
    assert "the worker ended" in (left[0].error or "")


def test_two_workers_never_take_the_same_job(app: Edge, register: Register) -> None:
    guard, seen = threading.Lock(), []

    def note(number: int) -> None:
        with guard:
            seen.append(number)

    register("noted", note)
    for number in range(40):
        outbox.enqueue("noted", number=number)
    db.commit()
    failures: list[BaseException] = []

    def work() -> None:
        with app.app_context():
            try:
                outbox.run_all()
            except BaseException as error:
                failures.append(error)

    db.session.remove()
    workers = [threading.Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert failures == []
    assert sorted(seen) == list(range(40))


def test_workers_pass_each_other_on_postgresql(app: Edge, register: Register) -> None:
    if db.engine().dialect.name != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    seen: list[int] = []
    register("noted", lambda number: seen.append(number))
    for number in (1, 2):
        put("noted", number=number)
    first = jobs()[0].id
    db.rollback()
    with db.engine().begin() as other:
        other.execute(sa.select(Job.id).where(Job.id == first).with_for_update())
        assert outbox.run_all() == 1
        assert seen == [2]
    assert outbox.run_all() == 1
    assert seen == [2, 1]


def test_the_loop_works_signs_and_stops_on_demand(app: Edge, register: Register) -> None:
    seen: list[int] = []
    register("noted", lambda number: seen.append(number))
    for number in range(3):
        put("noted", number=number)
    worker.work("here", stopped=lambda: len(seen) == 3)
    assert seen == [0, 1, 2]
    assert db.session.get_one(outbox.WorkerSign, "here").seen_at <= db.now()


def test_a_long_job_is_no_silence_but_an_endless_one_is(
    app: Edge, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SIGN_EVERY", timedelta(seconds=0.05))
    signs: list[datetime] = []
    before = worker.sign

    def note(name: str) -> None:
        before(name)
        signs.append(db.now())

    monkeypatch.setattr(worker, "sign", note)

    def long() -> None:
        time.sleep(0.5)
        assert len(signs) > 3
        monkeypatch.setattr(worker, "LONGEST_JOB", timedelta(seconds=0.1))
        time.sleep(0.2)
        signs.clear()
        time.sleep(0.5)
        assert signs == []

    register("long", long)
    put("long")
    worker.work("here", stopped=lambda: not jobs() or jobs()[0].error is not None)
    assert jobs() == []
    assert db.session.scalars(sa.select(outbox.WorkerSign.name)).all() == ["here"]


def test_housekeeping_that_fails_does_not_end_the_loop(
    app: Edge, register: Register, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OSError("no room")

    seen: list[int] = []
    register("noted", lambda: seen.append(1))
    monkeypatch.setattr(outbox, "housekeeping", {fail: timedelta(0)})
    put("noted")
    worker.work("here", stopped=lambda: bool(seen))
    assert "housekeeping failed" in caplog.text


def test_a_worker_process_ends_in_order(app: Edge) -> None:
    how = signal.SIGTERM if db.engine().dialect.name == "postgresql" else signal.SIGINT
    worker = subprocess.Popen(
        commands.command("worker"), cwd=commands.ROOT, env=commands.environment(app), stderr=subprocess.PIPE
    )
    wait_for(lambda: _signs() > 0, seconds=120, what="the worker's sign of life")
    worker.send_signal(how)
    _out, complaints = worker.communicate(timeout=60)
    assert worker.returncode == 0, complaints


def test_a_killed_worker_loses_nothing(app: Edge, register: Register, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    put("never_ending", marker=str(marker))
    put("noted", number=1)
    command = ["tests.core.slow_app" if word == "wsgi" else word for word in commands.command("worker")]
    worker = subprocess.Popen(command, cwd=commands.ROOT, env=commands.environment(app), stderr=subprocess.DEVNULL)
    wait_for(marker.exists, seconds=120, what="the job's beginning")
    worker.kill()
    worker.wait(timeout=60)
    assert [(job.kind, job.attempts) for job in jobs()] == [("never_ending", 1), ("noted", 0)]
    seen: list[object] = []
    register("never_ending", lambda marker: seen.append(marker))
    register("noted", lambda number: seen.append(number))
    assert outbox.run_all() == 1, "the other one need not wait"
    with time_machine.travel(db.now() + outbox.LEASE + timedelta(seconds=1)):
        assert outbox.run_all() == 1
    assert seen == [1, str(marker)]
    assert jobs() == []


def _signs() -> int:
    db.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(outbox.WorkerSign)) or 0


@pytest.mark.parametrize("is_deadly", [False, True])
def test_who_waits_for_a_job_that_is_given_up_hears_of_it(app: Edge, register: Register, is_deadly: bool) -> None:
    told: list[int] = []

    def fail(number: int) -> None:
        raise ValueError("the scanner is away")

    register("noted", fail)
    register("noted_given_up", lambda number: told.append(number))
    put("noted", number=7)
    often = outbox.DEADLY_ATTEMPTS if is_deadly else outbox.LAST_ATTEMPT - 1
    db.session.execute(sa.update(Job).values(attempts=often, error=None if is_deadly else "away"))
    db.commit()
    outbox.run_all()
    outbox.give_up_deadly()
    db.commit()
    outbox.run_all()
    assert told == [7]
    assert [job.kind for job in jobs()] == ["noted"], "kept with its error"
