"""Processes are killed and readers come and go: what was acknowledged is shown to all who may read it, once and in order, and to
nobody else. PORTAL_CHAOS says for how many minutes."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import uuid
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from bench import data
from bench.client import watch
from bench.servers import answers, environment
from portal import db
from portal.discussions.models import Post
from portal.discussions.models import Thread as ThreadRow
from portal.people.models import Group, Membership
from tests.discussions.chaos import PAUSE, Process, Reader, Stranger, Thread, Whole, Writer, disturb, page
from tests.servers import find_program, free_port, wait_for

MINUTES = float(os.environ.get("PORTAL_CHAOS", "0.5"))
READERS, WRITERS, STRANGERS = 36, 8, 6
T = TypeVar("T")
CANARY = "stenskvattan"  # plain letters: in a frame others are written as numbers
GATHER_SECONDS = 300  # for all to have what is there, when nothing disturbs any more


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part, and where."""

    thread: int
    members: list[data.SignedIn]
    own: int
    strangers: list[data.SignedIn]


def _cast(folder: Path) -> Cast:
    """The members of the network; and people of other groups who are not among them, with a thread of their own."""
    with data.opened(folder):
        group = db.session.scalars(sa.select(Group).where(Group.slug == "informationsnatverket")).one()
        inside = sa.select(Membership.person_id).where(Membership.group_id == group.id, Membership.left_at.is_(None))
        other = db.session.scalars(sa.select(Group).where(Group.slug == "lamp")).one()
        outside = [person for person in data.writers(other) if person.id not in set(db.session.scalars(inside))]
        threads = [
            db.session.scalars(
                sa.select(ThreadRow.id).where(ThreadRow.group_id == one.id).order_by(ThreadRow.id)
            ).first()
            for one in (group, other)
        ]
        assert threads[0]
        assert threads[1]
        assert outside
        return Cast(
            threads[0], [data.sign_in(one) for one in data.writers(group)], threads[1], [data.sign_in(one) for one in outside[:STRANGERS]]
        )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A demo network of its own."""
    made = tmp_path / "data"
    made.mkdir()
    data.make(made)
    return made


@dataclass(frozen=True, slots=True)
class House:
    """What runs: two web processes by their ports, and beside them the worker and Redis."""

    web: dict[int, Process]
    beside: list[Process]

    @property
    def all(self) -> list[Process]:
        """What can be killed."""
        return [*self.web.values(), *self.beside]


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    """The portal as two web processes share it."""
    redis_port = free_port()
    redis = Process(
        (find_program("redis-server"), "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--loglevel", "warning"), os.environ
    )  # fmt: skip
    web = {}
    for port in (free_port(), free_port()):
        env = environment(folder, port) | {"PORTAL_REDIS_URL": f"redis://127.0.0.1:{redis_port}/0"}
        web[port] = Process(
            (sys.executable, "-m", "gunicorn", "--log-level", "warning", "-c", "gunicorn.conf.py", "wsgi:app"), env
        )
    made = House(web, [Process((sys.executable, "-m", "flask", "--app", "wsgi", "worker"), env), redis])
    with ExitStack() as stack:
        for process in reversed(made.all):
            process.start()
            stack.callback(process.stop)
        for port in web:
            wait_for(partial(answers, f"http://127.0.0.1:{port}/privacy"), seconds=120, what="the portal")
        yield made


async def _play(
    cast: Cast, ports: list[int], processes: list[Process], dice: random.Random
) -> tuple[list[Reader], list[Stranger], Thread]:
    thread, own = Thread(cast.thread, ports), Thread(cast.own, ports)
    people = cast.members
    readers = [Reader(thread, people[at % len(people)].headers) for at in range(READERS)]
    writers = [Writer(thread, one.headers, one.csrf, CANARY) for one in people[:WRITERS]]
    strangers = [Stranger(thread, cast.strangers[at % len(cast.strangers)].headers, own) for at in range(STRANGERS)]
    end = monotonic() + 60 * MINUTES
    is_over = lambda: monotonic() > end  # noqa: E731 - one word for all of them
    every = max(3.0, min(20.0, 60 * MINUTES / 6))
    await asyncio.gather(
        disturb(processes, is_over, dice, every),
        *(one.write(is_over, dice, 3.0) for one in writers),
        *(one.read(is_over, dice) for one in readers),
        *(one.listen(is_over, dice) for one in strangers),
    )
    return readers, strangers, thread


async def _gather(readers: list[Reader], ports: list[int]) -> None:
    """Nothing disturbs any more: each reader asks for what is missing, as a page does that comes back."""
    deadline = monotonic() + GATHER_SECONDS
    for number, reader in enumerate(readers):
        while True:
            try:
                await reader.catch_up(ports[number % len(ports)])
                break
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                assert monotonic() < deadline, "the portal never came back"
                await asyncio.sleep(1)


@pytest.mark.timeout(60 * MINUTES + 900)
def test_what_was_acknowledged_is_seen_once_and_in_order(folder: Path, house: House) -> None:
    cast, dice = _cast(folder), random.Random()
    ports = list(house.web)
    readers, strangers, thread = apart(_play(cast, ports, house.all, dice))
    apart(_gather(readers, ports))
    with data.opened(folder):
        rows = db.session.execute(
            sa.select(Post.change_seq, Post.client_id).where(Post.thread_id == thread.number).order_by(Post.change_seq)
        ).all()
    kept = [(int(number), str(client)) for number, client in rows]
    assert len(thread.acknowledged) > WRITERS, "hardly anything was written"
    assert thread.acknowledged <= {client for _number, client in kept}
    assert len({client for _number, client in kept}) == len(kept)
    for reader in readers:
        assert reader.visits
        assert reader.shown == kept
    for stranger in strangers:
        assert stranger.refusals
        assert CANARY.encode() not in stranger.heard
        assert not any(client.encode() in stranger.heard for client in thread.acknowledged)
    assert all(process.kills for process in house.all)


def apart(what: Coroutine[Any, Any, T]) -> T:
    """Run it in a thread of its own: browser tests leave a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, what).result()


