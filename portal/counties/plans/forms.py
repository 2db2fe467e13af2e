"""Forms about templates and plans."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, FieldList, FormField, IntegerField, SelectField, StringField, TextAreaField
from wtforms import Form as PlainForm
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import HiddenInput

from portal.counties.plans.actions import MOST_SECTIONS
from portal.counties.plans.policy import may_revise_on
from portal.counties.plans.templates import SectionPlan
from portal.fields import Form, one_line, tidy
from portal.times import today

LONGEST = 20_000  # characters
MOST_ROWS = 200  # that are read at all
EMPTY_ROWS = 3  # for new sections


class SectionRow(PlainForm):  # type: ignore[misc]  # the library is untyped
    """One section of a template; an empty row is none."""

    key = IntegerField(widget=HiddenInput(), validators=[Optional()])
    heading = StringField(
        _l("Heading"), filters=[one_line], validators=[Length(max=160, message=_l("At most 160 characters."))]
    )
    guidance = TextAreaField(
        _l("Guidance for those who write"), filters=[tidy], validators=[Length(max=2000, message=_l("At most 2,000 characters."))]
    )  # fmt: skip
    place = IntegerField(
        _l("Order"), validators=[Optional(), NumberRange(0, 10_000, message=_l("Write a whole number."))]
    )
    is_removed = BooleanField(_l("Take the section out of the template"))

    @property
    def is_empty(self) -> bool:
        """Whether nobody has written in it."""
        return not (self.key.data or self.heading.data or (self.guidance.data or "").strip())

    def validate_heading(self, field: StringField) -> None:
        """Only an empty row needs none."""
        if not field.data and not self.is_empty and not self.is_removed.data:
            raise ValidationError(_("Write a heading."))


class TemplateForm(Form):
    """The sections of a template."""

    rows = FieldList(FormField(SectionRow), label=_l("Sections"), max_entries=MOST_ROWS)
    based_on = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def validate_rows(self, field: FieldList) -> None:
        """One to forty, each heading once."""
        kept = self._kept()
        if not kept:
            raise ValidationError(_("Write at least one section."))
        if len(kept) > MOST_SECTIONS:
            raise ValidationError(_("A template has one to %(most)s sections.", most=MOST_SECTIONS))
        seen: set[str] = set()
        for row in kept:
            word = (row.heading.data or "").casefold()
            if word and word in seen:
                row.heading.errors = [*row.heading.errors, _("There is another section with this heading.")]
                raise ValidationError(_("Two sections have the same heading: %(heading)s.", heading=row.heading.data))
            seen.add(word)

    def _kept(self) -> list[SectionRow]:
        return [entry.form for entry in self.rows if not entry.form.is_empty and not entry.form.is_removed.data]

    @property
    def section_plans(self) -> list[SectionPlan]:
        """The sections by their places; without one a section keeps its turn."""
        kept = list(enumerate(self._kept(), 1))
        kept.sort(key=lambda one: one[1].place.data if one[1].place.data is not None else one[0])
        return [SectionPlan(row.heading.data, (row.guidance.data or "").strip(), row.key.data) for _at, row in kept]


class SectionForm(Form):
    """What a section of a plan says."""

    text = TextAreaField(
        _l("Text"), filters=[tidy], validators=[Length(max=LONGEST, message=_l("At most 20,000 characters."))],
        description=_l("About the cooperation in the county, never about individuals."),
    )  # fmt: skip
    based_on = IntegerField(widget=HiddenInput(), validators=[Optional()])


class OrganisationForm(Form):
    """Which organisation takes part. The choices are filled in by the view."""

    organisation = SelectField(_l("Organisation"), coerce=int, validate_choice=True)


class BackToDraftForm(Form):
    """Why a plan goes back to draft."""

    reason = TextAreaField(
        _l("What is to be changed?"), filters=[tidy],
        validators=[DataRequired(_l("Write what is to be changed.")), Length(max=1000, message=_l("At most 1,000 characters."))],
    )  # fmt: skip


class AdoptionForm(Form):
    """When the plan was adopted, and by when it is to be revised."""

    adopted_on = DateField(_l("Adopted on"), validators=[InputRequired(_l("Choose the day on which it was adopted."))])
    revise_by = DateField(
        _l("To be revised by"), validators=[InputRequired(_l("Choose the day by which it is to be revised."))],
        description=_l("The county board is reminded 60 days before"),
    )  # fmt: skip
    based_on = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def validate_adopted_on(self, field: DateField) -> None:
        """Not ahead, and not so long ago that it must be a slip."""
        if field.data and field.data > today():
            raise ValidationError(_("The day cannot be in the future."))
        if field.data and (today() - field.data).days > 3650:
            raise ValidationError(_("That day is too far away."))

    def validate_revise_by(self, field: DateField) -> None:
        """In the future."""
        if field.data and not may_revise_on(field.data):
            raise ValidationError(_("Choose a day in the future, at most ten years away."))
