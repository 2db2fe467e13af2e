"""PDF by typst, made in a process of its own: it takes the CPU, and the web process must stay free (house rule 8)."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from flask import current_app

from portal import child
from portal.child import Limits

CHILD = Path(__file__).with_name("pdf_child.py")
SECONDS = 30
MEMORY_BYTES = 2 << 30
MOST_BYTES = 200 << 20  # of a PDF
AT_ONCE = 2  # in one process of the portal; more of them would take the processor from everybody
_turns = threading.BoundedSemaphore(AT_ONCE)


class PdfError(RuntimeError):
    """The PDF could not be made; the message is for the log."""


def compile_pdf(template: str, data: dict[str, Any] | bytes) -> bytes:
    """A PDF/A-2a + PDF/UA-1 file from `templates/pdf/<template>`.

    `data`, or its JSON where there is much of it, reaches the template as data only: nothing that people wrote is ever read as
    typst markup. Raises `PdfError`.
    Call it when no transaction is open: it waits for its turn, too.
    """
    path = Path(current_app.root_path).parent / "templates" / "pdf" / template
    limits = Limits(SECONDS, MEMORY_BYTES, may_fork=True)  # typst works with threads
    if not _turns.acquire(timeout=SECONDS):
        raise PdfError(f"{template} waited longer than {SECONDS} s for its turn")
    try:
        given = data if isinstance(data, bytes) else json.dumps(data).encode()
        answer = child.answer_of(CHILD, str(path), limits=limits, most_bytes=MOST_BYTES, given=given)
    except child.ChildError as error:
        raise PdfError(f"{template}: {error}") from error
    finally:
        _turns.release()
    if not answer.startswith(b"%PDF"):
        raise PdfError(f"{template}: what came is no PDF")
    return answer
