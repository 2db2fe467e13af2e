"""The live edge: sockets only listen (house rule 6).

A browser watches a topic; after each commit one rendered fragment goes out to all who watch, with the topic's sequence
number. Whoever sees a gap, or comes back, asks for the missing part over HTTP: so a lost event costs time, never content.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from flask import Flask, current_app, request, session
from flask_socketio import join_room, leave_room
from gevent.monkey import is_module_patched
from sqlalchemy.exc import SQLAlchemyError

from portal import db, live_rights, live_socket, live_sweep
from portal.live_dispatch import Event, put, room, socketio, start_once
from portal.live_gate import Gate
from portal.live_presence import Presence
from portal.live_shared import Shared
from portal.live_watchers import (
    Kind,
    Watcher,
    close_soon,
    disconnect_people,
    disconnect_sessions,
    kinds,
    parse,
    shows_people,
    topics,
    watchers,
)

log = logging.getLogger("portal.live")

PRESENCE_SECONDS = 1.0  # a topic's list of people goes out at most once in this time
HERE_SECONDS = 10  # so often the other processes hear that these people are still here
TYPING = "typing"
MOST_TOPICS = 20

_card_of: list[Callable[[int], dict[str, Any]]] = []
_beside: dict[str, Callable[[Flask, Callable[[], Collection[str]]], None]] = {"sweep": live_sweep.run_forever}
_presence: list[Presence] = []
_presence_due: set[str] = set()


def register_topic(
    kind: str, *, may_watch: Callable[[int, int], bool], note_watch: Callable[..., object],
    last_seq: Callable[[int], int], shows_people: bool = True,
) -> None:  # fmt: skip
    """Say who may watch topics of a kind, what is noted of it, what their last sequence number is, and whether those who watch
    are told of each other."""
    kinds[kind] = Kind(may_watch, note_watch, last_seq, shows_people)


def run_beside(name: str, task: Callable[[Flask, Callable[[], Collection[str]]], None]) -> None:
    """Let something run in each process that has sockets; it is given the app, and a function that says what is watched."""
    _beside[name] = task


def register_people(
    *, card: Callable[[int], dict[str, Any]], valid_sessions: Callable[[Iterable[int]], set[int]]
) -> None:
    """Say how a person is shown to others, and which of some session rows are still good."""
    _card_of[:] = [card]
    live_rights.register_sessions(valid_sessions)


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
    if not watchers and not isinstance(socketio.server.manager, Shared):
        return
    live_sweep.note_sent(event.topic, int(event.data["seq"]))
    put(event)


def drop_people(person_ids: Iterable[int]) -> None:
    """Close all sockets of these people, once the present transaction is stored: their rights have changed."""
    db.after_commit(disconnect_people, set(person_ids))


def drop_sessions(session_row_ids: Iterable[int]) -> None:
    """Close the connections of these browser sessions, once the present transaction is stored: they are over."""
    db.after_commit(disconnect_sessions, set(session_row_ids))


def presence(topic: str) -> list[dict[str, Any]]:
    """Who has the topic open now: one card a person, in order of name."""
    return _presence[0].tell(
        topic, list({w.person_id: w.card for w in watchers.values() if topic in w.topics}.values())
    )


def _announce_presence(topic: str) -> None:
    """Tell all who watch, in a moment: a hundred who come at once make one list, not a hundred."""
    if topic not in _presence_due and shows_people(topic):
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
        socketio.start_background_task(close_soon, connection)
        return False
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy's own method
    start_once("rights", live_rights.look_forever, app)
    start_once("recheck", live_rights.recheck_forever, app)
    start_once("presence", _say_who_is_here)
    for name, task in _beside.items():
        start_once(name, task, app, topics)
    watchers[_sid()] = Watcher(person.id, session.row_id, _card_of[0](person.id), person.language)  # type: ignore[attr-defined]  # ours
    db.rollback()
    return True


@socketio.on("disconnect")
def _gone(*_reason: object) -> None:
    watcher = watchers.pop(_sid(), None)
    for topic in watcher.topics if watcher else ():
        _announce_presence(topic)


@socketio.on("watch")
def _watch(message: object = None) -> dict[str, Any]:
    """Join a topic. The browser joins first and reads the gap then, so that nothing falls between."""
    topic = message.get("topic") if isinstance(message, dict) else None
    parsed, watcher = parse(topic), watchers.get(_sid())
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
        live_sweep.note_watched(str(topic), seq)
    except SQLAlchemyError:
        log.exception("nobody can watch: the database does not answer")
        return {"ok": False}
    finally:
        db.rollback()
    _announce_presence(str(topic))
    return {"ok": True, "seq": seq, "presence": presence(str(topic)) if kind.shows_people else []}


@socketio.on("unwatch")
def _unwatch(message: object = None) -> None:
    topic = message.get("topic") if isinstance(message, dict) else None
    watcher = watchers.get(_sid())
    if watcher is not None and topic in watcher.topics and watcher.may_change():
        watcher.topics.discard(str(topic))
        leave_room(topic)
        leave_room(room(str(topic), watcher.language))
        _announce_presence(str(topic))


@socketio.on(TYPING)
def _typing(message: object = None) -> None:
    topic = message.get("topic") if isinstance(message, dict) else None
    watcher = watchers.get(_sid())
    if watcher is not None and topic in watcher.topics and watcher.may_say_typing():
        socketio.emit(TYPING, {"topic": topic, "person": watcher.card}, to=topic, skip_sid=_sid())


def _sid() -> str:
    sid: str = request.sid  # type: ignore[attr-defined]  # Flask-SocketIO adds it
    return sid


# --- what runs beside -------------------------------------------------------------------------------------------------


def _say_who_is_here() -> None:
    """Let the other processes hear that these people are still here. Redis may take its time: nothing else waits for this."""
    while True:
        socketio.sleep(HERE_SECONDS)
        try:
            for topic in topics():
                if shows_people(topic):
                    presence(topic)
        except Exception:  # whatever Redis holds: the next round comes
            log.exception("the other processes could not be told who is here")


def init_app(app: Flask, *, redis_url: str, origin: str) -> None:
    """Attach the sockets to the app. With Redis, several web processes share what is published."""
    _presence[:] = [Presence(redis_url)]
    socketio.init_app(
        app,
        client_manager=Shared(redis_url) if redis_url else None,
        cors_allowed_origins=[origin],
        # a green thread runs only where waiting was made green: not in the worker, nor in a command
        async_mode="gevent" if is_module_patched("socket") else "threading",
        manage_session=False,
        max_http_buffer_size=20_000,
        http_compression=False,
    )
    live_socket.init_app(socketio)
    server = socketio.server
    app.wsgi_app = Gate(app, lambda: list(server.environ.values()))  # type: ignore[method-assign]  # as Flask shows it
