"""Languages: Swedish is the default, English the second; the signed-in person's own choice goes first."""

from __future__ import annotations

from typing import Any

from flask import Flask, has_request_context, request, session
from flask_babel import Babel

LANGUAGES = ("sv", "en")


def _language() -> str:
    if not has_request_context():
        return "sv"
    own = getattr(session, "language", None)
    if own is not None:
        return str(own)
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else "sv"


def _context() -> dict[str, Any]:
    return {"lang": _language()}


def init_app(app: Flask) -> None:
    """Let every text of the request go through the person's language."""
    app.config.update(
        BABEL_DEFAULT_LOCALE="sv",
        BABEL_DEFAULT_TIMEZONE="Europe/Stockholm",
        BABEL_TRANSLATION_DIRECTORIES="translations",
    )
    Babel(app, locale_selector=_language)
    app.context_processor(_context)
