"""Forms about threads and posts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from flask import current_app
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import UUID, DataRequired, InputRequired, Length, Optional, ValidationError

from portal.county_codes import COUNTIES
from portal.discussions.models import PostKind, ThreadKind
from portal.fields import Form, MultiCheckboxField, one_line, tidy
from portal.topics.keeping import all_topics
from portal.topics.models import Topic


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
    is_statement = BooleanField(_l("Official statement"))
    client_id = HiddenField(validators=[InputRequired(), Length(36, 36), UUID()])


class PreviewForm(Form):
    """A text that somebody is writing."""

    body = TextAreaField(filters=[tidy], validators=[WrittenText()])


class EditPostForm(Form):
    """A changed post."""

    body = TextAreaField(_l("Your post"), filters=[tidy], validators=[WrittenText()])
    based_on = IntegerField(validators=[InputRequired()])


class AboutForm(Form):
    """What a thread is about: counties, and topics of the controlled list."""

    counties = MultiCheckboxField(_l("Counties"), choices=[SelectChoice(code, name) for code, name in COUNTIES.items()])
    topics = MultiCheckboxField(_l("Topics"), coerce=int)

    def offer(self, chosen: Iterable[Topic] = ()) -> None:
        """Fill in the topics that can be chosen: the list, and what is chosen already."""
        listed = {topic.id: topic for topic in [*all_topics(), *chosen]}
        self._topics = listed
        self.topics.choices = [SelectChoice(topic.id, topic.name) for topic in listed.values()]

    @property
    def chosen_topics(self) -> list[Topic]:
        """The topics that are ticked."""
        return [self._topics[number] for number in self.topics.data or []]


class ThreadForm(AboutForm):
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
