"""Forms about files on their way in."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from portal.fields import Form, one_line
from portal.library.forms import KIND_NAMES
from portal.library.languages import CODES, language_name
from portal.library.version_actions import LONGEST_NOTE

_CLEAN = _l("Remove what the file says about people and places")


def _kinds() -> list[SelectChoice]:
    return [SelectChoice(kind.value, name) for kind, name in KIND_NAMES.items()]


def _languages() -> list[SelectChoice]:
    return [SelectChoice(code, language_name(code)) for code in CODES]


def _title() -> StringField:
    return StringField(
        _l("Title"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=300, message=_l("A title has at most 300 characters."))],
    )  # fmt: skip


def _group() -> SelectField:
    return SelectField(_l("Group"), validators=[InputRequired(_l("Choose who is to read it."))])


def _publisher() -> StringField:
    return StringField(
        _l("Publisher"), filters=[one_line], validators=[Length(max=200, message=_l("At most 200 characters."))]
    )


class UploadForm(Form):
    """A new material from one file, sent together with the form."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])
    title = _title()
    group = _group()
    kind = SelectField(_l("Kind"), choices=_kinds)
    language = SelectField(_l("Language"), choices=_languages, default="sv", validators=[Optional()])
    publisher = _publisher()
    published_on = DateField(_l("Published"), validators=[Optional()])
    remove_people = BooleanField(_CLEAN)


class BatchForm(Form):
    """What holds for all files that are added together."""

    group = _group()
    publisher = _publisher()


class FileForm(Form):
    """One of the files that are added together. Its fields bear the file's token before their names."""

    class Meta:
        """One token of the session is enough for all of them."""

        csrf = False

    is_added = BooleanField(_l("Add"), default=True)
    title = _title()
    kind = SelectField(_l("Kind"), choices=_kinds)
    language = SelectField(_l("Language"), choices=_languages)
    remove_people = BooleanField(_CLEAN)


class VersionForm(Form):
    """A newer file of a material: sent with the form, or before it in pieces (`upload` is the token of one that has come)."""

    file = FileField(_l("File"))
    upload = StringField()
    note = StringField(
        _l("What is new"), filters=[one_line],
        validators=[Length(max=LONGEST_NOTE, message=_l("At most 300 characters."))],
    )  # fmt: skip
    remove_people = BooleanField(_CLEAN)
