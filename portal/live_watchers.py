"""Who listens in this process, to what; and how a socket is ended."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from portal.live_dispatch import socketio
from portal.live_gate import SESSION_ROW

TYPING_SECONDS = 2.0
MINUTE = 60.0
CHANGES_A_MINUTE = 60  # of topics, by one socket: more than any page of ours makes


@dataclass(slots=True)
class Watcher:
    """One open socket."""

    person_id: int
    session_row_id: int
    card: dict[str, Any]
    language: str
    topics: set[str] = field(default_factory=set)
    changed_at: deque[float] = field(default_factory=deque)
    typed_at: float = float("-inf")

    def may_change(self) -> bool:
        """Whether this socket may go into or out of a topic now; a browser of ours never asks so often that it may not."""
        now = time.monotonic()
        while self.changed_at and now - self.changed_at[0] >= MINUTE:
            self.changed_at.popleft()
        if len(self.changed_at) >= CHANGES_A_MINUTE:
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
class Kind:
    """What the rest of the house says about topics of one kind, such as `thread:12`."""

    may_watch: Callable[[int, int], bool]  # (person id, object id)
    note_watch: Callable[..., object]  # (object id, by=person): who listens to sensitive things is kept
    last_seq: Callable[[int], int]
    shows_people: bool = True  # to each other


kinds: dict[str, Kind] = {}
watchers: dict[str, Watcher] = {}  # by the socket's id


def topics() -> set[str]:
    """What is watched in this process."""
    return {topic for watcher in list(watchers.values()) for topic in watcher.topics}


def parse(topic: object) -> tuple[Kind, int] | None:
    """A topic as its kind and number; None for anything that is not one of ours."""
    if not isinstance(topic, str) or len(topic) > 60:
        return None
    name, _colon, number = topic.partition(":")
    if name not in kinds or not number.isascii() or not number.isdigit() or len(number) > 15:
        return None
    return kinds[name], int(number)


def shows_people(topic: str) -> bool:
    """Whether those who watch this topic are told of each other."""
    return kinds[topic.partition(":")[0]].shows_people


def disconnect(sid: str) -> None:
    """End a socket and the connection below it, which its owner could keep open otherwise."""
    server = socketio.server
    if server is not None:
        connection = server.manager.eio_sid_from_sid(sid, "/")
        server.disconnect(sid, namespace="/")
        close(connection)


def disconnect_people(person_ids: set[int]) -> None:
    """End all sockets of these people."""
    for sid in [sid for sid, watcher in watchers.items() if watcher.person_id in person_ids]:
        disconnect(sid)


def disconnect_sessions(session_row_ids: Iterable[int]) -> None:
    """End all connections of these browser sessions, also those that never named a topic."""
    rows = set(session_row_ids)
    for sid in [sid for sid, watcher in watchers.items() if watcher.session_row_id in rows]:
        disconnect(sid)
    for connection, environ in dict(socketio.server.environ).items():
        if session_of(environ) in rows:
            close(connection)


def session_of(environ: dict[str, Any]) -> int:
    """The browser session that opened a connection; 0, which no session has, for one that came past the door."""
    return int(environ.get(SESSION_ROW, 0))


def close(connection: str | None) -> None:
    """End a connection. What waits to be sent on it is sent first; nobody waits for that."""
    opened = socketio.server.eio.sockets.get(connection)
    if opened is not None:
        opened.close(wait=False)


def close_soon(connection: str | None) -> None:
    """End it in a moment: the refusal goes out first."""
    socketio.sleep(1)
    close(connection)
