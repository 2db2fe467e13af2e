"""`make run` before anything starts: what is wrong with the machine is said in one sentence, with exit code 2."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from demo import run

ROOT = Path(__file__).resolve().parent.parent.parent


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo.run"], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def test_a_taken_port_is_said_plainly(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = start(PORT=port, DATA_DIR=str(tmp_path))
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"Port {port} is taken.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "80 80"])
def test_a_port_that_is_none_is_said_plainly(port: str, tmp_path: Path) -> None:
    answer = start(PORT=port, DATA_DIR=str(tmp_path))
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)


def test_a_folder_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.write_text("", encoding="utf-8")
    answer = start(PORT="0", DATA_DIR=str(file / "var"))
    assert answer.returncode == 2
    answer = start(PORT=str(run.next_free(20_000)), DATA_DIR=str(file / "var"))
    assert answer.returncode == 2
    assert "cannot be written to" in answer.stderr


def test_the_secret_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    first = run.secret(tmp_path)
    assert run.secret(tmp_path) == first
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
