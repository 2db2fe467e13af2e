"""Real servers for the tests: PostgreSQL, Redis and ClamAV on free ports in temporary folders, stopped by their process id."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = "{name} is not installed. Run 'make setup-tests' as root, or install Debian's packages postgresql, redis-server, clamav-daemon, tesseract-ocr-swe, mutt and chromium."


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_program(name: str) -> str:
    """Where a program of Debian lies; fails the test run with one clear sentence if it is not there."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = os.pathsep.join([*map(str, versions), os.environ.get("PATH", ""), "/usr/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise RuntimeError(MISSING.format(name=name))
    return found


def wait_for(condition: object, *, seconds: float = 30.0, what: str = "it") -> None:
    """Wait until `condition()` is true; it may take long on a slow machine, and fails with a sentence."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]  # any callable
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.05)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server of its own; gives the address of its maintenance database.

    PostgreSQL refuses to run as root, so as root it runs as the user `postgres` that Debian's package made.
    """
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    data, port = folder / "data", free_port()
    initdb = [*as_user, find_program("initdb"), "-D", str(data), "-U", "portal", "-A", "trust", "-E", "UTF8",
              "--locale=C.UTF-8", "--no-sync"]  # fmt: skip
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": "off",
               "synchronous_commit": "off", "full_page_writes": "off", "max_connections": 300}  # fmt: skip
    command = [*as_user, find_program("postgres"), "-D", str(data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        wait_for(lambda: answers(port), seconds=60, what="PostgreSQL's start")
        yield f"postgresql://portal@127.0.0.1:{port}"
    finally:
        _stop_postgresql(process, data)
        shutil.rmtree(folder, ignore_errors=True)


def _stop_postgresql(process: subprocess.Popen[bytes], data: Path) -> None:
    postmaster = data / "postmaster.pid"  # the server itself, when runuser stands in between
    if postmaster.exists():
        os.kill(int(postmaster.read_text().split()[0]), 2)
    else:
        process.terminate()
    process.wait(timeout=60)


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server of its own; gives its address."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="portal-redis-") as folder:
        command = [
            find_program("redis-server"),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            folder,
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_for(lambda: answers(port), what="Redis's start")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(timeout=30)


EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"  # what every scanner must find


class Scanner:
    """A clamd of its own, whose only signature is EICAR's; it can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"tcp://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        signatures = folder / "signatures"
        signatures.mkdir()
        (signatures / "test.ndb").write_text(f"Eicar-Test:0:0:{EICAR.hex()}\n")
        (folder / "clamd.conf").write_text(
            f"Foreground yes\nTCPSocket {self.port}\nTCPAddr 127.0.0.1\nDatabaseDirectory {signatures}\n"
            f"TemporaryDirectory {folder}\nStreamMaxLength 20M\nMaxThreads 2\n"
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [find_program("clamd"), "--config-file", str(self.folder / "clamd.conf")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(lambda: answers(self.port), seconds=60, what="clamd's start")

    def stop(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=30)
            self.process = None


@contextmanager
def clamd() -> Iterator[Scanner]:
    """A virus scanner, started."""
    with tempfile.TemporaryDirectory(prefix="portal-clamd-") as folder:
        scanner = Scanner(Path(folder))
        try:
            scanner.start()
            yield scanner
        finally:
            scanner.stop()
