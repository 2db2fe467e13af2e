"""The form with which a file is put to a post."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import StringField

from portal.fields import Form


class AttachForm(Form):
    """A file: sent with the form, or before it in pieces (`upload` is the token of one that has come)."""

    file = FileField(_l("File"))
    upload = StringField()
