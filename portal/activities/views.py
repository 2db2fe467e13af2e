"""Pages of activities: the list, the calendar, one of them, planning and changing. What is done with one: doing_views.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload

from portal import db, guard, web
from portal.activities import actions, policy
from portal.activities.filters import Filters
from portal.activities.forms import KIND_NAMES, STATE_NAMES, ActivityForm, filled_with
from portal.activities.models import Activity, ActivityJoiner
from portal.activities.policy import Reach
from portal.county_codes import COUNTIES
from portal.errors import Conflict
from portal.library.policy import groups_to_add_to
from portal.meetings.month import Month, month
from portal.people.models import Group, Person
from portal.people.policy import visible_group
from portal.people.traces import note_reading

bp = Blueprint("activities", __name__)

A_PAGE, MOST_OF_A_MONTH, HINTS = 30, 300, 6


@bp.app_template_global("activity_kind")
def kind_name(activity: Activity) -> str:
    """What the activity's kind is called."""
    return str(KIND_NAMES[activity.kind])


@bp.app_template_global("activity_state")
def state_name(activity: Activity) -> str:
    """What the activity's state is called."""
    return str(STATE_NAMES[activity.state])


def visible_activity(person: Person, activity_id: int) -> Activity:
    """The activity; 404 if it may not be seen."""
    return web.find(policy.visible_activities(person).where(Activity.id == activity_id))


def note_read(found: Activity, person: Person) -> None:
    """Leave the trace that every page needs which shows what an activity of a sensitive group says."""
    note_reading("activity_read", found.group, on=found, by=person)


# --- lists ------------------------------------------------------------------------------------------------------------


@bp.get("/activities")
def index() -> ResponseReturnValue:
    """All activities that the person may read, the latest first; the filters are in the address, `?before=` goes on."""
    return _list(web.current_person(), None)


@bp.get("/groups/<slug>/activities")
def group_activities(slug: str) -> ResponseReturnValue:
    """Those of one group."""
    person = web.current_person()
    return _list(person, web.find(visible_group(person, slug)))


def _context(person: Person, group: Group | None, chosen: Filters) -> dict[str, Any]:
    """What every list of activities needs."""
    writing = [group] if group is not None else db.session.scalars(groups_to_add_to(person)).all()
    return {
        "group": group, "chosen": chosen, "kinds": KIND_NAMES, "states": STATE_NAMES, "counties": COUNTIES,
        "sectors": policy.sectors_to_choose(), "years": _years(person), "may_keep_sectors": policy.can_keep_sectors(person),
        "groups": [one for one in writing if group is None or policy.can_make_activity(person, one)],
    }  # fmt: skip


def _years(person: Person) -> list[int]:
    """The years that there are activities in, the latest first."""
    seen = policy.visible_activities(person).order_by(None)
    first, last = db.session.execute(
        seen.with_only_columns(sa.func.min(Activity.starts_on), sa.func.max(Activity.ends_on))
    ).one()
    return list(range(last.year, first.year - 1, -1)) if first is not None else []


def _list(person: Person, group: Group | None) -> ResponseReturnValue:
    chosen = Filters.of_request()
    visible = policy.visible_activities(person)
    if group is not None:
        visible = visible.where(Activity.group_id == group.id)
    rows = visible.where(*chosen.conditions())
    last = web.number_of("before")
    before = db.session.scalars(visible.where(Activity.id == last)).first() if last is not None else None
    if before is not None:
        edge = sa.tuple_(sa.literal(before.starts_on, Activity.starts_on.type), sa.literal(before.id))
        rows = rows.where(sa.tuple_(Activity.starts_on, Activity.id) < edge)
    found = web.page(rows.order_by(Activity.starts_on.desc(), Activity.id.desc()), limit=A_PAGE + 1)
    return render_template(
        "activities/index.html", activities=found[:A_PAGE], has_more=len(found) > A_PAGE, is_first=before is None,
        **_context(person, group, chosen),
    )  # fmt: skip


@bp.get("/activities/calendar", endpoint="calendar")
def calendar_page() -> ResponseReturnValue:
    """The activities of a month, `?month=2027-03`, under the same filters as the list but the year."""
    person = web.current_person()
    chosen = replace(Filters.of_request(), year=None)
    shown = month(request.args.get("month", ""))
    first, last = shown.weeks[0][0].on, shown.weeks[-1][-1].on
    rows = policy.visible_activities(person).where(
        *chosen.conditions(), Activity.starts_on <= last, Activity.ends_on >= first
    )
    found = web.page(rows.order_by(Activity.starts_on, Activity.id), limit=MOST_OF_A_MONTH)
    return render_template(
        "activities/calendar.html", month=shown, days=_by_day(shown, found), any=bool(found),
        **_context(person, None, chosen),
    )  # fmt: skip


def _by_day(shown: Month, activities: Sequence[Activity]) -> dict[date, list[Activity]]:
    """The activities of each day that is shown."""
    days: dict[date, list[Activity]] = {day.on: [] for week in shown.weeks for day in week}
    for on, there in days.items():
        there.extend(one for one in activities if one.starts_on <= on <= one.ends_on)
    return days


# --- one of them ------------------------------------------------------------------------------------------------------


