"""Forms about material."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from portal.fields import Form, one_line
from portal.library.models import ResourceKind

KIND_NAMES = {
    ResourceKind.MANUAL: _l("Manual and handbook"),
    ResourceKind.CHECKLIST: _l("Checklist"),
    ResourceKind.TRAINING: _l("Training material"),
    ResourceKind.TEMPLATE: _l("Template"),
    ResourceKind.REPORT: _l("Report"),
    ResourceKind.INFORMATION: _l("Information"),
    ResourceKind.OTHER: _l("Other"),
}


class UploadForm(Form):
    """A new material."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])
    title = StringField(
        _l("Title"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=300, message=_l("A title has at most 300 characters."))],
    )  # fmt: skip
    group = SelectField(_l("Group"), validators=[InputRequired(_l("Choose who is to read it."))])
    kind = SelectField(_l("Kind"), choices=[SelectChoice(kind.value, name) for kind, name in KIND_NAMES.items()])
    publisher = StringField(
        _l("Publisher"),
        filters=[one_line],
        validators=[Length(max=200, message=_l("At most 200 characters."))],
    )
    published_on = DateField(_l("Published"), validators=[Optional()])
