"""Forms about the state of a thread."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from portal.discussions.forms import AboutForm, ThreadForm
from portal.fields import Form, one_line


class DescribeForm(AboutForm):
    """What a thread is called and is about."""

    title = ThreadForm.title
    kind = ThreadForm.kind
    based_on = IntegerField(validators=[InputRequired()])


class MoveForm(Form):
    """To which group a thread is moved."""

    group = SelectField(_l("Group"))
    sure = BooleanField()


class SplitForm(Form):
    """What becomes of the posts that are taken out of a thread."""

    from_seq = IntegerField(validators=[InputRequired(), NumberRange(1, 2**31 - 1)])
    title = StringField(
        _l("Title of the new thread"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=200, message=_l("A title has at most 200 characters."))],
    )  # fmt: skip
