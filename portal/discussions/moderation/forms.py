"""Forms of moderation."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from portal.discussions.moderation.actions import SLOWEST
from portal.discussions.moderation.models import LONGEST_WORDS, ReportReason
from portal.fields import Form, one_line, tidy

_SHORT = Length(max=LONGEST_WORDS, message=_l("A reason has at most 500 characters."))

REASONS = {
    ReportReason.PERSONAL_DATA: _l("It is about a private person"),
    ReportReason.UNKIND: _l("It is unkind or threatening"),
    ReportReason.WRONG_PLACE: _l("It does not belong here"),
    ReportReason.UNTRUE: _l("It is wrong or misleading"),
    ReportReason.OTHER: _l("Something else"),
}


class ReportForm(Form):
    """What is wrong with a post."""

    reason = RadioField(
        _l("What is wrong?"), choices=[SelectChoice(one.value, name) for one, name in REASONS.items()],
        validators=[InputRequired(_l("Choose one."))],
    )  # fmt: skip
    words = TextAreaField(_l("In your own words"), filters=[tidy], validators=[_SHORT])


class ReasonForm(Form):
    """Why something is done."""

    reason = StringField(_l("Why?"), filters=[one_line], validators=[DataRequired(_l("Write why.")), _SHORT])


class DecisionForm(ReasonForm):
    """What is done about a reported post."""

    step = RadioField(
        _l("What will you do?"),
        choices=[
            SelectChoice("dismiss", _l("Nothing: the post may stay as it is")),
            SelectChoice("warn", _l("Warn the author; the post stays")),
            SelectChoice("hide", _l("Hide the post")),
            SelectChoice("close", _l("Close the thread; the post stays")),
        ],
        validators=[InputRequired(_l("Choose one."))],
    )


class PaceForm(ReasonForm):
    """How slow."""

    seconds = SelectField(
        _l("Time between two posts from each person"), coerce=int,
        choices=[SelectChoice(seconds, name) for seconds, name in (
            (0, _l("none")), (30, _l("30 seconds")), (120, _l("2 minutes")), (600, _l("10 minutes")),
            (3600, _l("1 hour")), (SLOWEST, _l("1 day")),
        )],
    )  # fmt: skip


class SuspensionForm(ReasonForm):
    """Who may not write, and how long."""

    person = SelectField(_l("Person"), coerce=int)
    until_on = DateField(_l("Until and including"), validators=[DataRequired(_l("Choose a day."))])
