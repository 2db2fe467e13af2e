"""Forms about trainings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField, TimeField
from wtforms.fields import IntegerField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import HiddenInput

from portal.fields import Form, MultiCheckboxField, one_line, tidy
from portal.meetings.forms import at, is_email
from portal.people.models import Group
from portal.trainings.actions import CohortPlan, OccasionPlan, TrainingPlan
from portal.trainings.models import Authority, CohortState, NominationState, OccasionKind, Training
from portal.trainings.nominating import Candidate

AUTHORITY_NAMES = {
    Authority.POLICE: _l("Police"), Authority.PROSECUTOR: _l("Prosecutor"), Authority.MIGRATION: _l("Migration Agency"),
    Authority.SOCIAL: _l("Social services"), Authority.HEALTH: _l("Health care"), Authority.OTHER: _l("Other"),
}  # fmt: skip
COHORT_STATES = {
    CohortState.NOMINATING: _l("Open for nominations"), CohortState.DECIDED: _l("Nominations closed"), CohortState.RUNNING: _l("Under way"),
    CohortState.COMPLETED: _l("Completed"), CohortState.CANCELLED: _l("Cancelled"),
}  # fmt: skip
OCCASION_KINDS = {
    OccasionKind.THEORY: _l("Theory"),
    OccasionKind.VISIT: _l("Study visit"),
    OccasionKind.OTHER: _l("Other"),
}
NOMINATION_STATES = {
    NominationState.NOMINATED: _l("Nominated"), NominationState.ADMITTED: _l("Admitted"), NominationState.WAITING: _l("On the waiting list"),
    NominationState.DECLINED: _l("Declined"), NominationState.WITHDRAWN: _l("Withdrawn"),
}  # fmt: skip
FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST_PLACES, MOST_ENOUGH = 500, 60


def _in_our_time(_form: Form, field: DateField) -> None:
    if field.data and not FIRST_YEAR <= field.data.year <= LAST_YEAR:
        raise ValidationError(_("Choose a day between %(first)s and %(last)s.", first=FIRST_YEAR, last=LAST_YEAR))


class TrainingForm(Form):
    """What a training says of itself. The groups to choose are filled in by the view."""

    title = StringField(
        _l("Title"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=200, message=_l("At most 200 characters."))],
    )  # fmt: skip
    authorities = MultiCheckboxField(
        _l("For which authorities"), choices=[SelectChoice(kind.value, name) for kind, name in AUTHORITY_NAMES.items()],
        description=_l("None of them: the training is for all"),
    )  # fmt: skip
    text = TextAreaField(
        _l("What the training is about"), filters=[tidy],
        validators=[Length(max=10_000, message=_l("At most 10,000 characters."))],
    )  # fmt: skip
    network_group = SelectField(
        _l("The network that graduates are invited to"), coerce=int,
        description=_l("Graduates with an account are asked. Nobody joins without having said yes."),
    )  # fmt: skip
    based_on = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def offer(self, groups: Collection[Group]) -> None:
        """Fill in the groups that can be chosen."""
        self.network_group.choices = [SelectChoice(0, _("None")), *(SelectChoice(one.id, one.name) for one in groups)]

    def plan(self, groups: Collection[Group]) -> TrainingPlan:
        """What was filled in, out of what was offered."""
        chosen = next((one for one in groups if one.id == self.network_group.data), None)
        kinds = [kind for kind in Authority if kind.value in (self.authorities.data or ())]
        return TrainingPlan(self.title.data, (self.text.data or "").strip(), kinds, chosen)


def filled_with(training: Training) -> dict[str, object]:
    """The form's fields as the training has them."""
    return {
        "title": training.title, "text": training.text, "authorities": [kind.value for kind in training.kinds],
        "network_group": training.network_group_id or 0, "based_on": training.revision,
    }  # fmt: skip


