"""The live edge: sockets only listen (house rule 6).

A browser watches a topic; after each commit one rendered fragment goes out to all who watch, with the topic's sequence
number. Whoever sees a gap, or comes back, asks for the missing part over HTTP: so a lost event costs time, never content.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app, request, session
from flask_socketio import join_room, leave_room
from gevent.monkey import is_module_patched
from sqlalchemy.exc import SQLAlchemyError

from portal import db
from portal.live_dispatch import Event, put, room, socketio, start_once
from portal.live_gate import SESSION_ROW, Gate
from portal.live_presence import Presence

log = logging.getLogger("portal.live")

RECHECK_SECONDS = 10
PRESENCE_SECONDS = 1.0  # a topic's list of people goes out at most once in this time
TYPING = "typing"
TYPING_SECONDS = 2.0
MOST_TOPICS = 20
CHANGES_A_MINUTE = 60  # of topics, by one socket: more than any page of ours makes


@dataclass(slots=True)
class _Watcher:
    """One open socket."""

    person_id: int
    session_row_id: int
    card: dict[str, Any]
    language: str
    topics: set[str] = field(default_factory=set)
    changed_at: deque[float] = field(default_factory=lambda: deque(maxlen=CHANGES_A_MINUTE))
    typed_at: float = float("-inf")

    def may_change(self) -> bool:
        """Whether this socket may go into or out of a topic now; a browser of ours never asks so often that it may not."""
        now = time.monotonic()
        if len(self.changed_at) == CHANGES_A_MINUTE and now - self.changed_at[0] < 60:
            return False
        self.changed_at.append(now)
        return True

    def may_say_typing(self) -> bool:
        """Whether "is typing" may go out now; what comes too often is dropped."""
        now = time.monotonic()
        if now - self.typed_at < TYPING_SECONDS:
            return False
        self.typed_at = now
        return True


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the rest of the house says about topics of one kind, such as `thread:12`."""

    may_watch: Callable[[int, int], bool]  # (person id, object id)
    note_watch: Callable[..., object]  # (object id, by=person): who listens to sensitive things is kept
    last_seq: Callable[[int], int]


_kinds: dict[str, _Kind] = {}
_card_of: list[Callable[[int], dict[str, Any]]] = []
_valid_sessions: list[Callable[[Iterable[int]], set[int]]] = []
_watchers: dict[str, _Watcher] = {}
_presence: list[Presence] = []
_presence_due: set[str] = set()


def register_topic(
    kind: str, *, may_watch: Callable[[int, int], bool], note_watch: Callable[..., object],
    last_seq: Callable[[int], int],
) -> None:  # fmt: skip
    """Say who may watch topics of a kind, what is noted of it, and what their last sequence number is."""
    _kinds[kind] = _Kind(may_watch, note_watch, last_seq)


def register_people(
    *, card: Callable[[int], dict[str, Any]], valid_sessions: Callable[[Iterable[int]], set[int]]
) -> None:
    """Say how a person is shown to others, and which of some session rows are still good."""
    _card_of[:], _valid_sessions[:] = [card], [valid_sessions]


def publish(topic: str, *, seq: int, html: Mapping[str, str]) -> None:
    """Send a new fragment to all who watch the topic, once the present transaction is stored.

    `html` holds it once per language; it is the same for every reader and must hold nothing that only one may see.
    """
    for language, fragment in html.items():
        db.after_commit(_queue, Event(topic, language, "items", {"seq": seq, "html": fragment}))


def publish_change(topic: str, *, item_id: str, seq: int, html: Mapping[str, str]) -> None:
    """Send the new form of a fragment that is already out (an edited post)."""
    for language, fragment in html.items():
        db.after_commit(_queue, Event(topic, language, "changed", {"id": item_id, "seq": seq, "html": fragment}))


def _queue(event: Event) -> None:
    """Let the dispatcher send it. Without sockets here and without Redis nobody could hear it."""
    if not _watchers and socketio.server_options.get("message_queue") is None:
        return
    put(event)


