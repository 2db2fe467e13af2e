"""The whole demo as `make run` starts it, on free ports and in a folder of its own, for tests and benchmarks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import free_port, wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 240.0
PERSON = """
import sys
import sqlalchemy as sa
from portal import create_app, db
from portal.people.models import Person
create_app().app_context().push()
person = db.session.scalars(sa.select(Person).where(Person.email == sys.argv[1])).one()
"""


@dataclass
class Stack:
    """A running demo."""

    address: str
    folder: Path
    process: subprocess.Popen[bytes]
    log: Path
    settings: Mapping[str, str]

    def environment(self) -> dict[str, str]:
        """What a command needs in its environment to work on this demo."""
        return os.environ | {
            "PORTAL_SECRET_KEY": (self.folder / "secret").read_text(encoding="utf-8"),
            "PORTAL_BASE_URL": self.address,
            "PORTAL_DATA_DIR": str(self.folder),
            "PORTAL_ENVIRONMENT": "demo",
            "PORTAL_LOG_LEVEL": "WARNING",
            **self.settings,
        }

    def flask(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run a command of the portal on this demo; `given` is what it reads on standard input."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
        made = subprocess.run(
            command, cwd=ROOT, env=self.environment(), input=given, capture_output=True, timeout=300, check=False
        )
        return subprocess.CompletedProcess(command, made.returncode, made.stdout.decode(), made.stderr.decode())

    def with_person(self, email: str, program: str, *words: str) -> str:
        """Run a program on this demo's data, in which `person` is the one of that address; answers what it prints."""
        command = [sys.executable, "-c", PERSON + program, email, *words]
        made = subprocess.run(
            command, cwd=ROOT, env=self.environment(), capture_output=True, text=True, timeout=300, check=False
        )
        if made.returncode:
            raise RuntimeError(made.stderr)
        return made.stdout.strip()

    def is_up(self) -> bool:
        """Whether /health says so."""
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False

    def web_process(self) -> int:
        """The process id of the web worker below gunicorn's master."""
        for child in _children(self.process.pid):
            if b"demo.serve" in Path(f"/proc/{child}/cmdline").read_bytes():
                return _children(child)[0]
        raise RuntimeError("the web process is not there")

    def kill_web_process(self) -> None:
        """Kill the web worker without warning; gunicorn starts another one."""
        os.kill(self.web_process(), signal.SIGKILL)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def running(folder: Path | None = None, **settings: str) -> Iterator[Stack]:
    """Start the demo with settings of its own, wait until it is up, and stop it as Ctrl-C does."""
    with tempfile.TemporaryDirectory(prefix="portal-demo-") as temporary:
        folder = folder or Path(temporary)
        port = free_port()
        log = Path(temporary) / "log"
        environment = os.environ | {"PORT": str(port), "DATA_DIR": str(folder), "PORTAL_WRITE_LIMIT": "100000/minute",
                                    "PORTAL_ORGANISATION_WRITE_LIMIT": "100000/minute", "PORTAL_ADDRESS_WRITE_LIMIT": "100000/minute",
                                    "PORTAL_SIGN_IN_LIMIT": "100000/minute", **settings}  # fmt: skip
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "demo.run"], cwd=ROOT, env=environment, stdout=output, stderr=output
            )
        stack = Stack(f"http://127.0.0.1:{port}", folder, process, log, settings)

        def is_ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"the demo ended:\n{log.read_text(encoding='utf-8')}")
            return "Ctrl-C" in log.read_text(encoding="utf-8")

        try:
            wait_for(is_ready, seconds=START_SECONDS, what="the demo's start")
            yield stack
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
