"""Fifty readers and writers of one thread who come and go, on two web processes that are killed now and then.

They do what a browser does: watch first, then ask for the gap over HTTP; take what follows the last number they have, ask again
at a gap; send a post again under its own key until somebody says that it is there.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import urlencode

from bench.client import Connection, Watcher, watch
from tests.house import Process

_POST = re.compile(rb'data-change-seq="(\d+)"[^>]*data-client="([^"]*)"')
AT_ONCE = 200  # posts that the server sends at most
PAUSE = 0.2
GONE = (ConnectionError, TimeoutError, asyncio.IncompleteReadError, OSError)


@dataclass(slots=True)
class Thread:
    """A thread, where it is served, and what was acknowledged in it."""

    number: int
    ports: Sequence[int]
    acknowledged: set[str] = field(default_factory=set)

    @property
    def topic(self) -> str:
        """What its readers watch."""
        return f"thread:{self.number}"

    @property
    def posts(self) -> str:
        """The address of its posts."""
        return f"/threads/{self.number}/posts"


class Whole(Watcher):
    """A watcher that keeps every byte that reaches it."""

    seen: bytearray

    def buffer_updated(self, nbytes: int) -> None:
        """Keep it, then read it."""
        self.seen = getattr(self, "seen", bytearray())
        self.seen += self.get_buffer(-1)[:nbytes]
        super().buffer_updated(nbytes)


@dataclass(slots=True)
class Reader:
    """Somebody with the thread open: what is shown, in the order in which it came."""

    thread: Thread
    headers: str
    last: int = 0
    shown: list[tuple[int, str]] = field(default_factory=list)
    visits: int = 0

    async def read(self, until: Callable[[], bool], dice: random.Random) -> None:
        """Come, watch, leave or be thrown out, and come back, until it is over; then once more for what is missing."""
        while not until():
            try:
                await self._visit(dice.choice(self.thread.ports), dice.uniform(0.5, 8.0), until)
            except GONE:
                await asyncio.sleep(dice.uniform(0.1, 1.0))
            else:
                await asyncio.sleep(dice.uniform(0.0, 1.5))

    async def _visit(self, port: int, seconds: float, until: Callable[[], bool]) -> None:
        watcher = await watch(port, self.thread.topic, self.headers, Watcher)
        try:
            self.visits += 1
            await self.catch_up(port)
            leave = monotonic() + seconds
            while monotonic() < leave and not watcher.is_closed and not until():
                await asyncio.sleep(PAUSE)
                if self._take(watcher):
                    await self.catch_up(port)
        finally:
            watcher.close()

    def _take(self, watcher: Watcher) -> bool:
        """Show what follows; True if something is missing before what came."""
        messages, watcher.received = watcher.received, []
        for _at, message in messages:
            for item in json.loads(message[2:])[1]["items"]:
                number = int(item["seq"])
                if number > self.last + 1:
                    return True
                if number == self.last + 1:
                    self._show(str(item["html"]).encode())
        return False

    def _show(self, html: bytes) -> int:
        found = [(int(number), client.decode()) for number, client in _POST.findall(html)]
        self.shown += found
        self.last = max([self.last, *(number for number, _client in found)])
        return len(found)

    async def catch_up(self, port: int) -> None:
        """Ask for all after the last number. Raises `ConnectionError` where there is no whole answer."""
        connection = Connection(port)
        try:
            while True:
                path = f"{self.thread.posts}?after={self.last}"
                status, content = await connection.request(path, headers=self.headers + "X-Fragment: 1\r\n")
                if status != 200:
                    raise ConnectionError(f"{path}: {status}")
                if self._show(content) < AT_ONCE:
                    return
        finally:
            await connection.close()


@dataclass(slots=True)
class Writer:
    """Somebody who writes: each post is sent under its key until it is acknowledged."""

    thread: Thread
    headers: str
    csrf: str
    word: str

    async def write(self, until: Callable[[], bool], dice: random.Random, every: float) -> None:
        """A post now and then, until it is over."""
        while not until():
            await asyncio.sleep(dice.uniform(0.5 * every, 1.5 * every))
            await self.post(str(uuid.uuid4()), dice)

    async def post(self, client_id: str, dice: random.Random) -> None:
        """Send a post until it is acknowledged. Raises `AssertionError` if it is refused or never taken."""
        form = {"csrf_token": self.csrf, "kind": "reply", "body": self.word, "client_id": client_id}
        deadline = monotonic() + 120
        while monotonic() < deadline:
            connection = Connection(dice.choice(self.thread.ports))
            try:
                headers = self.headers + "X-Fragment: 1\r\n"
                status, _content = await connection.request(
                    self.thread.posts, headers=headers, body=urlencode(form).encode()
                )
            except GONE:
                await asyncio.sleep(dice.uniform(0.1, 1.0))
                continue
            finally:
                await connection.close()
            if status in (200, 201):
                self.thread.acknowledged.add(client_id)
                return
            if status < 500:
                raise AssertionError(f"a post was answered with {status}")
            await asyncio.sleep(dice.uniform(0.1, 1.0))
        raise AssertionError("a post was never taken")


@dataclass(slots=True)
class Stranger:
    """Somebody of another group who tries to hear: every byte that reaches her."""

    thread: Thread
    headers: str
    own: Thread
    heard: bytearray = field(default_factory=bytearray)
    refusals: int = 0

    async def listen(self, until: Callable[[], bool], dice: random.Random) -> None:
        """Ask for the thread's posts and to watch it, and watch a thread of her own meanwhile."""
        while not until():
            port = dice.choice(self.thread.ports)
            connection = Connection(port)
            try:
                status, content = await connection.request(self.thread.posts + "?after=0", headers=self.headers)
                self.heard += content
                self.refusals += status == 404
                if status == 200:
                    raise AssertionError("somebody outside the group was given its posts")
                await self._try(port, dice.uniform(0.5, 4.0))
            except GONE:
                await asyncio.sleep(dice.uniform(0.1, 1.0))
            finally:
                await connection.close()

    async def _try(self, port: int, seconds: float) -> None:
        watcher = await watch(port, self.own.topic, self.headers, Whole)
        try:
            watcher.say("watch", {"topic": self.thread.topic})
            watcher.say("typing", {"topic": self.thread.topic})
            await asyncio.sleep(seconds)
        finally:
            self.heard += getattr(watcher, "seen", b"")
            watcher.close()


async def page(port: int, path: str, headers: str) -> int:
    """With which status a page is answered."""
    connection = Connection(port)
    try:
        return (await connection.request(path, headers=headers))[0]
    finally:
        await connection.close()


async def disturb(processes: Sequence[Process], until: Callable[[], bool], dice: random.Random, every: float) -> None:
    """Kill one of the processes without warning, wait a moment, start it again; each of them at least once."""
    turn = 0
    while not until() or turn < len(processes):
        await asyncio.sleep(dice.uniform(0.6 * every, 1.4 * every))
        process = processes[turn % len(processes)]
        await asyncio.to_thread(process.kill)
        await asyncio.sleep(dice.uniform(0.0, 1.0))
        process.start()
        turn += 1
