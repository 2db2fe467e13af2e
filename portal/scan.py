"""The virus scanner: every new content goes to clamd before anybody can download it (security.md, number 36).

Of clamd's protocol one command is spoken, INSTREAM. The client libraries on PyPI are ten years old or unknown, and this is
thirty lines.
"""

from __future__ import annotations

import errno
import logging
import socket
import struct
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext as _

security_log = logging.getLogger("portal.security")

SECONDS = 60.0  # that the scanner may be silent
_CHUNK = 1 << 16
_LONGEST_ANSWER = 4096


class ScannerAway(OSError):
    """The scanner does not answer, or not to the point: nothing is let through, and the job is tried again later."""

    def __init__(self, answer: str = "") -> None:
        super().__init__(errno.EHOSTUNREACH, _("The virus scanner does not answer."))
        self.answer = answer


class Infected(Exception):
    """The scanner knows what is in the file; the argument is its name."""


def check(path: Path) -> None:
    """Let the scanner look at a file, if one is configured (setting PORTAL_CLAMD_URL).

    Takes as long as the scanner does: never call it while a transaction is open. Raises `Infected` or `ScannerAway`.
    """
    url: str = current_app.config["SETTINGS"].clamd_url
    if not url:
        return
    try:
        answer = _ask(url, path)
    except OSError as error:
        raise ScannerAway from error
    if answer == "stream: OK":
        return
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        name = answer.removeprefix("stream: ").removesuffix(" FOUND")
        security_log.warning("the virus scanner found %r", name)
        raise Infected(name)
    raise ScannerAway(answer)  # such as "INSTREAM size limit exceeded. ERROR"


def _ask(url: str, path: Path) -> str:
    """The scanner's one line about the file."""
    with _connected(url) as wire, path.open("rb") as source:
        wire.sendall(b"zINSTREAM\0")
        try:
            while piece := source.read(_CHUNK):
                wire.sendall(struct.pack("!L", len(piece)) + piece)
            wire.sendall(struct.pack("!L", 0))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it had enough before the end, and its answer says why
        answer = b""
        while len(answer) < _LONGEST_ANSWER and not answer.endswith(b"\0") and (piece := wire.recv(_LONGEST_ANSWER)):
            answer += piece
    return answer.rstrip(b"\0\n").decode("utf-8", "replace")


def _connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme == "tcp":
        return socket.create_connection((parts.hostname, parts.port), timeout=SECONDS)
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        wire.settimeout(SECONDS)
        wire.connect(parts.path)
    except OSError:
        wire.close()
        raise
    return wire
