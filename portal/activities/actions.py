"""Every write to activities."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.activities import policy
from portal.activities.models import (
    Activity,
    ActivityCounty,
    ActivityJoiner,
    ActivityKind,
    ActivityState,
    Sector,
    materials_of_activities,
)
from portal.county_codes import in_order
from portal.discussions.actions import note_kept
from portal.errors import Conflict
from portal.library.models import Resource
from portal.notifications.actions import notify
from portal.people.models import Group, Person

MOST_MATERIALS = 50


@dataclass(frozen=True, slots=True)
class ActivityPlan:
    """What an activity says of itself."""

    kind: ActivityKind
    title: str
    starts_on: date
    ends_on: date
    text: str = ""
    codes: Collection[str] = ()
    sectors: Collection[Sector] = ()
    contacts: Collection[Person] = ()

    def texts(self) -> dict[str, str]:
        """What the guard reads."""
        return {"title": self.title, "text": self.text}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an activity."""

    text: str
    people_reached: int | None = None
    occasions: int | None = None
    places_visited: int | None = None

    def texts(self) -> dict[str, str]:
        """What the guard reads."""
        return {"result": self.text}


def make_activity(
    group: Group, plan: ActivityPlan, *, copy_of: Activity | None = None, materials: Collection[Resource] = (),
    keep: Collection[str] = (), by: Person,
) -> Activity:  # fmt: skip
    """Plan an activity for the author's organisation, and tell the group. `materials`: of the one it is a copy of, those that its author may read.

    Raises `guard.Stopped`.
    """
    kept = guard.check(plan.texts(), keep=keep)
    made = Activity(
        group=group, organisation_id=by.organisation_id, created_by_id=by.id,
        copied_from_id=copy_of.id if copy_of is not None else None,
    )  # fmt: skip
    _put(made, plan)
    made.materials = list(materials)
    db.session.add(made)
    audit.record("activity_made", by=by, on=made, copy_of=made.copied_from_id)
    note_kept(kept, on=made, by=by)
    _tell("activity_made", made, policy.to_be_told(made), by=by, days=made.starts_on.isoformat())
    return made


def _put(activity: Activity, plan: ActivityPlan) -> None:
    activity.kind, activity.title, activity.text = plan.kind, plan.title, plan.text
    activity.starts_on, activity.ends_on = plan.starts_on, plan.ends_on
    there = {county.code: county for county in activity.counties}
    activity.counties = [there.get(code) or ActivityCounty(code=code) for code in in_order(plan.codes)]
    activity.sectors, activity.contacts = list(plan.sectors), list(plan.contacts)


def _tell(kind: str, activity: Activity, people: Collection[Person], *, by: Person, days: str = "") -> None:
    details = {"days": days} if days else {}
    db.session.flush()
    notify(
        people, kind, group=activity.group, path=f"/activities/{activity.id}", by=by, title=activity.title,
        organisation=by.organisation.name, mailed=(), **details,
    )  # fmt: skip


def _touch(activity: Activity) -> None:
    activity.changed_at = db.now()


def _hold(activity: Activity) -> None:
    """Hold the activity, and see what hangs on it as it stands now. Raises `Conflict` if it has been cancelled."""
    db.lock(activity)
    if activity.cancelled_at is not None:
        raise Conflict(_("The activity has been cancelled."))


def change_activity(
    activity: Activity, plan: ActivityPlan, *, based_on: int, keep: Collection[str] = (), by: Person
) -> None:  # fmt: skip
    """Change what is planned.

    Raises `guard.Stopped`, or `Conflict` if it was cancelled, or if somebody changed it since revision `based_on`.
    """
    kept = guard.check(plan.texts(), keep=keep)
    _hold(activity)
    if activity.revision != based_on:
        raise Conflict(_("Somebody else changed the activity while you wrote. Compare and save again."))
    _put(activity, plan)
    activity.revision += 1
    _touch(activity)
    audit.record("activity_changed", by=by, on=activity, revision=activity.revision)
    note_kept(kept, on=activity, by=by)


