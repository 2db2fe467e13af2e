"""Indexing and rebuilding that are killed half-way: nothing is lost, nothing unreadable, and no search fails meanwhile.

PORTAL_KILLS says how often (40 are what was promised; each kills a writer and a rebuild at the same time).
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

from config import ROOT

KILLS = int(os.environ.get("PORTAL_KILLS", "10"))


def test_killed_writers_and_rebuilds_lose_nothing(tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)
    command = [sys.executable, "-m", "tests.search.kills", str(tmp_path / "index"), str(KILLS), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, (seed, done.stderr[-2_000:])
    told = json.loads(done.stdout)
    assert (told["lost"], told["failed"]) == (0, 0), (seed, told)
    assert told["found"] == told["rebuilt"] == told["written"], (seed, told)