class CohortForm(Form):
    """Name, places and days."""

    name = StringField(
        _l("Name of the cohort"), filters=[one_line],
        validators=[DataRequired(_l("Write a name.")), Length(max=120, message=_l("At most 120 characters."))],
    )  # fmt: skip
    places = IntegerField(
        _l("Places"),
        validators=[InputRequired(_l("Write the number of places.")), NumberRange(1, MOST_PLACES, message=_l("Write a whole number between 1 and 500."))],
    )  # fmt: skip
    nominate_by = DateField(
        _l("Last day for nominations"), validators=[InputRequired(_l("Choose the last day.")), _in_our_time]
    )
    enough = IntegerField(
        _l("Occasions needed to graduate"), description=_l("Empty: all of them"),
        validators=[Optional(), NumberRange(1, MOST_ENOUGH, message=_l("Write a whole number between 1 and 60."))],
    )  # fmt: skip
    based_on = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def plan(self) -> CohortPlan:
        """What was filled in."""
        return CohortPlan(self.name.data, self.places.data, self.nominate_by.data, self.enough.data)


class OccasionForm(Form):
    """What, when and where."""

    kind = SelectField(_l("Kind"), choices=[SelectChoice(kind.value, name) for kind, name in OCCASION_KINDS.items()])
    title = StringField(
        _l("Title"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=200, message=_l("At most 200 characters."))],
    )  # fmt: skip
    on = DateField(_l("Day"), validators=[InputRequired(_l("Choose a day.")), _in_our_time])
    starts = TimeField(_l("Begins"), validators=[InputRequired(_l("Choose when it begins."))])
    ends = TimeField(_l("Ends"), validators=[InputRequired(_l("Choose when it ends."))])
    place = StringField(
        _l("Place"), filters=[one_line], validators=[Length(max=200, message=_l("At most 200 characters."))]
    )

    def validate_ends(self, field: TimeField) -> None:
        """After the beginning."""
        if field.data and self.starts.data and field.data <= self.starts.data:
            raise ValidationError(_("The end must come after the beginning."))

    def validate_starts(self, field: TimeField) -> None:
        """At an hour that exists that day."""
        for clock in (field.data, self.ends.data):
            if clock and self.on.data and FIRST_YEAR <= self.on.data.year <= LAST_YEAR:
                self._at(self.on.data, clock)

    @staticmethod
    def _at(on: date, clock: time) -> datetime:
        try:
            return at(on, clock)
        except ValueError:
            raise ValidationError(_("That hour does not exist in the night when summer time begins.")) from None

    def plan(self) -> OccasionPlan:
        """What was filled in."""
        starts_at, ends_at = at(self.on.data, self.starts.data), at(self.on.data, self.ends.data)
        return OccasionPlan(OccasionKind(self.kind.data), self.title.data, starts_at, ends_at, self.place.data or "")


class NominationForm(Form):
    """Who is nominated."""

    name = StringField(
        _l("Name"), filters=[one_line],
        validators=[DataRequired(_l("Write a name.")), Length(max=120, message=_l("At most 120 characters."))],
    )  # fmt: skip
    email = StringField(
        _l("Work e-mail"), filters=[one_line], validators=[DataRequired(_l("Write the work e-mail address."))]
    )
    authority = SelectField(
        _l("Authority"), choices=[SelectChoice(kind.value, name) for kind, name in AUTHORITY_NAMES.items()]
    )
    employer = StringField(
        _l("Employer"), filters=[one_line], description=_l("The police region, the municipality or the like"),
        validators=[DataRequired(_l("Write the employer.")), Length(max=200, message=_l("At most 200 characters."))],
    )  # fmt: skip

    def validate_email(self, field: StringField) -> None:
        """Something that can be written to."""
        if not is_email(field.data or ""):
            raise ValidationError(_("Write an e-mail address, like name@authority.se."))

    def candidate(self) -> Candidate:
        """What was filled in."""
        return Candidate(self.name.data, self.email.data, Authority(self.authority.data), self.employer.data)


class CancelForm(Form):
    """Why it is cancelled."""

    reason = TextAreaField(
        _l("Why is it cancelled?"), filters=[tidy],
        validators=[DataRequired(_l("Write why.")), Length(max=1000, message=_l("At most 1,000 characters."))],
    )  # fmt: skip


class ConsentForm(Form):
    """Yes or no."""

    answer = RadioField(
        _l("Your answer"), validators=[InputRequired(_l("Choose an answer."))],
        choices=[SelectChoice("yes", _l("Yes, let me join")), SelectChoice("no", _l("No"))],
    )  # fmt: skip
