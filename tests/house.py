"""A portal of several processes, as it is started in earnest, and the people of its demo network."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from bench import data
from bench.servers import ROOT, answers, environment
from portal import db
from portal.discussions.models import Thread
from portal.people.models import Group, Membership
from tests.servers import find_program, free_port, wait_for

T = TypeVar("T")
STRANGERS = 6


class Process:
    """One of the processes: started, killed without warning and started again."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._command, self._env = list(command), dict(env)
        self._process: subprocess.Popen[bytes] | None = None
        self.kills = 0

    def start(self) -> None:
        """Start it in a session of its own, so that it is killed with its children."""
        self._process = subprocess.Popen(self._command, cwd=ROOT, env=self._env, start_new_session=True)

    def kill(self) -> None:
        """kill -9, its children too."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=60)
            self.kills += 1

    def hold(self) -> None:
        """Let it say nothing more; its connections stay open."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on where it was held."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def stop(self) -> None:
        """As an operator stops it."""
        self.go_on()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=60)


def found(folder: Path) -> Path:
    """A demo network of its own."""
    made = folder / "data"
    made.mkdir()
    data.make(made)
    return made


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part, and where."""

    thread: int
    members: list[data.SignedIn]
    own: int
    strangers: list[data.SignedIn]


def call_in(folder: Path) -> Cast:
    """The members of the network; and people of other groups who are not among them, with a thread of their own."""
    with data.opened(folder):
        group = db.session.scalars(sa.select(Group).where(Group.slug == "informationsnatverket")).one()
        inside = sa.select(Membership.person_id).where(Membership.group_id == group.id, Membership.left_at.is_(None))
        other = db.session.scalars(sa.select(Group).where(Group.slug == "lamp")).one()
        outside = [person for person in data.writers(other) if person.id not in set(db.session.scalars(inside))]
        threads = [
            db.session.scalars(sa.select(Thread.id).where(Thread.group_id == one.id).order_by(Thread.id)).first()
            for one in (group, other)
        ]
        assert threads[0]
        assert threads[1]
        assert outside
        return Cast(
            threads[0], [data.sign_in(one) for one in data.writers(group)], threads[1], [data.sign_in(one) for one in outside[:STRANGERS]]
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class House:
    """What runs: two web processes by their ports, and beside them the worker and Redis."""

    web: dict[int, Process]
    beside: list[Process]

    @property
    def all(self) -> list[Process]:
        """What can be killed."""
        return [*self.web.values(), *self.beside]


@contextmanager
def running(folder: Path) -> Iterator[House]:
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


def apart(what: Coroutine[Any, Any, T]) -> T:
    """Run it in a thread of its own: browser tests leave a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, what).result()