@bp.get("/activities/<int:activity_id>")
def activity(activity_id: int) -> ResponseReturnValue:
    """An activity: what, where and when, who takes part, what became of it, and what overlaps with it."""
    person = web.current_person()
    loaded = (selectinload(Activity.contacts), selectinload(Activity.joiners).joinedload(ActivityJoiner.organisation),
              selectinload(Activity.created_by))  # fmt: skip
    found = web.find(policy.visible_activities(person).where(Activity.id == activity_id).options(*loaded))
    note_read(found, person)
    may_change = policy.can_change_activity(person, found)
    return render_template(
        "activities/activity.html", activity=found, group=found.group, may_change=may_change,
        may_join=policy.can_join_activity(person, found), has_joined=policy.has_joined(person, found),
        may_copy=policy.can_make_activity(person, found.group), hints=_hints(person, Reach.of(found)),
        materials=web.page(policy.visible_materials(person, found), limit=actions.MOST_MATERIALS),
    )  # fmt: skip


def _hints(person: Person, reach: Reach | None) -> Sequence[Activity]:
    """What overlaps with it, of what the person may see."""
    if reach is None or not reach.sector_ids:
        return []
    return db.session.scalars(policy.overlapping(person, reach).limit(HINTS)).unique().all()


# --- planning and changing --------------------------------------------------------------------------------------------


@bp.route("/groups/<slug>/activities/new", methods=["GET", "POST"])
def new_activity(slug: str) -> ResponseReturnValue:
    """Plan an activity."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    web.check(policy.can_make_activity(person, group))
    return _plan(person, group, None)


@bp.route("/activities/<int:activity_id>/copy", methods=["GET", "POST"])
def copy_activity(activity_id: int) -> ResponseReturnValue:
    """Plan the same a year later, without result and without those who took part. Nothing is stored before the form is sent."""
    person = web.current_person()
    found = visible_activity(person, activity_id)
    web.check(policy.can_make_activity(person, found.group))
    note_read(found, person)
    return _plan(person, found.group, found)


def a_year_later(on: date) -> date:
    """The same weekday in the same week a year on, which is what people mean: 52 weeks."""
    return on + timedelta(weeks=52)


def _plan(person: Person, group: Group, copy_of: Activity | None) -> ResponseReturnValue:
    form, finds = ActivityForm(), []
    sectors, contacts = policy.sectors_to_choose(), policy.contacts_to_choose(group)
    if request.method == "GET":
        filled: dict[str, Any] = {"contacts": [person.id]}
        if copy_of is not None:
            later = {name: a_year_later(getattr(copy_of, name)) for name in ("starts_on", "ends_on")}
            filled = filled_with(copy_of) | later | {"contacts": [person.id]}
        form = ActivityForm(formdata=None, **filled)
    form.offer(sectors, contacts)
    is_valid = request.method == "POST" and form.validate()
    is_looking = "look" in request.form
    if is_valid and not is_looking:
        old = guard.kept_in({"title": copy_of.title, "text": copy_of.text}) if copy_of is not None else set()
        try:
            materials = (
                web.page(policy.visible_materials(person, copy_of), limit=actions.MOST_MATERIALS)
                if copy_of is not None
                else ()
            )
            made = actions.make_activity(
                group,
                form.plan(sectors, contacts),
                copy_of=copy_of,
                materials=materials,
                keep=[*web.kept(), *old],
                by=person,
            )
            flash(_("The activity is planned. The group has been told."), "done")
            return redirect(url_for("activities.activity", activity_id=made.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template(
        "activities/edit.html", group=group, activity=None, copy_of=copy_of, form=form, finds=finds, conflict="",
        hints=_hints(person, form.reach(None)), is_looking=is_looking,
    )  # fmt: skip
    return page, 422 if form.errors or finds else 200


@bp.route("/activities/<int:activity_id>/edit", methods=["GET", "POST"])
def edit_activity(activity_id: int) -> ResponseReturnValue:
    """Change what is planned. If somebody else changed it meanwhile, both are shown."""
    person = web.current_person()
    found = visible_activity(person, activity_id)
    web.check(policy.can_change_activity(person, found))
    if found.cancelled_at is not None:
        raise Conflict(_("The activity has been cancelled."))
    note_read(found, person)
    form, finds, conflict, status = ActivityForm(), [], "", 200
    if request.method == "GET":
        form = ActivityForm(formdata=None, based_on=found.revision, **filled_with(found))
    sectors = policy.sectors_to_choose(found.sectors)
    contacts = policy.contacts_to_choose(found.group, found.contacts)
    form.offer(sectors, contacts)
    if request.method == "POST" and not form.validate():
        status = 422
    elif request.method == "POST" and "look" not in request.form:
        keep = [*web.kept(), *guard.kept_in({"title": found.title, "text": found.text})]
        plan, based_on = form.plan(sectors, contacts), form.based_on.data or 0
        try:
            actions.change_activity(found, plan, based_on=based_on, keep=keep, by=person)
            return redirect(url_for("activities.activity", activity_id=activity_id))
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Conflict as error:
            conflict, status = error.message, 409
            form.based_on.data = found.revision
    page = render_template(
        "activities/edit.html", group=found.group, activity=found, copy_of=None, form=form, finds=finds, conflict=conflict,
        hints=_hints(person, form.reach(found.id)), is_looking="look" in request.form,
    )  # fmt: skip
    return page, status
