"""The list of notices, and what one wishes to hear by mail."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal import web
from portal.notifications import actions, policy
from portal.notifications.forms import HoursForm
from portal.notifications.kinds import Kind, all_kinds, text_of
from portal.notifications.models import Channel, Notice
from portal.people.models import Person
from portal.people.policy import own_groups
from portal.times import local

bp = Blueprint("notifications", __name__)

A_PAGE = 50
MOST_GROUPS = 500


@bp.get("/notices")
def notices() -> ResponseReturnValue:
    """What the person has been told, newest first, by day. `?kind=<name>` for one kind, `?unread=1` for what is unread,
    `?before=<id>` for older ones.
    """
    person = web.current_person()
    kind, is_unread = request.args.get("kind", ""), request.args.get("unread") == "1"
    if kind not in {one.name for one in all_kinds()}:
        kind = ""
    query = policy.visible_notices(person).options(joinedload(Notice.group))
    if kind:
        query = query.where(Notice.kind == kind)
    if is_unread:
        query = query.where(Notice.read_at.is_(None))
    edge = web.number_of("before")
    if edge is not None:
        query = query.where(Notice.id < edge)
    rows = web.page(query, limit=A_PAGE + 1)
    shown = [(notice, text_of(notice.kind, notice.details)) for notice in rows[:A_PAGE]]
    days = groupby((pair for pair in shown if pair[1]), key=lambda pair: local(pair[0].created_at).date())
    sections = [(heading, list(some)) for heading, some in groupby(all_kinds(), key=lambda one: str(one.section))]
    return render_template(
        "notifications/notices.html", days=[(on, list(some)) for on, some in days], has_older=len(rows) > A_PAGE,
        last_id=rows[A_PAGE - 1].id if len(rows) > A_PAGE else None, newest=rows[0].id if rows else 0,
        sections=sections, kind=kind, is_unread=is_unread, edge=edge,
    )  # fmt: skip


@bp.post("/notices/<int:notice_id>/read-mark")
def mark(notice_id: int) -> ResponseReturnValue:
    """Mark one notice as read (`read=1`) or as unread (`read=0`), and go back to the same list."""
    person = web.current_person()
    notice = web.find(policy.visible_notices(person).where(Notice.id == notice_id))
    value = request.form.get("read")
    if value not in {"0", "1"}:
        abort(400)
    actions.mark_notice(notice, is_read=value == "1", by=person)
    return redirect(_list_again(f"notice-{notice.id}"))


def _list_again(anchor: str) -> str:
    """The list with what it was narrowed to."""
    kind = request.form.get("kind", "")
    return url_for(
        "notifications.notices", kind=kind if kind in {one.name for one in all_kinds()} else None,
        unread="1" if request.form.get("unread") == "1" else None, before=web.form_number("before"), _anchor=anchor,
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
def preferences() -> ResponseReturnValue:
    """How the person hears of each kind of thing. `all=<section>:<channel>` is one choice for all kinds under a heading."""
    person = web.current_person()
    web.check(person.is_active)
    if request.method == "POST":
        sections = _sections()
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
    form = HoursForm(formdata=None)
    form.fill(policy.hours_of([person.id])[person.id])
    return _preferences(person, form)


def _sections() -> list[tuple[str, list[Kind]]]:
    """The kinds under their headings."""
    return [(heading, list(some)) for heading, some in groupby(all_kinds(), key=lambda kind: str(kind.section))]


def _preferences(person: Person, form: HoursForm) -> str:
    channels = policy.channels(person)
    sections = [(heading, some, Counter(channels[kind.name] for kind in some)) for heading, some in _sections()]
    return render_template(
        "notifications/preferences.html", sections=sections, channels=channels, form=form,
        groups=web.page(own_groups(person), limit=MOST_GROUPS), of_groups=policy.group_channels(person),
    )  # fmt: skip


@bp.post("/account/notifications/hours")
def hours() -> ResponseReturnValue:
    """Choose when gathered mail comes, and the hours when nothing is sent."""
    person = web.current_person()
    web.check(person.is_active)
    form = HoursForm()
    if not form.validate():
        return _preferences(person, form), 422
    actions.choose_hours(person, form.hours(), by=person)
    flash(_("Saved."), "done")
    return redirect(url_for("notifications.preferences", _anchor="hours"))


@bp.post("/account/notifications/groups")
def groups() -> ResponseReturnValue:
    """Choose how to hear of whole groups: `group-<id>=<channel>`, empty for what each kind says."""
    person = web.current_person()
    web.check(person.is_active)
    chosen: dict[int, Channel | None] = {}
    for group in web.page(own_groups(person), limit=MOST_GROUPS):
        value = request.form.get(f"group-{group.id}")
        if value is not None and value not in {"", *Channel}:
            abort(400)
        if value is not None:
            chosen[group.id] = Channel(value) if value else None
    actions.choose_group_channels(person, chosen, by=person)
    flash(_("Saved."), "done")
    return redirect(url_for("notifications.preferences", _anchor="groups"))
