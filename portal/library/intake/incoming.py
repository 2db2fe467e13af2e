"""The bytes of a file that comes in pieces: each piece goes to the end of a file under files/incoming, at once and for good,
so that a lost connection or a killed process costs what was on the wire and nothing more.

How much has come is the size of the file: there is no second truth in the database.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import re
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

from portal import files
from portal.errors import PortalError

A_READ = 1 << 18
CHECKSUMS = ("sha256", "sha1")  # of one piece, as the sender may give it

_TOKEN = re.compile("[0-9a-f]{32}")


class Refused(PortalError):
    """A piece that cannot be taken; `status` is what tus 1.0 says for it."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


def path_of(token: str) -> Path:
    """Where the bytes lie. Raises `ValueError` for what is no token."""
    if not _TOKEN.fullmatch(token):
        raise ValueError("not a token")
    return files.incoming() / token


def begin(token: str) -> None:
    """Make the empty file."""
    path_of(token).touch(exist_ok=False)


def offset_of(token: str) -> int:
    """How many bytes have come. Raises `FileNotFoundError` if the file is gone."""
    return path_of(token).stat().st_size


@contextmanager
def held(token: str) -> Iterator[IO[bytes]]:
    """The file, for one at a time; raises `Refused` (423) while another has it, in this process or any other."""
    with path_of(token).open("r+b", buffering=0) as target:
        try:
            fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(423) from None
        yield target


def append(token: str, stream: IO[bytes], *, offset: int, size: int, checksum: str = "") -> int:
    """Put a piece at the end; answers how many bytes there are now.

    `offset` is where the sender believes the end to be, `size` what was announced for the whole. What came before a
    connection broke is kept, unless the piece has a checksum. Raises `Refused`: 409 another offset, 413 more than announced,
    423 somebody else is writing, 460 the checksum does not fit, 400 an unknown one; `OSError` when the disk is full.
    """
    digest, expected = _checksum(checksum)
    with held(token) as target:
        have = target.seek(0, os.SEEK_END)
        if have != offset:
            raise Refused(409)
        try:
            while piece := stream.read(A_READ):
                if have + len(piece) > size:
                    raise Refused(413)
                if digest is not None:
                    digest.update(piece)
                _write(target, piece)
                have += len(piece)
            if digest is not None and not hmac.compare_digest(digest.digest(), expected):
                raise Refused(460)
        except BaseException as error:
            if digest is not None or isinstance(error, Refused):
                target.truncate(offset)
            raise
        return have


def _write(target: IO[bytes], piece: bytes) -> None:
    """All of it: a raw file takes what it can, and says only at the next try that the disk is full."""
    rest = memoryview(piece)
    while rest:
        rest = rest[target.write(rest) :]


def _checksum(header: str) -> tuple[hashlib._Hash | None, bytes]:
    """`sha256 <base64>` as a digest to be fed and the bytes that it must give."""
    if not header:
        return None, b""
    name, _space, value = header.partition(" ")
    try:
        expected = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise Refused(400) from None
    if name not in CHECKSUMS:
        raise Refused(400)
    return hashlib.new(name, usedforsecurity=False), expected


def is_whole(token: str, size: int) -> bool:
    """Whether all `size` bytes have come, and nobody is at the last of them: a piece that is wrong is taken back."""
    try:
        if offset_of(token) != size:
            return False
        with held(token) as source:
            return source.seek(0, os.SEEK_END) == size
    except (FileNotFoundError, Refused):
        return False


def drop_unknown(known: Collection[str], age: timedelta) -> None:
    """Delete bytes that lie here for longer than `age` under a token that no row has: its transaction failed."""
    for path in files.incoming().iterdir():
        is_unknown = _TOKEN.fullmatch(path.name) and path.name not in known
        if is_unknown and time.time() - path.stat().st_mtime > age.total_seconds():
            path.unlink(missing_ok=True)


def drop(token: str) -> None:
    """Delete the bytes."""
    path_of(token).unlink(missing_ok=True)
