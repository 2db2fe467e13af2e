"""Forms about actions."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, IntegerField, SelectField, StringField
from wtforms.validators import UUID, DataRequired, InputRequired, Length, Optional, ValidationError

from portal.fields import Form, one_line
from portal.meetings.followup.models import ActionState
from portal.times import today


class SentOnce(Form):
    """A form that the browser names: sent twice, it is one."""

    client_id = StringField(validators=[DataRequired(), UUID(), Length(36, 36)])


class _Task(Form):
    text = StringField(
        _l("What is to be done"), filters=[one_line],
        validators=[DataRequired(_l("Write what is to be done.")), Length(max=1000, message=_l("At most 1,000 characters."))],
    )  # fmt: skip
    who = SelectField(_l("Responsible"), validators=[DataRequired(_l("Choose who is responsible."))])
    due_on = DateField(_l("Done by"), validators=[Optional()])
    due_asked = StringField(validators=[Length(max=10)])  # a day that has passed and was asked about

    def validate_due_on(self, field: Field) -> None:
        """A day that has passed is asked about once: it may be meant."""
        if field.data and field.data < today() and self.due_asked.data != field.data.isoformat():
            self.due_asked.data = field.data.isoformat()
            raise ValidationError(_("That day has passed. Save once more if you mean it."))


class ActionForm(SentOnce, _Task):
    """Something that somebody undertakes."""


class _Note(Form):
    note = StringField(
        _l("Note"), filters=[one_line], validators=[Length(max=1000, message=_l("At most 1,000 characters."))]
    )
    based_on = IntegerField(validators=[InputRequired()])


class ActionChangeForm(_Task, _Note):
    """Other words, another person, another day."""


class ActionStateForm(_Note):
    """Done, dropped, or open again."""

    state = SelectField(choices=[state.value for state in ActionState], validators=[InputRequired()])
