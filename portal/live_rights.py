"""Whether those who listen still may: asked again and again, because the right may have been taken away by another process.

The process that takes a right away drops its own sockets at once (`live.drop_people`). All others look at what rights hang on
(stamps: a membership, a group, a session) every moment with a few questions, however many listen, and ask the rules
themselves for those whose stamps are others than before. Nothing here waits for Redis, which may be silent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass

from flask import Flask

from portal import db
from portal.live_dispatch import socketio
from portal.live_watchers import disconnect, disconnect_sessions, parse, session_of, watchers

log = logging.getLogger("portal.live")

SECONDS = 0.7
RECHECK_SECONDS = 10  # time-outs, and whatever no stamp shows
PERSON, SESSION = "person of", "session of"  # kinds of stamps, beside those of topics

Key = tuple[str, int]
Pair = tuple[int, str]  # (person id, topic)


@dataclass(frozen=True, slots=True)
class Watched:
    """Who listens here, in which browser sessions, to what."""

    people: Collection[int]
    sessions: Collection[int]
    numbers: Mapping[str, Collection[int]]  # of the things, by kind of topic


Stamps = Callable[[Watched], Mapping[Key, Hashable]]

_stamps_of: list[Stamps] = []
_valid_sessions: list[Callable[[Iterable[int]], set[int]]] = []
_known: dict[Key, Hashable] = {}  # what was seen when it was last asked for
_asked: set[Pair] = set()


def register(stamps: Stamps) -> None:
    """Say how it is found, with a constant number of questions, whether the rights of those who listen may have changed."""
    _stamps_of[:] = [stamps]


def register_sessions(valid: Callable[[Iterable[int]], set[int]]) -> None:
    """Say how it is found which of some session rows are still good."""
    _valid_sessions[:] = [valid]


def _pairs() -> set[Pair]:
    return {(watcher.person_id, topic) for watcher in list(watchers.values()) for topic in watcher.topics}


def _sessions() -> set[int]:
    """Also of connections that have not named a topic yet."""
    rows = {watcher.session_row_id for watcher in list(watchers.values())}
    return rows | {session_of(environ) for environ in dict(socketio.server.environ).values()}


def _key(topic: str) -> Key:
    kind, _colon, number = topic.partition(":")
    return kind, int(number)


def look() -> None:
    """Look once whose rights may have changed, and end what they may no longer hear."""
    pairs, sessions = _pairs(), _sessions()
    numbers: dict[str, set[int]] = {}
    for kind, number in (_key(topic) for _person, topic in pairs):
        numbers.setdefault(kind, set()).add(number)
    keys = {(kind, number) for kind, some in numbers.items() for number in some}
    keys |= {(PERSON, person_id) for person_id, _topic in pairs} | {(SESSION, row_id) for row_id in sessions}
    _forget(keys, pairs)
    if not keys:
        return
    found: dict[Key, Hashable] = dict.fromkeys(keys)
    for stamps in _stamps_of:
        found |= stamps(Watched({person_id for person_id, _topic in pairs}, sessions, numbers))
    moved = {key for key in keys if key not in _known or _known[key] != found[key]}
    again = {
        pair for pair in pairs if pair not in _asked or (PERSON, pair[0]) in moved or _key(pair[1]) in moved
    }  # what is new too: its right may have gone since `watch` asked for it
    _check({row_id for row_id in sessions if (SESSION, row_id) in moved}, again)
    _known.update((key, found[key]) for key in moved)
    _asked.update(again)


def _forget(keys: set[Key], pairs: set[Pair]) -> None:
    """What nobody watches any more."""
    for gone in _known.keys() - keys:
        del _known[gone]
    _asked.intersection_update(pairs)


def recheck() -> None:
    """Ask for all who listen, whatever the stamps say: time passes over sessions too."""
    _check(_sessions(), _pairs())


def _check(sessions: set[int], pairs: Iterable[Pair]) -> None:
    """End connections whose session is over, and the sockets of people who may not watch what they watch."""
    if sessions:
        disconnect_sessions(sessions - _valid_sessions[0](sessions))
    for person_id, topic in pairs:
        parsed = parse(topic)
        if parsed is None or not parsed[0].may_watch(person_id, parsed[1]):
            for sid in [
                sid for sid, one in list(watchers.items()) if one.person_id == person_id and topic in one.topics
            ]:
                disconnect(sid)
        socketio.sleep(0)  # many sockets must not hold up the rest of the process


def look_forever(app: Flask) -> None:
    """Look every moment, as long as the process lives."""
    _run(app, lambda: SECONDS, look)


def recheck_forever(app: Flask) -> None:
    """Ask for all now and then, as long as the process lives."""
    _run(app, lambda: RECHECK_SECONDS, recheck)


def _run(app: Flask, pause: Callable[[], float], task: Callable[[], None]) -> None:
    while True:
        socketio.sleep(pause())
        try:
            with app.app_context():
                db.reads_only(True)
                task()
        except Exception:  # whatever it was: who may no longer listen must be found the next time
            log.exception("sockets could not be checked again")
