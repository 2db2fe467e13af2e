"""Forms about saved searches and synonyms."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.validators import DataRequired, Length

from portal.fields import Form, one_line
from portal.refine import LONGEST_TEXT, LONGEST_VALUE, MOST_VALUES
from portal.search.synonyms import LONGEST
from portal.searches.models import LONGEST_NAME


class SearchForm(Form):
    """What a saved search is called, and whether its person is told."""

    name = StringField(
        _l("Name"), filters=[one_line],
        validators=[
            DataRequired(_l("Write a name.")),
            Length(max=LONGEST_NAME, message=_l("At most %(max)d characters.")),
        ],
    )  # fmt: skip
    is_told = BooleanField(_l("Tell me of new hits"))


class FeedForm(Form):
    """A new secret address."""

    name = StringField(
        _l("Which program is it for?"), filters=[one_line],
        validators=[
            DataRequired(_l("Write a name, such as Outlook or My phone.")), Length(max=80, message=_l("At most 80 characters."))
        ],
    )  # fmt: skip
    search = SelectField(_l("Which searches?"), coerce=int)  # 0: all


class SynonymsForm(Form):
    """A row of words that mean the same. `was`: the row as it was seen."""

    words = StringField(
        _l("Words that mean the same"), filters=[one_line],
        validators=[
            DataRequired(_l("Write the words with commas between them.")),
            Length(max=2 * LONGEST, message=_l("At most %(max)d characters.")),
        ],
    )  # fmt: skip
    was = HiddenField()


def posted(facets: Iterable[str]) -> tuple[str, dict[str, list[str]]]:
    """The words and the chosen values that a search page sent; what it cannot have meant is left out."""
    text = one_line(request.form.get("q", "")[:LONGEST_TEXT]) or ""
    chosen = {}
    for facet in facets:
        values = [one_line(value[:LONGEST_VALUE]) or "" for value in request.form.getlist(facet)[:MOST_VALUES]]
        if any(values):
            chosen[facet] = list(dict.fromkeys(value for value in values if value))
    return text, chosen
