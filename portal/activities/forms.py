"""Forms about activities."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.fields import IntegerField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import HiddenInput

from portal.activities.actions import ActivityPlan, Result
from portal.activities.models import Activity, ActivityKind, ActivityState, Sector
from portal.activities.policy import Reach
from portal.county_codes import COUNTIES
from portal.fields import Form, MultiCheckboxField, one_line, tidy
from portal.people.models import Person

KIND_NAMES = {
    ActivityKind.CAMPAIGN: _l("Campaign"), ActivityKind.TRAINING: _l("Training"),
    ActivityKind.MATERIAL: _l("Spreading material"), ActivityKind.INSPECTION: _l("Inspection week"),
}  # fmt: skip
STATE_NAMES = {
    ActivityState.PLANNED: _l("Planned"), ActivityState.RUNNING: _l("Under way"), ActivityState.OVERDUE: _l("Over, no result yet"),
    ActivityState.DONE: _l("Done"), ActivityState.CANCELLED: _l("Cancelled"),
}  # fmt: skip
FIRST_YEAR, LAST_YEAR = 2000, 2100
LONGEST = 366  # days
LARGEST = 10_000_000  # people: nobody reaches more than live here


class ActivityForm(Form):
    """What is planned. The choices of sectors and contacts are filled in by the view."""

    kind = SelectField(_l("Kind"), choices=[SelectChoice(kind.value, name) for kind, name in KIND_NAMES.items()])
    title = StringField(
        _l("Title"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=200, message=_l("At most 200 characters."))],
    )  # fmt: skip
    starts_on = DateField(_l("First day"), validators=[InputRequired(_l("Choose the first day."))])
    ends_on = DateField(_l("Last day"), validators=[InputRequired(_l("Choose the last day."))])
    codes = MultiCheckboxField(
        _l("Counties"), choices=[SelectChoice(code, name) for code, name in COUNTIES.items()],
        description=_l("None of them: the activity is for the whole country"),
    )  # fmt: skip
    sectors = MultiCheckboxField(_l("Sectors"), coerce=int)
    text = TextAreaField(
        _l("What is to be done"), filters=[tidy],
        validators=[Length(max=10_000, message=_l("At most 10,000 characters."))],
    )  # fmt: skip
    contacts = MultiCheckboxField(_l("Contacts"), coerce=int)
    based_on = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def validate_starts_on(self, field: DateField) -> None:
        """In a year that is no slip."""
        if field.data and not FIRST_YEAR <= field.data.year <= LAST_YEAR:
            raise ValidationError(_("Choose a day between %(first)s and %(last)s.", first=FIRST_YEAR, last=LAST_YEAR))

    def validate_ends_on(self, field: DateField) -> None:
        """Not before the first day, and not so long after it that it must be a slip."""
        first = self.starts_on.data
        if not field.data or not first:
            return
        if field.data < first:
            raise ValidationError(_("The last day cannot be before the first."))
        if (field.data - first).days >= LONGEST:
            raise ValidationError(_("An activity lasts a year at most."))

    def offer(self, sectors: Collection[Sector], contacts: Collection[Person]) -> None:
        """Fill in what can be chosen."""
        self.sectors.choices = [SelectChoice(sector.id, sector.name) for sector in sectors]
        self.contacts.choices = [
            SelectChoice(person.id, f"{person.name}, {person.organisation.short_name}") for person in contacts
        ]

    def plan(self, sectors: Collection[Sector], contacts: Collection[Person]) -> ActivityPlan:
        """What was filled in, out of what was offered."""
        return ActivityPlan(
            ActivityKind(self.kind.data), self.title.data, self.starts_on.data, self.ends_on.data,
            text=(self.text.data or "").strip(), codes=self.codes.data,
            sectors=[sector for sector in sectors if sector.id in self.sectors.data],
            contacts=[person for person in contacts if person.id in self.contacts.data],
        )  # fmt: skip

    def reach(self, activity_id: int | None) -> Reach | None:
        """Where, when and to whom, as far as it has been filled in and can be compared."""
        fields = (self.starts_on, self.ends_on, self.codes, self.sectors)
        if any(field.errors for field in fields) or not (self.starts_on.data and self.ends_on.data):
            return None
        return Reach(
            self.starts_on.data, self.ends_on.data, self.codes.data or (), self.sectors.data or (), activity_id
        )


def filled_with(activity: Activity) -> dict[str, object]:
    """The form's fields as the activity has them."""
    return {
        "kind": activity.kind.value, "title": activity.title, "starts_on": activity.starts_on, "ends_on": activity.ends_on,
        "codes": activity.codes, "sectors": [sector.id for sector in activity.sectors], "text": activity.text,
        "contacts": [person.id for person in activity.contacts],
    }  # fmt: skip


class CancelForm(Form):
    """Why it is cancelled."""

    reason = TextAreaField(
        _l("Why is it cancelled?"), filters=[tidy],
        validators=[DataRequired(_l("Write why.")), Length(max=1000, message=_l("At most 1,000 characters."))],
    )  # fmt: skip


def _number(label: object, description: object = "") -> IntegerField:
    between = NumberRange(0, LARGEST, message=_l("Write a whole number between 0 and 10,000,000."))
    return IntegerField(label, validators=[Optional(), between], description=description)


class ResultForm(Form):
    """What became of it."""

    result = TextAreaField(
        _l("What became of it"), filters=[tidy],
        validators=[DataRequired(_l("Write a few words about what became of it.")), Length(max=10_000, message=_l("At most 10,000 characters."))],
    )  # fmt: skip
    people_reached = _number(_l("People reached"))
    occasions = _number(_l("Occasions"), _l("Training days, meetings or times that something was handed out"))
    places_visited = _number(_l("Places visited"))
    based_on = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def told(self) -> Result:
        """What was filled in."""
        return Result(self.result.data.strip(), self.people_reached.data, self.occasions.data, self.places_visited.data)


class SectorForm(Form):
    """A sector's name."""

    name = StringField(
        _l("Sector"), filters=[one_line],
        validators=[DataRequired(_l("Write a sector.")), Length(max=80, message=_l("At most 80 characters."))],
    )  # fmt: skip
