"""The demo's materials before they become files: one small text format, whatever the file will be.

`## ` and `### ` begin sections, `- ` and `1. ` items, `[ ] ` boxes to tick, `| a | b |` rows of a table, and a line of `---` a
new page. `**words**` are bold, `*words*` is a quoted title. A file starts with TOML between lines of `+++`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from demo.content import FOLDER
from demo.when import Calendar
from portal.library.models import ResourceKind

_LINE = re.compile(
    r"(?P<heading>#{2,3}) |(?P<bullets>- )|(?P<numbers>\d+\. )|(?P<checks>\[ \] )|(?P<table>\|)|(?P<page>---)$"
)
_TITLE = re.compile(r"(?<!\*)\*([^*\n]+)\*(?!\*)")
_BOLD = re.compile(r"\*\*(.+?)\*\*")


@dataclass(slots=True)
class Block:
    """A piece of a document. `kind`: section, heading, paragraph, bullets, numbers, checks, table or page."""

    kind: str
    text: str = ""
    items: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Material:
    """One material of the demo: where it belongs, and what is in it."""

    file_name: str
    title: str
    group: str
    kind: ResourceKind
    publisher: str
    by: str
    published_on: date
    blocks: list[Block]

    @property
    def about(self) -> str:
        """The line below the title."""
        return f"{self.publisher} · {self.published_on:%Y-%m-%d}"

    def parts(self) -> list[tuple[str, list[Block]]]:
        """The document cut at its sections: slides of a presentation, sheets of a workbook."""
        cut: list[tuple[str, list[Block]]] = []
        for block in self.blocks:
            if block.kind == "section":
                cut.append((block.text, []))
            elif block.kind != "page":
                if not cut:
                    cut.append((self.title, []))
                cut[-1][1].append(block)
        return cut


def read_materials(calendar: Calendar) -> list[Material]:
    """All materials, dated from the day of loading."""
    return [_read(path, calendar) for path in sorted((FOLDER / "materials").glob("*.md"))]


def _read(path: Path, calendar: Calendar) -> Material:
    _before, front, text = path.read_text(encoding="utf-8").split("+++\n", 2)
    about: dict[str, Any] = tomllib.loads(front)
    on = calendar.ahead(-about["days"])
    return Material(
        file_name=f"{path.stem}.{about['format']}",
        title=about["title"],
        group=about["group"],
        kind=ResourceKind(about["kind"]),
        publisher=about["publisher"],
        by=about["by"],
        published_on=on,
        blocks=list(_blocks(_TITLE.sub(r"”\1”", calendar.fill(text, on)))),
    )


def _blocks(text: str) -> Iterator[Block]:
    block: Block | None = None
    for line in [*text.splitlines(), ""]:
        found = _LINE.match(line)
        kind = found.lastgroup if found else "paragraph" if line.strip() else None
        if block is not None and (kind != block.kind or kind in {"heading", "page"}):
            yield block
            block = None
        if kind is None:
            continue
        words = line[found.end() :] if found else line
        if kind == "heading":
            yield Block("section" if line.startswith("## ") else "heading", words)
            continue
        block = block or Block(kind)
        if kind == "table":
            block.rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif kind == "paragraph":
            block.text = f"{block.text} {words.strip()}".strip()
        elif kind != "page":
            block.items.append(words.strip())


def runs(text: str) -> list[tuple[str, bool]]:
    """A text as pieces, and whether each is bold."""
    return [(piece, place % 2 == 1) for place, piece in enumerate(_BOLD.split(text)) if piece]


def bare(text: str) -> str:
    """A text without its marks."""
    return _BOLD.sub(r"\1", text)
