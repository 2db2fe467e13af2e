"""What goes out live: one queue, and one dispatcher that sends all that waits for a topic as one list.

At high rates that carries several times more than an emit for each.
"""

from __future__ import annotations

import logging
import os
import queue
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from flask_socketio import SocketIO

log = logging.getLogger("portal.live")

BATCH = 200
MOST_WAITING = 10_000  # beyond that readers heal over HTTP
REST = 12.0  # times as long as a sending took: with a thousand readers the posts must not wait for the sending of each
LONGEST_REST = 0.1  # seconds

socketio = SocketIO()
_started: dict[str, tuple[int, int]] = {}  # task -> the process and the server that it runs for


@dataclass(frozen=True, slots=True)
class Event:
    """Something for the readers of a topic in one language."""

    topic: str
    language: str
    name: str
    data: dict[str, Any]


_waiting: queue.Queue[Event] = queue.Queue(maxsize=MOST_WAITING)


def start_once(name: str, task: Callable[..., object], *args: object) -> None:
    """Start what runs beside, once for each process: a forked one has none of its parent's."""
    here = (os.getpid(), id(socketio.server))
    if _started.get(name) != here:
        _started[name] = here
        socketio.start_background_task(task, *args)


def room(topic: str, language: str) -> str:
    """The readers of a topic in one language."""
    return f"{topic}#{language}"


def put(event: Event) -> None:
    """Let the dispatcher of this process send it; it starts with the first one."""
    start_once("dispatch", _dispatch)
    try:
        _waiting.put_nowait(event)
    except queue.Full:
        log.warning("too many live events wait; the readers of %s will ask for it", event.topic)


def _dispatch() -> None:
    while True:
        events = [_waiting.get()]
        while len(events) < BATCH:
            try:
                events.append(_waiting.get_nowait())
            except queue.Empty:
                break
        began = perf_counter()
        try:
            _send(events)
        except Exception:  # a broken event must not stop the live edge; readers heal over HTTP
            log.exception("live events could not be sent")
        socketio.sleep(min(LONGEST_REST, REST * (perf_counter() - began)))  # what comes meanwhile goes out together


def _send(events: list[Event]) -> None:
    items: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if event.name == "items":
            items[event.topic, event.language].append(event.data)
    for (topic, language), data in items.items():
        socketio.emit("items", {"topic": topic, "items": data}, to=room(topic, language))
    for event in events:
        if event.name != "items":
            socketio.emit(event.name, {"topic": event.topic, **event.data}, to=room(event.topic, event.language))
