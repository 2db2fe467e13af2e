"""The measurements as a command; the figures themselves are no matter for tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench import __main__ as bench


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one file, committed."""
    (tmp_path / "file").write_text("a")
    for words in ("init -q", "add file", "-c user.name=x -c user.email=x@x.example commit -q -m x"):
        subprocess.run(["git", "-C", str(tmp_path), *words.split()], check=True)
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setattr(bench, "measure", lambda _names: "figures")
    return tmp_path


def test_figures_are_kept_of_a_commit_only(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept: list[str] = []
    monkeypatch.setattr(bench, "write", kept.append)
    monkeypatch.setattr(sys, "argv", ["bench", "--write"])
    bench.main()
    assert kept == ["figures"]
    (tree / "file").write_text("b")
    with pytest.raises(SystemExit) as ended:
        bench.main()
    assert (ended.value.code, kept) == (2, ["figures"])
    assert "commit your changes first" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["bench"])
    bench.main()
    assert bench.commit().endswith(" and changes that are not committed")
