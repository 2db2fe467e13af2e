"""Import of a folder of small files, against nothing but the reading of the same files in the same limited child process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from bench import data
from bench.figures import Row, compare
from bench.servers import ROOT, environment
from portal.library.extract import extract

FILES = 100
ROUNDS = 2
PARAGRAPH = "Den här vägledningen beskriver hur en kommun kan arbeta när den misstänker människohandel, del {number}. "


def write_files(folder: Path, mark: str) -> None:
    """A hundred Markdown files of about 1.5 kB; `mark` makes their content different from the round before."""
    folder.mkdir()
    for number in range(FILES):
        text = "\n\n".join(f"## Avsnitt {part}\n\n" + PARAGRAPH.format(number=number) * 2 for part in range(6))
        (folder / f"vagledning-{number}.md").write_text(f"# Vägledning {mark} {number}\n\n{text}\n", encoding="utf-8")


def _import(folder: Path, files: Path, slug: str, email: str) -> float:
    """Files a second of the command, its start included. Raises `CalledProcessError` if a file was refused."""
    command = [
        sys.executable,
        "-m",
        "flask",
        "--app",
        "wsgi",
        "library",
        "import",
        str(files),
        "--group",
        slug,
        "--by",
        email,
    ]
    began = perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, env=environment(folder, 1), capture_output=True)
    return FILES / (perf_counter() - began)


def _extract(files: Path) -> float:
    """Files a second of reading alone."""
    began = perf_counter()
    for path in sorted(files.iterdir()):
        extract(path, path.name)
    return FILES / (perf_counter() - began)


def run(folder: Path) -> list[Row]:
    """The command, and reading alone, in turn; each round imports files that the library has not seen."""
    with data.opened(folder):
        person = data.busiest_person()
        groups = [member.group for member in person.memberships if member.left_at is None]
        group = next(group for group in groups if person.id in {one.id for one in data.writers(group)})
        slug, email = group.slug, person.email
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as place:
        for number in range(ROUNDS):
            files = Path(place) / str(number)
            write_files(files, str(number))
            bare.append(_extract(files))
            ours.append(_import(folder, files, slug, email))
    what = f"import of {FILES} Markdown files of 1.5 kB"
    return [compare(what, ours=ours, bare=bare, show=lambda rate: f"{rate:.1f} files/s")]
