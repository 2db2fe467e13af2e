"""The database: one engine per app, one session per app context, and the only places that commit.

House rule 1: only the edges (web, worker, command line) call `commit()`. On SQLite a transaction that is going to write
starts with BEGIN IMMEDIATE, so that two writers queue up instead of failing half-way, and it starts behind a process-wide
lock that yields to other greenlets: SQLite's own waiting would stop the whole process.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from flask import Flask, current_app
from flask.globals import app_ctx
from sqlalchemy import event
from sqlalchemy.orm import (
    DeclarativeBase,
    ORMExecuteState,
    Session,
    SessionTransaction,
    mapped_column,
    scoped_session,
    sessionmaker,
)
from sqlalchemy.pool import QueuePool

log = logging.getLogger("portal.db")

BUSY_SECONDS = 10.0
BUSY_PAUSE = 0.003
TRACE_SECONDS = 0.2  # a read mark is not worth more of a reader's time; the next reading leaves it


class Base(DeclarativeBase):
    """Base of every table. Constraint names are fixed so that migrations can drop what they made, on both databases."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


pk = Annotated[int, mapped_column(primary_key=True)]


class UTCDateTime(sa.types.TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database (house rule 11). A naive value is a bug and is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Aware in, UTC stored."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """SQLite forgets the zone; it is UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


# True while a request that must not change anything is served; everything else may write.
_is_reading: ContextVar[bool] = ContextVar("db_is_reading", default=False)
# how long a writer waits for its turn, if not BUSY_SECONDS
_patience: ContextVar[float | None] = ContextVar("db_patience", default=None)


def _scope() -> int:
    return id(app_ctx._get_current_object())  # type: ignore[attr-defined]  # the proxy's own method is not in its stub


class _PortalSession(Session):
    """A session that works on the engine of the app whose context it lives in."""

    def get_bind(self, *_args: Any, **_kwargs: Any) -> sa.Engine:
        return engine()


session = scoped_session(sessionmaker(class_=_PortalSession), scopefunc=_scope)


class _WriteLock:
    """SQLite has one writer at a time. Waiting for it here lets other greenlets run; waiting inside SQLite would not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def acquire(self, connection: sa.Connection) -> None:
        if not self._lock.acquire(timeout=_patience.get() or BUSY_SECONDS):
            raise sa.exc.OperationalError("BEGIN IMMEDIATE", {}, TimeoutError("database is locked"))
        connection.info["write_lock"] = True

    def release(self, connection: sa.Connection) -> None:
        if connection.info.pop("write_lock", False):
            self._lock.release()


def _begin_immediate(connection: sa.Connection) -> None:
    """Start to write, once the other process (the worker) has finished: looked at every few milliseconds, so that other
    greenlets run meanwhile. SQLite would sleep in C and hold up every reader and every socket of this process.
    """
    driver: Any = connection.connection.driver_connection
    deadline = time.monotonic() + (_patience.get() or BUSY_SECONDS)
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                    raise sa.exc.OperationalError("BEGIN IMMEDIATE", {}, error) from error
            else:
                return
            time.sleep(BUSY_PAUSE)
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}")


def make_engine(url: str) -> sa.Engine:
    """An engine for a SQLite or PostgreSQL address, with the settings that the house relies on.

    Raises `sa.exc.ArgumentError` for an address that SQLAlchemy cannot read.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(
            parsed,
            hide_parameters=True,  # an error's text goes to the log, and what people write must not
            pool_pre_ping=True,
            pool_size=20,
            max_overflow=20,
            pool_timeout=BUSY_SECONDS,
        )
    engine = sa.create_engine(
        parsed,
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=20,
        max_overflow=100,  # writers wait for their turn with a connection in hand; readers must still get one
        pool_timeout=BUSY_SECONDS,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    lock = _WriteLock()

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions on its own
        cursor = connection.cursor()
        # FULL: an answered request survives a power cut, not only a crash of the process
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            "synchronous=FULL",
            "temp_store=MEMORY",
            "cache_size=-16000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        if _is_reading.get():
            connection.exec_driver_sql("BEGIN")
            return
        lock.acquire(connection)
        try:
            _begin_immediate(connection)
        except BaseException:
            lock.release(connection)
            raise

    event.listen(engine, "commit", lock.release)
    event.listen(engine, "rollback", lock.release)
    return engine


def init_app(app: Flask, url: str) -> None:
    """Give the app its engine, and each app context's session back to the pool when the context ends."""
    app.extensions["engine"] = make_engine(url)

    @app.teardown_appcontext
    def _remove(_error: BaseException | None) -> None:
        session.remove()


def engine() -> sa.Engine:
    """The engine of the current app."""
    made: sa.Engine = current_app.extensions["engine"]
    return made


def reads_only(flag: bool) -> None:
    """Say whether what follows in this context (one request) only reads: called by the web edge before anything is loaded."""
    _is_reading.set(flag)


def commit() -> None:
    """Write what is pending and then run what waits for the commit. Called by the edges only (house rule 1).

    What waits can fail no more than itself: the transaction is stored, and nobody may be told otherwise.
    """
    session.commit()
    for function, args in session().info.pop("after_commit", []):
        try:
            function(*args)
        except Exception:
            log.exception("what waited for a commit failed: %s", getattr(function, "__qualname__", function))


def rollback(*, keep_traces: bool = False) -> None:
    """Throw away what is pending, and what waited for it. `keep_traces`: what was read was shown all the same."""
    session.rollback()
    session().info.pop("after_commit", None)
    if not keep_traces:
        session().info.pop("traces", None)


@event.listens_for(_PortalSession, "after_flush")
def _note_flush(writer: Session, _context: object) -> None:
    writer.info["has_written"] = True


@event.listens_for(_PortalSession, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    if not state.is_select:
        state.session.info["has_written"] = True


@event.listens_for(_PortalSession, "after_transaction_end")
def _note_end(ended: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        ended.info.pop("has_written", None)


def after_commit(function: Callable[..., object], *args: object) -> None:
    """Run `function(*args)` once the present transaction is safely stored; never if it is rolled back.

    SQLAlchemy's own event of this name also fires for savepoints and is not used.
    """
    session().info.setdefault("after_commit", []).append((function, args))


def lock(obj: Base) -> None:
    """Load the row anew and hold it until the transaction ends: two writers of one thing go one after the other."""
    session.flush()  # to load anew forgets what is pending, also of the rows that hang on this one
    session.refresh(obj, with_for_update={"of": type(obj)})


def lock_name(name: str) -> None:
    """Let the writers of one name go one after the other until their transactions end: for what has no row yet to lock.

    SQLite has one writer at a time in any case.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


def pause() -> None:
    """End the transaction before slow work (network, subprocess), so that nobody waits for it.

    Objects are loaded anew when they are next touched. Raises `RuntimeError` if something is pending: it would be lost.
    """
    info = session().info
    if session.new or session.dirty or session.deleted or info.get("has_written") or info.get("after_commit"):
        raise RuntimeError("pause() with pending changes")
    session.rollback()


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Let a job or a command only read for a while: on SQLite that holds up no writer. Ends the transaction before and
    after, as `pause()` does.
    """
    pause()
    before = _is_reading.get()
    _is_reading.set(True)
    try:
        yield
    finally:
        session.rollback()
        _is_reading.set(before)


def leave_trace(write: Callable[[Session], object], *, is_required: bool = False) -> None:
    """Let a request that only reads leave a trace: `write(session)` runs in a transaction of its own after the request's
    has ended. Required is who read what; a read mark is not, and a full disk keeps nobody from reading.
    """
    session().info.setdefault("traces", []).append((write, is_required))


def write_traces() -> None:
    """Store the traces. Called by the edges, before the answer leaves: what must be noted and cannot is not shown."""
    traces = session().info.pop("traces", [])
    _write_in_one([write for write, is_required in traces if is_required])
    token = _patience.set(TRACE_SECONDS)
    try:
        _write_in_one([write for write, is_required in traces if not is_required])
    except sa.exc.SQLAlchemyError:
        log.warning("a trace of reading could not be stored", exc_info=True)
    finally:
        _patience.reset(token)


def _write_in_one(writes: list[Callable[[Session], object]]) -> None:
    if writes:
        with transaction() as own:
            for write in writes:
                write(own)


@contextlib.contextmanager
def transaction() -> Iterator[Session]:
    """A short write transaction of its own, beside the request's: for traces that must stay even when a request only reads.

    The request's own transaction must be ended first (on SQLite the two would wait for each other).
    """
    token = _is_reading.set(False)
    try:
        with _PortalSession() as own, own.begin():
            yield own
    finally:
        _is_reading.reset(token)