async def _until_heard(watcher: Whole, what: bytes) -> None:
    while what not in watcher.seen:
        assert not watcher.is_closed
        await asyncio.sleep(PAUSE)


async def _without_redis(cast: Cast, house: House) -> tuple[list[int], list[int]]:
    """A post at one process while Redis is away, for a reader at the other one, and another post when it is back: the pages'
    answers meanwhile, and the numbers that she has when she has asked, as her socket told her to."""
    here, there = house.web
    thread = Thread(cast.thread, [here])
    reader = Reader(thread, cast.members[0].headers)
    writer = Writer(thread, cast.members[1].headers, cast.members[1].csrf, CANARY)
    redis = house.beside[1]
    watcher = await watch(there, thread.topic, reader.headers, Whole)
    await reader.catch_up(there)
    before = reader.last
    await asyncio.to_thread(redis.kill)
    await writer.post(str(uuid.uuid4()), random.Random())
    pages = [await page(port, f"/threads/{thread.number}", reader.headers) for port in house.web for _again in range(5)]
    await _until_heard(watcher, b'42["behind"')
    await reader.catch_up(there)
    redis.start()
    while CANARY.encode() not in watcher.seen:  # what is written now comes by the socket again, once Redis is found
        await writer.post(str(uuid.uuid4()), random.Random())
        await asyncio.sleep(PAUSE)
    watcher.close()
    return pages, [number for number, _client in reader.shown if number > before]


def test_without_redis_nothing_is_lost_and_readers_are_told_to_ask(folder: Path, house: House) -> None:
    pages, numbers = apart(_without_redis(_cast(folder), house))
    assert set(pages) == {200}
    assert len(numbers) == 1
