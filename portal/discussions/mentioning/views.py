"""Whom one can name, while somebody types."""

from __future__ import annotations

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import web
from portal.discussions.mentioning.policy import Name, beginning_with, names
from portal.discussions.models import Thread
from portal.discussions.policy import can_start_thread, visible_threads
from portal.discussions.views import bp
from portal.people.models import Group, Person
from portal.people.policy import visible_group

MOST_SHOWN = 8


@bp.get("/threads/<int:thread_id>/names")
def names_in_thread(thread_id: int) -> ResponseReturnValue:
    """Those who can be named in the thread and one of whose names begins with `?q=`."""
    person = web.current_person()
    thread = web.find(visible_threads(person).where(Thread.id == thread_id))
    return _offered(names(person, thread.group, thread))


@bp.get("/groups/<slug>/names")
def names_in_group(slug: str) -> ResponseReturnValue:
    """The same for a thread that the person is about to start."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    web.check(can_start_thread(person, group))
    return _offered(names(person, group))


def _offered(known: list[Name]) -> ResponseReturnValue:
    found = beginning_with(known, request.args.get("q", "")[:100], most=MOST_SHOWN)
    return jsonify([{"words": one.words, "about": _about(one)} for one in found])


def _about(name: Name) -> str:
    if isinstance(name.thing, Person):
        return name.thing.organisation.name
    return (
        str(_("the whole group")) if isinstance(name.thing, Group) else str(_("all of the organisation in the group"))
    )
