"""Forms about collections."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields import IntegerField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional
from wtforms.widgets import HiddenInput

from portal.fields import Form, one_line, tidy
from portal.library.collections.actions import CollectionPlan

DRAWN = 0  # the choice of a cover that is no picture


class CollectionForm(Form):
    """A collection's title, description and cover."""

    title = StringField(
        _l("Title"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=200, message=_l("At most 200 characters."))],
    )  # fmt: skip
    description = TextAreaField(
        _l("What it is for"),
        filters=[tidy],
        validators=[Length(max=5_000, message=_l("At most 5,000 characters."))],
    )
    cover = SelectField(_l("Cover"), coerce=int, default=DRAWN, choices=[SelectChoice(DRAWN, _l("A drawn one"))])
    based_on = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def plan(self) -> CollectionPlan:
        """What was filled in."""
        return CollectionPlan(self.title.data, (self.description.data or "").strip(), self.cover.data or None)


class LineForm(Form):
    """The line about a material."""

    text = StringField(
        _l("A line about it"),
        filters=[one_line],
        validators=[Length(max=300, message=_l("At most 300 characters."))],
    )
    based_on = IntegerField(widget=HiddenInput(), validators=[Optional()])


class HeadingForm(Form):
    """A heading between materials."""

    text = StringField(
        _l("Heading"), filters=[one_line],
        validators=[DataRequired(_l("Write a heading.")), Length(max=300, message=_l("At most 300 characters."))],
    )  # fmt: skip
    based_on = IntegerField(widget=HiddenInput(), validators=[Optional()])
