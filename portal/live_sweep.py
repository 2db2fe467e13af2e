"""What other processes wrote (mail that came in, a worker, a web process while Redis is away): found by looking.

Every moment one question asks for the last numbers of all that is watched here. What this process has not sent itself, and
what is still not sent at the next look, is told to the readers as a number; whoever lacks it asks for it over HTTP (house rule 6).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping

from flask import Flask

from portal import db
from portal.live_dispatch import socketio

log = logging.getLogger("portal.live")

SECONDS = 0.7
BEHIND = "behind"

LastSeqs = Callable[[Collection[int]], Mapping[int, int]]

_kinds: dict[str, LastSeqs] = {}
_sent: dict[str, int] = {}  # topic -> the last number that is known to be out, or was told
_doubtful: dict[str, int] = {}  # topic -> a number that was not out at the last look


def register(kind: str, last_seqs: LastSeqs) -> None:
    """Say how the last numbers of many topics of a kind are found with one question."""
    _kinds[kind] = last_seqs


def note_sent(topic: str, seq: int) -> None:
    """Note that this process has sent it."""
    _sent[topic] = max(seq, _sent.get(topic, 0))


def note_watched(topic: str, seq: int) -> None:
    """Note what a page that watches from now on was told as the last number: what is later, it lacks."""
    _sent.setdefault(topic, seq)


def look(topics: Collection[str]) -> None:
    """Look once at what is watched."""
    for gone in (_sent.keys() | _doubtful.keys()) - set(topics):
        _sent.pop(gone, None)
        _doubtful.pop(gone, None)
    for kind, last_seqs in _kinds.items():
        ids = [int(topic.partition(":")[2]) for topic in topics if topic.partition(":")[0] == kind]
        for number, seq in (last_seqs(ids) if ids else {}).items():
            _compare(f"{kind}:{number}", seq)


def _compare(topic: str, seq: int) -> None:
    if topic not in _sent:  # watched since this moment: the page that watches asks by itself
        _sent[topic] = seq
    elif seq <= _sent[topic]:
        _doubtful.pop(topic, None)
    elif topic not in _doubtful:
        _doubtful[topic] = seq  # it may be on its way
    else:
        told = _doubtful.pop(topic)
        _sent[topic] = max(told, _sent[topic])
        # not to the other processes: each looks for itself
        socketio.server.manager.emit(
            BEHIND, {"topic": topic, "seq": told}, namespace="/", room=topic, ignore_queue=True
        )
        if seq > told:
            _doubtful[topic] = seq


def run_forever(app: Flask, topics: Callable[[], Collection[str]]) -> None:
    """Look every moment, as long as the process lives."""
    while True:
        socketio.sleep(SECONDS)
        watched = topics()
        if not watched:
            continue
        try:
            with app.app_context():
                db.reads_only(True)
                look(watched)
        except Exception:  # the database is away; the next look finds what this one did not
            log.exception("what other processes wrote could not be looked for")
