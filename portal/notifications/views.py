"""The list of notices, and what one wishes to hear by mail."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal import web
from portal.notifications import actions, policy
from portal.notifications.kinds import all_kinds, text_of
from portal.notifications.models import Channel, Notice

bp = Blueprint("notifications", __name__)

A_PAGE = 50


@bp.get("/notices")
def notices() -> ResponseReturnValue:
    """What the person has been told, newest first. `?before=<id>` for older ones."""
    person = web.current_person()
    query = policy.visible_notices(person).options(joinedload(Notice.group))
    if (edge := web.number_of("before")) is not None:
        query = query.where(Notice.id < edge)
    rows = web.page(query, limit=A_PAGE + 1)
    shown = [(notice, text_of(notice.kind, notice.details)) for notice in rows[:A_PAGE]]
    return render_template(
        "notifications/notices.html", notices=[pair for pair in shown if pair[1]], has_older=len(rows) > A_PAGE,
        last_id=rows[A_PAGE - 1].id if len(rows) > A_PAGE else None, newest=rows[0].id if rows else 0,
    )  # fmt: skip


@bp.post("/notices/read-marks")
def read() -> ResponseReturnValue:
    """Mark the notices that were shown as seen."""
    person = web.current_person()
    web.check(person.is_active)
    until = web.form_number("until")
    if until is None or until < 0:
        abort(400)
    actions.read_notices(until_id=until, by=person)
    return redirect(url_for("notifications.notices"))


@bp.route("/account/notifications", methods=["GET", "POST"])
@web.limiter.limit(web.write_limit, methods=["POST"])
def preferences() -> ResponseReturnValue:
    """How the person hears of each kind of thing. `all=<section>:<channel>` is one choice for all kinds under a heading."""
    person = web.current_person()
    web.check(person.is_active)
    sections = [(heading, list(some)) for heading, some in groupby(all_kinds(), key=lambda kind: str(kind.section))]
    if request.method == "POST":
        chosen = {}
        for kind in all_kinds():
            value = request.form.get(kind.name, "")
            if value and value not in set(Channel):
                abort(400)
            if value:
                chosen[kind.name] = Channel(value)
        number, _colon, channel = request.form.get("all", "").partition(":")
        if channel:  # the button of a heading: one choice for all below it
            if channel not in set(Channel) or number not in {str(place) for place in range(len(sections))}:
                abort(400)
            chosen |= {kind.name: Channel(channel) for kind in sections[int(number)][1]}
        actions.choose_channels(person, chosen, by=person)
        flash(_("Saved."), "done")
        return redirect(url_for("notifications.preferences", _anchor=f"section-{number}" if channel else None))
    return render_template("notifications/preferences.html", sections=sections, channels=policy.channels(person))
