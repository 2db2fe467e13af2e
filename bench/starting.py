"""The second start of `make run`: the demo is there already, and everything is up within five seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from bench import servers
from bench.figures import Row, compare
from tests.servers import free_port

ROUNDS = 3


def _start(folder: Path) -> float:
    """Seconds from the command to the line that says that it is ready."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    env |= {"PORT": str(free_port()), "DATA_DIR": str(folder)}
    began = perf_counter()
    command = [sys.executable, "-m", "demo.run"]
    process = subprocess.Popen(command, cwd=servers.ROOT, env=env, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise RuntimeError("the demo has no output")
        for line in process.stdout:
            if line.strip().startswith("Ready"):
                return perf_counter() - began
        raise RuntimeError("the demo ended before it was ready")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def _bare_start() -> float:
    """Seconds until the bare Flask app answers under the same server."""
    began = perf_counter()
    with servers.bare():
        return perf_counter() - began


def run(folder: Path) -> list[Row]:
    """Start and stop, in turn with the bare server."""
    (folder / "secret").write_text(servers.SECRET, encoding="utf-8")
    ours, bare = [], []
    for _number in range(ROUNDS):
        bare.append(_bare_start())
        ours.append(_start(folder))
    what = "start of the demo, already loaded (database check, portal, worker, identity provider)"
    return [compare(what, ours=ours, bare=bare, show=lambda seconds: f"{seconds:.1f} s")]
