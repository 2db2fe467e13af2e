"""Forms about minutes."""

from __future__ import annotations

from datetime import time

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    DateField,
    Field,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import UUID, DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from portal import db
from portal.fields import Form, MultiCheckboxField, one_line
from portal.meetings.forms import at, tidy
from portal.meetings.minutes.models import RemarkState

LONGEST_NOTE = 50_000
MOST_ADJUSTERS = 10


class NoteForm(Form):
    """What the minutes say on one item."""

    text = TextAreaField(
        _l("Notes"), filters=[tidy], validators=[Length(max=LONGEST_NOTE, message=_l("At most 50,000 characters."))]
    )
    based_on = IntegerField(default=0, validators=[NumberRange(min=0)])
    writer_key = StringField(validators=[Optional(), UUID(), Length(36, 36)])


def _adjusters() -> MultiCheckboxField:
    return MultiCheckboxField(
        _l("Adjusters"), coerce=int,
        validators=[InputRequired(_l("Name at least one adjuster.")), Length(max=MOST_ADJUSTERS, message=_l("At most 10 adjusters."))],
    )  # fmt: skip


class CirculationForm(Form):
    """Who adjusts the minutes, and until when."""

    adjusters = _adjusters()
    adjust_by = DateField(_l("Adjusted by"), validators=[InputRequired(_l("Choose a date."))])

    def validate_adjust_by(self, field: Field) -> None:
        """There must be time to read."""
        if field.data and (field.data.year > 2100 or at(field.data, time(23, 59)) <= db.now()):
            raise ValidationError(_("Choose a day that is still to come."))


class EditionForm(Form):
    """Why there is a new edition."""

    reason = StringField(
        _l("What has changed, in one line"), filters=[one_line],
        validators=[DataRequired(_l("Say in one line what has changed.")), Length(max=300, message=_l("At most 300 characters."))],
    )  # fmt: skip
    based_on = IntegerField(validators=[InputRequired()])


class RemarkForm(Form):
    """A remark on a paragraph."""

    text = TextAreaField(
        _l("Remark"), filters=[tidy],
        validators=[DataRequired(_l("Write what should be different.")), Length(max=5000, message=_l("At most 5,000 characters."))],
    )  # fmt: skip
    client_id = StringField(validators=[DataRequired(), UUID(), Length(36, 36)])


class AnswerForm(Form):
    """What became of a remark."""

    state = RadioField(
        _l("Answer"),
        choices=[
            SelectChoice(RemarkState.DONE.value, _l("Done")),
            SelectChoice(RemarkState.REJECTED.value, _l("Rejected")),
        ],
    )
    answer = StringField(
        _l("A word to who made it"), filters=[one_line], validators=[Length(max=2000, message=_l("At most 2,000 characters."))]
    )  # fmt: skip


class RefusalForm(Form):
    """Why somebody does not adjust."""

    reason = StringField(
        _l("Why you decline"), filters=[one_line],
        validators=[DataRequired(_l("Say why, so that somebody else can be named.")), Length(max=1000, message=_l("At most 1,000 characters."))],
    )  # fmt: skip


class AddendumForm(Form):
    """A correction to sealed minutes."""

    item = SelectField(_l("Paragraph"), coerce=int, validators=[Optional()])
    text = TextAreaField(
        _l("Addendum"), filters=[tidy],
        validators=[DataRequired(_l("Write what is corrected.")), Length(max=20_000, message=_l("At most 20,000 characters."))],
    )  # fmt: skip
    adjusters = _adjusters()


class RecordNumberForm(Form):
    """An organisation's own diary number."""

    number = StringField(
        _l("Diary number"), filters=[one_line], validators=[Length(max=60, message=_l("At most 60 characters."))]
    )


class CheckForm(Form):
    """A file that is to be compared."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])
