"""Live fan-out: from a post being sent to each watcher having received it."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode

import sqlalchemy as sa

from bench import data, servers
from bench.client import Connection, Watcher, watch
from bench.figures import Row, compare_times
from portal import db
from portal.discussions.models import Thread

WATCHERS = 100
RATES = (10, 30)  # posts a second
SECONDS = 5
ROUNDS = 3
PATIENCE = 15.0  # seconds until a post that has not arrived counts as lost

TEXT = """Vi har den här veckan haft **två samtal** med kommuner som undrar vem de ska vända sig till.

- Samma fråga kom i *tre* län förra månaden.
- Stödlinjen svarar dygnet runt, men numret är okänt på många håll.

Förslag: vi tar upp det på nästa möte och lägger checklistan i biblioteket."""
_CLIENT = re.compile(r'data-client="([0-9a-f-]{36})"')


@dataclass(slots=True)
class Target:
    """A server with watchers on it, and how to post there."""

    port: int
    path: str
    topic: str
    headers: str
    fields: dict[str, str]
    watchers: list[Watcher] = field(default_factory=list)
    idle: list[Connection] = field(default_factory=list)

    async def post(self, client_id: str) -> tuple[float, bytes] | None:
        """Write one post; returns when it was sent, and the answer; None if the server was too busy to take it.

        Raises `RuntimeError` for any other answer.
        """
        connection = self.idle.pop() if self.idle else Connection(self.port)
        body = urlencode({**self.fields, "client_id": client_id, "body": TEXT}).encode()
        sent = perf_counter()
        status, content = await connection.request(self.path, headers=self.headers, body=body)
        self.idle.append(connection)
        if status == 503:
            return None
        if status != 201:
            raise RuntimeError(f"a post was answered with {status}")
        return sent, content

    async def hang_up(self) -> None:
        """Close the connections that posts are sent over."""
        while self.idle:
            await self.idle.pop().close()

    async def close(self) -> None:
        """Let everything go."""
        for watcher in self.watchers:
            watcher.close()
        await self.hang_up()


@dataclass(frozen=True, slots=True)
class Round:
    """What one round gave: latencies in seconds, whether each watcher got each post once and in order, and how many posts
    the server did not take.
    """

    latencies: list[float]
    is_complete: bool
    refused: int


def _arrivals(watcher: Watcher) -> list[tuple[float, int, str]]:
    """When what arrived at a watcher: (time, sequence number, the post's client id)."""
    return [(at, seq, client_id) for at, message in watcher.received for seq, client_id in _posts_in(message)]


@lru_cache(maxsize=2000)
def _posts_in(message: bytes) -> list[tuple[int, str]]:
    """The posts of an `items` event: sequence number and client id."""
    found = [(int(item["seq"]), _CLIENT.search(item["html"])) for item in json.loads(message[2:])[1]["items"]]
    return [(seq, match[1]) for seq, match in found if match is not None]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: what the client notes is a million objects. To look through them takes it a while, and the
    server would have to answer for it.
    """
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def play(target: Target, rate: int, seconds: float) -> Round:
    """Post at a steady rate, whether or not earlier posts have been answered, and see what arrives."""
    await target.hang_up()  # the server has closed what was idle between the rounds
    for watcher in target.watchers:
        watcher.forget()
    wanted = [str(uuid.uuid4()) for _number in range(round(rate * seconds))]
    with _uncollected():
        began = perf_counter()
        tasks = []
        for number, client_id in enumerate(wanted):
            await asyncio.sleep(max(0.0, began + number / rate - perf_counter()))
            tasks.append(asyncio.create_task(target.post(client_id)))
        answers = await asyncio.gather(*tasks)
        sent = {client_id: answer[0] for client_id, answer in zip(wanted, answers, strict=True) if answer is not None}
        deadline = perf_counter() + PATIENCE
        while any(watcher.count < len(sent) for watcher in target.watchers) and perf_counter() < deadline:
            await asyncio.sleep(
                0.05
            )  # nothing is read before all is there: the last ones would only be late because of us
    arrivals = [_arrivals(watcher) for watcher in target.watchers]
    latencies = [at - sent[client_id] for arrived in arrivals for at, _seq, client_id in arrived if client_id in sent]
    return Round(latencies, _is_complete(arrivals, sent), len(wanted) - len(sent))


def _is_complete(arrivals: Sequence[list[tuple[float, int, str]]], sent: dict[str, float]) -> bool:
    """Whether each watcher got every post exactly once and in the order of their numbers."""
    for arrived in arrivals:
        numbers = [seq for _at, seq, _client_id in arrived]
        if sorted(client_id for _at, _seq, client_id in arrived) != sorted(sent) or numbers != sorted(set(numbers)):
            return False
    return True


def people_of(folder: Path, *, at_least: int = 0) -> tuple[int, list[data.SignedIn]]:
    """A thread of the demo, and sessions of those who may write in it; others join its group until there are so many."""
    with data.opened(folder):
        thread = db.session.scalars(sa.select(Thread).order_by(Thread.post_count.desc(), Thread.id)).first()
        if thread is None:
            raise LookupError("there is no thread to write in")
        people = data.writers(thread.group)
        people += data.join(thread.group, at_least - len(people))
        return thread.id, [data.sign_in(person) for person in people]


async def _measure(ours: Target, bare: Target, signed: Sequence[data.SignedIn]) -> list[Row]:
    for number in range(WATCHERS):
        ours.watchers.append(await watch(ours.port, ours.topic, signed[number % len(signed)].headers, Watcher))
        bare.watchers.append(await watch(bare.port, bare.topic, "", Watcher))
    answer = await ours.post(str(uuid.uuid4()))
    if answer is None:
        raise RuntimeError("the portal did not take the first post")
    size = len(answer[1])
    bare.path += f"&bytes={size}"
    rows = []
    for rate in RATES:
        rounds: dict[str, list[Round]] = {"bare": [], "ours": []}
        for target in (bare, ours):
            await play(target, rate, 1)  # warm-up
        for _number in range(ROUNDS):
            rounds["bare"].append(await play(bare, rate, SECONDS))
            rounds["ours"].append(await play(ours, rate, SECONDS))
        rows += _rows(rate, rounds, size)
    await ours.close()
    await bare.close()
    return rows


def _rows(rate: int, rounds: dict[str, list[Round]], size: int) -> list[Row]:
    what = f"{WATCHERS} watchers, {rate} posts/s, events of {size} bytes"
    times = {name: [one.latencies for one in some] for name, some in rounds.items()}
    return [
        *compare_times(what, ours=times["ours"], bare=times["bare"]),
        Row(f"{what}: every post once and in order", _said(rounds["bare"]), _said(rounds["ours"]), "–"),
    ]


def _said(rounds: Sequence[Round]) -> str:
    refused = sum(one.refused for one in rounds)
    word = "yes" if all(one.is_complete for one in rounds) else "no"
    return f"{word} ({refused} not taken)" if refused else word


def run(folder: Path) -> list[Row]:
    """Both servers up, both with their watchers; the rounds go to one and the other in turn."""
    thread_id, signed = people_of(folder)
    with servers.portal(folder) as port, servers.bare() as bare_port:
        topic = f"thread:{thread_id}"
        ours = Target(
            port, f"/threads/{thread_id}/posts", topic, signed[0].headers + "X-Fragment: 1\r\n",
            {"csrf_token": signed[0].csrf, "kind": "reply"},
        )  # fmt: skip
        bare = Target(bare_port, f"/posts?topic={topic}", topic, "", {"kind": "reply"})
        return asyncio.run(_measure(ours, bare, signed))
