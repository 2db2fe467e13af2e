"""Text and metadata of an uploaded file, read in a child process that may fail in any way without harm.

The child gets a time limit, a memory limit and an environment without secrets; its answer comes as JSON on a
pipe with a size cap. Call this from the worker or before a transaction is opened, never while one is open.
"""

import json
import logging
import os
import selectors
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from portal import child
from portal.child import Limits
from portal.library.file_types import ExtractionError, Reason, sniff

__all__ = ["ATTRIBUTES", "TEXTS", "WORDLESS", "Extracted", "ExtractionError", "Page", "Reason", "extract", "sniff"]

logger = logging.getLogger(__name__)

# Among the properties: what stands in the XML of an Office file (extract_parts.py)
TEXTS, ATTRIBUTES = "texts of parts", "attributes of parts"
# and the numbers of the pages that show something but hardly a letter (extract_pdf.py, extract_picture.py)
WORDLESS = "pages without words"

_CHILD = Path(__file__).with_name("extract_child.py")
_MAX_ANSWER = 64 << 20  # bytes of JSON
_CHUNK = 1 << 16
_MAY_FORK = False
_GRACE = 2.0  # seconds over the child's own CPU limit


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
    with tempfile.TemporaryFile() as complaints:
        limits = Limits(seconds, memory_bytes, may_fork=_MAY_FORK)
        reader = subprocess.Popen(  # noqa: S603 - our own file, no shell
            child.command(_CHILD, media_type, str(path.resolve()), limits=limits),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
            cwd="/",
            env=child.ENVIRONMENT,
        )
        try:
            answer = _read(reader, seconds + _GRACE)
        finally:
            _end(reader)
        complaints.seek(0)
        if complaint := complaints.read(_CHUNK).decode("utf-8", "replace").strip():
            logger.warning("extraction of a %s: exit %s: %s", media_type, reader.returncode, complaint)
    return _extracted(answer, media_type, reader.returncode)


def _read(reader: subprocess.Popen[bytes], seconds: float) -> bytes:
    """The child's answer, whole or not; raises TIME_OUT or TOO_BIG_UNPACKED. Waits without holding other
    greenlets.
    """
    stream: IO[bytes] | None = reader.stdout
    if stream is None:  # Popen was told to make the pipe
        raise RuntimeError("the child has no pipe")
    parts: list[bytes] = []
    size, end = 0, time.monotonic() + seconds
    with selectors.DefaultSelector() as waiting:
        waiting.register(stream, selectors.EVENT_READ)
        while True:
            left = end - time.monotonic()
            if left <= 0 or not waiting.select(left):
                raise ExtractionError(Reason.TIME_OUT)
            part = os.read(stream.fileno(), _CHUNK)
            if not part:
                break
            parts.append(part)
            size += len(part)
            if size > _MAX_ANSWER:
                raise ExtractionError(Reason.TOO_BIG_UNPACKED)
    try:
        reader.wait(max(0.1, end - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise ExtractionError(Reason.TIME_OUT) from error
    return b"".join(parts)


def _end(reader: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind: the whole process group goes, whatever it was doing."""
    if reader.returncode is None:
        try:
            os.killpg(reader.pid, signal.SIGKILL)
        except ProcessLookupError:
            logger.debug("the extraction child had ended by itself")
        reader.wait()
    if reader.stdout is not None:
        reader.stdout.close()


def _extracted(answer: bytes, media_type: str, exit_code: int | None) -> Extracted:
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
