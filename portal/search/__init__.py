"""Search: the index proposes, the database disposes (house rule 7).

Features register what can be found. A change of such a thing is noted when it is flushed, as a row of the outbox in the same
transaction; the worker alone writes the index. Every hit is looked up through its `visible_…` query before it, its snippet
or its count is shown, so a stale or tampered index can hide things but never show them.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal import db, outbox
from portal.search import snippets
from portal.search.aside import aside
from portal.search.engine import Busy, Document, Engine, Hit, SearchDown
from portal.search.query import Query, parse
from portal.search.snippets import Snippet, Text
from portal.search.whoosh import WhooshEngine

__all__ = [
    "Busy",
    "Document",
    "Found",
    "Kind",
    "Query",
    "Results",
    "SearchDown",
    "Snippet",
    "Text",
    "check",
    "document_of",
    "query",
    "rebuild",
    "register",
]

log = logging.getLogger("portal.search")

MOST_HITS = 1000  # proposals that are looked at for one question
JOB = "index_changed"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing that can be found."""

    name: str
    model: type[Any]
    document: Callable[[Any], Document | None]  # None: no longer to be found
    visible: Callable[[Any], sa.Select[Any]]
    all_rows: Callable[[], sa.Select[Any]]
    text: Sequence[Any]
    texts: Callable[[Sequence[Any]], Mapping[int, Sequence[Text]]] | None


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was found and may be seen, and the passages that show why."""

    type: str
    obj: Any
    passages: Sequence[Snippet] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """A page of results. `counts` is per type over all results (over those of the one type, where they were narrowed);
    `more` says that there may be more than were counted."""

    query: Query
    found: Sequence[Found]
    total: int
    counts: dict[str, int]
    more: bool


_kinds: dict[str, Kind] = {}
_types: dict[type[Any], str] = {}


def register(
    type_: str,
    model: type[Any],
    *,
    document: Callable[[Any], Document | None],
    visible: Callable[[Any], sa.Select[Any]],
    all_rows: Callable[[], sa.Select[Any]],
    text: Sequence[Any] = (),
    texts: Callable[[Sequence[Any]], Mapping[int, Sequence[Text]]] | None = None,
) -> None:
    """Let things of a model be found. `all_rows` selects them with what `document` needs already joined.

    `text` are the loader options with which a page of results loads, in one query, the text that passages are made of.
    `texts` answers that text by the things' ids instead, where it has pages or is long.
    """
    _kinds[type_] = Kind(type_, model, document, visible, all_rows, text, texts)
    _types[model] = type_


def engine() -> Engine:
    """The engine of the current app."""
    made: Engine = current_app.extensions["search_engine"]
    return made


def query(
    text: str, *, person: Any, group_ids: Collection[int], type_: str | None = None,
    narrow: sa.ColumnElement[bool] | None = None, offset: int = 0, limit: int = 20, with_text: bool = True,
) -> Results:  # fmt: skip
    """What the person may see of what was asked for, best first.

    `group_ids` are the groups that the person may read now; without any there is nothing to find. `type_` keeps one type,
    and `narrow` a part of that type. `with_text` False: no passages will be shown. Raises `SearchDown`.
    """
    parsed = parse(text)
    hits = _hits(parsed, person, group_ids, type_, narrow)
    counts = Counter(hit.type for hit in hits.allowed)
    if type_ is not None and narrow is None:
        counts |= Counter(hit.type for hit in _hits(parsed, person, group_ids, None, None).allowed if hit.type != type_)
    found = _load(hits.allowed[offset : offset + limit], person, with_text)
    if with_text:
        found = _with_passages(found, parsed)
    return Results(parsed, found, len(hits.allowed), dict(counts), hits.more)


@dataclass(frozen=True, slots=True)
class _Hits:
    allowed: list[Hit]
    more: bool


def _hits(
    parsed: Query, person: Any, group_ids: Collection[int], type_: str | None, narrow: sa.ColumnElement[bool] | None
) -> _Hits:
    """What the engine proposes and the person may see."""
    proposed = engine().search(parsed, group_ids=group_ids, limit=MOST_HITS, type_=type_) if group_ids else []
    seen = _seen(proposed, person, type_, narrow)
    return _Hits([hit for hit in proposed if hit.id in seen.get(hit.type, ())], len(proposed) >= MOST_HITS)


def document_of(found: Found) -> Document | None:
    """What the index was given for a thing: its title and the text that snippets are made of."""
    return _kinds[found.type].document(found.obj)


def _seen(
    hits: Sequence[Hit], person: Any, narrowed: str | None, narrow: sa.ColumnElement[bool] | None
) -> dict[str, set[int]]:
    """Which of the proposed things the person may see, by the same query that guards their pages."""
    seen: dict[str, set[int]] = {}
    for type_ in {hit.type for hit in hits} & set(_kinds):
        kind = _kinds[type_]
        ids = [hit.id for hit in hits if hit.type == type_]
        visible = kind.visible(person).with_only_columns(kind.model.id).order_by(None).where(kind.model.id.in_(ids))
        if narrow is not None and type_ == narrowed:
            visible = visible.where(narrow)
        seen[type_] = set(db.session.scalars(visible))
    return seen


def _load(hits: Sequence[Hit], person: Any, with_text: bool) -> list[Found]:
    objects: dict[tuple[str, int], Any] = {}
    for type_ in {hit.type for hit in hits}:
        kind = _kinds[type_]
        ids = [hit.id for hit in hits if hit.type == type_]
        rows = kind.visible(person).where(kind.model.id.in_(ids)).options(*(kind.text if with_text else ()))
        for obj in db.session.scalars(rows).unique():
            objects[type_, obj.id] = obj
    return [Found(hit.type, objects[hit.type, hit.id]) for hit in hits if (hit.type, hit.id) in objects]


def _with_passages(found: list[Found], parsed: Query) -> list[Found]:
    """The same with their passages: the texts are loaded here, the words are looked for aside."""
    texts: dict[tuple[str, int], Sequence[Text]] = {}
    for name in {one.type for one in found}:
        kind, objects = _kinds[name], [one.obj for one in found if one.type == name]
        if kind.texts is not None:
            texts |= {(name, number): some for number, some in kind.texts(objects).items()}
        else:
            texts |= {(name, obj.id): [(None, document.body)] for obj in objects if (document := kind.document(obj))}
    made = aside(_passages, [texts.get((one.type, one.obj.id), ()) for one in found], parsed)
    return [replace(one, passages=some) for one, some in zip(found, made, strict=True)]


def _passages(texts: list[Sequence[Text]], parsed: Query) -> list[list[Snippet]]:
    return [snippets.passages(some, parsed) for some in texts]


# --- keeping the index --------------------------------------------------------------------------------------------------


@event.listens_for(Session, "after_flush")
def _note_changes(session: Session, _context: object) -> None:
    rows = []
    for obj in {*session.new, *session.dirty, *session.deleted}:
        type_ = _types.get(type(obj))
        if type_ is not None and (obj in session.new or obj in session.deleted or session.is_modified(obj)):
            rows.append({"kind": JOB, "payload": {"type": type_, "id": obj.id}})
    if rows:
        at = db.now()
        session.execute(sa.insert(outbox.Job), [{**row, "run_at": at, "created_at": at, "attempts": 0} for row in rows])


@outbox.handler(JOB, batch=500)
def index_changed(payloads: list[dict[str, Any]]) -> None:
    """Bring the index up to date with some things, whatever has happened to them since; all of it, if it is lost."""
    try:
        if not engine().exists():
            rebuild()
        else:
            _write_changes(payloads)
    except Busy:  # a rebuild runs, and it may have passed these things already
        for payload in payloads:
            outbox.enqueue(JOB, delay=timedelta(seconds=1), **payload)


def _write_changes(payloads: list[dict[str, Any]]) -> None:
    wanted: dict[str, set[int]] = {}
    for payload in payloads:
        wanted.setdefault(payload["type"], set()).add(payload["id"])
    documents: list[Document] = []
    gone: set[tuple[str, int]] = set()
    with db.reading():
        for type_, ids in wanted.items():
            kind = _kinds.get(type_)
            if kind is None:
                continue
            gone |= {(type_, number) for number in ids}
            for obj in db.session.scalars(kind.all_rows().where(kind.model.id.in_(ids))).unique():
                document = kind.document(obj)
                if document is not None:
                    documents.append(document)
    gone -= {(document.type, document.id) for document in documents}
    engine().write(documents, gone)


def _all_documents() -> Iterator[Document]:
    for kind in _kinds.values():
        last = 0
        while True:
            batch = kind.all_rows().where(kind.model.id > last).order_by(None).order_by(kind.model.id).limit(500)
            with db.reading():  # no transaction while the index is written
                objects = db.session.scalars(batch).unique().all()
                if not objects:
                    break
                last = objects[-1].id
                documents = [kind.document(obj) for obj in objects]
            yield from filter(None, documents)


def rebuild() -> int:
    """Make the whole index anew from the database and swap it in; returns the number of things that can be found.

    Raises `Busy` if the worker is writing at this moment.
    """
    return engine().rebuild(_all_documents())


def check() -> None:
    """Open the index as a search does. Raises `SearchDown`."""
    engine().check()


@outbox.every(timedelta(seconds=10))
def mend() -> None:
    """Make the index anew where there is none, an old one or a damaged one."""
    try:
        check()
    except SearchDown:
        log.warning("the index is made anew")
        with contextlib.suppress(Busy):  # somebody does it already
            rebuild()


def lag() -> tuple[int, float]:
    """How far the index is behind: number of waiting changes, and the age of the oldest in seconds."""
    waiting = sa.select(sa.func.count(), sa.func.min(outbox.Job.created_at)).where(
        outbox.Job.kind == JOB, outbox.Job.failed_at.is_(None)
    )
    count, oldest = db.session.execute(waiting).one()
    return count, (db.now() - oldest).total_seconds() if oldest else 0.0


def init_app(app: Flask) -> None:
    """Give the app its engine."""
    app.extensions["search_engine"] = WhooshEngine(app.config["SETTINGS"].data_dir / "index")
