"""Forms about people."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal.fields import Form


class PreferencesForm(Form):
    """How the portal looks and speaks."""

    language = RadioField(
        _l("Language"),
        choices=[SelectChoice("sv", "Svenska"), SelectChoice("en", "English")],
        validators=[InputRequired()],
    )
    theme = RadioField(
        _l("Appearance"),
        choices=[
            SelectChoice("auto", _l("Like the device")),
            SelectChoice("light", _l("Light")),
            SelectChoice("dark", _l("Dark")),
        ],
        validators=[InputRequired()],
    )
