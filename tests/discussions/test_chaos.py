"""Processes are killed and readers come and go: what was acknowledged is shown to all who may read it, once and in order, and to
nobody else. PORTAL_CHAOS says for how many minutes."""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
import sqlalchemy as sa

from bench import data
from bench.client import watch
from portal import db
from portal.discussions.models import Post
from tests.discussions.chaos import PAUSE, Reader, Stranger, Thread, Whole, Writer, disturb, page
from tests.house import STRANGERS, Cast, House, Process, apart, call_in, found, running

MINUTES = float(os.environ.get("PORTAL_CHAOS", "0.5"))
READERS, WRITERS = 36, 8
CANARY = "stenskvattan"  # plain letters: in a frame others are written as numbers
GATHER_SECONDS = 300  # for all to have what is there, when nothing disturbs any more


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A demo network of its own."""
    return found(tmp_path)


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    """The portal as two web processes share it."""
    with running(folder) as made:
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
    cast, dice = call_in(folder), random.Random()
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
    pages, numbers = apart(_without_redis(call_in(folder), house))
    assert set(pages) == {200}
    assert len(numbers) == 1
