"""A Python script in a process of its own, with limits and without secrets: for libraries that read or make documents."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("portal.child")

_START = Path(__file__).with_name("child_start.py")

_GRACE = 2.0  # seconds over the child's own limit
_MOST_COMPLAINTS = 1 << 14
_LOOK = 0.005  # seconds between two looks whether a child has ended; a greenlet lets the others go on

# nothing of the portal's; the libraries' threads are few, since each costs address space
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8", "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "2",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use. `may_fork` is needed for threads too: to the operating system they are processes. `file_bytes` is
    the largest file that it may write; for most it is enough for their standard error.
    """

    seconds: float
    memory_bytes: int
    may_fork: bool = False
    file_bytes: int = 1 << 16


class ChildError(RuntimeError):
    """The child crashed, took too long or answered too much; the message is for the log, which has its complaint already."""


def command(script: Path, *words: str, limits: Limits) -> list[str]:
    """The words that start `script` under limits, to be given to `subprocess` together with `ENVIRONMENT`."""
    bounds = (str(limits.seconds), str(limits.memory_bytes), str(int(limits.may_fork)), str(limits.file_bytes))
    return [sys.executable, "-I", str(_START), *bounds, str(script), *words]


class Started:
    """A child that runs, and its answer as it comes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:  # Popen was told to make the pipe
            raise RuntimeError("the child has no pipe")
        self.process, self.stdout = process, process.stdout

    def wait(self) -> int:
        """How it ended: 0 when all went well, negative when a signal ended it, as at the end of its time. What it started ends
        with it.
        """
        while _is_there(self.process):
            time.sleep(_LOOK)
        end(self.process)
        return self.process.wait()


@contextmanager
def running(
    script: Path, *words: str, limits: Limits, given: bytes = b"", more: dict[str, str] | None = None
) -> Iterator[Started]:
    """Run `script` under limits while its answer is read. `given` is its standard input, `more` stands in its environment.

    Nothing is left of it afterwards, whatever it did and started; what it complained about goes to the log. Call it when no
    transaction is open.
    """
    with tempfile.TemporaryFile() as questions, tempfile.TemporaryFile() as complaints:
        questions.write(given)
        questions.seek(0)
        process = subprocess.Popen(  # noqa: S603  # our own file, no shell
            command(script, *words, limits=limits), stdin=questions, stdout=subprocess.PIPE, stderr=complaints,
            start_new_session=True, cwd="/", env=ENVIRONMENT | (more or {}),
        )  # fmt: skip
        alarm = threading.Timer(limits.seconds + _GRACE, end, (process,))
        alarm.start()
        try:
            yield Started(process)
        finally:
            alarm.cancel()
            alarm.join()
            end(process)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        complaints.seek(0)
        if complaint := complaints.read(_MOST_COMPLAINTS).decode("utf-8", "replace").strip():
            log.warning("%s: exit %s: %s", script.name, process.returncode, complaint)


def answer_of(
    script: Path, *words: str, limits: Limits, most_bytes: int, given: bytes = b"", more: dict[str, str] | None = None
) -> bytes:
    """The whole of what the script writes on standard output, at most so many bytes (see `running`). Raises `ChildError`."""
    with running(script, *words, limits=limits, given=given, more=more) as started:
        answer = started.stdout.read(most_bytes + 1)
        code = started.wait() if len(answer) <= most_bytes else None
    if code != 0:
        raise ChildError(f"{script.name} ended with {code} after {len(answer)} bytes")
    return answer


def _is_there(process: subprocess.Popen[bytes]) -> bool:
    """Whether it runs still. It is not reaped by the look, so that its number stays its own until all it started has ended."""
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None
    except ChildProcessError:  # gevent has reaped it
        return False


def end(process: subprocess.Popen[bytes]) -> None:
    """End the child and all that it started, unless it has been reaped: then its number may be somebody else's."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
