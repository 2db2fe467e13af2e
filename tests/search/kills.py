"""Kill processes that write and rebuild an index, at random moments, and say what is left. Run by test_killed.py.

One process imports everything once; those to be killed are forked from it. What `write` has answered for must be found.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from portal.search.engine import Ask, Busy, Document, Key
from portal.search.query import parse
from portal.search.whoosh import WhooshEngine

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A_BATCH = 3


def document(number: int) -> Document:
    return Document("post", number, (1,), f"Rubrik {number}", f"gemensamt ord{number} och mer text {number % 7}", NOW)


def again(keys: Collection[Key]) -> tuple[list[Document], set[Key]]:
    return [document(number) for _type, number in keys], set()


def in_child(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        work()
    finally:
        os._exit(0)


class Database:
    """What is stored before it is indexed: the numbers up to one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def last(self) -> int:
        return int(self._path.read_text())

    @last.setter
    def last(self, number: int) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(str(number))
        new.replace(self._path)


def write_on(root: Path, database: Database, start: int, out: int) -> None:
    """Write batch after batch; say the last number of each that was answered for."""
    engine = WhooshEngine(root)
    for first in range(start, start + 10_000, A_BATCH):
        database.last = max(database.last, first + A_BATCH - 1)
        batch = [document(number) for number in range(first, first + A_BATCH)]
        while True:
            try:
                engine.write(batch, [])
                break
            except Busy:
                time.sleep(0.002)
        os.write(out, f"{first + A_BATCH - 1}\n".encode())


def rebuild_on(root: Path, database: Database) -> None:
    engine = WhooshEngine(root)

    def documents() -> Iterator[Document]:
        yield from (document(number) for number in range(1, database.last + 1))

    while True:
        engine.rebuild(documents(), again)


def found(engine: WhooshEngine) -> set[int]:
    answer = engine.search(Ask(parse("gemensamt"), (1,), limit=100_000))
    assert answer.total == len(answer.hits)
    return {hit.id for hit in answer.hits}


def main(root: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    WhooshEngine(root).write([document(1)], [])
    reader, acknowledged, failed, lost = WhooshEngine(root), 1, 0, 0
    database = Database(root / "database")
    database.last = 1
    for _kill in range(kills):
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        children = [in_child(partial(write_on, root, database, acknowledged + 1, writing))]
        children.append(in_child(partial(rebuild_on, root, database)))
        os.close(writing)
        until = time.monotonic() + chance.uniform(0.02, 0.6)
        while time.monotonic() < until:
            try:
                found(reader)
            except Exception:  # any failure is what is counted
                failed += 1
        for child in chance.sample(children, 2):
            os.kill(child, signal.SIGKILL)
            time.sleep(chance.uniform(0, 0.05))
        for child in children:
            os.waitpid(child, 0)
        try:
            acknowledged = max([acknowledged, *map(int, os.read(reading, 1 << 20).split())])
        except BlockingIOError:
            raise AssertionError("the pipe is open still") from None
        os.close(reading)
        lost += len(set(range(1, acknowledged + 1)) - found(WhooshEngine(root)))
    engine = WhooshEngine(root)
    rebuilt = engine.rebuild((document(number) for number in range(1, acknowledged + 1)), again)
    print(
        json.dumps(
            {"written": acknowledged, "lost": lost, "failed": failed, "rebuilt": rebuilt, "found": len(found(engine))}
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
