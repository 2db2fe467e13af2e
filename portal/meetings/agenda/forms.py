"""Forms about agendas."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from portal.fields import Form, one_line
from portal.meetings.agenda.actions import ItemPlan
from portal.meetings.forms import tidy
from portal.meetings.models import ItemKind
from portal.people.models import Person

KINDS = [
    SelectChoice(ItemKind.INFORMATION.value, _l("Information")), SelectChoice(ItemKind.DISCUSSION.value, _l("Discussion")),
    SelectChoice(ItemKind.DECISION.value, _l("Decision")), SelectChoice(ItemKind.BREAK.value, _l("Break")),
]  # fmt: skip


class ItemForm(Form):
    """An item of the agenda."""

    title = StringField(
        _l("Title"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=300, message=_l("A title has at most 300 characters."))],
    )  # fmt: skip
    kind = SelectField(
        _l("Kind"),
        choices=KINDS,
    )  # fmt: skip
    minutes_allotted = IntegerField(
        _l("Minutes allotted"), default=15,
        validators=[InputRequired(_l("Write a number of minutes.")), NumberRange(1, 600, message=_l("Between 1 and 600 minutes."))],
    )  # fmt: skip
    owner = SelectField(_l("Responsible"), coerce=int, validators=[Optional()])
    description = TextAreaField(
        _l("Description"), filters=[tidy], validators=[Length(max=10_000, message=_l("At most 10,000 characters."))]
    )
    wants_paper = BooleanField(_l("A paper is expected"))
    lists_open_actions = BooleanField(_l("What is open comes in here by itself"))
    based_on = IntegerField(validators=[Optional()])

    def plan(self, owner: Person | None) -> ItemPlan:
        """What was filled in, once it is valid; `owner` is the person behind the chosen number."""
        return ItemPlan(
            title=self.title.data, kind=ItemKind(self.kind.data), minutes_allotted=self.minutes_allotted.data, owner=owner,
            description=self.description.data, wants_paper=self.wants_paper.data,
            lists_open_actions=self.lists_open_actions.data,
        )  # fmt: skip


class ProposalForm(Form):
    """An item that a member wishes to have on the agenda."""

    title = ItemForm.title
    kind = SelectField(_l("Kind"), choices=[choice for choice in KINDS if choice.value != ItemKind.BREAK.value])
    minutes_allotted = ItemForm.minutes_allotted
    description = TextAreaField(
        _l("Why, and what the group should do"), filters=[tidy],
        validators=[Length(max=10_000, message=_l("At most 10,000 characters."))],
    )  # fmt: skip
    meeting = SelectField(_l("For the meeting"), coerce=int, validators=[Optional()])

    def plan(self) -> ItemPlan:
        """What was filled in, once it is valid."""
        return ItemPlan(
            title=self.title.data, kind=ItemKind(self.kind.data), minutes_allotted=self.minutes_allotted.data,
            description=self.description.data,
        )  # fmt: skip


class ProposalAnswerForm(Form):
    """What the convener says to a proposal."""

    answer = StringField(
        _l("A word to who proposed it"), filters=[one_line],
        validators=[Length(max=1000, message=_l("At most 1,000 characters."))],
    )  # fmt: skip
    meeting = SelectField(_l("On the agenda of"), coerce=int, validators=[Optional()])
