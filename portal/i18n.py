"""Languages: Swedish is the default, English the second. The signed-in person's own choice goes first, then what the address asks
for, then the browser's wish."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import Flask, has_request_context, request, session
from flask_babel import Babel, force_locale, get_locale, get_translations
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

LANGUAGES = ("sv", "en")


def _language() -> str:
    if not has_request_context():
        return "sv"
    own = getattr(session, "language", None)
    if own is not None:
        return str(own)
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else _wished()


def _wished() -> str:
    """The browser's first wish that the portal speaks. Werkzeug's own choice takes `en` before `sv-FI`, whatever comes first."""
    wished = (name.partition("-")[0].lower() for name, weight in request.accept_languages if weight > 0)
    return next((name for name in wished if name in LANGUAGES), LANGUAGES[0])


def known(language: str) -> str:
    """The language, or Swedish for one that the portal does not speak."""
    return language if language in LANGUAGES else LANGUAGES[0]


def in_every_language(text: Callable[[], object]) -> list[str]:
    """What a text is in each of the languages: people type the words of both."""
    found = []
    for language in LANGUAGES:
        with force_locale(language):
            found.append(str(text()))
    return found


def _context() -> dict[str, Any]:
    return {"lang": _language()}


@lru_cache(maxsize=10_000)
def _translated(_language: str, text: str) -> str:
    """The text in the language of this request, which is `_language`: looked up once, not at every use."""
    return str(get_translations().ugettext(text))


@pass_eval_context
def translate(context: EvalContext, text: str, /, **values: object) -> str:
    """`_()` of templates: as Flask-Babel's, several times as fast. A page calls it some two hundred times.

    As there, the text is always a format string, and values are escaped where the template escapes.
    """
    locale = get_locale()
    found = _translated(locale.language if locale is not None else "", str(text))
    return (Markup(found) if context.autoescape else found) % values  # noqa: S704  # our own catalogue


def init_app(app: Flask) -> None:
    """Let every text of the request go through the person's language."""
    app.config.update(
        BABEL_DEFAULT_LOCALE="sv",
        BABEL_DEFAULT_TIMEZONE="Europe/Stockholm",
        BABEL_TRANSLATION_DIRECTORIES="translations",
    )
    Babel(app, locale_selector=_language)
    app.jinja_env.globals["_"] = translate
    app.context_processor(_context)
