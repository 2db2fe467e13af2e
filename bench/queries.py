"""Queries a page, and time a page, on the demo network and on one twenty times as large: the first must not change."""

from __future__ import annotations

import contextvars
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy import event

from bench import data
from bench.figures import Row, milliseconds, ratio
from portal import db
from portal.discussions.actions import mark_read
from portal.discussions.models import Post, PostKind, Thread, ThreadKind
from portal.discussions.policy import visible_threads
from portal.meetings.models import Meeting
from portal.meetings.policy import visible_meetings
from portal.web import Edge

TIMES = 20
ROUNDS = 5
LENGTHS = (50, 5_000)  # posts of a thread
REQUESTS = 5


class Side:
    """One of the two networks, with somebody signed in."""

    def __init__(self, app: Edge) -> None:
        self.app = app
        with app.app_context():
            person = data.busiest_person()
            threads = visible_threads(person).order_by(Thread.post_count.desc(), Thread.id).limit(1)
            thread = db.session.scalars(threads).one()
            meeting = db.session.scalars(visible_meetings(person).order_by(Meeting.id).limit(1)).unique().one()
            slug = thread.group.slug
            self.paths = {
                "start page": "/", "group": f"/groups/{slug}", "thread": f"/threads/{thread.id}", "library": "/library",
                "group's materials": f"/groups/{slug}/materials", "search": "/search?q=stödlinjen",
                "calendar": "/calendar", "group's meetings": f"/groups/{meeting.group.slug}/meetings",
                "meeting": f"/meetings/{meeting.id}", "members": f"/groups/{slug}/members", "groups": "/groups",
                "contacts": "/contacts",
            }  # fmt: skip
            signed = data.sign_in(person)
            engine = db.engine()
        self.client = FlaskClient(app, app.response_class)
        self.client.set_cookie("session", signed.token, domain="127.0.0.1")
        self.count = 0
        event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, _conn: sa.Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            self.count += 1

    def get(self, path: str) -> float:
        """Seconds of one request, in a context of its own as a server's are. Raises `RuntimeError` for any answer but 200."""
        began = perf_counter()
        answer = contextvars.Context().run(self.client.get, path, base_url="http://127.0.0.1")
        took = perf_counter() - began
        if answer.status_code != 200:
            raise RuntimeError(f"{path} was answered with {answer.status_code}")
        return took

    def queries(self, path: str) -> int:
        """How many statements the page sends."""
        self.count = 0
        self.get(path)
        return self.count


@contextmanager
def _sides(folder: Path) -> Iterator[tuple[Side, Side]]:
    large = data.copy(folder, folder.with_name("large"))
    data.multiply(large, TIMES)
    apps = [data.open_app(folder), data.open_app(large)]
    yield Side(apps[0]), Side(apps[1])
    for app in apps:
        with app.app_context():
            db.session.remove()
            db.engine().dispose()
            app.extensions["search_engine"].close()


def _row(name: str, small: Side, large: Side) -> Row:
    path, large_path = small.paths[name], large.paths[name]
    for _number in range(3):  # warm-up; the first visit also stores how far one has read
        small.get(path)
        large.get(large_path)
    counts = small.queries(path), large.queries(large_path)
    times: tuple[list[float], list[float]] = ([], [])
    for _number in range(ROUNDS):
        times[0].append(median(small.get(path) for _request in range(REQUESTS)))
        times[1].append(median(large.get(large_path) for _request in range(REQUESTS)))
    same = "same" if counts[0] == counts[1] else "DIFFERENT"
    shown = [f"{count} queries, {milliseconds(median(some))}" for count, some in zip(counts, times, strict=True)]
    return Row(f"{name}: 1x and {TIMES}x data", shown[0], shown[1], f"queries {same}, time {ratio(times[1], times[0])}")


def _lengthened(side: Side) -> dict[str, str]:
    """Two threads made long, and their pages: at their end, and around a post in the middle."""
    with side.app.app_context():
        alike = sa.select(Thread).where(Thread.kind == ThreadKind.DISCUSSION).order_by(Thread.id).limit(2)
        threads, reader = db.session.scalars(alike).unique().all(), data.busiest_person()
        paths = {}
        for thread, length in zip(threads, LENGTHS, strict=True):
            by, at, first = thread.created_by, db.now(), thread.last_seq + 1
            rows = [
                {"thread_id": thread.id, "seq": seq, "change_seq": seq, "kind": PostKind.REPLY, "author_id": by.id,
                 "organisation_id": by.organisation_id, "client_id": str(uuid.uuid4()), "created_at": at,
                 "body": f"Inlägg {seq} om tolkar och boende.", "revision": 1}
                for seq in range(first, length + 1)
            ]  # fmt: skip
            db.session.execute(sa.insert(Post), rows)
            thread.last_seq = thread.post_count = length
            mark_read(db.session(), person_id=reader.id, thread_id=thread.id, seq=length)
            paths[f"{length} at its end"] = f"/threads/{thread.id}"
            paths[f"{length} in the middle"] = f"/threads/{thread.id}?at={length // 2}"
        db.commit()
    return paths


def _long_rows(side: Side) -> list[Row]:
    """A thread of 5,000 posts against one of 50: the same queries, and at most 1.5 times the time."""
    paths, rows = _lengthened(side), []
    for place in ("at its end", "in the middle"):
        short, long = (paths[f"{length} {place}"] for length in LENGTHS)
        for path in (short, long) * 3:  # warm-up
            side.get(path)
        counts = side.queries(short), side.queries(long)
        times: tuple[list[float], list[float]] = ([], [])
        for _number in range(ROUNDS):
            for path, some in zip((short, long), times, strict=True):
                some.append(median(side.get(path) for _request in range(REQUESTS)))
        same = "same" if counts[0] == counts[1] else "DIFFERENT"
        shown = [f"{count} queries, {milliseconds(median(some))}" for count, some in zip(counts, times, strict=True)]
        what = f"thread of {LENGTHS[0]} and {LENGTHS[1]} posts, {place}"
        rows.append(Row(what, shown[0], shown[1], f"queries {same}, time {ratio(times[1], times[0])}"))
    return rows


def run(folder: Path) -> list[Row]:
    """Every page that lists something, and a long thread."""
    with _sides(folder) as (small, large):
        return [*(_row(name, small, large) for name in small.paths), *_long_rows(large)]
