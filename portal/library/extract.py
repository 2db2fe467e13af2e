"""Text and metadata of an uploaded file, read in a child process that may fail in any way without harm.

The child gets a time limit, a memory limit and an environment without secrets; its answer comes as JSON on a
pipe with a size cap. Call this from the worker or before a transaction is opened, never while one is open.
"""

import json
import signal
from dataclasses import dataclass
from pathlib import Path

from portal import child
from portal.child import Limits
from portal.library.file_types import ExtractionError, Reason, sniff

__all__ = ["ATTRIBUTES", "TEXTS", "WORDLESS", "Extracted", "ExtractionError", "Page", "Reason", "extract", "sniff"]


# Among the properties: what stands in the XML of an Office file (extract_parts.py)
TEXTS, ATTRIBUTES = "texts of parts", "attributes of parts"
# and the numbers of the pages that show something but hardly a letter (extract_pdf.py, extract_picture.py)
WORDLESS = "pages without words"

_CHILD = Path(__file__).with_name("extract_child.py")
_MAX_ANSWER = 64 << 20  # bytes of JSON
_MAY_FORK = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page, slide, sheet or section; `number` counts from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Extracted:
    """What is in a file. `properties` holds every metadata text (author, subject, comments, alt texts, links
    …).
    """

    media_type: str
    pages: list[Page]
    title: str | None
    properties: dict[str, str]


def extract(path: Path, file_name: str, *, seconds: float = 30, memory_bytes: int = 1 << 30) -> Extracted:
    """Read the file at `path`, which the person called `file_name`.

    `seconds` limits wall clock and processor time, `memory_bytes` the address space of the child. Raises
    ExtractionError with a reason and a sentence for the person.
    """
    media_type = sniff(path, file_name)
    limits = Limits(seconds, memory_bytes, may_fork=_MAY_FORK)
    with child.running(_CHILD, media_type, str(path.resolve()), limits=limits) as started:
        answer = started.stdout.read(_MAX_ANSWER + 1)
        if len(answer) > _MAX_ANSWER:
            raise ExtractionError(Reason.TOO_BIG_UNPACKED)
        exit_code = started.wait()
    return _extracted(answer, media_type, exit_code)


def _extracted(answer: bytes, media_type: str, exit_code: int) -> Extracted:
    if exit_code in (-signal.SIGXCPU, -signal.SIGKILL):
        raise ExtractionError(Reason.TIME_OUT)
    if exit_code:  # a crash: PDFium ends with SIGTRAP or SIGABRT when it gets no memory
        raise ExtractionError(Reason.BROKEN)
    try:
        result = json.loads(answer)
        if "error" in result:
            raise ExtractionError(Reason(result["error"]))
        pages = [Page(int(number), str(text)) for number, text in result["pages"]]
        properties = {str(name): str(value) for name, value in result["properties"].items()}
        title = result["title"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExtractionError(Reason.BROKEN) from error
    return Extracted(media_type, pages, str(title) if title else None, properties)
