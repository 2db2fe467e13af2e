"""Whoosh, embedded: an index directory that can always be made anew from the database.

How it lies on disk: whoosh_codec.py; how it is asked: whoosh_reader.py. Here is who may write when, and what is swapped.
`root` holds numbered index directories and `current`, a link to the one in use. Two locks, both let go of by the system when a
process dies: `lock` for writing, `rebuilding` for making a new index, which goes on beside the writing. What is written
meanwhile is noted in `journal` and written into the new index before it is swapped in.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from whoosh.filedb.filestore import FileStorage
from whoosh.index import _DEF_INDEX_NAME, TOC, FileIndex, LockError
from whoosh.reading import SegmentReader
from whoosh.writing import SegmentWriter

from portal.search.aside import aside
from portal.search.engine import Answer, Ask, Busy, Document, Key, Renewed, SearchDown
from portal.search.whoosh_codec import ArrayCodec
from portal.search.whoosh_opened import Opened
from portal.search.whoosh_reader import Moment
from portal.search.whoosh_schema import fields_of, schema

log = logging.getLogger("portal.search")

P = ParamSpec("P")
T = TypeVar("T")

FORM = 9  # of the documents in the index; a new number lets every index be made anew
TIERS = (20, 150, 1_000)  # documents: segments up to these sizes are merged with their like
TO_MERGE = 8  # so many of one size become one
MOST_SEGMENTS = 48
MOST_DELETED = 0.2
SMALL = 1_000  # documents: below it, deleted ones do no harm
MEMORY_MB, MEMORY_OF_REBUILD_MB = 32, 128
DAMAGED = "damaged"  # a mark in the directory of an index


class WhooshEngine:
    """The embedded engine (see `Engine`)."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._opened = Opened()

    # --- reading ---

    def search(self, ask: Ask) -> Answer:
        """See `Engine.search`."""
        if not ask.group_ids:
            return Answer(counts={facet: {} for facet in ask.counted})
        return self._surely(self._ask, ask)

    def _ask(self, ask: Ask) -> Answer:
        return self._moment().search(ask)

    def words_like(self, beginnings: Collection[str]) -> list[str]:
        """See `Engine.words_like`."""
        return self._surely(self._words_like, beginnings)

    def _words_like(self, beginnings: Collection[str]) -> list[str]:
        return self._moment().words_like(beginnings)

    def check(self) -> None:
        """See `Engine.check`."""
        if not self.exists():
            raise SearchDown
        self._surely(self._moment)

    def _surely(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask the index, a second time if it was changed under the question. The lock is held in the loop's own thread."""
        with self._lock:
            for attempt in (1, 2):
                try:
                    return aside(function, *args, **kwargs)
                except SearchDown:
                    break
                except Exception as error:  # noqa: BLE001  # Whoosh raises anything on a damaged index
                    log.error("the index could not be read (attempt %s): %s", attempt, repr(error))
                    self._opened.close()
                    if attempt == 2 and not isinstance(error, OSError):  # what is missing, `check` sees by itself
                        self._say_damaged()
        raise SearchDown

    def _moment(self) -> Moment:
        current = self._current()
        if current is None:
            raise SearchDown
        return self._opened.newest(current)

    def _say_damaged(self) -> None:
        """Leave a mark on an index that opens but cannot be read, so that it is made anew."""
        current = self._current()
        if current is not None:
            with suppress(OSError):  # a full disk: the next question says it again
                (current / DAMAGED).touch()

    def close(self) -> None:
        """See `Engine.close`."""
        with self._lock:
            self._opened.close()

    def exists(self) -> bool:
        """See `Engine.exists`. One that bears the mark of damage is made anew; until then it answers what it can."""
        current = self._current()
        return current is not None and not (current / DAMAGED).exists()

    def is_worn(self) -> bool:
        """See `Engine.is_worn`."""
        current = self._current()
        if current is None:
            return True
        segments = TOC.read(FileStorage(str(current)), _DEF_INDEX_NAME, schema=schema()).segments
        there = sum(segment.doc_count_all() for segment in segments)
        deleted = sum(segment.deleted_count() for segment in segments)
        return len(segments) > MOST_SEGMENTS or deleted > max(SMALL, MOST_DELETED * there)

    def _current(self) -> Path | None:
        link = self._root / "current"
        directory = link.resolve() if link.exists() else None
        return directory if directory is not None and directory.name.startswith(f"index-{FORM}-") else None

    # --- writing ---

    def write(self, documents: Iterable[Document], gone: Iterable[Key]) -> None:
        """See `Engine.write`."""
        with self._holding("lock"):
            current = self._current() or self._swap(self._new_directory())
            documents, gone = list(documents), list(gone)
            self._note([*(document.key for document in documents), *gone])
            with self._lock:
                self._write(current, documents, gone)

    def _write(self, folder: Path, documents: Iterable[Document], gone: Iterable[Key]) -> None:
        try:
            self._write_surely(folder, documents, gone)
        except LockError:
            raise Busy from None
        except OSError:
            raise
        except Exception:  # what lies there cannot be read
            self._opened.close()
            self._say_damaged()
            raise

    def _write_surely(self, folder: Path, documents: Iterable[Document], gone: Iterable[Key]) -> None:
        for left in folder.glob("*.tmp"):  # by a process that was killed; nobody else writes now
            shutil.rmtree(left)
        writer = _writer(folder, MEMORY_MB)
        try:
            replaced = {document.key: document for document in documents}  # the last one, should there be two
            self._opened.delete(FileStorage(str(folder)), writer.segments, {*replaced, *gone})
            for document in replaced.values():
                writer.add_document(**fields_of(document))
            writer.commit(mergetype=_merge_small)
        except BaseException:
            with suppress(Exception):  # what it says when it is half closed is of no use beside the error itself
                writer.cancel()
            raise

    def rebuild(self, documents: Iterable[Document], again: Renewed) -> int:
        """See `Engine.rebuild`."""
        count = 0
        with self._holding("rebuilding"):
            for left in self._root.glob("index-*"):
                if left != self._current():
                    shutil.rmtree(left, ignore_errors=True)
            (self._root / "journal").write_text("")
            directory = self._new_directory()
            try:
                writer = _writer(directory, MEMORY_OF_REBUILD_MB)
                try:
                    for document in documents:
                        writer.add_document(**fields_of(document))
                        count += 1
                    writer.commit(merge=False)
                except BaseException:
                    with suppress(Exception):
                        writer.cancel()
                    raise
                with self._holding("lock", wait=True):
                    self._catch_up(directory, again)
                    self._swap(directory)
            except BaseException:
                shutil.rmtree(directory, ignore_errors=True)
                raise
            finally:
                (self._root / "journal").unlink(missing_ok=True)
        return count

    def _catch_up(self, directory: Path, again: Renewed) -> None:
        """Write into the new index what has been written into the old one meanwhile."""
        lines = dict.fromkeys((self._root / "journal").read_text().split())
        pairs = [line.partition(":") for line in lines]
        keys = [
            (kind, int(number)) for kind, _colon, number in pairs if number.isdigit()
        ]  # a line may have been cut off
        if keys:
            documents, gone = again(keys)
            with self._lock:
                self._write(directory, documents, gone)

    def _note(self, keys: Iterable[Key]) -> None:
        """Tell a running rebuild what is written now; what a rebuild that was killed left behind is taken away."""
        journal = self._root / "journal"
        if not journal.exists():
            return
        with suppress(Busy), self._holding("rebuilding"):
            journal.unlink()
            return
        with journal.open("a") as file:
            file.writelines(f"{kind}:{number}\n" for kind, number in keys)

    @contextmanager
    def _holding(self, name: str, *, wait: bool = False) -> Iterator[None]:
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / name).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise Busy from None
            yield

    def _new_directory(self) -> Path:
        directory = self._root / f"index-{FORM}-{secrets.token_hex(6)}"
        directory.mkdir()
        TOC.create(FileStorage(str(directory)), schema())
        return directory

    def _swap(self, directory: Path) -> Path:
        """Point `current` at the directory in one step. The one before stays until the next rebuild: somebody may have it open."""
        link = self._root / f"link-{secrets.token_hex(6)}"
        link.symlink_to(directory.name)
        os.replace(link, self._root / "current")
        return directory


def _writer(folder: Path, memory_mb: int) -> SegmentWriter:
    return SegmentWriter(FileIndex(FileStorage(str(folder)), schema()), limitmb=memory_mb, codec=ArrayCodec())


def _merge_small(writer: Any, segments: list[Any]) -> list[Any]:
    """Many small segments of like size become one, so that a search has few to ask. Large ones are left alone: merging them
    takes seconds, and what is written must be found at once."""
    kept, tier = list(segments), 0
    for least, most in zip((0, *TIERS), TIERS, strict=False):
        alike = [segment for segment in kept if least < segment.doc_count_all() <= most]
        if len(alike) >= TO_MERGE:
            tier = most
            break
    for segment in list(kept):
        if segment.deleted_count() == segment.doc_count_all():  # a segment that is merged must give documents
            kept.remove(segment)
    for segment in [one for one in kept if tier and one.doc_count_all() <= tier]:
        reader = SegmentReader(writer.storage, writer.schema, segment)
        writer.add_reader(reader)
        reader.close()
        kept.remove(segment)
    return kept