def cancel_activity(activity: Activity, *, reason: str, keep: Collection[str] = (), by: Person) -> None:
    """Cancel it, and tell the group why. Raises `guard.Stopped`, or `Conflict` if it is cancelled or done already."""
    kept = guard.check({"reason": reason}, keep=keep)
    _hold(activity)
    if activity.state is ActivityState.DONE:
        raise Conflict(_("The activity is done: its result has been told."))
    activity.cancelled_at, activity.cancel_reason = db.now(), reason
    _touch(activity)
    audit.record("activity_cancelled", by=by, on=activity)
    note_kept(kept, on=activity, by=by)
    _tell("activity_cancelled", activity, policy.to_be_told(activity), by=by)


def report_result(
    activity: Activity, result: Result, *, based_on: int, keep: Collection[str] = (), by: Person
) -> None:  # fmt: skip
    """Tell what became of it, which makes it done; or change what was told.

    Raises `guard.Stopped`, or `Conflict` if it was cancelled, has not begun, or if somebody told it since revision `based_on`.
    """
    kept = guard.check(result.texts(), keep=keep)
    _hold(activity)
    if activity.state is ActivityState.PLANNED:
        raise Conflict(_("The activity has not begun yet. Its result can be told from its first day."))
    if activity.result_revision != based_on:
        raise Conflict(_("Somebody else told the result while you wrote. Compare and save again."))
    activity.result, activity.people_reached = result.text, result.people_reached
    activity.occasions, activity.places_visited = result.occasions, result.places_visited
    activity.result_revision += 1
    activity.reported_at = activity.reported_at or db.now()
    _touch(activity)
    audit.record("activity_reported", by=by, on=activity, revision=activity.result_revision)
    note_kept(kept, on=activity, by=by)


# --- taking part ------------------------------------------------------------------------------------------------------


def _joined(activity: Activity, by: Person) -> ActivityJoiner | None:
    rows = sa.select(ActivityJoiner).where(
        ActivityJoiner.activity_id == activity.id, ActivityJoiner.organisation_id == by.organisation_id
    )
    return db.session.scalars(rows).first()


def join_activity(activity: Activity, *, by: Person) -> None:
    """Take part with the own organisation. Twice is once. Raises `Conflict` if it is cancelled, done or over."""
    _hold(activity)
    if activity.state in {ActivityState.DONE, ActivityState.OVERDUE}:
        raise Conflict(_("The activity is over: nobody can join it any more."))
    if _joined(activity, by) is not None:
        return
    db.session.add(ActivityJoiner(activity_id=activity.id, organisation_id=by.organisation_id, joined_by_id=by.id))
    _touch(activity)
    audit.record("activity_joined", by=by, on=activity)
    _tell("activity_joined", activity, policy.to_be_told_of_joining(activity), by=by)
    db.session.expire(activity, ["joiners"])


def leave_activity(activity: Activity, *, by: Person) -> None:
    """Take part no longer; whoever has not joined stays away. Raises `Conflict` if it is cancelled, done or over."""
    _hold(activity)
    if activity.state in {ActivityState.DONE, ActivityState.OVERDUE}:
        raise Conflict(_("The activity is over: who took part stays noted."))
    joined = _joined(activity, by)
    if joined is None:
        return
    db.session.delete(joined)
    _touch(activity)
    audit.record("activity_left", by=by, on=activity)
    db.session.flush()
    db.session.expire(activity, ["joiners"])


# --- materials --------------------------------------------------------------------------------------------------------


def add_material(activity: Activity, resource: Resource, *, by: Person) -> None:
    """Put a material with it. Twice is once. Raises `Conflict` when there are too many, or when it was cancelled."""
    _hold(activity)
    link = materials_of_activities
    there = set(db.session.scalars(sa.select(link.c.resource_id).where(link.c.activity_id == activity.id)))
    if resource.id in there:
        return
    if len(there) >= MOST_MATERIALS:
        raise Conflict(_("An activity has at most %(number)s materials.", number=MOST_MATERIALS))
    db.session.execute(sa.insert(link).values(activity_id=activity.id, resource_id=resource.id))
    _touch(activity)
    audit.record("activity_material_added", by=by, on=activity, resource_id=resource.id)


def remove_material(activity: Activity, resource: Resource, *, by: Person) -> None:
    """Take a material away; it stays in the library. Raises `Conflict` when the activity was cancelled."""
    _hold(activity)
    link = materials_of_activities
    gone = sa.delete(link).where(link.c.activity_id == activity.id, link.c.resource_id == resource.id)
    db.session.execute(gone)
    _touch(activity)
    audit.record("activity_material_removed", by=by, on=activity, resource_id=resource.id)
