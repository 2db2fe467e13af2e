"""Forms about date polls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    Field,
    FieldList,
    FormField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal import db
from portal.fields import Form, one_line
from portal.meetings.forms import GUEST_LANGUAGES, YEARS, at, is_email, tidy
from portal.meetings.polls.actions import MOST_OPTIONS, Question
from portal.meetings.polls.models import DatePoll, PollInvitee, Quorum, Suits

FIRST_ROWS, MORE_ROWS = 5, 5
MOST_ROWS = 60  # beyond the limit, so that it can be told
MOST_GUESTS = 50
LAST_MINUTE = time(23, 59)
_GUEST = re.compile(r"([^<> ,;][^<>]*?)[ ,;]+<?([^ ,;<>]+)>?")

SUITS = [
    SelectChoice(Suits.YES.value, _l("Yes")),
    SelectChoice(Suits.IF_NEED_BE.value, _l("If need be")),
    SelectChoice(Suits.NO.value, _l("No")),
]


def closing(on: date) -> datetime:
    """The last moment of a day in Sweden."""
    return at(on, LAST_MINUTE)


class OptionForm(Form):
    """One proposed time. A row without anything in it is no time."""

    class Meta(Form.Meta):
        """The form around it has the token."""

        csrf = False

    on = DateField(_l("Date"), validators=[Optional()])
    starts = TimeField(_l("Starts"), validators=[Optional()])
    ends = TimeField(_l("Ends"), validators=[Optional()])

    @property
    def is_empty(self) -> bool:
        """Whether nothing was filled in."""
        return not any((value or "").strip() for field in self for value in field.raw_data or [])

    def complain(self, field: Field, message: str) -> None:
        """Put a message at a field, unless it has one."""
        if not field.errors:
            field.errors = [message]

    def check(self) -> tuple[datetime, datetime] | None:
        """The time, or None with messages at the fields."""
        for field, message in (
            (self.on, _("Choose a date.")), (self.starts, _("Write a time such as 09:30.")), (self.ends, _("Write a time such as 15:30.")),
        ):  # fmt: skip
            if field.data is None:
                self.complain(field, message)
        if self.errors:
            return None
        if self.on.data.year not in YEARS:
            self.complain(self.on, _("Choose a year between %(first)s and %(last)s.", first=YEARS[0], last=YEARS[-1]))
            return None
        if self.ends.data <= self.starts.data:
            self.complain(self.ends, _("The meeting must end after it starts."))
            return None
        found: list[datetime] = []
        for field in (self.starts, self.ends):
            try:
                found.append(at(self.on.data, field.data))
            except ValueError:
                self.complain(field, _("There is no such hour that night: the clock is put forward."))
                return None
        if found[0] <= db.now():
            self.complain(self.on, _("This time has passed."))
            return None
        return found[0], found[1]


def parse_guests(text: str) -> list[tuple[str, str]]:
    """Names and addresses, one guest a line: `Eva Ek, eva.ek@firma.se`. Raises `ValidationError` with the line that is wrong."""
    guests: list[tuple[str, str]] = []
    for number, line in enumerate((one for one in text.split("\n") if one.strip()), 1):
        found = _GUEST.fullmatch(one_line(line[:500]) or "")
        name, email = found.groups() if found else ("", "")
        if not name.isprintable() or not 0 < len(name) <= 120 or not is_email(email):
            raise ValidationError(_("Line %(number)s: write a name, a comma and an e-mail address.", number=number))
        if any(email.casefold() == other.casefold() for _name, other in guests):
            raise ValidationError(_("Line %(number)s: %(email)s is there twice.", number=number, email=email))
        guests.append((name, email))
    if len(guests) > MOST_GUESTS:
        raise ValidationError(_("At most %(number)s guests.", number=MOST_GUESTS))
    return guests


class PollForm(Form):
    """A date poll."""

    title = StringField(
        _l("What is the meeting about?"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=200, message=_l("A title has at most 200 characters."))],
    )  # fmt: skip
    text = TextAreaField(
        _l("What those who are asked need to know"), filters=[tidy], validators=[Length(max=5000, message=_l("At most 5,000 characters."))]
    )  # fmt: skip
    place = StringField(
        _l("Place"), filters=[one_line], validators=[Length(max=200, message=_l("At most 200 characters."))]
    )
    meeting = SelectField(_l("Which meeting is it?"), coerce=int, default=0, validators=[Optional()])
    series = SelectField(_l("Series"), coerce=int, validators=[Optional()])
    options = FieldList(FormField(OptionForm), label=_l("Proposed times"))
    closes_on = DateField(_l("Last day to answer"), validators=[InputRequired(_l("Choose a date."))])
    quorum = RadioField(
        _l("When is a time good enough?"), default=Quorum.NONE.value, choices=[
            SelectChoice(Quorum.NONE.value, _l("When as many as possible can")),
            SelectChoice(Quorum.ORGANISATIONS.value, _l("When at least one from each organisation can")),
            SelectChoice(Quorum.COUNTIES.value, _l("When at least one from each county can")),
        ],
    )  # fmt: skip
    asked = RadioField(
        _l("Who is asked?"), default="members",
        choices=[SelectChoice("members", _l("Everybody in the group")), SelectChoice("seats", _l("Those who hold the organisations' seats, and the group's leaders"))],
    )  # fmt: skip
    must = SelectMultipleField(
        _l("Who must come?"), coerce=int, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), validate_choice=True
    )  # fmt: skip
    guests = TextAreaField(
        _l("Guests from outside"),
        filters=[tidy],
        validators=[Length(max=20_000, message=_l("At most 20,000 characters."))],
    )
    guest_language = RadioField(_l("Language of the mail to guests"), choices=GUEST_LANGUAGES, default="sv")

    def rows(self) -> Iterator[OptionForm]:
        """The forms of the proposed times."""
        return (entry.form for entry in self.options)

    def add_rows(self, number: int) -> None:
        """Empty rows below, as far as rows are shown."""
        for _row in range(min(number, MOST_ROWS - len(self.options.entries))):
            self.options.append_entry()

    def validate_closes_on(self, field: Field) -> None:
        """There is time to answer."""
        if field.data.year not in YEARS:
            raise ValidationError(_("Choose a year between %(first)s and %(last)s.", first=YEARS[0], last=YEARS[-1]))
        if closing(field.data) <= db.now():
            raise ValidationError(_("This day has passed."))

    def validate_guests(self, field: Field) -> None:
        """Each line is a guest."""
        parse_guests(field.data or "")

    def times(self) -> list[tuple[datetime, datetime]] | None:
        """The proposed times, or None with messages where they belong. Called when all else was looked at."""
        found: dict[tuple[datetime, datetime], None] = {}
        filled = [row for row in self.rows() if not row.is_empty]
        for row in filled:
            span = row.check()
            if span in found:
                row.complain(row.on, _("This time is there twice."))
            elif span is not None:
                found[span] = None
        if any(row.errors for row in filled):
            return None
        if not found:
            self.options.errors = [_("Propose at least one time.")]
        elif len(found) > MOST_OPTIONS:
            self.options.errors = [_("At most %(number)s times.", number=MOST_OPTIONS)]
        elif self.closes_on.data and not self.closes_on.errors and closing(self.closes_on.data) >= max(found)[0]:
            self.closes_on.errors = [_("The last day to answer comes after all the proposed times.")]
        else:
            return sorted(found)
        return None

    def wrong(self) -> list[tuple[str, str]]:
        """The id and the message of every field that is not right, those of the times too."""
        found = []
        for field in self:
            if field is self.options:
                found += [(field.id, error) for error in field.errors if isinstance(error, str)]
                found += [
                    (part.id, f"{part.label.text}: {part.errors[0]}")
                    for row in self.rows()
                    for part in row
                    if part.errors
                ]
            elif field.errors:
                found.append((field.id, f"{field.label.text}: {field.errors[0]}"))
        return found

    def question(self, times: list[tuple[datetime, datetime]]) -> Question:
        """What was filled in, once it is valid."""
        return Question(
            self.title.data, closing(self.closes_on.data), times, text=self.text.data or "", place=self.place.data or "",
            quorum=Quorum(self.quorum.data),
        )  # fmt: skip


class DeadlineForm(Form):
    """Another last day to answer."""

    closes_on = DateField(_l("Last day to answer"), validators=[InputRequired(_l("Choose a date."))])
    validate_closes_on = PollForm.validate_closes_on


class NewTimeForm(OptionForm):
    """One more time for a poll that is open."""

    def time(self) -> tuple[datetime, datetime] | None:
        """The time, or None with messages at the fields."""
        self.validate()
        return self.check()


class _AnswerForm(Form):
    comment = TextAreaField(
        _l("A word to the convener"),
        filters=[tidy],
        validators=[Length(max=500, message=_l("At most 500 characters."))],
    )

    def answers(self) -> dict[int, Suits]:
        """What was said, by option."""
        return {
            int(field.name.removeprefix("option-")): Suits(field.data)
            for field in self
            if field.name.startswith("option-") and field.data
        }


class _GuestMeta(Form.Meta):
    csrf = False


def answer_form(poll: DatePoll, *, said_by: PollInvitee | None = None, is_guest: bool = False) -> Any:
    """A form with a row of three answers for each time of the poll: what was sent, or what `said_by` has said before.

    A guest's has no token: there is no session.
    """
    rows: dict[str, Any] = {
        f"option-{option.id}": RadioField(choices=SUITS, validators=[Optional()]) for option in poll.options
    }
    if is_guest:
        rows["Meta"] = _GuestMeta
    form = type("AnswerForm", (_AnswerForm,), rows)
    if said_by is None:
        return form()
    said = {f"option-{answer.option_id}": answer.suits.value for answer in said_by.answers}
    return form(formdata=None, comment=said_by.comment, **said)
