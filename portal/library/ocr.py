"""Reading the words on pages that are pictures, with Tesseract when it is there and knows Swedish."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from portal import child
from portal.child import Limits

log = logging.getLogger("portal.ocr")

LIMITS = Limits(seconds=40, memory_bytes=1 << 30, may_fork=True)  # for one page
MOST_PAGES = 300  # of one file
MOST_TEXT = 200_000  # bytes from one page

_DIVIDED = re.compile(r"(?<=[a-zåäöéü])[-\u2010\u00ad] *\r?\n *(?=[a-zåäöéü])(?!(?:och|eller|samt|till|and|or)\b)")
_CHILD = Path(__file__).with_name("ocr_child.py")


def languages() -> str:
    """What Tesseract is asked to read, empty without it or without Swedish."""
    program = shutil.which("tesseract")
    return _languages(program) if program else ""


@lru_cache(maxsize=4)
def _languages(program: str) -> str:
    done = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False, timeout=20)  # noqa: S603 - what `which` found
    known = set(done.stdout.split())
    if "swe" not in known:
        log.warning("tesseract does not know Swedish (tesseract-ocr-swe): scanned pages are not read")
        return ""
    return "swe+eng" if "eng" in known else "swe"


def read_page(path: Path, media_type: str, number: int) -> str:
    """The words on one page, empty if there are none or it took too long. Never call it while a transaction is open."""
    program, known = shutil.which("tesseract"), languages()
    if program is None or not known:
        return ""
    words = (media_type, str(path.resolve()), str(number), os.path.realpath(program), known)
    with child.running(_CHILD, *words, limits=LIMITS) as started:
        answer = started.stdout.read(MOST_TEXT)
        exit_code = started.wait()
    if exit_code:
        log.warning("page %s of a %s could not be read: exit %s", number, media_type, exit_code)
        return ""
    return joined(answer.decode("utf-8", "replace").replace("\f", "").replace("\0", "")).strip()


def joined(text: str) -> str:
    """The text with words made whole that a hyphen divides at the end of a line: both halves in small letters, and the second
    no "och" or the like, before which a hyphen stands for a word that comes later (in- och utresa)."""
    return _DIVIDED.sub("", text)
