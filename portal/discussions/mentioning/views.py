"""Whom one can name, while somebody types."""

from __future__ import annotations

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import web
from portal.discussions.mentioning.policy import Name, beginning_with, names
from portal.discussions.models import Thread
from portal.discussions.policy import visible_threads
from portal.discussions.views import bp
from portal.people.models import Group, Person

MOST_SHOWN = 8


@bp.get("/threads/<int:thread_id>/names")
def names_in_thread(thread_id: int) -> ResponseReturnValue:
    """Those who can be named in the thread and one of whose names begins with `?q=`."""
    person = web.current_person()
    thread = web.find(visible_threads(person).where(Thread.id == thread_id))
    found = beginning_with(names(person, thread), request.args.get("q", "")[:100], most=MOST_SHOWN)
    return jsonify([{"words": one.words, "about": _about(one)} for one in found])


def _about(name: Name) -> str:
    if isinstance(name.thing, Person):
        return name.thing.organisation.name
    return (
        str(_("the whole group")) if isinstance(name.thing, Group) else str(_("all of the organisation in the group"))
    )
