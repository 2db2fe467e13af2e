"""Forms about seats, substitutes and guests."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from portal.fields import Form, one_line
from portal.meetings.forms import GUEST_LANGUAGES, is_email


class NewSeatForm(Form):
    """An organisation that is to have a seat."""

    organisation = SelectField(
        _l("Organisation"), coerce=int, validators=[InputRequired(_l("Choose an organisation."))]
    )


class SeatForm(Form):
    """Who holds a seat; 0 is nobody."""

    ordinary = SelectField(_l("Ordinary"), coerce=int, validators=[Optional()])
    substitute = SelectField(_l("Substitute"), coerce=int, validators=[Optional()])


class SubstituteForm(Form):
    """Who comes instead."""

    person = RadioField(_l("Who comes instead of you?"), coerce=int, validators=[InputRequired(_l("Choose somebody."))])


class GuestForm(Form):
    """A guest from outside."""

    name = StringField(
        _l("Name"), filters=[one_line],
        validators=[DataRequired(_l("Write a name.")), Length(max=120, message=_l("At most 120 characters."))],
    )  # fmt: skip
    email = StringField(
        _l("E-mail address"), filters=[one_line], validators=[DataRequired(_l("Write an e-mail address."))]
    )
    language = RadioField(_l("Language of the mail"), choices=GUEST_LANGUAGES, default="sv")

    def validate_name(self, field: Field) -> None:
        """A name that can stand in a letter's head."""
        if not (field.data or "").isprintable():
            raise ValidationError(_("Write a name."))

    def validate_email(self, field: Field) -> None:
        """An address to which mail can be sent."""
        if not is_email(field.data or ""):
            raise ValidationError(_("This is no e-mail address."))
