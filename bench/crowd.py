"""A thousand readers of one thread on one web process, beside a Node Socket.IO server that stores nothing.

BENCH_SOCKETS says how many readers. The load client shares the machine with the server that it measures: both servers are
measured by the same one, in turns.
"""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from bench import data, servers
from bench.client import Connection, Watcher, watch
from bench.figures import Row, milliseconds, percentile
from bench.live import Round, Target, people_of, play
from tests.servers import free_port

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "1000"))
RATES = (30, 60, 75, 90, 100, 110, 120, 130, 140, 150, 165, 180, 210, 240, 300)  # posts a second
TRIES = 2  # of a rate, before it counts as too much: the machine has other things to do
SECONDS = 5.0
SLOWEST = 1.0  # p99 at the highest rate, in seconds
PAGES = 40
TABS = 25  # sockets of one person: nobody is let in with very many
AT_ONCE = 50  # sockets that are opened at once
COUNTS = b'42["counts"'


@dataclass(slots=True)
class Crowd:
    """What one server did with its readers."""

    best: int = 0  # the highest rate at which p99 stayed below SLOWEST
    at_30: float = float("inf")  # p99 at 30 posts a second
    memory: float = 0.0  # kB of the server for each reader


def _memory_of(pid: int) -> int:
    """What a process has of its own, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def _biggest(pid: int) -> int:
    """The process that serves: gunicorn's own child, or the process itself."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else pid


class _Page(Watcher):
    """What a page of ours does: it listens to its thread, and to the numbers of its person."""

    is_told = False

    def _take(self, message: bytes, now: float) -> None:
        self.is_told = self.is_told or message.startswith(COUNTS)
        super()._take(message, now)


async def _listen_to_numbers(target: Target, signed: list[data.SignedIn]) -> None:
    """Watch them as the pages do. Raises `TimeoutError` if one is never told its numbers."""
    pages = [watcher for watcher in target.watchers if isinstance(watcher, _Page)]
    for number, page in enumerate(pages):
        page.say("watch", {"topic": f"person:{signed[number % len(signed)].person_id}"})
        if number % AT_ONCE == 0:
            await asyncio.sleep(0.1)
    async with asyncio.timeout(300):
        while not all(page.is_told for page in pages):
            await asyncio.sleep(0.2)


async def _gather(target: Target, headers: list[str]) -> None:
    for start in range(0, SOCKETS, AT_ONCE):
        some = range(start, min(SOCKETS, start + AT_ONCE))
        target.watchers += await asyncio.gather(
            *(watch(target.port, target.topic, headers[number % len(headers)], _Page) for number in some)
        )


async def _come(target: Target, headers: list[str], pid: int, signed: list[data.SignedIn] | None = None) -> Crowd:
    """Open the sockets; gives what they cost."""
    before = _memory_of(pid)
    await _gather(target, headers)
    if signed:
        await _listen_to_numbers(target, signed)
    await asyncio.sleep(3)
    memory = (_memory_of(pid) - before) / SOCKETS
    await play(target, 10, 2)  # warm-up
    return Crowd(memory=memory)


async def _holds(target: Target, rate: int, found: Crowd) -> bool:
    """Whether the server keeps pace with so many posts a second."""
    for _try in range(TRIES):
        one = await play(target, rate, SECONDS)
        slow = percentile(one.latencies, 99) if one.is_complete and one.latencies else float("inf")
        gc.collect()
        if rate == 30:
            found.at_30 = min(found.at_30, slow)
        if slow < SLOWEST and not one.refused:
            found.best = rate
            return True
    return False


async def _climb(crowds: list[tuple[Target, Crowd]]) -> None:
    """Post faster and faster until it is too much, in turns: what slows the machine for a while slows both."""
    for rate in RATES:
        crowds = [(target, found) for target, found in crowds if await _holds(target, rate, found)]


async def _pages(port: int, path: str, headers: str) -> float:
    """The median time of a page, in seconds."""
    connection, taken = Connection(port), []
    for _number in range(PAGES):
        began = perf_counter()
        await connection.request(path, headers=headers)
        taken.append(perf_counter() - began)
    await connection.close()
    return median(taken)


