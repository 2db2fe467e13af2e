"""A copy of a file without what it says about people: author, company, who changed it last, where a picture was taken."""

from __future__ import annotations

from pathlib import Path

from portal import child, files
from portal.child import Limits
from portal.errors import Invalid
from portal.library.file_types import DOCX, ODT, PDF, PICTURES, PPTX, XLSX, ExtractionError, Reason

CLEANED = {PDF, DOCX, PPTX, XLSX, ODT} | PICTURES
LIMITS = Limits(seconds=60, memory_bytes=1 << 30)
_LARGER = 1 << 20  # bytes that a file may grow by when it is written anew

_CHILD = Path(__file__).with_name("clean_child.py")


def cleaned(path: Path, media_type: str) -> files.Stored:
    """Store a cleaned copy of the file at `path`; of a type that says nothing about people, the same.

    Never call it while a transaction is open. Raises `ExtractionError` (NOT_CLEANED) and keeps nothing then.
    """
    if media_type not in CLEANED:
        with path.open("rb") as stream:
            return files.store(stream, limit=path.stat().st_size)
    limit = path.stat().st_size * 2 + _LARGER
    with child.running(_CHILD, media_type, str(path.resolve()), limits=LIMITS) as started:
        try:
            stored = files.store(started.stdout, limit=limit)
        except Invalid as error:  # nothing came, or far too much
            raise ExtractionError(Reason.NOT_CLEANED) from error
        if started.wait():  # what came is nobody's, and swept away with all that is
            raise ExtractionError(Reason.NOT_CLEANED)
    return stored
