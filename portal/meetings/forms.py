"""Forms about meetings."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, Field, IntegerField, StringField, TextAreaField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, StopValidation, ValidationError

from portal.fields import Form, one_line
from portal.fields import tidy as tidy  # the rooms take it from here
from portal.meetings.actions import Plan
from portal.times import STOCKHOLM

YEARS = range(1990, 2101)
# what mail servers take, without comments, quotes and line breaks; whether it is the right one shows when an answer comes
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}", re.ASCII)


GUEST_LANGUAGES = [SelectChoice("sv", _l("Swedish")), SelectChoice("en", _l("English"))]


def is_email(text: str) -> bool:
    """Whether it can be the address of a mailbox."""
    return len(text) <= 254 and _EMAIL.fullmatch(text) is not None


def at(on: date, clock: time) -> datetime:
    """An instant from a date and a clock in Sweden.

    Raises `ValueError` for the hour that does not exist in the night when summer time begins.
    """
    instant = datetime.combine(on, clock, tzinfo=STOCKHOLM)
    if instant.astimezone(UTC).astimezone(STOCKHOLM).time() != clock:
        raise ValueError("no such hour that night")
    return instant


class NeedsTime(InputRequired):  # type: ignore[misc]  # the library is untyped
    """A time must be written, unless the meeting takes the whole day."""

    def __call__(self, form: Form, field: Field) -> None:
        """Raises `StopValidation` for an empty field of a meeting with hours."""
        if form.is_all_day.data:
            field.errors = []  # also what could not be read: it is not asked for
            raise StopValidation
        super().__call__(form, field)


class CancelForm(Form):
    """Why a meeting is cancelled."""

    reason = StringField(
        _l("Why is it cancelled?"), filters=[one_line], validators=[Length(max=200, message=_l("At most 200 characters."))]
    )  # fmt: skip


class MeetingForm(Form):
    """When and where a meeting is held."""

    title = StringField(
        _l("Title"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=200, message=_l("A title has at most 200 characters."))],
    )  # fmt: skip
    on = DateField(_l("Date"), validators=[InputRequired(_l("Choose a date."))])
    starts = TimeField(_l("Starts"), validators=[NeedsTime(_l("Write a time such as 09:30."))])
    ends = TimeField(_l("Ends"), validators=[NeedsTime(_l("Write a time such as 15:30."))])
    place = StringField(
        _l("Place"), filters=[one_line], validators=[Length(max=200, message=_l("At most 200 characters."))]
    )
    link = StringField(_l("Link for those online"), filters=[one_line], validators=[Length(max=500)])
    is_all_day = BooleanField(_l("The whole day"))
    reply_by = DateField(_l("Answer by"), validators=[Optional()])
    proposals_by = DateField(_l("Items are proposed by"), validators=[Optional()])
    practical = TextAreaField(_l("Practical"), filters=[tidy], validators=[Length(max=5000)])
    based_on = IntegerField(validators=[Optional()])

    def validate_link(self, field: Field) -> None:
        """Only addresses that a browser may open without harm."""
        try:
            scheme = urlsplit(field.data or "https:").scheme
        except ValueError:  # a bracket that opens no address
            scheme = ""
        if scheme not in {"https", "http"}:
            raise ValidationError(_("The link begins with https://."))

    def validate_ends(self, field: Field) -> None:
        """A meeting has a length."""
        if self.is_all_day.data:
            return
        if field.data and self.starts.data and field.data <= self.starts.data:
            raise ValidationError(_("The meeting must end after it starts."))
        self._exists(field)

    def validate_starts(self, field: Field) -> None:
        """Every hour exists but one a year."""
        self._exists(field)

    def _exists(self, field: Field) -> None:
        if not self.is_all_day.data and field.data and self.on.data and self.on.data.year in YEARS:
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
            raise ValidationError(_("The last day to answer cannot come after the meeting."))

    def validate_proposals_by(self, field: Field) -> None:
        """Proposals come before the meeting."""
        self.validate_on(field)
        if field.data and self.on.data and field.data > self.on.data:
            raise ValidationError(_("The last day for proposals cannot come after the meeting."))

    def plan(self) -> Plan:
        """What was filled in, once it is valid."""
        on, is_all_day = self.on.data, bool(self.is_all_day.data)
        midnight = time()
        return Plan(
            title=self.title.data, is_all_day=is_all_day,
            starts_at=at(on, midnight if is_all_day else self.starts.data),
            ends_at=at(on + timedelta(days=1), midnight) if is_all_day else at(on, self.ends.data),
            place=self.place.data or "", link=self.link.data or "", practical=self.practical.data or "",
            reply_by=at(self.reply_by.data, time(23, 59)) if self.reply_by.data else None,
            proposals_by=at(self.proposals_by.data, time(23, 59)) if self.proposals_by.data else None,
        )  # fmt: skip
