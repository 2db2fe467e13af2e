"""Forms about a material."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, Field, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from portal.county_codes import COUNTIES
from portal.fields import Form, MultiCheckboxField, one_line, tidy
from portal.library.forms import KIND_NAMES
from portal.library.languages import CODES, language_name
from portal.library.material.actions import LONGEST_DESCRIPTION
from portal.library.material.facts import Facts
from portal.library.material.living_actions import LONGEST_REASON
from portal.library.models import Audience, Licence, ResourceKind

LICENCE_NAMES = {
    Licence.UNKNOWN: _l("Not stated"),
    Licence.INTERNAL: _l("Only for those who can read it here"),
    Licence.SPREAD: _l("May be spread as it is, with its source named"),
    Licence.CC_BY: _l("Creative Commons BY: use it freely, name the source"),
    Licence.CC_BY_SA: _l("Creative Commons BY-SA: the same, and share alike"),
    Licence.CC0: _l("Creative Commons Zero: use it freely"),
}
AUDIENCE_NAMES = {
    Audience.SOCIAL_SERVICES: _l("Social services, municipality"),
    Audience.POLICE: _l("Police and prosecutors"),
    Audience.HEALTH_CARE: _l("Health care"),
    Audience.MIGRATION: _l("Migration and reception"),
    Audience.SCHOOL: _l("School"),
    Audience.NGO: _l("Non-governmental organisations"),
    Audience.BUSINESS: _l("Hotels, taxi, restaurants"),
    Audience.EXPOSED: _l("The exposed persons"),
    Audience.PUBLIC: _l("The public"),
}


def _future(form: Form, field: Field) -> None:
    if field.data and not date(1900, 1, 1) <= field.data <= date(2100, 1, 1):
        raise ValidationError(_("Choose a day between 1900 and 2100."))


class MaterialForm(Form):
    """What a material is."""

    based_on = StringField()
    title = StringField(
        _l("Title"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=300, message=_l("A title has at most 300 characters."))],
    )  # fmt: skip
    description = TextAreaField(
        _l("Description"), filters=[tidy],
        validators=[Length(max=LONGEST_DESCRIPTION, message=_l("A description has at most 4,000 characters."))],
    )  # fmt: skip
    kind = SelectField(_l("Kind"), choices=[SelectChoice(kind.value, name) for kind, name in KIND_NAMES.items()])
    publisher = StringField(
        _l("Publisher"), filters=[one_line], validators=[Length(max=200, message=_l("At most 200 characters."))]
    )
    published_on = DateField(_l("Published"), validators=[Optional(), _future])
    language = SelectField(_l("Language"))
    licence = SelectField(
        _l("Licence"), choices=[SelectChoice(licence.value, name) for licence, name in LICENCE_NAMES.items()]
    )
    audiences = MultiCheckboxField(
        _l("For whom"), choices=[SelectChoice(audience.value, name) for audience, name in AUDIENCE_NAMES.items()]
    )
    counties = MultiCheckboxField(_l("Counties"), choices=[SelectChoice(code, name) for code, name in COUNTIES.items()])
    topics = MultiCheckboxField(_l("Topics"), validate_choice=False)  # one may have left the list meanwhile: it is kept
    own_topics = StringField(
        _l("Topics of your own"),
        filters=[one_line],
        validators=[Length(max=600, message=_l("At most 600 characters."))],
    )
    responsible = SelectField(_l("Responsible person"), coerce=int, validators=[Optional()])
    review_by = DateField(_l("To be reviewed by"), validators=[Optional(), _future])

    def offer(self, topics: list[str], people: list[tuple[int, str]]) -> None:
        """Fill in what can be chosen."""
        self.language.choices = [SelectChoice(code, language_name(code)) for code in CODES]
        self.topics.choices = [SelectChoice(name, name) for name in topics]
        self.responsible.choices = [SelectChoice(0, _("Nobody")), *(SelectChoice(*one) for one in people)]

    def show(self, facts: Facts) -> None:
        """Fill in what is stored."""
        for name in (
            "title",
            "description",
            "publisher",
            "published_on",
            "language",
            "audiences",
            "counties",
            "review_by",
        ):
            self[name].data = getattr(facts, name)
        self.kind.data, self.licence.data = facts.kind.value, facts.licence.value
        listed = {choice.value for choice in self.topics.choices}
        self.topics.data = [name for name in facts.topics if name in listed]
        self.own_topics.data = ", ".join(name for name in facts.topics if name not in listed)
        self.responsible.data = facts.responsible_id or 0

    def facts(self) -> Facts:
        """What was filled in."""
        names = [*(self.topics.data or []), *(self.own_topics.data or "").split(",")]
        return Facts(
            title=self.title.data, kind=ResourceKind(self.kind.data), description=(self.description.data or "").strip(),
            publisher=self.publisher.data or "", published_on=self.published_on.data, language=self.language.data,
            licence=Licence(self.licence.data), audiences=self.audiences.data or [], counties=self.counties.data or [],
            topics=[words for name in names[:100] if (words := one_line(name))],
            responsible_id=self.responsible.data or None, review_by=self.review_by.data,
        )  # fmt: skip


class ReviewForm(Form):
    """Until when a reviewed material holds."""

    review_by = DateField(_l("Holds until"), validators=[InputRequired(_l("Choose a day."))])


class ReasonForm(Form):
    """Why a material is withdrawn."""

    reason = StringField(
        _l("Why"), filters=[one_line],
        validators=[DataRequired(_l("Say why.")), Length(max=LONGEST_REASON, message=_l("At most 300 characters."))],
    )  # fmt: skip


class ReportForm(Form):
    """What no longer holds."""

    text = StringField(
        _l("What no longer holds?"), filters=[one_line],
        validators=[DataRequired(_l("Say what no longer holds.")), Length(max=LONGEST_REASON, message=_l("At most 300 characters."))],
    )  # fmt: skip


class GroupForm(Form):
    """A group to share with or to move to."""

    group = SelectField(_l("Group"), validators=[InputRequired(_l("Choose a group."))])
    sure = BooleanField(_l("Yes, these people may read it"))


class TopicForm(Form):
    """A topic of the controlled list."""

    name = StringField(
        _l("Topic"), filters=[one_line],
        validators=[DataRequired(_l("Write a topic.")), Length(max=80, message=_l("At most 80 characters."))],
    )  # fmt: skip
