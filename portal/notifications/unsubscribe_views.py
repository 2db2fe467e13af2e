"""Stopping mail without signing in, from the mail itself."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal import db, web
from portal.errors import NotFound
from portal.notifications import actions, tokens
from portal.notifications.kinds import all_kinds
from portal.notifications.views import bp
from portal.people.models import Group, HandlingClass, Person
from portal.people.policy import visible_groups


@bp.route("/unsubscribe/<unsubscribe_token>", methods=["GET", "POST"])
@web.csrf.exempt  # mail programs ask by themselves (RFC 8058): the signed token in the address is the whole authority
@web.public
@web.limiter.limit(web.public_limit)
def unsubscribe(unsubscribe_token: str) -> ResponseReturnValue:
    """Stop mail of one sort. Only a POST does: mail scanners follow links."""
    found = tokens.unsubscribing(unsubscribe_token)
    if found is None:
        raise NotFound
    person, what, which = found
    is_done = request.method == "POST"
    if is_done:
        actions.unsubscribe(person, what, which, by=person)
    return render_template(
        "notifications/unsubscribe.html", sort=what, about=_about(person, what, which), is_done=is_done
    )


def _about(person: Person, what: str, which: str) -> str:
    """The sort's name, for whoever has the mail: no more than the mail itself said."""
    if what == "kind":
        return next((str(kind.label) for kind in all_kinds() if kind.name == which), "")
    if what == "group":
        group = db.session.scalar(visible_groups(person).where(Group.id == int(which)))
        return group.name if group is not None and group.handling_class is not HandlingClass.SENSITIVE else ""
    return ""
