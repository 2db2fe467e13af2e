"""Forms about calendar feeds."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length

from portal.fields import Form, one_line


class FeedForm(Form):
    """A new secret address."""

    name = StringField(
        _l("Which program is it for?"), filters=[one_line],
        validators=[
            DataRequired(_l("Write a name, such as Outlook or My phone.")), Length(max=80, message=_l("At most 80 characters."))
        ],
    )  # fmt: skip
    group = SelectField(_l("Which meetings?"), coerce=int)  # 0: of all one's groups
