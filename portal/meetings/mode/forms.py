"""Forms of meeting mode."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from portal.fields import Form
from portal.meetings.followup.forms import SentOnce
from portal.meetings.forms import tidy

LONGEST_DECISION = 5000


class DecisionForm(SentOnce):
    """A decision on the current item."""

    text = TextAreaField(
        _l("Decision"), filters=[tidy],
        validators=[DataRequired(_l("Write what was decided.")), Length(max=LONGEST_DECISION, message=_l("At most 5,000 characters."))],
    )  # fmt: skip


class DecisionChangeForm(Form):
    """Other words for a decision."""

    text = TextAreaField(
        _l("Decision"), filters=[tidy],
        validators=[DataRequired(_l("Write what was decided.")), Length(max=LONGEST_DECISION, message=_l("At most 5,000 characters."))],
    )  # fmt: skip
    based_on = IntegerField(validators=[Optional()])


class CommentForm(SentOnce):
    """Something that those who watch say to the secretary."""

    body = TextAreaField(
        _l("To the secretary"), filters=[tidy],
        validators=[DataRequired(_l("Write something.")), Length(max=2000, message=_l("At most 2,000 characters."))],
    )  # fmt: skip
