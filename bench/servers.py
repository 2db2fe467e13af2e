"""Servers under the portal's own gunicorn configuration, on free ports, stopped by their process id."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers import free_port, wait_for

ROOT = Path(__file__).resolve().parent.parent
SECRET = "a-secret-of-the-measurements-that-is-long-enough"


def environment(folder: Path, port: int) -> dict[str, str]:
    """The settings of a portal whose data lie in `folder`, as environment variables."""
    return {
        **os.environ,
        "PORTAL_SECRET_KEY": SECRET,
        "PORTAL_BASE_URL": f"http://127.0.0.1:{port}",
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_ENVIRONMENT": "demo",
        "PORTAL_BIND": f"127.0.0.1:{port}",
        "PORTAL_LOG_LEVEL": "WARNING",
        "PORTAL_WRITE_LIMIT": "1000000/minute",  # one client writes what many people would
        "PORTAL_ORGANISATION_WRITE_LIMIT": "1000000/minute",
        "PORTAL_ADDRESS_WRITE_LIMIT": "1000000/minute",
    }


@contextmanager
def running(*command: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives as long as the block."""
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=dict(env))
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def answers(address: str) -> bool:
    """Whether the app answers; that its port is open says only that gunicorn has begun."""
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def serving(app: str, env: Mapping[str, str], port: int, *, page: str) -> Iterator[int]:
    """`app` under gunicorn and the portal's configuration; gives the port once a page of its answers."""
    address = f"http://127.0.0.1:{port}{page}"
    with running("gunicorn", "--log-level", "warning", "-c", "gunicorn.conf.py", app, env=env) as process:
        wait_for(lambda: answers(address) or process.poll() is not None, seconds=120, what=f"the start of {app}")
        if process.poll() is not None:
            raise RuntimeError(f"{app} ended by itself")
        yield port


@contextmanager
def portal(folder: Path) -> Iterator[int]:
    """The portal and its worker, as `make run` starts them; gives the port."""
    port = free_port()
    env = environment(folder, port)
    with running("flask", "--app", "wsgi", "worker", env=env), serving("wsgi:app", env, port, page="/privacy"):
        yield port


@contextmanager
def serving_portal(folder: Path) -> Iterator[tuple[int, int]]:
    """The portal and its worker; gives the port and the process id of gunicorn."""
    port = free_port()
    env = environment(folder, port)
    page = f"http://127.0.0.1:{port}/privacy"
    serve = ("gunicorn", "--log-level", "warning", "-c", "gunicorn.conf.py", "wsgi:app")
    with running("flask", "--app", "wsgi", "worker", env=env), running(*serve, env=env) as process:
        wait_for(lambda: answers(page), seconds=120, what="the start of the portal")
        yield port, process.pid


@contextmanager
def program(*command: str, port: int) -> Iterator[int]:
    """A program that listens on the port; gives its process id."""
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/"), seconds=60, what=command[0])
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


@contextmanager
def bare() -> Iterator[int]:
    """The bare engines; gives the port."""
    port = free_port()
    with serving("bench.bare:app", {**os.environ, "PORTAL_BIND": f"127.0.0.1:{port}"}, port, page="/page?bytes=500"):
        yield port
