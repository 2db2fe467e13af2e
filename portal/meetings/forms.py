"""Forms about meetings."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from urllib.parse import urlsplit

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, Field, IntegerField, SelectField, StringField, TextAreaField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from portal.meetings.actions import Plan
from portal.meetings.models import ItemKind
from portal.times import STOCKHOLM

LONGEST_NOTE = 50_000
YEARS = range(1990, 2101)


def _one_line(value: str | None) -> str | None:
    return " ".join(value.replace("\x00", "").split()) if value else value


def _tidy(value: str | None) -> str:
    return (value or "").replace("\r\n", "\n").replace("\x00", "")


def at(on: date, clock: time) -> datetime:
    """An instant from a date and a clock in Sweden.

    Raises `ValueError` for the hour that does not exist in the night when summer time begins.
    """
    instant = datetime.combine(on, clock, tzinfo=STOCKHOLM)
    if instant.astimezone(UTC).astimezone(STOCKHOLM).time() != clock:
        raise ValueError("no such hour that night")
    return instant


class MeetingForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """When and where a meeting is held."""

    title = StringField(
        _l("Title"), filters=[_one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=200, message=_l("A title has at most 200 characters."))],
    )  # fmt: skip
    on = DateField(_l("Date"), validators=[InputRequired(_l("Choose a date."))])
    starts = TimeField(_l("Starts"), validators=[InputRequired(_l("Write a time such as 09:30."))])
    ends = TimeField(_l("Ends"), validators=[InputRequired(_l("Write a time such as 15:30."))])
    place = StringField(
        _l("Place"), filters=[_one_line], validators=[Length(max=200, message=_l("At most 200 characters."))]
    )
    link = StringField(_l("Link for those online"), filters=[_one_line], validators=[Length(max=500)])
    reply_by = DateField(_l("Answer by"), validators=[Optional()])
    practical = TextAreaField(_l("Practical"), filters=[_tidy], validators=[Length(max=5000)])
    based_on = IntegerField(validators=[Optional()])

    def validate_link(self, field: Field) -> None:
        """Only addresses that a browser may open without harm."""
        if field.data and urlsplit(field.data).scheme not in {"https", "http"}:
            raise ValidationError(_("The link begins with https://."))

    def validate_ends(self, field: Field) -> None:
        """A meeting has a length."""
        if field.data and self.starts.data and field.data <= self.starts.data:
            raise ValidationError(_("The meeting must end after it starts."))
        self._exists(field)

    def validate_starts(self, field: Field) -> None:
        """Every hour exists but one a year."""
        self._exists(field)

    def _exists(self, field: Field) -> None:
        if field.data and self.on.data and self.on.data.year in YEARS:
            try:
                at(self.on.data, field.data)
            except ValueError:
                raise ValidationError(_("There is no such hour that night: the clock is put forward.")) from None

    def validate_on(self, field: Field) -> None:
        """A year that a calendar of our time can hold."""
        if field.data and field.data.year not in YEARS:
            raise ValidationError(_("Choose a year between %(first)s and %(last)s.", first=YEARS[0], last=YEARS[-1]))

    def validate_reply_by(self, field: Field) -> None:
        """Answers come before the meeting."""
        self.validate_on(field)
        if field.data and self.on.data and field.data > self.on.data:
            raise ValidationError(_("The last day to answer comes before the meeting."))

    def plan(self) -> Plan:
        """What was filled in, once it is valid."""
        on = self.on.data
        return Plan(
            title=self.title.data, starts_at=at(on, self.starts.data), ends_at=at(on, self.ends.data),
            place=self.place.data or "", link=self.link.data or "", practical=self.practical.data or "",
            reply_by=at(self.reply_by.data, time(23, 59)) if self.reply_by.data else None,
        )  # fmt: skip


class ItemForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """An item of the agenda."""

    title = StringField(
        _l("Title"), filters=[_one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=300, message=_l("A title has at most 300 characters."))],
    )  # fmt: skip
    kind = SelectField(
        _l("Kind"),
        choices=[
            SelectChoice(ItemKind.INFORMATION.value, _l("Information")), SelectChoice(ItemKind.DISCUSSION.value, _l("Discussion")),
            SelectChoice(ItemKind.DECISION.value, _l("Decision")), SelectChoice(ItemKind.BREAK.value, _l("Break")),
        ],
    )  # fmt: skip
    minutes_allotted = IntegerField(
        _l("Minutes allotted"), default=15,
        validators=[InputRequired(_l("Write a number of minutes.")), NumberRange(1, 600, message=_l("Between 1 and 600 minutes."))],
    )  # fmt: skip
    owner = SelectField(_l("Responsible"), coerce=int, validators=[Optional()])
    description = TextAreaField(_l("Description"), filters=[_tidy], validators=[Length(max=10_000)])


class NoteForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """What the minutes say on one item."""

    text = TextAreaField(
        _l("Notes"), filters=[_tidy], validators=[Length(max=LONGEST_NOTE, message=_l("At most 50,000 characters."))]
    )
    decision = TextAreaField(
        _l("Decision"), filters=[_tidy], validators=[Length(max=5000, message=_l("At most 5,000 characters."))]
    )
    based_on = IntegerField(default=0, validators=[NumberRange(min=0)])
