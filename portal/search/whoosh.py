"""Whoosh, embedded: an index directory that can always be made anew from the database.

Findings behind the choices (engines.md, section 1): never Whoosh's `filter=` (an empty one lets everything through), never
its query parser, one writer at a time, and one searcher under a lock because searchers are not safe to share.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from whoosh import index as whoosh_index
from whoosh import query as wq
from whoosh.analysis import Token as WhooshToken
from whoosh.analysis import Tokenizer
from whoosh.fields import ID, TEXT, Schema
from whoosh.searching import Searcher

from portal.search.aside import aside
from portal.search.compounds import Analysis
from portal.search.engine import Busy, Document, Hit, SearchDown
from portal.search.query import Query, Wanted
from portal.search.swedish import tokens

log = logging.getLogger("portal.search")

P = ParamSpec("P")
T = TypeVar("T")

FORM = 3  # of the documents in the index; a new number lets every index be made anew
NOBODY = "none"  # a group id that no document bears
TITLE_WEIGHT = 3.0
PART_WEIGHT = 0.5


class _Terms(Tokenizer):  # type: ignore[misc]  # Whoosh has no types
    """Hands Whoosh the terms that swedish.py makes; those of one word stand in one place."""

    def __init__(self, terms_of: Callable[[Analysis], Collection[str]]) -> None:
        self.terms_of = terms_of

    def __call__(self, value: str, positions: bool = False, **_options: Any) -> Iterator[Any]:
        """The terms of a text, with their positions."""
        made = WhooshToken(positions, False, removestops=False)
        for position, token in enumerate(tokens(value)):
            for term in self.terms_of(token.analysis):
                made.text, made.boost, made.stopped = term, 1.0, False
                if positions:
                    made.pos = position
                yield made


def _lemmas(analysis: Analysis) -> Collection[str]:
    return analysis.lemmas


def _parts_of(analysis: Analysis) -> Collection[str]:
    return {part.term for part in analysis.parts}


def _schema() -> Any:
    return Schema(
        key=ID(stored=True, unique=True),
        type=ID,
        group=ID,
        title=TEXT(analyzer=_Terms(_lemmas), phrase=True, field_boost=TITLE_WEIGHT),
        body=TEXT(analyzer=_Terms(_lemmas), phrase=True),
        parts=TEXT(analyzer=_Terms(_parts_of), phrase=False),  # of compounds, in title and body
    )


class WhooshEngine:
    """The embedded engine (see `Engine`). `root` holds numbered index directories and `current`, a link to the one in use."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._searcher: Searcher | None = None
        self._opened: str | None = None

    # --- reading ---

    def search(self, query: Query, *, group_ids: Collection[int], limit: int, type_: str | None = None) -> list[Hit]:
        """See `Engine.search`."""
        if query.is_empty or not group_ids:
            return []
        return self._surely(self._ask, query, group_ids, limit, type_)

    def check(self) -> None:
        """See `Engine.check`."""
        self._surely(self._fresh)

    def _surely(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask the index, a second time if it was swapped under the question. The lock is held in the loop's own thread."""
        with self._lock:
            for attempt in (1, 2):
                try:
                    return aside(function, *args, **kwargs)
                except SearchDown:
                    break
                except Exception as error:  # noqa: BLE001  # Whoosh raises anything on a damaged index
                    log.error("the index could not be read (attempt %s): %s", attempt, repr(error))
                    self._let_go()
        raise SearchDown

    def _ask(self, query: Query, group_ids: Collection[int], limit: int, type_: str | None) -> list[Hit]:
        searcher = self._fresh()
        hits = self._run(searcher, query, group_ids, limit, type_, wq.And)
        if not hits and len(_parts(query.wanted)) > 1:
            hits = self._run(searcher, query, group_ids, limit, type_, wq.Or)
        return hits

    def _run(
        self, searcher: Any, query: Query, group_ids: Collection[int], limit: int, type_: str | None, join: Any
    ) -> list[Hit]:
        # un-normalised on purpose: normalising drops an empty Or, and with it the fence around the groups
        fence = wq.ConstantScoreQuery(
            wq.Or(
                [
                    wq.Term("group", NOBODY),
                    *(wq.Term("group", str(group_id)) for group_id in sorted(group_ids)),
                ]
            ),
            0.0,
        )
        of_type = [wq.ConstantScoreQuery(wq.Term("type", type_), 0.0)] if type_ is not None else []
        wanted = wq.And([join(_parts(query.wanted)), fence, *of_type])
        if query.refused:
            wanted = wq.AndNot(wanted, wq.Or(_parts(query.refused)))
        found = searcher.search(wanted, limit=limit)
        hits = []
        for rank in range(found.scored_length()):
            kind, _colon, number = found.fields(rank)["key"].partition(":")
            hits.append(Hit(kind, int(number)))
        return hits

    def _fresh(self) -> Any:
        current = self._current()
        if current is None:
            raise SearchDown
        if self._opened != current.name or self._searcher is None:
            if self._searcher is not None:
                self._searcher.close()
            self._searcher = whoosh_index.open_dir(str(current)).searcher()
            self._opened = current.name
        else:
            self._searcher = self._searcher.refresh()
        return self._searcher

    def close(self) -> None:
        """Let go of the index's files."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._searcher is not None:
            self._searcher.close()
        self._searcher = self._opened = None

    def exists(self) -> bool:
        """See `Engine.exists`."""
        return self._current() is not None

    def _current(self) -> Path | None:
        link = self._root / "current"
        directory = link.resolve() if link.exists() else None
        return directory if directory is not None and directory.name.startswith(f"index-{FORM}-") else None

    # --- writing ---

    def write(self, documents: Iterable[Document], gone: Iterable[tuple[str, int]]) -> None:
        """See `Engine.write`."""
        with self._writing():
            current = self._current() or self._swap(self._new_directory())
            writer = whoosh_index.open_dir(str(current)).writer(limitmb=64)
            try:
                for kind, number in gone:
                    writer.delete_by_term("key", f"{kind}:{number}")
                for document in documents:
                    writer.update_document(**_fields(document))
            except BaseException:
                writer.cancel()
                raise
            writer.commit()

    def rebuild(self, documents: Iterable[Document]) -> int:
        """See `Engine.rebuild`."""
        count = 0
        with self._writing():
            directory = self._new_directory()
            writer = whoosh_index.open_dir(str(directory)).writer(limitmb=128)
            try:
                for document in documents:
                    writer.add_document(**_fields(document))
                    count += 1
            except BaseException:
                writer.cancel()
                shutil.rmtree(directory)
                raise
            writer.commit(optimize=True)
            self._swap(directory)
        return count

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy from None
            yield

    def _new_directory(self) -> Path:
        directory = self._root / f"index-{FORM}-{secrets.token_hex(6)}"
        directory.mkdir()
        whoosh_index.create_in(str(directory), _schema())
        return directory

    def _swap(self, directory: Path) -> Path:
        """Point `current` at the directory in one step; the directory before the last is then dropped."""
        link = self._root / f"link-{secrets.token_hex(6)}"
        link.symlink_to(directory.name)
        before = self._current()
        os.replace(link, self._root / "current")
        for old in self._root.glob("index-*"):
            if old not in {directory, before}:  # a searcher may still have the one before open
                shutil.rmtree(old, ignore_errors=True)
        return directory


def _parts(side: Wanted) -> list[Any]:
    """What each word, phrase and beginning asks of a document."""
    parts: list[Any] = [wq.Or([term for one in word for term in _term(one)]) for word in side.words]
    parts += [wq.Or([wq.Phrase(field, list(phrase)) for field in ("title", "body")]) for phrase in side.phrases]
    parts += [wq.Or([wq.Prefix(field, prefix) for field in ("title", "body")]) for prefix in side.prefixes]
    return parts


def _term(term: str) -> list[Any]:
    return [
        wq.Term("title", term, boost=TITLE_WEIGHT),
        wq.Term("body", term),
        wq.Term("parts", term, boost=PART_WEIGHT),
    ]


def _fields(document: Document) -> dict[str, Any]:
    return {
        "key": f"{document.type}:{document.id}",
        "type": document.type,
        "group": str(document.group_id),
        "title": document.title,
        "body": document.body,
        "parts": f"{document.title}\n{document.body}",
    }
