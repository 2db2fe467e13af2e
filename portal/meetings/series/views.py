"""Pages of series: their years, what their meetings have in common, and their standing items."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload

from portal import db, guard, web
from portal.errors import Conflict
from portal.meetings.models import MeetingSeries, StandingItem
from portal.meetings.policy import can_plan_meeting, visible_series
from portal.meetings.series import actions, policy
from portal.meetings.series.forms import SeriesForm, StandingItemForm
from portal.people.models import Person
from portal.people.policy import visible_group
from portal.people.traces import note_reading

bp = Blueprint("series", __name__)


def _visible_series(person: Person, series_id: int) -> MeetingSeries:
    return web.find(
        visible_series(person).where(MeetingSeries.id == series_id).options(selectinload(MeetingSeries.standing_items))
    )


def _led_series(series_id: int) -> tuple[Person, MeetingSeries]:
    person = web.current_person()
    series = _visible_series(person, series_id)
    web.check(can_plan_meeting(person, series.group))
    return person, series


def _led_item(item_id: int) -> tuple[Person, StandingItem]:
    person = web.current_person()
    item = web.find(policy.visible_standing_items(person).where(StandingItem.id == item_id))
    web.check(can_plan_meeting(person, item.series.group))
    return person, item


@bp.get("/meeting-series/<int:series_id>", endpoint="series")
def series_page(series_id: int) -> ResponseReturnValue:
    """A series year by year; `?before=<year>` for earlier ones."""
    person = web.current_person()
    series = _visible_series(person, series_id)
    note_reading("series_read", series.group, on=series, by=person)
    before = web.number_of("before")
    years = policy.years_of(series, person, before=before if before is not None and 1900 < before < 2200 else None)
    may_plan = can_plan_meeting(person, series.group)
    return render_template(
        "meetings/series/series.html", series=series, group=series.group, years=years, may_plan=may_plan, now=db.now()
    )


@bp.route("/groups/<slug>/series/new", methods=["GET", "POST"])
def new_series(slug: str) -> ResponseReturnValue:
    """Begin a series."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    web.check(can_plan_meeting(person, group))
    form, finds = SeriesForm(), []
    if form.validate_on_submit():
        try:
            follow_up = actions.StandingPlan(
                _("Follow-up of actions"), lists_open_actions=True
            )  # first, until it is taken away
            series = actions.start_series(group, form.plan(), standing=[follow_up], keep=web.kept(), by=person)
            db.session.flush()
            return redirect(url_for("series.series", series_id=series.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template("meetings/series/edit.html", group=group, series=None, form=form, finds=finds, conflict="")
    return page, 422 if form.errors or finds else 200


@bp.route("/meeting-series/<int:series_id>/edit", methods=["GET", "POST"])
def edit_series(series_id: int) -> ResponseReturnValue:
    """Change what the meetings to come have in common."""
    person, series = _led_series(series_id)
    form, finds, conflict, status = SeriesForm(), [], "", 200
    if request.method == "GET":
        values = {name: getattr(series, name) for name in actions.PLANNED} | {"participants": series.participants.value}
        form = SeriesForm(formdata=None, based_on=series.revision, **values)
    elif not form.validate():
        status = 422
    else:
        try:
            actions.change_series(series, form.plan(), based_on=form.based_on.data or 0, keep=web.kept(), by=person)
            flash(_("The series is changed. It holds for the meetings that are planned from now on."), "done")
            return redirect(url_for("series.series", series_id=series_id))
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Conflict as error:
            conflict, status = error.message, 409
            form.based_on.data = series.revision
    page = render_template(
        "meetings/series/edit.html", group=series.group, series=series, form=form, finds=finds, conflict=conflict
    )
    return page, status


@bp.post("/meeting-series/<int:series_id>/ending")
def end_series(series_id: int) -> ResponseReturnValue:
    """`step`: end it, or resume it."""
    person, series = _led_series(series_id)
    if request.form.get("step") == "resume":
        actions.resume_series(series, by=person)
    else:
        actions.end_series(series, by=person)
        flash(_("The series is ended. Its meetings stay to be read."), "done")
    return redirect(url_for("series.series", series_id=series_id))


# --- standing items ---------------------------------------------------------------------------------------------------


def _item_page(
    series: MeetingSeries, item: StandingItem | None, form: StandingItemForm, finds: Sequence[guard.Find], status: int
) -> ResponseReturnValue:
    page = render_template(
        "meetings/series/item.html", series=series, group=series.group, item=item, form=form, finds=finds
    )
    return page, status


@bp.route("/meeting-series/<int:series_id>/items/new", methods=["GET", "POST"])
def new_standing_item(series_id: int) -> ResponseReturnValue:
    """Let the meetings to come have one more item."""
    person, series = _led_series(series_id)
    form = StandingItemForm()
    finds: Sequence[guard.Find] = ()
    if form.validate_on_submit():
        try:
            actions.add_standing_item(series, form.plan(), keep=web.kept(), by=person)
            return redirect(url_for("series.series", series_id=series_id, _anchor="standing"))
        except guard.Stopped as stopped:
            finds = stopped.finds
    return _item_page(series, None, form, finds, 422 if form.errors or finds else 200)


@bp.route("/standing-items/<int:standing_id>/edit", methods=["GET", "POST"])
def edit_standing_item(standing_id: int) -> ResponseReturnValue:
    """Change an item for the meetings to come."""
    person, item = _led_item(standing_id)
    form = StandingItemForm()
    finds: Sequence[guard.Find] = ()
    if request.method == "GET":
        form = StandingItemForm(
            formdata=None, title=item.title, kind=item.kind.value, minutes_allotted=item.minutes_allotted,
            lists_open_actions=item.lists_open_actions,
        )  # fmt: skip
    elif form.validate():
        try:
            actions.change_standing_item(item, form.plan(), keep=web.kept(), by=person)
            return redirect(url_for("series.series", series_id=item.series_id, _anchor="standing"))
        except guard.Stopped as stopped:
            finds = stopped.finds
    return _item_page(item.series, item, form, finds, 422 if form.errors or finds else 200)


@bp.post("/standing-items/<int:standing_id>/place")
def move_standing_item(standing_id: int) -> ResponseReturnValue:
    """One step up or down."""
    person, item = _led_item(standing_id)
    if request.form.get("direction") not in {"up", "down"}:
        abort(400)
    actions.move_standing_item(item, up=request.form["direction"] == "up", by=person)
    return redirect(url_for("series.series", series_id=item.series_id, _anchor="standing"))


@bp.post("/standing-items/<int:standing_id>/removal")
def remove_standing_item(standing_id: int) -> ResponseReturnValue:
    """Let the meetings to come do without it."""
    person, item = _led_item(standing_id)
    series_id = item.series_id
    actions.remove_standing_item(item, by=person)
    return redirect(url_for("series.series", series_id=series_id, _anchor="standing"))
