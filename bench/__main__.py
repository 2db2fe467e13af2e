"""`python -m bench [names] [--write]`: all measurements or some, as a Markdown table."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from bench import calendars, crowd, data, importing, large, live, pages, queries, searching, starting
from bench.figures import Row, table
from bench.servers import ROOT

MEASUREMENTS: dict[str, tuple[str, Callable[[Path], list[Row]]]] = {
    "live": ("Live fan-out", live.run),
    "crowd": ("A thousand readers", crowd.run),
    "pages": ("Pages", pages.run),
    "queries": ("Queries a page", queries.run),
    "search": ("Search", searching.run),
    "large": ("Search in a large index", large.run),
    "calendar": ("Calendar feed", calendars.run),
    "import": ("Import", importing.run),
    "start": ("Start", starting.run),
}
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def say(text: str) -> None:
    """To the terminal, beside the table."""
    print(text, file=sys.stderr, flush=True)


def git(*words: str) -> str:
    """What git answers about this tree."""
    asked = ["git", "-C", str(ROOT), *words]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def is_changed() -> bool:
    """Whether files differ from the commit. Nobody could measure such figures again: they are not kept."""
    return bool(git("status", "--porcelain", "--untracked-files=no"))


def commit() -> str:
    """The commit that is measured, with a mark if the files differ from it."""
    return git("rev-parse", "--short=12", "HEAD") + (" and changes that are not committed" if is_changed() else "")


def machine() -> str:
    """The machine in plain words."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} shared processor cores ({platform.machine()}), {platform.system()}, Python {platform.python_version()}, SQLite"


def write(text: str) -> None:
    """Put the figures between the two marks of docs/performance.md. Raises `ValueError` if the marks are not there."""
    before, rest = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)
    _old, after = rest.split(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def measure(names: list[str]) -> str:
    """Run the measurements one after the other; returns their tables."""
    parts = [f"Measured at commit `{commit()}` on {machine()}."]
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as place:
        say("demo network …")
        demo = Path(place) / "demo"
        data.make(demo)
        for name in names:
            title, run = MEASUREMENTS[name]
            say(f"{name} …")
            began = perf_counter()
            folder = Path(place) / name
            folder.mkdir()
            rows = run(data.copy(demo, folder / "data"))
            say(f"  {perf_counter() - began:.0f} s")
            parts.append(f"### {title}\n\n{table(rows)}")
    return "\n\n".join(parts)


def main() -> None:
    """Read the command line, measure, print, and with --write keep."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure against bare engines.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which: {', '.join(MEASUREMENTS)} (default: all)")
    parser.add_argument("--write", action="store_true", help="keep the tables in docs/performance.md (needs all)")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(MEASUREMENTS)
    if unknown:
        parser.error(f"there is no measurement called {', '.join(sorted(unknown))}")
    if asked.write and asked.names:
        parser.error("--write keeps all tables: leave the names out")
    if asked.write and is_changed():
        parser.error("--write keeps the figures of a commit: commit your changes first")
    text = measure(asked.names or list(MEASUREMENTS))
    print(text)
    if asked.write:
        write(text)


if __name__ == "__main__":
    main()
