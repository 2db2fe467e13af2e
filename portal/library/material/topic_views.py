"""The controlled list of topics, which the national coordinator keeps."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import db, guard, web
from portal.errors import Conflict, Invalid
from portal.library.material.forms import TopicForm
from portal.library.material.policy import can_edit_topics
from portal.library.models import Resource, topics_of_resources
from portal.library.policy import visible_resources
from portal.library.views import bp
from portal.people.models import Person
from portal.topics import keeping as topics
from portal.topics.models import Topic

MOST_WORDS = 200


def _page(person: Person, form: TopicForm, message: str = "") -> str:
    """Counts, and words that people wrote themselves, only of material that the person can see: a word can say much."""
    seen = visible_resources(person).with_only_columns(Resource.id).order_by(None)
    number = (
        sa.select(sa.func.count())
        .where(topics_of_resources.c.topic_id == Topic.id, topics_of_resources.c.resource_id.in_(seen))
        .correlate(Topic)
        .scalar_subquery()
    )
    rows = db.session.execute(sa.select(Topic, number).order_by(number.desc(), Topic.name).limit(2_000)).all()
    ordered = sorted(rows, key=lambda row: topics.swedish_order(row[0].name))
    controlled = [(topic, used) for topic, used in ordered if topic.is_controlled]
    words = [(topic, used) for topic, used in rows if not topic.is_controlled and used][:MOST_WORDS]
    return render_template("library/topics.html", controlled=controlled, words=words, form=form, message=message)


def _visible_topics(person: Person) -> sa.Select[Topic]:
    """The list, and the words on material that the person can see."""
    seen = visible_resources(person).with_only_columns(Resource.id).order_by(None)
    link = topics_of_resources.c
    used = sa.select(link.topic_id).where(link.resource_id.in_(seen))
    return sa.select(Topic).where(Topic.is_controlled.is_(True) | Topic.id.in_(used))


@bp.route("/library/topics", methods=["GET", "POST"])
def edit_topics() -> ResponseReturnValue:
    """The list, with a form for one more."""
    person = web.current_person()
    web.check(can_edit_topics(person))
    form = TopicForm()
    if form.validate_on_submit():
        try:
            topics.control_topic(form.name.data, by=person)
            flash(_("”%(name)s” is on the list.", name=form.name.data), "done")
            return redirect(url_for("library.edit_topics"))
        except (Conflict, Invalid) as error:
            form.name.errors = [error.message]
    return _page(person, form), 422 if form.errors else 200


@bp.post("/library/topics/<int:topic_id>")
def change_topic(topic_id: int) -> ResponseReturnValue:
    """Rename a topic (`name`), merge it into another (`into`) or take it off the list (`release`)."""
    person = web.current_person()
    web.check(can_edit_topics(person))
    topic = web.find(_visible_topics(person).where(Topic.id == topic_id))
    try:
        if "release" in request.form:
            topics.release_topic(topic, by=person)
        elif (into := web.form_number("into")) is not None:
            topics.merge_topics(topic, web.find(_visible_topics(person).where(Topic.id == into)), by=person)
        else:
            form = TopicForm()
            if not form.validate_on_submit():
                raise Invalid(_("Write a topic."))
            topics.rename_topic(topic, form.name.data, by=person)
    except guard.Stopped as stopped:
        return _page(person, TopicForm(formdata=None), stopped.message), 422
    except (Conflict, Invalid) as error:
        return _page(person, TopicForm(formdata=None), error.message), 422
    flash(_("The topics are saved."), "done")
    return redirect(url_for("library.edit_topics"))