def drop_people(person_ids: Iterable[int]) -> None:
    """Close all sockets of these people, once the present transaction is stored: their rights have changed."""
    db.after_commit(_disconnect_people, set(person_ids))


def _disconnect_people(person_ids: set[int]) -> None:
    for sid in [sid for sid, watcher in _watchers.items() if watcher.person_id in person_ids]:
        _disconnect(sid)


def drop_sessions(session_row_ids: Iterable[int]) -> None:
    """Close the connections of these browser sessions, once the present transaction is stored: they are over."""
    db.after_commit(_disconnect_sessions, set(session_row_ids))


def _disconnect_sessions(session_row_ids: set[int]) -> None:
    for sid in [sid for sid, watcher in _watchers.items() if watcher.session_row_id in session_row_ids]:
        _disconnect(sid)
    for connection, environ in dict(socketio.server.environ).items():
        if environ.get(SESSION_ROW) in session_row_ids:
            _close(connection)


def _disconnect(sid: str) -> None:
    """End a socket and the connection below it, which its owner could keep open otherwise."""
    server = socketio.server
    if server is not None:
        connection = server.manager.eio_sid_from_sid(sid, "/")
        server.disconnect(sid, namespace="/")
        _close(connection)


def _close(connection: str | None) -> None:
    """End a connection. What waits to be sent on it is sent first; nobody waits for that."""
    opened = socketio.server.eio.sockets.get(connection)
    if opened is not None:
        opened.close(wait=False)


def _close_soon(connection: str | None) -> None:
    socketio.sleep(1)  # the refusal goes out first
    _close(connection)


def _parse(topic: object) -> tuple[_Kind, int] | None:
    """A topic as its kind and number; None for anything that is not one of ours."""
    if not isinstance(topic, str) or len(topic) > 60:
        return None
    name, _colon, number = topic.partition(":")
    if name not in _kinds or not number.isascii() or not number.isdigit() or len(number) > 15:
        return None
    return _kinds[name], int(number)


def presence(topic: str) -> list[dict[str, Any]]:
    """Who has the topic open now: one card a person, in order of name."""
    return _presence[0].tell(
        topic, list({w.person_id: w.card for w in _watchers.values() if topic in w.topics}.values())
    )


def _announce_presence(topic: str) -> None:
    """Tell all who watch, in a moment: a hundred who come at once make one list, not a hundred."""
    if topic not in _presence_due:
        _presence_due.add(topic)
        socketio.start_background_task(_announce_soon, topic)


def _announce_soon(topic: str) -> None:
    socketio.sleep(PRESENCE_SECONDS)
    _presence_due.discard(topic)
    socketio.emit("presence", {"topic": topic, "people": presence(topic)}, to=topic)


# --- what a browser may say -------------------------------------------------------------------------------------------


@socketio.on("connect")
def _connect(_auth: object = None) -> bool:
    person = getattr(session, "person", None)
    if person is None:
        connection = socketio.server.manager.eio_sid_from_sid(_sid(), "/")
        socketio.start_background_task(_close_soon, connection)
        return False
    start_once("recheck", _recheck_forever, current_app._get_current_object())  # type: ignore[attr-defined]  # a proxy's own method
    _watchers[_sid()] = _Watcher(person.id, session.row_id, _card_of[0](person.id), person.language)  # type: ignore[attr-defined]  # ours
    db.rollback()
    return True


@socketio.on("disconnect")
def _gone(*_reason: object) -> None:
    watcher = _watchers.pop(_sid(), None)
    for topic in watcher.topics if watcher else ():
        _announce_presence(topic)


