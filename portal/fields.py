"""The base of all forms, and what they do with what was typed before anything looks at it."""

from __future__ import annotations

import re

from flask_babel import get_locale
from flask_wtf import FlaskForm
from wtforms import SelectMultipleField
from wtforms.meta import DefaultMeta
from wtforms.widgets import CheckboxInput, ListWidget

from portal.i18n import LANGUAGES

# Control characters are never meant, and PostgreSQL takes no null character. Line break and tab stay.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
# Word's own bullets, arrow and tick, which no other font has
_WORDS_OWN = str.maketrans({"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "→", "\uf0e0": "→", "\uf0fc": "✓"})


class Form(FlaskForm):  # type: ignore[misc]  # the library is untyped; said here for all forms
    """A form with a token of its session."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # as above
        """The library's own messages in the language of the request, read once and not for each form."""

        get_translations = DefaultMeta.get_translations

        @property
        def locales(self) -> list[str]:
            """What the messages are looked up by."""
            return [str(get_locale() or LANGUAGES[0])]


class MultiCheckboxField(SelectMultipleField):  # type: ignore[misc]  # the library is untyped
    """Several of a list, each with a box of its own."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def tidy(value: str | None) -> str:
    """A text as we keep it: one kind of line break, no control characters, bullets that everybody can see."""
    text = (value or "").replace("\r\n", "\n").replace("\r", " ")  # a break that no browser sends is none
    return _CONTROL.sub("", text).translate(_WORDS_OWN)


def one_line(value: str | None) -> str | None:
    """The words of a field of one line: as `tidy`, and no line breaks and no double spaces."""
    return " ".join(tidy(value).split()) if value else value
