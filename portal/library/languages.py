"""The languages that material is in: those of the network, and those that exposed persons speak most."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

EASY = "sv-easy"
CODES = ("sv", EASY, "en", "ar", "bg", "de", "es", "et", "fa", "fr", "hu", "lt", "lv", "pl", "pt", "ro", "ru", "so", "sq", "th",
         "ti", "tr", "uk", "vi", "zh")  # fmt: skip
_EASY_NAME = _l("Easy-to-read Swedish")


def language_name(code: str) -> str:
    """What a language is called in the reader's own: "rumänska". An unknown code is answered as it is."""
    if code == EASY:
        return str(_EASY_NAME)
    return _names(str(get_locale() or "sv")).get(code, code)


@lru_cache
def _names(locale: str) -> dict[str, str]:
    languages = Locale.parse(locale).languages
    return {code: languages[code] for code in CODES if code in languages}
