"""Content-addressed files: stored once under their SHA-256, outside the web root, never changed.

A file is written to a temporary name, synced and renamed, so that a crash or a full disk leaves nothing half-written.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from flask import current_app
from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy.orm import InstrumentedAttribute

from portal import db
from portal.errors import Invalid

CHUNK = 1 << 20
HALF = "half-"  # before the names of what is lost with its process


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored file: its SHA-256 in hex and its size in bytes."""

    sha256: str
    size: int


def _root() -> Path:
    root: Path = current_app.config["SETTINGS"].data_dir / "files"
    return root


def path_of(sha256: str) -> Path:
    """Where the content with this hash lies. Raises `ValueError` for anything that is not a SHA-256."""
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError("not a SHA-256")
    return _root() / sha256[:2] / sha256


def incoming() -> Path:
    """The folder for what is on its way in. What a process that has ended left there is swept away after a day."""
    folder = _root() / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def store(stream: IO[bytes], *, limit: int) -> Stored:
    """Store what the stream holds, at most `limit` bytes.

    Raises `Invalid` for an empty or too large stream; `OSError` when the disk is full, leaving nothing behind.
    """
    digest, size = hashlib.sha256(), 0
    handle, name = tempfile.mkstemp(dir=incoming(), prefix=HALF)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise Invalid(_("The file is larger than %(limit)s.", limit=human_size(limit)), field="file")
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        if size == 0:
            raise Invalid(_("The file is empty."), field="file")
        final = path_of(digest.hexdigest())
        final.parent.mkdir(exist_ok=True)
        temporary.replace(final)
        for folder in (final.parent, _root()):  # a power cut must not take the name away from a row that is stored
            _sync(folder)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return Stored(digest.hexdigest(), size)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_older(sha256: str, age: timedelta) -> bool:
    """Whether the content is there and was stored, or stored again, longer ago than `age`."""
    try:
        return time.time() - path_of(sha256).stat().st_mtime > age.total_seconds()
    except FileNotFoundError:
        return False


def all_older(age: timedelta) -> list[str]:
    """The hashes of all contents that were stored longer ago than `age`."""
    names = (path.name for path in _root().glob("[0-9a-f][0-9a-f]/*"))
    return sorted(name for name in names if is_older(name, age))


def drop_half_received(age: timedelta) -> None:
    """Delete what came in longer ago than `age` and was never stored: its process ended meanwhile."""
    for path in incoming().glob(f"{HALF}*"):
        if time.time() - path.stat().st_mtime > age.total_seconds():
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def chunks(sha256: str) -> Iterator[bytes]:
    """The content, piece by piece. Raises `FileNotFoundError` at the first piece if it is gone."""
    with path_of(sha256).open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk


def human_size(size: int) -> str:
    """A size as people read it: "3,4 MB". The decimal mark follows the language of the request."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{format_decimal(value, format='0.#')}\N{NO-BREAK SPACE}{unit}"


# --- whose contents they are ---------------------------------------------------------------------------------------------

_named_in: list[InstrumentedAttribute[str | None]] = []


def named_in(column: InstrumentedAttribute[str | None]) -> None:
    """Say that a column of a feature's own holds hashes: what it names is never swept away."""
    _named_in.append(column)


def named_elsewhere() -> set[str]:
    """All hashes that features have named in columns of their own."""
    return {sha256 for column in _named_in for sha256 in db.session.scalars(sa.select(column)) if sha256}


def is_named_elsewhere(sha256: str) -> bool:
    """Whether a feature has named this very content in a column of its own."""
    return any(
        db.session.scalar(sa.select(column).where(column == sha256).limit(1)) is not None for column in _named_in
    )
