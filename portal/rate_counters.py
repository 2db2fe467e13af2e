"""Counters of the rate limits in a small SQLite file of their own: shared by all processes of one machine, kept over a restart.

The library that counts brings memory (one process) and Redis (several machines), and nothing between.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

from limits.storage import Storage

SCHEME = "counters"
SWEEP_EVERY = 1_000  # counts, between two times that what is over is thrown away
BUSY_SECONDS = 1.0

_TABLES = "CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, count INTEGER NOT NULL, ends_at REAL NOT NULL)"
_COUNT = """
INSERT INTO counter (name, count, ends_at) VALUES (:name, :amount, :now + :seconds)
ON CONFLICT (name) DO UPDATE SET
    count = CASE WHEN ends_at <= :now THEN excluded.count ELSE count + excluded.count END,
    ends_at = CASE WHEN ends_at <= :now THEN excluded.ends_at ELSE ends_at END
RETURNING count
"""


class CounterFile(Storage):
    """Counts in `counters:///path/of/the/file`; the file is made at the first count."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012  # the library's own way to find it

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **_options: float | str | bool) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._path = Path(unquote(urlsplit(uri or "").path))
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._counted = 0

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What may go wrong here."""
        return sqlite3.Error, OSError

    def _run(self, statement: str, **values: object) -> tuple[float, ...] | None:
        """One statement is one transaction. Nothing is synced: what a power cut takes is a minute's counting."""
        with self._lock:
            if self._connection is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                connection = sqlite3.connect(
                    self._path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
                )
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=OFF")
                connection.execute(_TABLES)
                self._connection = connection
            rows = self._connection.execute(statement, values).fetchall()
            return rows[0] if rows else None

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and say how many there are in this stretch of time; the first one begins it."""
        now = time.time()
        row = self._run(_COUNT, name=key, amount=amount, now=now, seconds=expiry)
        assert row is not None  # an upsert always returns its row
        self._counted += 1
        if self._counted % SWEEP_EVERY == 0:
            self._run("DELETE FROM counter WHERE ends_at <= :now", now=now)
        return int(row[0])

    def get(self, key: str) -> int:
        """How many there are."""
        row = self._run("SELECT count FROM counter WHERE name = :name AND ends_at > :now", name=key, now=time.time())
        return int(row[0]) if row else 0

    def get_expiry(self, key: str) -> float:
        """When the stretch of time ends."""
        row = self._run("SELECT ends_at FROM counter WHERE name = :name", name=key)
        return float(row[0]) if row else time.time()

    def check(self) -> bool:
        """Whether the file can be read."""
        try:
            self._run("SELECT 1")
        except (sqlite3.Error, OSError):
            return False
        return True

    def reset(self) -> int | None:
        """Forget everything."""
        self._run("DELETE FROM counter")
        return None

    def clear(self, key: str) -> None:
        """Forget one."""
        self._run("DELETE FROM counter WHERE name = :name", name=key)
