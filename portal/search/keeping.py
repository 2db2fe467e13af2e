"""Keeping the index: a change of a thing that can be found is noted when it is flushed, as a row of the outbox in the same
transaction; the worker alone writes the index.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import event
from sqlalchemy.orm import Session

import config
from portal import db, outbox
from portal.search.engine import Busy, Document, Engine, Key, SearchDown
from portal.search.kinds import kinds, types

log = logging.getLogger("portal.search")

JOB = "index_changed"
A_BATCH = 500


def engine() -> Engine:
    """The engine of the current app."""
    made: Engine = current_app.extensions["search_engine"]
    return made


_INSERT = sa.insert(cast(sa.Table, outbox.Job.__table__))


@event.listens_for(Session, "after_flush")
def _note_changes(session: Session, _context: object) -> None:
    rows = []
    for obj in {*session.new, *session.dirty, *session.deleted}:
        type_ = types.get(type(obj))
        if type_ is not None and (obj in session.new or obj in session.deleted or session.is_modified(obj)):
            rows.append({"kind": JOB, "payload": {"type": type_, "id": obj.id}})
    if rows:
        at = db.now()
        session.execute(_INSERT, [{**row, "run_at": at} for row in rows])


def look_again(type_: str, ids: Collection[int]) -> None:
    """Have things indexed anew that have changed without being written: time has passed."""
    for number in ids:
        outbox.enqueue(JOB, type=type_, id=number)


@outbox.handler(JOB, batch=A_BATCH)
def index_changed(payloads: list[dict[str, Any]]) -> None:
    """Bring the index up to date with some things, whatever has happened to them since; all of it, if it is lost."""
    try:
        if not engine().exists():
            rebuild()
        else:
            gone: set[Key] = set()
            keys = [(payload["type"], payload["id"]) for payload in payloads]
            engine().write(_read_late(keys, gone), gone)
    except Busy:  # somebody else writes at this moment
        for payload in payloads:
            outbox.enqueue(JOB, delay=timedelta(seconds=1), **payload)


def _read_late(keys: Collection[Key], gone: set[Key]) -> Iterator[Document]:
    """The documents, looked up when they are asked for, and what is gone. It takes no turn at the database: while the index is
    written, everybody else may write there.
    """
    with db.reading():
        documents, missing = _as_they_are(keys)
    gone |= missing
    yield from documents


def _as_they_are(keys: Collection[Key]) -> tuple[list[Document], set[Key]]:
    """The documents of things, and which of the things are not to be found any more."""
    wanted: dict[str, set[int]] = {}
    for type_, number in keys:
        wanted.setdefault(type_, set()).add(number)
    documents: list[Document] = []
    gone: set[Key] = set()
    with db.reading():
        for type_, ids in wanted.items():
            kind = kinds.get(type_)
            if kind is None:
                continue
            gone |= {(type_, number) for number in ids}
            for obj in db.session.scalars(kind.all_rows().where(kind.model.id.in_(ids))).unique():
                document = kind.document(obj)
                if document is not None:
                    documents.append(document)
    return documents, gone - {document.key for document in documents}


def _all_documents() -> Iterator[Document]:
    for kind in kinds.values():
        last = 0
        while True:
            batch = kind.all_rows().where(kind.model.id > last).order_by(None).order_by(kind.model.id).limit(A_BATCH)
            with db.reading():  # no transaction while the index is written
                objects = db.session.scalars(batch).unique().all()
                if not objects:
                    break
                last = objects[-1].id
                documents = [kind.document(obj) for obj in objects]
            yield from filter(None, documents)


def rebuild() -> int:
    """Make the whole index anew from the database and swap it in; returns the number of things that can be found.

    Searching and writing go on meanwhile. Raises `Busy` if somebody else does the same.
    """
    return engine().rebuild(_all_documents(), _as_they_are)


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


@outbox.every(timedelta(hours=1))
def renew() -> None:
    """Make a worn index anew, beside the worker: its jobs, mail among them, must not wait for that."""
    if engine().exists() and engine().is_worn():
        log.warning("the index is worn and is made anew")
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "search", "rebuild"]
        beside = threading.Thread(target=_run, args=(command,), daemon=True)  # somebody must wait for its end
        beside.start()


def _run(command: list[str]) -> None:
    ended = subprocess.run(command, cwd=config.ROOT, check=False)  # noqa: S603  # nothing in it comes from outside
    if ended.returncode:
        log.error("making the index anew ended with %s", ended.returncode)


def lag() -> tuple[int, float]:
    """How far the index is behind: number of waiting changes, and the age of the oldest in seconds."""
    waiting = sa.select(sa.func.count(), sa.func.min(outbox.Job.created_at)).where(
        outbox.Job.kind == JOB, outbox.Job.failed_at.is_(None)
    )
    count, oldest = db.session.execute(waiting).one()
    return count, (db.now() - oldest).total_seconds() if oldest else 0.0


def waiting_keys(most: int) -> set[Key]:
    """The things whose changes the index does not know yet, or never will because they were given up; the newest, up to so many."""
    payloads = sa.select(outbox.Job.payload).where(outbox.Job.kind == JOB).order_by(outbox.Job.id.desc()).limit(most)
    return {(payload["type"], payload["id"]) for payload in db.session.scalars(payloads) if "id" in payload}
