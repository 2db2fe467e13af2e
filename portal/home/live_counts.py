"""The numbers of the frame, live on every page: what is unread in the person's groups, and the notices.

Every moment one question asks for the unread posts of all who have a page open in this process, whoever wrote or read them and
where; only what has changed is sent, to that person's pages, as numbers and ids. Looking takes a small share of the time at
most, however many there are.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection

import sqlalchemy as sa
from flask import Flask

from portal import db, live_rights, live_standing
from portal.discussions.policy import unread_of
from portal.live_dispatch import socketio
from portal.notifications.policy import unread_count, unseen_of
from portal.people.models import Group, HandlingClass, Membership, Person

log = logging.getLogger("portal.live")

KIND = "person"
EVENT = "counts"
SECONDS = 2.0
SHARE = 20  # at most one part in so many of the time is spent with looking

Numbers = dict[tuple[int, int], int]  # (group id, thread id) -> unread posts

live_rights.register(live_standing.stamps)  # pages live have these numbers and these rights

_sent: dict[int, tuple[Numbers, int]] = {}  # person id -> what the pages were told: unread posts, and notices not seen
# person id -> what was so when it was asked (notices not seen, groups that may be read), and how many may still be read
_notices: dict[int, tuple[tuple[int, frozenset[int]], int]] = {}


def may_watch(person_id: int, number: int) -> bool:
    """Everybody the own numbers."""
    return person_id == number


def look(topics: Collection[str]) -> None:
    """Look once, and tell those whose numbers are others than they were told."""
    ids = sorted({int(topic.partition(":")[2]) for topic in topics if topic.startswith(f"{KIND}:")})
    for gone in (_sent.keys() | _notices.keys()) - set(ids):
        _sent.pop(gone, None)
        _notices.pop(gone, None)
    if not ids:
        return
    posts, unseen, groups = unread_of(ids), unseen_of(ids), _groups_of(ids)
    for person_id in ids:
        found = (posts[person_id], _readable(person_id, unseen[person_id], groups[person_id]))
        if _sent.get(person_id) != found:
            _sent[person_id] = found
            _tell(person_id, *found)


def _groups_of(person_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """The groups that each of the people may read, with two questions: as `readable_group_ids` says it of one."""
    is_open = Group.handling_class == HandlingClass.OPEN
    every = frozenset(db.session.scalars(sa.select(Group.id).where(is_open, Group.is_archived.is_(False))))
    found: dict[int, set[int]] = {person_id: set(every) for person_id in person_ids}
    own = (
        sa.select(Membership.person_id, Membership.group_id)
        .join(Group, Group.id == Membership.group_id)
        .where(Membership.person_id.in_(person_ids), Membership.left_at.is_(None), Group.is_archived.is_(False))
    )
    for person_id, group_id in db.session.execute(own):
        found[person_id].add(group_id)
    return {person_id: frozenset(groups) for person_id, groups in found.items()}


def _readable(person_id: int, unseen: int, groups: frozenset[int]) -> int:
    """Of the notices not seen those that the person may still read: asked for when their number or the groups have changed."""
    known = _notices.get(person_id)
    if known is None or known[0] != (unseen, groups):
        person = db.session.get(Person, person_id) if unseen else None
        known = _notices[person_id] = ((unseen, groups), unread_count(person) if person is not None else 0)
    return known[1]


def _tell(person_id: int, posts: Numbers, notices: int) -> None:
    topic = f"{KIND}:{person_id}"
    threads = [[group_id, thread_id, count] for (group_id, thread_id), count in posts.items()]
    # not to the other processes: each looks for itself
    socketio.server.manager.emit(
        EVENT, {"topic": topic, "threads": threads, "notices": notices}, namespace="/", room=topic, ignore_queue=True
    )


def begin(person_id: int) -> int:
    """A page listens now that was told nothing yet; the next look tells it. Numbers have no sequence: 0."""
    _sent.pop(person_id, None)
    return 0


def run_forever(app: Flask, topics: Callable[[], Collection[str]]) -> None:
    """Look every moment, as long as the process lives."""
    pause = SECONDS
    while True:
        socketio.sleep(pause)
        began = time.monotonic()
        try:
            with app.app_context():
                db.reads_only(True)
                look(topics())
        except Exception:  # the database is away; the next look finds what this one did not
            log.exception("the numbers of the open pages could not be looked for")
        pause = max(SECONDS, SHARE * (time.monotonic() - began))
