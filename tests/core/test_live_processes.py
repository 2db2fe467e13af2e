"""Readers who do not read and a Redis that says nothing, held against real processes: nobody else waits for them."""

from __future__ import annotations

import asyncio
import json
import random
import re
import select
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from bench.client import Watcher, watch
from tests.discussions.chaos import PAUSE, Thread, Whole, Writer
from tests.house import Cast, House, apart, call_in, found, running

WORD = "stenskvattan"  # plain letters: in a frame others are written as numbers
LONG = f"{WORD} " * 700
MOST_POSTS = 400  # of LONG: several times what the server keeps for a reader, and the system beside
DEADLINE = 60  # seconds, for what should be there in one
_CLIENT = re.compile(r'data-client="([^"]+)"')


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo network of its own."""
    return found(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def house(folder: Path) -> Iterator[House]:
    """The portal as two web processes share it."""
    with running(folder) as made:
        yield made


def shown(watcher: Watcher) -> set[str]:
    """The posts that came to a watcher, by the keys under which they were sent."""
    items = (item for _at, message in watcher.received for item in json.loads(message[2:])[1]["items"])
    return {key for item in items for key in _CLIENT.findall(str(item["html"]))}


async def until(condition: Callable[[], bool], what: str) -> None:
    deadline = monotonic() + DEADLINE
    while not condition():
        assert monotonic() < deadline, f"{what} did not happen"
        await asyncio.sleep(PAUSE)


class Deaf(Watcher):
    """Somebody who watches and then reads nothing more, but says that she is there."""

    def stop_reading(self) -> None:
        """Leave in the system whatever comes."""
        assert self.transport is not None
        self.transport.pause_reading()

    def was_cut(self) -> bool:
        """Whether the server has cut the line, which is seen without reading from it."""
        assert self.transport is not None
        self._send("3")
        line = select.poll()
        line.register(self.transport.get_extra_info("socket").fileno(), select.POLLRDHUP)
        return bool(line.poll(0))


class Poller:
    """A browser without WebSockets that has watched a thread and asks for nothing any more."""

    def __init__(self, port: int, headers: str) -> None:
        self._address = f"http://127.0.0.1:{port}/socket.io/?EIO=4&transport=polling"
        self._headers = dict([headers.strip().split(": ", 1)])

    async def watch(self, topic: str) -> None:
        """Open the connection and watch."""
        _status, content = await self.ask()
        self._address += f"&sid={json.loads(content[1:])['sid']}"
        for message in ("40", f'420["watch",{json.dumps({"topic": topic})}]'):
            assert await self.say(message) == 200
            content = ""
            while not content.startswith("4"):
                _status, content = await self.ask()
        assert '"ok":true' in content

    async def say(self, message: str) -> int:
        """Send something; the status of the answer."""
        return (await asyncio.to_thread(self._request, message.encode()))[0]

    async def ask(self) -> tuple[int, str]:
        """Ask for what waits; the status of the answer, and what it is."""
        return await asyncio.to_thread(self._request, None)

    def _request(self, body: bytes | None) -> tuple[int, str]:
        request = urllib.request.Request(self._address, data=body, headers=self._headers)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""


def writers(cast: Cast, thread: Thread, word: str) -> list[Writer]:
    return [Writer(thread, one.headers, one.csrf, word) for one in cast.members[2:5]]


async def write_until(condition: Callable[[], bool], some: list[Writer]) -> None:
    """Long posts by turns, until it is so or much more was written than should be needed."""
    for number in range(MOST_POSTS):
        if condition():
            return
        await some[number % len(some)].post(str(uuid.uuid4()), random.Random())


async def presence(port: int, thread: Thread, headers: str) -> set[int]:
    """Who is there, as somebody is told who comes."""
    watcher = await watch(port, thread.topic, headers, Whole)
    watcher.close()
    answer = re.search(rb'430(\[\{"ok":true.*?\}\]\}\])', bytes(watcher.seen))
    assert answer
    return {int(card["id"]) for card in json.loads(answer[1])[0]["presence"]}


async def _beside_the_deaf(cast: Cast, house: House) -> None:
    here = next(iter(house.web))
    thread = Thread(cast.thread, [here])
    deaf = await watch(here, thread.topic, cast.members[0].headers, Deaf)
    reader = await watch(here, thread.topic, cast.members[1].headers, Watcher)
    assert cast.members[0].person_id in await presence(here, thread, cast.members[1].headers)
    deaf.stop_reading()
    await write_until(deaf.was_cut, writers(cast, thread, LONG))
    await until(deaf.was_cut, "the end of the connection that nobody reads")
    await until(lambda: shown(reader) == thread.acknowledged, "the posts for the one who reads")
    there = await presence(here, thread, cast.members[1].headers)
    assert cast.members[0].person_id not in there
    assert cast.members[1].person_id in there
    assert not reader.is_closed
    reader.close()


def test_who_never_reads_is_cut_off_and_the_others_hear_all(folder: Path, house: House) -> None:
    apart(_beside_the_deaf(call_in(folder), house))


async def _beside_the_poller(cast: Cast, house: House) -> None:
    here = next(iter(house.web))
    thread = Thread(cast.thread, [here])
    poller = Poller(here, cast.members[0].headers)
    await poller.watch(thread.topic)
    reader = await watch(here, thread.topic, cast.members[1].headers, Watcher)
    assert await poller.say("3") == 200
    some = writers(cast, thread, LONG)
    statuses: list[int] = []
    while 400 not in statuses and len(statuses) < MOST_POSTS // 4:
        await some[len(statuses) % len(some)].post(str(uuid.uuid4()), random.Random())
        statuses.append(await poller.say("3"))
    assert set(statuses) == {200, 400}, "she is there, until she is let go"
    assert (await poller.ask())[0] == 400
    await until(lambda: shown(reader) == thread.acknowledged, "the posts for the one who reads")
    assert cast.members[0].person_id not in await presence(here, thread, cast.members[1].headers)
    reader.close()


def test_who_polls_for_nothing_and_answers_pings_is_let_go(folder: Path, house: House) -> None:
    apart(_beside_the_poller(call_in(folder), house))


async def _one_by_one(some: list[Writer], reader: Watcher) -> None:
    """Each post is heard before the next one is sent."""
    deadline = monotonic() + DEADLINE
    for number in range(20):
        key = str(uuid.uuid4())
        await some[number % len(some)].post(key, random.Random())
        while key not in shown(reader):
            assert monotonic() < deadline, "readers wait for Redis"
            await asyncio.sleep(0.02)


async def _with_a_silent_redis(cast: Cast, house: House) -> None:
    here, there = house.web
    thread = Thread(cast.thread, [here])
    reader = await watch(here, thread.topic, cast.members[0].headers, Whole)
    far = await watch(there, thread.topic, cast.members[1].headers, Whole)
    some = writers(cast, thread, WORD)
    await some[0].post(str(uuid.uuid4()), random.Random())
    await until(lambda: shown(far) == thread.acknowledged, "a post at the other process")
    redis = house.beside[1]
    redis.hold()
    await _one_by_one(some, reader)
    await until(lambda: b'42["behind"' in far.seen, "a word at the other process that it should ask")
    came = await watch(here, thread.topic, cast.members[5].headers, Watcher)
    name = f'"id":{cast.members[5].person_id},'.encode()
    await until(lambda: name in reader.seen, "a word on who has come")
    redis.go_on()
    deadline = monotonic() + DEADLINE
    key = ""
    while key not in shown(far):  # what is written now comes by the socket again, once Redis is found
        assert monotonic() < deadline, "the other process hears nothing any more"
        key = str(uuid.uuid4())
        await some[0].post(key, random.Random())
        await asyncio.sleep(PAUSE)
    for one in (reader, far, came):
        one.close()


def test_a_silent_redis_keeps_nobody_waiting(folder: Path, house: House) -> None:
    apart(_with_a_silent_redis(call_in(folder), house))
