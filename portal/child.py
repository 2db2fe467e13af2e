"""A Python script in a process of its own, with limits and without secrets: for libraries that read or make documents."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

_START = Path(__file__).with_name("child_start.py")

# nothing of the portal's; the libraries' threads are few, since each costs address space
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8", "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "2",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use. `may_fork` is needed for threads too: to the operating system they are processes."""

    seconds: float
    memory_bytes: int
    may_fork: bool = False


def command(script: Path, *words: str, limits: Limits) -> list[str]:
    """The words that start `script` under limits, to be given to `subprocess` together with `ENVIRONMENT`."""
    bounds = (str(limits.seconds), str(limits.memory_bytes), str(int(limits.may_fork)))
    return [sys.executable, "-I", str(_START), *bounds, str(script), *words]
