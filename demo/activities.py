"""The demo's activities: over three years, in most counties, some with results, one cancelled."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from demo import backdate
from demo.content import read_toml
from demo.network import Cast
from demo.when import Calendar, at, working_day
from portal import db
from portal.activities import actions, sector_actions
from portal.activities.actions import ActivityPlan, Result
from portal.activities.models import ActivityJoiner, ActivityKind, Sector
from portal.notifications.models import Notice
from portal.outbox import Job
from portal.times import today
from portal.topics.keeping import fold

PLANNED_BEFORE, TOLD_AFTER = timedelta(days=45), timedelta(days=9)
KINDS = ("activity_made", "activity_joined", "activity_cancelled")


def add_activities(cast: Cast, calendar: Calendar) -> None:
    """Plan them in the order of their days, let others join, and tell what became of those that are over."""
    content = read_toml("activities.toml")
    sectors = {name: _sector(name) for name in content["sectors"]}
    for about in content["activity"]:
        _add(cast, calendar, about, sectors)
    db.session.flush()
    # nobody gets mail or notices about what happened before the demo began
    db.session.execute(sa.delete(Notice).where(Notice.kind.in_(KINDS)))
    db.session.execute(sa.delete(Job).where(Job.kind == "notice_mail"))


def _sector(name: str) -> Sector:
    found = db.session.scalar(sa.select(Sector).where(Sector.folded == fold(name)))
    return found if found is not None else sector_actions.add_sector(name, by=None)


def _monday(on: date) -> date:
    return on - timedelta(days=on.weekday())


def _add(cast: Cast, calendar: Calendar, about: dict[str, Any], sectors: dict[str, Sector]) -> None:
    by, contacts = cast.people[about["by"]], [cast.people[nick] for nick in about.get("contacts", [])]
    starts_on = _monday(calendar.today + timedelta(weeks=about["week"]))
    if about["days"] < 5:
        starts_on = working_day(starts_on + timedelta(days=1))
    ends_on = starts_on + timedelta(days=about["days"] - 1)
    plan = ActivityPlan(
        ActivityKind(about["kind"]), about["title"], starts_on, ends_on, text=about["text"].strip(), codes=about["counties"],
        sectors=[sectors[name] for name in about["sectors"]], contacts=[by, *contacts],
    )  # fmt: skip
    made = actions.make_activity(cast.groups[about["group"]], plan, by=by)
    planned = min(at(working_day(starts_on - PLANNED_BEFORE), "10.20"), calendar.latest)
    backdate.row(made, created_at=planned, changed_at=planned)
    is_over = ends_on < calendar.today
    # it runs meanwhile, by the demo's calendar and by the clock's, so that it can be joined and told of
    backdate.row(made, starts_on=min(calendar.today, today()), ends_on=max(calendar.today, today()))
    for nick in about.get("joined", []):
        actions.join_activity(made, by=cast.people[nick])
    backdate.rows(ActivityJoiner, ActivityJoiner.activity_id == made.id, joined_at=planned)
    if "cancelled" in about:
        actions.cancel_activity(made, reason=about["cancelled"], by=by)
        backdate.row(made, cancelled_at=planned)
    if is_over and "result" in about:
        told = Result(about["result"], *(about.get(key) for key in ("people", "occasions", "places")))
        actions.report_result(made, told, based_on=0, by=by)
        moment = min(at(working_day(ends_on + TOLD_AFTER), "14.05"), calendar.latest)
        backdate.row(made, reported_at=moment)
        planned = moment
    backdate.row(made, starts_on=starts_on, ends_on=ends_on, changed_at=planned)
