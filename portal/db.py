"""The database: one engine per app, one session per app context, and the only places that commit.

House rule 1: only the edges (web, worker, command line) call `commit()`. How transactions begin: db_engine.py.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from flask import Flask, current_app
from flask.globals import app_ctx
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import (
    DeclarativeBase,
    ORMExecuteState,
    Session,
    SessionTransaction,
    mapped_column,
    scoped_session,
    sessionmaker,
)

from portal.db_engine import is_reading, make_engine, patience

log = logging.getLogger("portal.db")

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


def _scope() -> int:
    return id(app_ctx._get_current_object())  # type: ignore[attr-defined]  # the proxy's own method is not in its stub


class _PortalSession(Session):
    """A session that works on the engine of the app whose context it lives in."""

    def get_bind(self, *_args: Any, **_kwargs: Any) -> sa.Engine:
        return engine()


session = scoped_session(sessionmaker(class_=_PortalSession), scopefunc=_scope)


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


def insert_or(table: type[Base]) -> Any:
    """An INSERT that may say what is to happen when the row is there already; both databases know it, each in its own dialect."""
    return (postgresql.insert if engine().dialect.name == "postgresql" else sqlite.insert)(table)


def reads_only(flag: bool) -> None:
    """Say whether what follows in this context (one request) only reads: called by the web edge before anything is loaded."""
    is_reading.set(flag)


def end_reading() -> None:
    """End a transaction that has only read. What it read of who asks stands: nothing is loaded anew, unlike after a rollback."""
    ended = session()
    ended.expire_on_commit = False
    try:
        ended.commit()
    finally:
        ended.expire_on_commit = True


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
    """Load the row anew and hold it until the transaction ends: two writers of one thing go one after the other.

    Without the rows that are usually joined to it, which are loaded when they are next touched: PostgreSQL, once it has waited
    for the lock, shows them as they were before.
    """
    session.flush()  # to load anew forgets what is pending, also of the rows that hang on this one
    session.expire(obj)
    columns = [attribute.key for attribute in sa.inspect(type(obj)).column_attrs]
    session.refresh(obj, columns, with_for_update={"of": type(obj)})


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
    before = is_reading.get()
    is_reading.set(True)
    try:
        yield
    finally:
        session.rollback()
        is_reading.set(before)


def leave_trace(write: Callable[[Session], object], *, is_required: bool = False) -> None:
    """Let a request that only reads leave a trace: `write(session)` runs in a transaction of its own after the request's
    has ended. Required is who read what; a read mark is not, and a full disk keeps nobody from reading.
    """
    session().info.setdefault("traces", []).append((write, is_required))


def write_traces() -> None:
    """Store the traces. Called by the edges, before the answer leaves: what must be noted and cannot is not shown."""
    traces = session().info.pop("traces", [])
    _write_in_one([write for write, is_required in traces if is_required])
    token = patience.set(TRACE_SECONDS)
    try:
        _write_in_one([write for write, is_required in traces if not is_required])
    except sa.exc.SQLAlchemyError:
        log.warning("a trace of reading could not be stored", exc_info=True)
    finally:
        patience.reset(token)


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
    token = is_reading.set(False)
    try:
        with _PortalSession() as own, own.begin():
            yield own
    finally:
        is_reading.reset(token)