def _stop_reading(watcher: Watcher) -> None:
    transport = watcher.transport
    if transport is None:
        raise RuntimeError("the watcher is not there")
    transport.pause_reading()


@dataclass(slots=True)
class Measured:
    """Both crowds; our pages before and while the sockets are open; rounds without and with one who never reads."""

    theirs: Crowd
    mine: Crowd
    quiet: float
    busy: float
    alone: Round
    beside: Round


async def _measure(ours: Target, bare: Target, signed: list[data.SignedIn], pid: int, bare_pid: int) -> Measured:
    page = ours.path.removesuffix("/posts")  # as readers open it: their thread
    quiet = await _pages(ours.port, page, signed[0].headers)
    theirs = await _come(bare, [""], bare_pid)
    mine = await _come(ours, [person.headers for person in signed], pid, signed)
    await _climb([(bare, theirs), (ours, mine)])
    await bare.close()
    await asyncio.sleep(5)
    busy = await _pages(ours.port, page, signed[0].headers)
    alone = await play(ours, 10, SECONDS)
    _stop_reading(ours.watchers.pop())
    beside = await play(ours, 10, SECONDS)
    await ours.close()
    return Measured(theirs, mine, quiet, busy, alone, beside)


@contextmanager
def _node() -> Iterator[tuple[int, int]]:
    """Node's server; gives port and process id."""
    node = shutil.which("node")
    if node is None:
        raise RuntimeError("node is not installed")
    port = free_port()
    with servers.program(node, "bench/node_server.mjs", str(port), port=port) as pid:
        yield port, pid


def run(folder: Path) -> list[Row]:
    """Node's crowd and ours, in turns."""
    thread_id, signed = people_of(folder, at_least=SOCKETS // TABS)
    topic = f"thread:{thread_id}"
    with servers.serving_portal(folder) as (port, pid), _node() as (node_port, node_pid):
        ours = Target(port, f"/threads/{thread_id}/posts", topic, signed[0].headers + "X-Fragment: 1\r\n",
                      {"csrf_token": signed[0].csrf, "kind": "reply"})  # fmt: skip
        size = asyncio.run(_size(ours))
        ours.idle.clear()
        bare = Target(node_port, f"/posts?topic={topic}&bytes={size}", topic, "", {"kind": "reply"})
        found = asyncio.run(_measure(ours, bare, signed, _biggest(pid), node_pid))
    return _rows(found, size)


async def _size(target: Target) -> int:
    answer = await target.post(str(uuid.uuid4()))
    await target.hang_up()
    if answer is None:
        raise RuntimeError("the portal did not take the first post")
    return len(answer[1])


def _p99(one: Round) -> float:
    return percentile(one.latencies, 99)


def _rows(found: Measured, size: int) -> list[Row]:
    what = f"{SOCKETS} readers of one thread, events of {size} bytes; bare: Node's Socket.IO, which stores nothing"
    theirs, mine, alone, beside = found.theirs, found.mine, _p99(found.alone), _p99(found.beside)
    return [
        Row(f"{what}: most posts/s with p99 below 1 s", f"{theirs.best}/s", f"{mine.best}/s", f"{mine.best / max(theirs.best, 1):.2f}"),
        Row(f"{what}: p99 at 30 posts/s", milliseconds(theirs.at_30), milliseconds(mine.at_30), f"{mine.at_30 / theirs.at_30:.2f}"),
        Row("memory of the server for each reader", f"{theirs.memory:.0f} kB", f"{mine.memory:.0f} kB", f"{mine.memory / theirs.memory:.2f}"),
        Row("a page while they are there; bare: before they came: p50", milliseconds(found.quiet), milliseconds(found.busy),
            f"{found.busy / found.quiet:.2f}"),
        Row("10 posts/s beside a reader that never reads; bare: without it: p99", milliseconds(alone), milliseconds(beside),
            f"{beside / alone:.2f}"),
    ]  # fmt: skip
