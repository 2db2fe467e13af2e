"""Forms of meeting mode."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import UUID, DataRequired, Length, Optional

from portal.fields import one_line
from portal.meetings.forms import tidy

LONGEST_DECISION = 5000


class _Sent(FlaskForm):  # type: ignore[misc]  # the library is untyped
    client_id = StringField(validators=[DataRequired(), UUID(), Length(36, 36)])


class DecisionForm(_Sent):
    """A decision on the current item."""

    text = TextAreaField(
        _l("Decision"), filters=[tidy],
        validators=[DataRequired(_l("Write what was decided.")), Length(max=LONGEST_DECISION, message=_l("At most 5,000 characters."))],
    )  # fmt: skip


class DecisionChangeForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """Other words for a decision."""

    text = TextAreaField(
        _l("Decision"), filters=[tidy],
        validators=[DataRequired(_l("Write what was decided.")), Length(max=LONGEST_DECISION, message=_l("At most 5,000 characters."))],
    )  # fmt: skip
    based_on = IntegerField(validators=[Optional()])


class ActionForm(_Sent):
    """Something that somebody undertakes."""

    text = StringField(
        _l("What is to be done"), filters=[one_line],
        validators=[DataRequired(_l("Write what is to be done.")), Length(max=1000, message=_l("At most 1,000 characters."))],
    )  # fmt: skip
    who = SelectField(_l("Responsible"), validators=[DataRequired(_l("Choose who is responsible."))])
    due_on = DateField(_l("Done by"), validators=[Optional()])


class CommentForm(_Sent):
    """Something that those who watch say to the secretary."""

    body = TextAreaField(
        _l("To the secretary"), filters=[tidy],
        validators=[DataRequired(_l("Write something.")), Length(max=2000, message=_l("At most 2,000 characters."))],
    )  # fmt: skip
