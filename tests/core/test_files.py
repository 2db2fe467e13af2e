"""Files under their SHA-256: stored whole or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from pathlib import Path
from typing import BinaryIO

import pytest
from flask_babel import force_locale

from portal import files
from portal.errors import Invalid
from portal.web import Edge


def stored_files(app: Edge) -> list[str]:
    root: Path = app.config["SETTINGS"].data_dir / "files"
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_a_file_lies_under_its_hash(app: Edge) -> None:
    content = b"innehall" * 1000
    stored = files.store(io.BytesIO(content), limit=10_000)
    assert (stored.sha256, stored.size) == (hashlib.sha256(content).hexdigest(), 8000)
    assert b"".join(files.chunks(stored.sha256)) == content
    assert files.path_of(stored.sha256).parent.name == stored.sha256[:2]
    assert stored_files(app) == [stored.sha256]


def test_the_same_content_is_stored_once(app: Edge) -> None:
    first, second = (files.store(io.BytesIO(b"samma"), limit=100) for _ in range(2))
    assert first == second
    assert len(stored_files(app)) == 1


def test_the_limit_is_the_last_size_that_is_taken(app: Edge) -> None:
    assert files.store(io.BytesIO(b"x" * 100), limit=100).size == 100
    with pytest.raises(Invalid) as refused:
        files.store(io.BytesIO(b"x" * 101), limit=100)
    assert refused.value.field == "file"
    assert "100" in refused.value.message
    assert len(stored_files(app)) == 1


def test_an_empty_file_is_refused(app: Edge) -> None:
    with pytest.raises(Invalid):
        files.store(io.BytesIO(b""), limit=100)
    assert stored_files(app) == []


class Breaking(io.BytesIO):
    """A stream that ends badly."""

    def read(self, size: int | None = -1) -> bytes:
        part = super().read(10)
        if not part:
            raise ConnectionResetError
        return part


def test_a_stream_that_breaks_leaves_nothing(app: Edge) -> None:
    with pytest.raises(ConnectionResetError):
        files.store(Breaking(b"x" * 50), limit=100)
    assert stored_files(app) == []


@pytest.mark.parametrize(
    "name", ["", "a" * 63, "a" * 65, "A" * 64, "../" + "a" * 61, "/" + "a" * 63, "\x00" * 64, "a" * 63 + "\n", "å" * 64]
)
def test_only_a_hash_is_a_place(app: Edge, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        files.path_of(name)


def test_a_file_that_is_gone(app: Edge) -> None:
    with pytest.raises(FileNotFoundError):
        next(files.chunks("a" * 64))


def test_the_same_file_from_many_at_once(app: Edge) -> None:
    found: list[files.Stored] = []

    def store() -> None:
        with app.app_context():
            found.append(files.store(io.BytesIO(b"samma" * 10_000), limit=100_000))

    writers = [threading.Thread(target=store) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(found) == 6
    assert len(set(found)) == len(stored_files(app)) == 1


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1536, "1,5 kB"), (52_428_800, "52,4 MB"), (3_000_000_000, "3 GB")],
)
def test_sizes_as_people_read_them(app: Edge, size: int, shown: str) -> None:
    with app.test_request_context():
        assert files.human_size(size) == shown.replace(" ", "\N{NO-BREAK SPACE}")


def test_a_stream_is_read_piece_by_piece(app: Edge) -> None:
    asked: list[int | None] = []

    class Noting(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            asked.append(size)
            return super().read(size)

    stream: BinaryIO = Noting(b"x" * (2 * files.CHUNK + 1))
    files.store(stream, limit=10 * files.CHUNK)
    assert asked == [files.CHUNK] * 4


def test_a_stored_name_survives_a_power_cut(app: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folders are synced after the name is there, not only the content before."""
    synced: list[tuple[str, bool]] = []
    before = os.fsync
    name = hashlib.sha256(b"innehall").hexdigest()

    def note(handle: int) -> None:
        before(handle)
        synced.append((Path(os.readlink(f"/proc/self/fd/{handle}")).name, files.path_of(name).exists()))

    monkeypatch.setattr(os, "fsync", note)
    files.store(io.BytesIO(b"innehall"), limit=100)
    assert synced[1:] == [(name[:2], True), ("files", True)]


def test_sizes_in_english(app: Edge) -> None:
    with app.test_request_context(), force_locale("en"):
        assert [files.human_size(size) for size in (3_400_000, 2_450_000_001)] == [
            "3.4\N{NO-BREAK SPACE}MB",
            "2.5\N{NO-BREAK SPACE}GB",
        ]
