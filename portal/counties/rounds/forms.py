"""Forms about rounds and their questions."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError
from wtforms.widgets import HiddenInput

from portal.counties.rounds.actions import QuestionPlan
from portal.counties.rounds.models import QuestionKind
from portal.fields import Form, MultiCheckboxField, one_line, tidy
from portal.times import today

MOST_OPTIONS, LONGEST_OPTION = 20, 120


class QuestionForm(Form):
    """How a question is put."""

    text = StringField(
        _l("Question"), filters=[one_line],
        validators=[DataRequired(_l("Write the question.")), Length(max=300, message=_l("At most 300 characters."))],
    )  # fmt: skip
    kind = SelectField(
        _l("Kind of answer"),
        choices=[
            SelectChoice(QuestionKind.TEXT.value, _l("Text")), SelectChoice(QuestionKind.NUMBER.value, _l("Whole number")),
            SelectChoice(QuestionKind.CHOICE.value, _l("One of several")), SelectChoice(QuestionKind.SCALE.value, _l("Scale from 1, small, to 4, large")),
        ],
    )  # fmt: skip
    help = TextAreaField(
        _l("Help for those who answer"), filters=[tidy], validators=[Length(max=1000, message=_l("At most 1,000 characters."))]
    )  # fmt: skip
    unit = StringField(
        _l("Unit of the number"), filters=[one_line], validators=[Length(max=40, message=_l("At most 40 characters."))],
        description=_l("For example hours or training days"),
    )  # fmt: skip
    options = TextAreaField(_l("What can be chosen"), filters=[tidy], description=_l("One on each line"))
    based_on = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def validate_options(self, field: TextAreaField) -> None:
        """Two to twenty different ones, where one of several is to be chosen."""
        if self.kind.data != QuestionKind.CHOICE.value:
            return
        options = self.option_list
        if len(options) < 2 or len(options) > MOST_OPTIONS:
            raise ValidationError(_("Write two to %(most)s different answers, one on each line.", most=MOST_OPTIONS))
        if any(len(option) > LONGEST_OPTION for option in options):
            raise ValidationError(_("An answer has at most %(number)s characters.", number=LONGEST_OPTION))

    @property
    def option_list(self) -> list[str]:
        """The lines, each once."""
        lines = (one_line(line) or "" for line in (self.options.data or "").split("\n"))
        return list(dict.fromkeys(line for line in lines if line))

    def plan(self, keep: list[str]) -> QuestionPlan:
        """The question, with what belongs to its kind."""
        kind = QuestionKind(self.kind.data)
        return QuestionPlan(
            self.text.data, kind, help=(self.help.data or "").strip(), keep=keep,
            unit=self.unit.data or "" if kind is QuestionKind.NUMBER else "",
            options=self.option_list if kind is QuestionKind.CHOICE else (),
        )  # fmt: skip


class RoundForm(Form):
    """A round. The choices of items and questions are filled in by the view."""

    title = StringField(
        _l("Title"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=120, message=_l("At most 120 characters."))],
        description=_l("For example Autumn 2026"),
    )  # fmt: skip
    text = TextAreaField(
        _l("What the counties should know"), filters=[tidy], validators=[Length(max=5000, message=_l("At most 5,000 characters."))]
    )  # fmt: skip
    due_on = DateField(
        _l("Deadline"), validators=[InputRequired(_l("Choose the day by which the reports are handed in."))]
    )
    locks_on = DateField(
        _l("Last day for late reports"), validators=[InputRequired(_l("Choose the last day on which late reports are taken."))],
        description=_l("After that day nobody can write in the round any more"),
    )  # fmt: skip
    item = SelectField(_l("Agenda item that gets the compiled paper"), coerce=int, default=0)
    core = MultiCheckboxField(_l("Common questions"), coerce=int)
    based_on = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def validate_locks_on(self, field: DateField) -> None:
        """Not before the deadline, and not so far away that it must be a slip."""
        if self.due_on.data and field.data and field.data < self.due_on.data:
            raise ValidationError(_("The last day cannot be before the deadline."))
        if field.data and abs((field.data - today()).days) > 3650:
            raise ValidationError(_("That day is too far away."))


class ReturnForm(Form):
    """Why a report is sent back."""

    reason = TextAreaField(
        _l("What is missing?"), filters=[tidy],
        validators=[DataRequired(_l("Write what is missing.")), Length(max=1000, message=_l("At most 1,000 characters."))],
    )  # fmt: skip
