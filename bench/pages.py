"""Pages: how long the portal takes for them, against a bare Flask page of the same size under the same server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import perf_counter

from bench import data, servers
from bench.client import Connection
from bench.figures import Row, compare, compare_times
from portal import db
from portal.discussions.models import Thread
from portal.discussions.policy import visible_threads

ONE_BY_ONE = 50  # requests a round
ROUNDS = 3
CONNECTIONS = 8
AT_ONCE = 120  # requests a round over all connections
ROUNDS_AT_ONCE = 3


def _paths(folder: Path) -> tuple[dict[str, str], data.SignedIn]:
    """The pages to ask for, and somebody who may see them."""
    with data.opened(folder):
        person = data.busiest_person()
        query = visible_threads(person).order_by(Thread.post_count.desc(), Thread.id).limit(1)
        thread = db.session.scalars(query).one()
        paths = {
            "start page": "/",
            "group": f"/groups/{thread.group.slug}",
            "thread": f"/threads/{thread.id}",
            "library": "/library",
            "search": "/search?q=stödlinjen",
        }
        return {name: path.replace("ö", "%C3%B6") for name, path in paths.items()}, data.sign_in(person)


async def _one_by_one(connection: Connection, path: str, headers: str, count: int) -> list[float]:
    """Seconds of each of `count` requests over one connection, one after the other. Raises `RuntimeError` for any answer but 200."""
    seconds = []
    for _number in range(count):
        began = perf_counter()
        status, _content = await connection.request(path, headers=headers)
        seconds.append(perf_counter() - began)
        if status != 200:
            raise RuntimeError(f"{path} was answered with {status}")
    await connection.close()  # the server would, while the other one is measured
    return seconds


async def _at_once(port: int, path: str, headers: str) -> float:
    """Requests a second over several connections."""
    connections = [Connection(port) for _number in range(CONNECTIONS)]
    began = perf_counter()
    share = AT_ONCE // CONNECTIONS
    await asyncio.gather(*(_one_by_one(connection, path, headers, share) for connection in connections))
    return AT_ONCE / (perf_counter() - began)


async def _measure(name: str, path: str, headers: str, port: int, bare_port: int) -> list[Row]:
    ours, bare = Connection(port), Connection(bare_port)
    status, content = await ours.request(path, headers=headers)
    if status != 200:
        raise RuntimeError(f"{path} was answered with {status}")
    bare_path = f"/page?bytes={len(content)}"
    await _one_by_one(ours, path, headers, 10)  # warm-up
    await _one_by_one(bare, bare_path, "", 10)
    times: dict[str, list[list[float]]] = {"bare": [], "ours": []}
    for _number in range(ROUNDS):
        times["bare"].append(await _one_by_one(bare, bare_path, "", ONE_BY_ONE))
        times["ours"].append(await _one_by_one(ours, path, headers, ONE_BY_ONE))
    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    for _number in range(ROUNDS_AT_ONCE):
        rates["bare"].append(await _at_once(bare_port, bare_path, ""))
        rates["ours"].append(await _at_once(port, path, headers))
    what = f"{name} ({len(content) / 1000:.0f} kB)"
    return [
        *compare_times(what, ours=times["ours"], bare=times["bare"]),
        compare(
            f"{what}: requests/s, {CONNECTIONS} connections",
            ours=rates["ours"],
            bare=rates["bare"],
            show=lambda rate: f"{rate:.0f}/s",
        ),
    ]


def run(folder: Path) -> list[Row]:
    """Each page: one by one, then over several connections; bare and ours in turn."""
    paths, signed = _paths(folder)
    rows: list[Row] = []
    with servers.portal(folder) as port, servers.bare() as bare_port:
        for name, path in paths.items():
            rows += asyncio.run(_measure(name, path, signed.headers, port, bare_port))
    return rows
