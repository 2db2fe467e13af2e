"""The drawing of the counties: an outline of each, and where its letter stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DRAWING = Path(__file__).parents[1] / "static" / "img" / "counties.svg"


@dataclass(frozen=True, slots=True)
class Shape:
    """One county, in the drawing's own units."""

    code: str
    outline: str  # an SVG path
    x: int
    y: int
    is_outside: bool  # the county is too small for its letter, which stands beside it


OUTSIDE = frozenset({"AB", "I", "K"})


_PATH = re.compile(r'<path id="(?P<code>[A-Z]+)" data-x="(?P<x>\d+)" data-y="(?P<y>\d+)" d="(?P<outline>[^"]+)"/>')


@cache
def view_box() -> str:
    """The drawing's own frame: x, y, width, height."""
    found = re.search(r'viewBox="([^"]+)"', DRAWING.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{DRAWING} has no frame")
    return found[1]


@cache
def shapes() -> dict[str, Shape]:
    """The counties by their letters, in the usual order."""
    drawn = {found["code"]: found for found in _PATH.finditer(DRAWING.read_text(encoding="utf-8"))}
    return {
        code: Shape(code, found["outline"], int(found["x"]), int(found["y"]), code in OUTSIDE) for code, found in drawn.items()
    }  # fmt: skip
