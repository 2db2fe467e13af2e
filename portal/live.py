"""The live edge: sockets only listen (house rule 6).

A browser watches a topic; after each commit one rendered fragment goes out to all who watch, with the topic's sequence
number. Whoever sees a gap, or comes back, asks for the missing part over HTTP: so a lost event costs time, never content.
Events wait in one queue and one dispatcher sends all that waits for a topic as one list: at high rates that carries
several times more than an emit for each.
"""

from __future__ import annotations

import logging
import queue
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, request, session
from flask_socketio import SocketIO, join_room, leave_room

from portal import db

log = logging.getLogger("portal.live")

BATCH = 200
RECHECK_SECONDS = 10
TYPING = "typing"

socketio = SocketIO()


@dataclass(slots=True)
class _Watcher:
    """One open socket."""

    person_id: int
    session_row_id: int
    card: dict[str, Any]
    language: str
    topics: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the rest of the house says about topics of one kind, such as `thread:12`."""

    may_watch: Callable[[int, int], bool]  # (person id, object id)
    last_seq: Callable[[int], int]


@dataclass(frozen=True, slots=True)
class _Event:
    topic: str
    language: str
    name: str
    data: dict[str, Any]


_kinds: dict[str, _Kind] = {}
_card_of: list[Callable[[int], dict[str, Any]]] = []
_valid_sessions: list[Callable[[Iterable[int]], set[int]]] = []
_watchers: dict[str, _Watcher] = {}
_waiting: queue.Queue[_Event] = queue.Queue()
_tasks_of: set[int] = set()


def register_topic(kind: str, *, may_watch: Callable[[int, int], bool], last_seq: Callable[[int], int]) -> None:
    """Say who may watch topics of a kind, and what their last sequence number is."""
    _kinds[kind] = _Kind(may_watch, last_seq)


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
        db.after_commit(_waiting.put, _Event(topic, language, "items", {"seq": seq, "html": fragment}))


def publish_change(topic: str, *, item_id: str, seq: int, html: Mapping[str, str]) -> None:
    """Send the new form of a fragment that is already out (an edited post)."""
    for language, fragment in html.items():
        db.after_commit(_waiting.put, _Event(topic, language, "changed", {"id": item_id, "seq": seq, "html": fragment}))


def drop_people(person_ids: Iterable[int]) -> None:
    """Close all sockets of these people, once the present transaction is stored: their rights have changed."""
    db.after_commit(_disconnect_people, set(person_ids))


def _disconnect_people(person_ids: set[int]) -> None:
    for sid in [sid for sid, watcher in _watchers.items() if watcher.person_id in person_ids]:
        _disconnect(sid)


def _disconnect(sid: str) -> None:
    server = socketio.server
    if server is not None:
        server.disconnect(sid, namespace="/")


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
    cards = {w.person_id: w.card for w in _watchers.values() if topic in w.topics}
    return sorted(cards.values(), key=lambda card: str(card["name"]))


def _announce_presence(topic: str) -> None:
    socketio.emit("presence", {"topic": topic, "people": presence(topic)}, to=topic)


# --- what a browser may say -------------------------------------------------------------------------------------------


@socketio.on("connect")
def _connect(_auth: object = None) -> bool:
    person = getattr(session, "person", None)
    if person is None:
        return False
    _start_tasks(current_app._get_current_object())  # type: ignore[attr-defined]  # a proxy's own method
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
    if parsed is None or watcher is None or session.person is None or len(watcher.topics) >= 20:  # type: ignore[attr-defined]  # ours
        return {"ok": False}
    kind, number = parsed
    db.reads_only(True)
    try:
        if not kind.may_watch(watcher.person_id, number):
            return {"ok": False}
        join_room(topic)
        join_room(_room(str(topic), watcher.language))
        watcher.topics.add(str(topic))
        seq = kind.last_seq(number)
    finally:
        db.rollback()
    _announce_presence(str(topic))
    return {"ok": True, "seq": seq, "presence": presence(str(topic))}


@socketio.on("unwatch")
def _unwatch(message: object = None) -> None:
    topic = message.get("topic") if isinstance(message, dict) else None
    watcher = _watchers.get(_sid())
    if watcher is not None and topic in watcher.topics:
        watcher.topics.discard(str(topic))
        leave_room(topic)
        leave_room(_room(str(topic), watcher.language))
        _announce_presence(str(topic))


@socketio.on(TYPING)
def _typing(message: object = None) -> None:
    topic = message.get("topic") if isinstance(message, dict) else None
    watcher = _watchers.get(_sid())
    if watcher is not None and topic in watcher.topics:
        socketio.emit(TYPING, {"topic": topic, "person": watcher.card}, to=topic, skip_sid=_sid())


def _sid() -> str:
    sid: str = request.sid  # type: ignore[attr-defined]  # Flask-SocketIO adds it
    return sid


# --- what runs beside -------------------------------------------------------------------------------------------------


def _start_tasks(app: Flask) -> None:
    """Start the dispatcher and the re-check with the first socket, in the process that holds it."""
    if id(socketio.server) not in _tasks_of:
        _tasks_of.add(id(socketio.server))
        socketio.start_background_task(_dispatch)
        socketio.start_background_task(_recheck_forever, app)


def _dispatch() -> None:
    while True:
        events = [_waiting.get()]
        while len(events) < BATCH:
            try:
                events.append(_waiting.get_nowait())
            except queue.Empty:
                break
        try:
            _send(events)
        except Exception:  # a broken event must not stop the live edge; readers heal over HTTP
            log.exception("live events could not be sent")
        socketio.sleep(0)


def _room(topic: str, language: str) -> str:
    """The readers of a topic in one language."""
    return f"{topic}#{language}"


def _send(events: list[_Event]) -> None:
    items: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if event.name == "items":
            items[event.topic, event.language].append(event.data)
    for (topic, language), data in items.items():
        socketio.emit("items", {"topic": topic, "items": data}, to=_room(topic, language))
    for event in events:
        if event.name != "items":
            socketio.emit(event.name, {"topic": event.topic, **event.data}, to=_room(event.topic, event.language))


def recheck() -> None:
    """Close sockets whose session is over, and take people out of topics that they may no longer watch.

    Changes made by the web process drop sockets at once; this catches time-outs and what other processes changed.
    """
    good = _valid_sessions[0]({watcher.session_row_id for watcher in _watchers.values()})
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
        except sa.exc.SQLAlchemyError:
            log.exception("sockets could not be checked again")


def init_app(app: Flask, *, redis_url: str, origin: str, async_mode: str | None = None) -> None:
    """Attach the sockets to the app. With Redis, several web processes share what is published."""
    _tasks_of.clear()
    socketio.init_app(
        app,
        message_queue=redis_url or None,
        cors_allowed_origins=[origin],
        async_mode=async_mode,
        manage_session=False,
        max_http_buffer_size=20_000,
        http_compression=False,
    )
