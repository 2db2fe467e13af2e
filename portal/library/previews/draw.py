"""Pictures of a file's first page. Call these from the worker while no transaction is open: they take time."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import dataclass
from pathlib import Path

from portal import child
from portal.child import ChildError, Limits
from portal.library.file_types import PPTX, XLSX

log = logging.getLogger("portal.library")

_CHILD = Path(__file__).with_name("draw_child.py")
_SHEET = Path(__file__).parents[3] / "templates" / "pdf" / "sheet.typ"
_LIMITS = Limits(30, 1 << 30)
_TYPST = Limits(30, 2 << 30, may_fork=True)  # typst works with threads
_MOST = 4 << 20  # bytes of both pictures
_LINES, _WIDTH = 60, 400  # of a text: more does not fit on a page


@dataclass(frozen=True, slots=True)
class Pictures:
    """Two pictures of a first page (WebP): one for rows of a list, one to be read."""

    thumbnail: bytes
    picture: bytes


def _asked(*words: str, limits: Limits, given: bytes = b"") -> Pictures:
    answer = json.loads(child.answer_of(_CHILD, *words, limits=limits, most_bytes=_MOST, given=given))
    return Pictures(base64.b64decode(answer["thumbnail"]), base64.b64decode(answer["picture"]))


def page_of_pdf(path: Path) -> Pictures | None:
    """Page 1 of a PDF; None if it cannot be drawn (the reason is in the log)."""
    return _or_none("pdf", path)


def of_picture(path: Path) -> Pictures | None:
    """A photograph or a drawing; None if it cannot be opened."""
    return _or_none("picture", path)


def _or_none(way: str, path: Path) -> Pictures | None:
    try:
        return _asked(way, str(path.resolve()), limits=_LIMITS)
    except ChildError as error:
        log.warning("a first page could not be drawn: %s", error)
        return None


def sheet(media_type: str, text: str) -> Pictures:
    """A page with the first words of a text, for what has no pages that could be drawn. Raises `ChildError`."""
    lines = [line.strip()[:_WIDTH] for line in text.splitlines() if line.strip()][:_LINES]
    kind = {PPTX: "slide", XLSX: "table"}.get(media_type, "text")
    given = json.dumps({"kind": kind, "lines": lines}).encode()
    return _asked("sheet", str(_SHEET), limits=_TYPST, given=given)
