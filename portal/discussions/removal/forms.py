"""The form with which a post is taken out of its thread."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from portal.discussions.removal.actions import LONGEST_REASON
from portal.fields import Form, one_line


class RemovalForm(Form):
    """Why a post is hidden or deleted."""

    reason = StringField(
        _l("Why?"), filters=[one_line],
        validators=[Length(max=LONGEST_REASON, message=_l("A reason has at most 500 characters."))],
    )  # fmt: skip
