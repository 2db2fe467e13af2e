"""The engine: how connections and transactions of the two databases begin.

On SQLite a transaction that is going to write starts with BEGIN IMMEDIATE, so that two writers queue up instead of failing
half-way, and it starts behind a process-wide lock that yields to other greenlets: SQLite's own waiting would stop the whole
process.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

BUSY_SECONDS = 10.0
BUSY_PAUSE = 0.003

# True while a request that must not change anything is served; everything else may write.
is_reading: ContextVar[bool] = ContextVar("db_is_reading", default=False)
# how long a writer waits for its turn, if not BUSY_SECONDS
patience: ContextVar[float | None] = ContextVar("db_patience", default=None)


class _WriteLock:
    """SQLite has one writer at a time. Waiting for it here lets other greenlets run; waiting inside SQLite would not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def acquire(self, connection: sa.Connection) -> None:
        if not self._lock.acquire(timeout=patience.get() or BUSY_SECONDS):
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
    deadline = time.monotonic() + (patience.get() or BUSY_SECONDS)
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
            pool_use_lifo=True,
            pool_size=20,
            max_overflow=20,
            pool_timeout=BUSY_SECONDS,
        )
    engine = sa.create_engine(
        parsed,
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=60,
        pool_use_lifo=True,  # the connection that was used last knows its statements and pages
        max_overflow=60,  # writers wait for their turn with a connection in hand; readers must still get one
        pool_timeout=BUSY_SECONDS,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    lock = _WriteLock()

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions on its own
        cursor = connection.cursor()
        # FULL: an answered request survives a power cut, not only a crash of the process
        # each of the connections that stay open has a cache of its own: 5 MB at most
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            "synchronous=FULL",
            "temp_store=MEMORY",
            "cache_size=-5000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        if is_reading.get():
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
