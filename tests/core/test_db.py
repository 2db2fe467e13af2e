"""The database edge: who commits, what waits for it, and what happens when it is locked, full or away."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal import audit, db, db_engine
from portal.discussions.models import Post, ReadMark
from portal.outbox import Job
from portal.people.models import Group, Person
from portal.web import Edge
from tests import factories
from tests.conftest import Browser, signed_in
from tests.factories import Network

ROOT = Path(__file__).resolve().parent.parent.parent


def key_of(group: Group) -> int:
    """Its id, without touching the database."""
    identity = sa.inspect(group).identity
    assert identity is not None
    number: int = identity[0]
    return number


def group_name(group: Group) -> str | None:
    """What the database says, seen from another connection."""
    with db.engine().connect() as connection:
        return connection.scalar(sa.select(Group.name).where(Group.id == key_of(group)))


# --- commit, rollback, what waits for them --------------------------------------------------------------------------


def test_what_waits_runs_after_the_commit_in_order(network: Network) -> None:
    group = network.group
    seen: list[tuple[int, str | None]] = []
    group.name = "Ändrat"
    db.session.flush()
    for number in (1, 2, 3):
        db.after_commit(lambda number: seen.append((number, group_name(group))), number)
    assert seen == []
    db.commit()
    assert seen == [(1, "Ändrat"), (2, "Ändrat"), (3, "Ändrat")]
    db.commit()
    assert len(seen) == 3, "each waits for one commit"


def test_a_rollback_drops_what_waits_and_what_was_written(network: Network) -> None:
    group = network.group
    seen: list[int] = []
    group.name = "Ändrat"
    db.after_commit(seen.append, 1)
    db.leave_trace(lambda _session: seen.append(2))
    db.rollback()
    db.commit()
    db.write_traces()
    assert seen == []
    assert group_name(group) == "Nätverket"


def test_a_savepoint_is_no_commit(network: Network) -> None:
    seen: list[int] = []
    with db.session.begin_nested():
        network.group.name = "Ändrat"
        db.after_commit(seen.append, 1)
    assert seen == []
    db.commit()
    assert seen == [1]


def test_one_that_fails_does_not_stop_the_others_or_the_answer(
    network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[int] = []

    def fail() -> None:
        raise OSError("the socket is gone")

    network.group.name = "Ändrat"
    db.after_commit(fail)
    db.after_commit(seen.append, 1)
    db.commit()
    assert seen == [1]
    assert group_name(network.group) == "Ändrat"
    assert "what waited for a commit failed" in caplog.text


def test_pause_refuses_whatever_would_be_lost(network: Network) -> None:
    group = network.group
    group.name = "Ändrat"
    with pytest.raises(RuntimeError):
        db.pause()
    db.session.flush()  # written, and still lost by a rollback
    with pytest.raises(RuntimeError):
        db.pause()
    db.rollback()
    db.session.execute(sa.update(Group).values(name="Ändrat"))
    with pytest.raises(RuntimeError):
        db.pause()
    db.rollback()
    db.after_commit(print)
    with pytest.raises(RuntimeError):
        db.pause()
    db.rollback()
    assert group.name == "Nätverket"
    db.pause()
    group.name = "Ändrat"
    db.commit()
    db.pause()
    assert group.name == "Ändrat"


def test_pause_keeps_the_traces_of_a_reader(network: Network) -> None:
    db.leave_trace(lambda session: session.execute(sa.update(Group).values(description="läst")))
    db.pause()
    db.write_traces()
    assert network.group.description == "läst"


class Clock:
    """A clock that goes only while somebody waits by it."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_read_mark_does_not_hold_the_page_while_somebody_writes(
    own_portal: Edge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    clock = Clock()
    monkeypatch.setattr(db_engine, "time", clock)
    monkeypatch.setattr(db_engine, "BUSY_SECONDS", 10.0)
    seen: list[str] = []

    def see(what: str) -> Callable[[Session], None]:
        return lambda session: seen.extend(session.scalars(sa.select(sa.literal(what))))

    with contextlib.closing(sqlite3.connect(tmp_path / "portal.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        db.leave_trace(see("mark"))
        db.write_traces()
        assert clock.now < 1
        assert "could not be stored" in caplog.text
        db.leave_trace(see("who read what"), is_required=True)
        began = clock.now
        with pytest.raises(sa.exc.OperationalError):
            db.write_traces()
        assert clock.now - began >= 10, "that one is worth the wait"
        other.execute("ROLLBACK")
    assert seen == []
    db.leave_trace(see("mark"))
    db.write_traces()
    assert seen == ["mark"]


def test_a_transaction_of_its_own_is_all_or_nothing(network: Network) -> None:
    group = network.group
    db.pause()
    with db.transaction() as own:
        own.get_one(Group, key_of(group)).name = "Ändrat"
    assert group_name(group) == "Ändrat"
    with contextlib.suppress(KeyError), db.transaction() as own:
        own.get_one(Group, key_of(group)).name = "Halvt"
        own.flush()
        raise KeyError
    assert group_name(group) == "Ändrat"


def test_writing_in_between_is_possible_for_one_who_only_reads(network: Network) -> None:
    identity = key_of(network.group)
    db.pause()
    db.reads_only(True)
    with db.transaction() as own:
        own.get_one(Group, identity).name = "Ändrat"
    assert db.session.get_one(Group, identity).name == "Ändrat"
    db.reads_only(False)


# --- times ----------------------------------------------------------------------------------------------------------


def test_a_naive_time_is_refused(app: Edge) -> None:
    db.session.add(Job(kind="x", payload={}, run_at=datetime(2026, 1, 1)))  # noqa: DTZ001
    with pytest.raises(sa.exc.StatementError, match="naive"):
        db.session.flush()
    db.rollback()


def test_times_come_back_aware_and_in_utc(app: Edge) -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    given = datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=there)
    job = Job(kind="x", payload={}, run_at=given)
    db.session.add(job)
    db.commit()
    assert job.run_at == given
    assert job.run_at.tzinfo == UTC
    assert db.session.scalar(sa.select(Job.id).where(Job.run_at == given.astimezone(UTC))) == job.id
    assert db.session.scalar(sa.select(Job.id).where(Job.run_at < given)) is None


# --- several at once --------------------------------------------------------------------------------------------------


def test_writers_queue_up(app: Edge, network: Network) -> None:
    """Each adds one to what it read: on SQLite the transactions go one after the other, on PostgreSQL the row is held."""
    identity, failures = network.group.id, []
    network.group.description = "0"
    db.commit()

    def write() -> None:
        with app.app_context():
            try:
                for _ in range(15):
                    group = db.session.get_one(Group, identity)
                    db.lock(group)
                    group.description = str(int(group.description) + 1)
                    db.commit()
            except Exception as error:
                failures.append(error)
                db.rollback()

    db.session.remove()
    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert db.session.get_one(Group, identity).description == "60"


def test_a_reader_is_never_blocked_by_a_writer(app: Edge, network: Network) -> None:
    identity, seen = network.group.id, []
    network.group.name = "Halvt"
    db.session.flush()  # the transaction stays open, and with it the lock

    def read() -> None:
        with app.app_context():
            db.reads_only(True)
            seen.append(db.session.get_one(Group, identity).name)

    reader = threading.Thread(target=read)
    reader.start()
    reader.join(timeout=60)
    assert seen == ["Nätverket"]
    db.rollback()


def test_an_app_context_has_its_own_session(app: Edge, network: Network) -> None:
    identity = network.group.id
    network.group.name = "Ändrat"
    with app.app_context():
        db.reads_only(True)
        assert db.session.get_one(Group, identity).name == "Nätverket"
    assert network.group.name == "Ändrat"
    db.reads_only(False)
    db.rollback()


# --- a database that is locked, full or away ----------------------------------------------------------------------------


@contextlib.contextmanager
def locked(portal: Edge) -> Iterator[None]:
    """Another process has the database to itself."""
    other = sqlite3.connect(portal.config["SETTINGS"].data_dir / "portal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def convener_of(portal: Edge) -> tuple[Browser, int]:
    """A convener's browser and the id of a thread."""
    network = Network()
    network.make()
    thread_id = factories.thread(network.group, network.convener).id
    db.commit()
    return signed_in(portal, network.convener), thread_id


def send_post(client: Browser, thread_id: int) -> TestResponse:
    form = {"body": "Nytt inlägg", "client_id": str(uuid.uuid4()), "csrf_token": client.csrf}
    return client.post(f"/threads/{thread_id}/posts", data=form)


def bodies() -> list[str]:
    db.rollback()
    return list(db.session.scalars(sa.select(Post.body).order_by(Post.id)))


def test_a_locked_database_is_said_plainly_and_nothing_is_half_written(own_portal: Edge, built_front_end: Path) -> None:
    client, thread_id = convener_of(own_portal)
    with locked(own_portal):
        answer = send_post(client, thread_id)
        assert answer.status_code == 503
        assert "Inget har ändrats" in answer.text or "Nothing has been changed" in answer.text
        assert "locked" not in answer.text
        assert client.get("/groups").status_code == 200, "reading goes on"
    assert bodies() == ["Första inlägget"]
    assert send_post(client, thread_id).status_code == 302
    assert bodies() == ["Första inlägget", "Nytt inlägg"]
    assert audit.verify() is None


def test_s42_a_read_mark_keeps_nobody_from_reading_but_the_audit_log_does(
    own_portal: Edge, built_front_end: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client, thread_id = convener_of(own_portal)
    group = db.session.scalars(sa.select(Group).where(Group.slug == "slutna")).one()
    sensitive_id = factories.thread(
        group, db.session.scalars(sa.select(Person).where(Person.name == "Sam Mankallande")).one()
    ).id
    db.commit()
    with locked(own_portal):
        assert client.get(f"/threads/{thread_id}").status_code == 200
        assert client.get(f"/threads/{sensitive_id}").status_code == 503
    assert "a trace of reading could not be stored" in caplog.text
    assert db.session.scalars(sa.select(ReadMark)).all() == []
    db.rollback()
    assert client.get(f"/threads/{sensitive_id}").status_code == 200
    assert {mark.thread_id for mark in db.session.scalars(sa.select(ReadMark))} == {sensitive_id}


def test_a_session_that_cannot_be_saved_does_not_deny_what_is_stored(
    own_portal: Edge, built_front_end: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client, _thread_id = convener_of(own_portal)
    refuse = "CREATE TRIGGER no_save BEFORE UPDATE ON browser_session BEGIN SELECT RAISE(ABORT, 'no'); END"
    db.session.execute(sa.text(refuse))
    db.commit()
    form = {"language": "en", "theme": "dark", "csrf_token": client.csrf}
    assert client.post("/account", data=form).status_code == 302, "it has been done, and the answer says so"
    assert db.session.scalars(sa.select(Person.theme).where(Person.language == "en")).all() == ["dark"]
    assert "a session could not be saved" in caplog.text


def test_a_database_that_is_away_is_said_plainly(own_portal: Edge, built_front_end: Path) -> None:
    client, thread_id = convener_of(own_portal)
    db.session.remove()
    db.engine().dispose()
    file = own_portal.config["SETTINGS"].data_dir / "portal.db"
    file.rename(file.with_suffix(".away"))
    file.mkdir()  # no database can be opened here
    for answer in (client.get(f"/threads/{thread_id}"), client.get("/"), send_post(client, thread_id)):
        assert answer.status_code == 503
        assert "<h1>" in answer.text
        assert "portal.db" not in answer.text
        assert answer.headers["Content-Security-Policy"]
    assert client.get("/health").status_code == 503
    file.rmdir()
    file.with_suffix(".away").rename(file)
    assert client.get(f"/threads/{thread_id}").status_code == 200


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, built_front_end: Path) -> None:
    """In a process whose files may not grow beyond what they are: writing fails as on a full disk."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.full_disk", str(tmp_path)], cwd=ROOT, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "post": 503, "upload": 503, "bodies": ["Första inlägget"], "resources": 0, "files": [], "chain": None, "after": [302, 302],
    }  # fmt: skip
