"""Forms about series."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from portal.fields import Form, one_line
from portal.meetings.forms import tidy
from portal.meetings.models import ItemKind, Participants
from portal.meetings.series.actions import SeriesPlan, StandingPlan


class SeriesForm(Form):
    """What the meetings of a series have in common."""

    name = StringField(
        _l("Name"), filters=[one_line],
        validators=[DataRequired(_l("Write a name.")), Length(max=120, message=_l("At most 120 characters."))],
    )  # fmt: skip
    months_between = IntegerField(
        _l("Months between the meetings"), validators=[Optional(), NumberRange(1, 60, message=_l("Between 1 and 60 months."))]
    )  # fmt: skip
    participants = RadioField(
        _l("Who is called?"), default=Participants.MEMBERS.value,
        choices=[
            SelectChoice(Participants.MEMBERS.value, _l("Everybody in the group")),
            SelectChoice(Participants.SEATS.value, _l("Those who hold the organisations' seats, and the group's leaders")),
        ],
    )  # fmt: skip
    paragraphs_run_on = BooleanField(_l("The § numbers run on through the year"))
    place = StringField(
        _l("Usual place"), filters=[one_line], validators=[Length(max=200, message=_l("At most 200 characters."))]
    )
    practical = TextAreaField(
        _l("Practical"), filters=[tidy], validators=[Length(max=5000, message=_l("At most 5,000 characters."))]
    )
    based_on = IntegerField(validators=[Optional()])

    def plan(self) -> SeriesPlan:
        """What was filled in, once it is valid."""
        return SeriesPlan(
            self.name.data, self.months_between.data, Participants(self.participants.data), self.paragraphs_run_on.data,
            self.place.data or "", self.practical.data or "",
        )  # fmt: skip


class StandingItemForm(Form):
    """An item that every meeting of the series begins with."""

    title = StringField(
        _l("Title"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=300, message=_l("A title has at most 300 characters."))],
    )  # fmt: skip
    kind = SelectField(
        _l("Kind"), choices=[
            SelectChoice(ItemKind.INFORMATION.value, _l("Information")), SelectChoice(ItemKind.DISCUSSION.value, _l("Discussion")),
            SelectChoice(ItemKind.DECISION.value, _l("Decision")), SelectChoice(ItemKind.BREAK.value, _l("Break")),
        ],
    )  # fmt: skip
    minutes_allotted = IntegerField(
        _l("Minutes allotted"), default=10,
        validators=[InputRequired(_l("Write a number of minutes.")), NumberRange(1, 600, message=_l("Between 1 and 600 minutes."))],
    )  # fmt: skip
    lists_open_actions = BooleanField(_l("What is open comes in here by itself"))

    def plan(self) -> StandingPlan:
        """What was filled in, once it is valid."""
        return StandingPlan(
            self.title.data, ItemKind(self.kind.data), self.minutes_allotted.data, self.lists_open_actions.data
        )
