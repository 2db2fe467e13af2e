"""Forms about contacts."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, StringField, TelField
from wtforms.validators import DataRequired, Length, Optional, Regexp

from portal.fields import Form


class ContactForm(Form):
    """One contact."""

    name = StringField(_l("Name"), validators=[DataRequired(_l("Write a name.")), Length(max=120)])
    note = StringField(_l("What it is for"), validators=[Length(max=300)])
    phone = TelField(
        _l("Phone"),
        validators=[
            Optional(),
            Length(max=40),
            Regexp(r"^[0-9 +()-]+$", message=_l("Write the number with digits, spaces and hyphens.")),
        ],
    )
    email = EmailField(
        _l("E-mail"),
        validators=[
            Optional(),
            Length(max=254),
            Regexp(r"^[^@\s]+@[^@\s]+\.[^@\s]+$", message=_l("This is not a full e-mail address.")),
        ],
    )
