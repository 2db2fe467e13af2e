"""Forms about threads and posts."""

from __future__ import annotations

from typing import ClassVar

from flask import current_app
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import UUID, DataRequired, InputRequired, Length, Optional, ValidationError

from portal.discussions.models import PostKind, ThreadKind
from portal.fields import Form, one_line, tidy


class WrittenText:
    """A text that must be there, and has at most the length that the settings allow."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, _form: Form, field: Field) -> None:
        """Raise `ValidationError` with what to do."""
        limit = current_app.config["SETTINGS"].max_text_chars
        if len(field.data or "") > limit:
            raise ValidationError(
                _l("The text is longer than %(limit)s characters. Shorten it or add it as a file.", limit=limit)
            )
        if not (field.data or "").strip():
            raise ValidationError(_l("Write something first."))


class PostForm(Form):
    """A post."""

    body = TextAreaField(_l("Your post"), filters=[tidy], validators=[WrittenText()])
    kind = SelectField(
        _l("Type"),
        choices=[SelectChoice(PostKind.REPLY.value, _l("Reply")), SelectChoice(PostKind.UPDATE.value, _l("Update"))],
        default=PostKind.REPLY.value,
        validators=[Optional()],
    )
    client_id = HiddenField(validators=[InputRequired(), Length(36, 36), UUID()])


class EditPostForm(Form):
    """A changed post."""

    body = TextAreaField(_l("Your post"), filters=[tidy], validators=[WrittenText()])
    based_on = IntegerField(validators=[InputRequired()])


class ThreadForm(Form):
    """A new thread and its first post."""

    title = StringField(
        _l("Title"), filters=[one_line],
        validators=[DataRequired(_l("Write a title.")), Length(max=200, message=_l("A title has at most 200 characters."))],
    )  # fmt: skip
    kind = SelectField(
        _l("Type"),
        choices=[
            SelectChoice(ThreadKind.DISCUSSION.value, _l("Discussion")),
            SelectChoice(ThreadKind.QUESTION.value, _l("Question")),
            SelectChoice(ThreadKind.UPDATE.value, _l("Update")),
            SelectChoice(ThreadKind.LIFTED.value, _l("Lifted question")),
        ],
    )
    body = TextAreaField(_l("First post"), filters=[tidy], validators=[WrittenText()])
    client_id = HiddenField(validators=[InputRequired(), Length(36, 36), UUID()])
