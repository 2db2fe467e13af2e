"""Sending a small picture of a first page."""

from __future__ import annotations

from flask import Response, send_file

from portal import files
from portal.errors import NotFound

_KINDS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}  # by how they begin


def send_picture(sha256: str | None) -> Response:
    """A picture that the portal has made of a page. Raises `NotFound` if there is none, or none that browsers show."""
    path = files.path_of(sha256) if sha256 else None
    if path is None or not path.exists():
        raise NotFound
    with path.open("rb") as stream:
        start = stream.read(4)
    kind = next((kind for beginning, kind in _KINDS.items() if start.startswith(beginning)), None)
    if kind is None:
        raise NotFound
    answer: Response = send_file(path, mimetype=kind, etag=False)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return answer
