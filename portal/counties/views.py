"""Läget i länen: the map beside its table, and each county's own page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from portal import web
from portal.activities.policy import activity_counts, county_activities
from portal.counties.overview import CountyRow, overview, rounds_to_show
from portal.counties.rounds import policy
from portal.counties.rounds.models import ReportState, Round, SituationReport
from portal.county_codes import COUNTIES, county_name
from portal.county_shapes import shapes, view_box
from portal.discussions.models import Thread, ThreadCounty
from portal.discussions.policy import visible_threads
from portal.errors import NotFound
from portal.people.policy import county_of, visible_people_of_county
from portal.topics.keeping import swedish_order

bp = Blueprint("counties", __name__)
bp.app_template_global("county_name")(county_name)

MOST_PEOPLE, MOST_THREADS, MOST_REPORTS, MOST_ACTIVITIES = 200, 10, 12, 8
MOST_ROUNDS = 60  # to choose among
_STATES = [ReportState.SUBMITTED, ReportState.RETURNED, ReportState.BEGUN, None]
_ORDERS: dict[str, Callable[[CountyRow], Any]] = {
    "report": lambda row: _STATES.index(row.state),
    "need": lambda row: -(next((step for step in reversed(row.steps) if step is not None), 0)),
}


def _sorted(rows: Sequence[CountyRow], order: str) -> Sequence[CountyRow]:
    """By the chosen column; counties that stand alike in the usual order. `name` is the alphabet that Swedes know."""
    if order == "name":
        return sorted(rows, key=lambda row: swedish_order(row.name))
    return sorted(rows, key=_ORDERS[order]) if order in _ORDERS else rows


@bp.get("/counties")
def index() -> ResponseReturnValue:
    """The situation in the counties; `?round=` an earlier round, `?sort=` a column."""
    person = web.current_person()
    rounds = web.page(rounds_to_show(person), limit=MOST_ROUNDS)
    number = web.number_of("round")
    chosen = next((one for one in rounds if one.id == number), None)
    if number is not None and chosen is None:
        raise NotFound
    chosen = chosen or (rounds[0] if rounds else None)
    order = request.args.get("sort", "")
    found = overview(chosen) if chosen is not None else None
    activities = activity_counts(person, chosen.due_on.year) if chosen is not None else {}
    rows = _sorted(found.rows, order) if found is not None else ()
    if order == "activities":
        rows = sorted(rows, key=lambda row: -activities.get(row.code, 0))
    return render_template(
        "counties/index.html", rounds=rounds, found=found, rows=rows, order=order, activities=activities,
        own=county_of(person), shapes=shapes(), view_box=view_box(), groups={one.group_id for one in rounds},
    )  # fmt: skip


@bp.get("/counties/<code>")
def county(code: str) -> ResponseReturnValue:
    """One county: its reports, and who from there is in the network."""
    person = web.current_person()
    if code not in COUNTIES:
        raise NotFound
    reports = (
        policy.visible_reports(person)
        .where(SituationReport.county_code == code)
        .order_by(Round.due_on.desc(), Round.id.desc())
        .options(joinedload(SituationReport.round))
    )
    threads = (
        visible_threads(person)
        .where(sa.exists().where(ThreadCounty.thread_id == Thread.id, ThreadCounty.code == code))
        .order_by(Thread.last_post_at.desc())
        .options(joinedload(Thread.organisation))
    )
    return render_template(
        "counties/county.html", code=code, county=county_name(code), view_box=view_box(), shapes=shapes(),
        activities=web.page(county_activities(person, code), limit=MOST_ACTIVITIES), reports=web.page(reports, limit=MOST_REPORTS),
        people=web.page(visible_people_of_county(person, code), limit=MOST_PEOPLE), threads=web.page(threads, limit=MOST_THREADS),
    )  # fmt: skip