@socketio.on("watch")
def _watch(message: object = None) -> dict[str, Any]:
    """Join a topic. The browser joins first and reads the gap then, so that nothing falls between."""
    topic = message.get("topic") if isinstance(message, dict) else None
    parsed, watcher = _parse(topic), _watchers.get(_sid())
    if parsed is None or watcher is None or session.person is None or len(watcher.topics) >= MOST_TOPICS:  # type: ignore[attr-defined]  # ours
        return {"ok": False}
    if not watcher.may_change():
        return {"ok": False}
    kind, number = parsed
    db.reads_only(True)
    try:
        if not kind.may_watch(watcher.person_id, number):
            return {"ok": False}
        kind.note_watch(number, by=session.person)  # type: ignore[attr-defined]  # ours
        db.rollback(keep_traces=True)
        db.write_traces()
        join_room(topic)
        join_room(room(str(topic), watcher.language))
        watcher.topics.add(str(topic))
        seq = kind.last_seq(number)
    except SQLAlchemyError:
        log.exception("nobody can watch: the database does not answer")
        return {"ok": False}
    finally:
        db.rollback()
    _announce_presence(str(topic))
    return {"ok": True, "seq": seq, "presence": presence(str(topic))}


@socketio.on("unwatch")
def _unwatch(message: object = None) -> None:
    topic = message.get("topic") if isinstance(message, dict) else None
    watcher = _watchers.get(_sid())
    if watcher is not None and topic in watcher.topics and watcher.may_change():
        watcher.topics.discard(str(topic))
        leave_room(topic)
        leave_room(room(str(topic), watcher.language))
        _announce_presence(str(topic))


@socketio.on(TYPING)
def _typing(message: object = None) -> None:
    topic = message.get("topic") if isinstance(message, dict) else None
    watcher = _watchers.get(_sid())
    if watcher is not None and topic in watcher.topics and watcher.may_say_typing():
        socketio.emit(TYPING, {"topic": topic, "person": watcher.card}, to=topic, skip_sid=_sid())


def _sid() -> str:
    sid: str = request.sid  # type: ignore[attr-defined]  # Flask-SocketIO adds it
    return sid


# --- what runs beside -------------------------------------------------------------------------------------------------


def recheck() -> None:
    """Close connections whose session is over, and the sockets of people who may no longer watch what they watch.

    Changes made by the web process drop sockets at once; this catches time-outs and what other processes changed.
    """
    connections = dict(socketio.server.environ)
    rows = {watcher.session_row_id for watcher in _watchers.values()}
    rows |= {environ[SESSION_ROW] for environ in connections.values() if SESSION_ROW in environ}
    good = _valid_sessions[0](rows)
    allowed: dict[tuple[int, str], bool] = {}
    for sid, watcher in list(_watchers.items()):
        for topic in list(watcher.topics):
            if (watcher.person_id, topic) not in allowed:  # a person's second tab costs nothing
                allowed[watcher.person_id, topic] = _still_allowed(watcher, topic)
                socketio.sleep(0)  # many sockets must not hold up the rest of the process
        if watcher.session_row_id not in good or not all(
            allowed.get((watcher.person_id, topic), True) for topic in watcher.topics
        ):
            _disconnect(sid)
    for connection, environ in connections.items():
        if environ.get(SESSION_ROW, None) not in good:
            _close(connection)


def _still_allowed(watcher: _Watcher, topic: str) -> bool:
    parsed = _parse(topic)
    return parsed is not None and parsed[0].may_watch(watcher.person_id, parsed[1])


def _recheck_forever(app: Flask) -> None:
    while True:
        socketio.sleep(RECHECK_SECONDS)
        try:
            with app.app_context():
                db.reads_only(True)
                recheck()
            for topic in {topic for watcher in list(_watchers.values()) for topic in watcher.topics}:
                presence(topic)  # the other processes hear that these people are still here
        except Exception:  # whatever it was: who may no longer listen must be found the next time
            log.exception("sockets could not be checked again")


def init_app(app: Flask, *, redis_url: str, origin: str) -> None:
    """Attach the sockets to the app. With Redis, several web processes share what is published."""
    _presence[:] = [Presence(redis_url)]
    socketio.init_app(
        app,
        message_queue=redis_url or None,
        cors_allowed_origins=[origin],
        # a green thread runs only where waiting was made green: not in the worker, nor in a command
        async_mode="gevent" if is_module_patched("socket") else "threading",
        manage_session=False,
        max_http_buffer_size=20_000,
        http_compression=False,
    )
    server = socketio.server
    app.wsgi_app = Gate(app, lambda: list(server.environ.values()))  # type: ignore[method-assign]  # as Flask shows it
