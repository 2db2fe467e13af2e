"""Forms about minutes."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField, TextAreaField
from wtforms.validators import UUID, Length, NumberRange, Optional

from portal.meetings.forms import tidy

LONGEST_NOTE = 50_000


class NoteForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """What the minutes say on one item."""

    text = TextAreaField(
        _l("Notes"), filters=[tidy], validators=[Length(max=LONGEST_NOTE, message=_l("At most 50,000 characters."))]
    )
    based_on = IntegerField(default=0, validators=[NumberRange(min=0)])
    writer_key = StringField(validators=[Optional(), UUID(), Length(36, 36)])
