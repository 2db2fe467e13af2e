"""Who may see, plan, change and join activities.

The map of the counties asks two questions here, each one query: `activity_counts` (how many activities each county has in a
year, as far as the person may see them) and `county_activities` (which they are).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import db
from portal.activities.models import (
    Activity,
    ActivityCounty,
    ActivityJoiner,
    ActivityState,
    Sector,
    materials_of_activities,
    sectors_of_activities,
)
from portal.library.models import FileState, Resource
from portal.library.policy import visible_resources
from portal.meetings.policy import active_members
from portal.people.models import Group, Person
from portal.people.policy import can_coordinate, can_lead_group, can_write_in_group, readable_group_ids
from portal.times import today
from portal.topics.keeping import swedish_order

NEAR = timedelta(days=14)  # so close in time that one had better speak with the other
A_YEAR = timedelta(days=365)


def visible_activities(person: Person) -> sa.Select[Activity]:
    """The activities of the groups that the person may read, with what a row of a list shows."""
    return (
        sa.select(Activity)
        .where(Activity.group_id.in_(readable_group_ids(person)))
        .options(selectinload(Activity.counties), selectinload(Activity.sectors))
    )


def _linked(activity: Activity) -> sa.Select[int]:
    link = materials_of_activities.c
    return sa.select(link.resource_id).where(link.activity_id == activity.id)


def visible_materials(person: Person, activity: Activity) -> sa.Select[Resource]:
    """The activity's materials that the person may read. Nobody is told that there are others."""
    return visible_resources(person).where(Resource.id.in_(_linked(activity))).order_by(Resource.title, Resource.id)


def ready_materials(person: Person) -> sa.Select[Resource]:
    """What may be put with an activity: ready material that the person may read."""
    return visible_resources(person).where(Resource.state == FileState.READY, Resource.withdrawn_at.is_(None))


def materials_to_add(person: Person, activity: Activity) -> sa.Select[Resource]:
    """That of it which is not there yet."""
    return ready_materials(person).where(Resource.id.not_in(_linked(activity)))


# --- places, days and states ------------------------------------------------------------------------------------------


def in_county(code: str) -> sa.ColumnElement[bool]:
    """Whether an activity names the county. One for the whole country names none, and is asked for as such."""
    return sa.exists().where(ActivityCounty.activity_id == Activity.id, ActivityCounty.code == code)


def in_sector(sector_id: int) -> sa.ColumnElement[bool]:
    """Whether an activity turns to the sector."""
    link = sectors_of_activities.c
    return sa.exists().where(link.activity_id == Activity.id, link.sector_id == sector_id)


def in_year(year: int) -> sa.ColumnElement[bool]:
    """Whether an activity has a day in the year."""
    return (Activity.starts_on <= date(year, 12, 31)) & (Activity.ends_on >= date(year, 1, 1))


def in_state(state: ActivityState) -> sa.ColumnElement[bool]:
    """Whether an activity stands so today: the same rule as `Activity.state`, as a question to the database."""
    if state is ActivityState.CANCELLED:
        return Activity.cancelled_at.is_not(None)
    if state is ActivityState.DONE:
        return Activity.cancelled_at.is_(None) & Activity.reported_at.is_not(None)
    is_open, now = Activity.cancelled_at.is_(None) & Activity.reported_at.is_(None), today()
    if state is ActivityState.PLANNED:
        return is_open & (Activity.starts_on > now)
    if state is ActivityState.RUNNING:
        return is_open & (Activity.starts_on <= now) & (Activity.ends_on >= now)
    return is_open & (Activity.ends_on < now)


def activity_counts(person: Person, year: int) -> dict[str, int]:
    """How many activities each county has in the year, by its letter, as far as the person may see them. One query.

    Cancelled ones are not counted, nor those for the whole country, which name no county. A county without any is not there.
    """
    seen = visible_activities(person).with_only_columns(Activity.id).order_by(None)
    rows = (
        sa.select(ActivityCounty.code, sa.func.count())
        .where(ActivityCounty.activity_id.in_(seen.where(in_year(year), Activity.cancelled_at.is_(None))))
        .group_by(ActivityCounty.code)
    )
    return dict(db.session.execute(rows).all())


def county_activities(person: Person, code: str) -> sa.Select[Activity]:
    """The activities that name the county, as far as the person may see them, the latest first. Cancelled ones are among them."""
    return visible_activities(person).where(in_county(code)).order_by(Activity.starts_on.desc(), Activity.id.desc())


# --- overlaps ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reach:
    """Where, when and towards which sectors something is planned; `activity_id` if it is stored already."""

    starts_on: date
    ends_on: date
    codes: Collection[str]
    sector_ids: Collection[int]
    activity_id: int | None = None

    @classmethod
    def of(cls, activity: Activity) -> Reach:
        """That of an activity."""
        ids = [sector.id for sector in activity.sectors]
        return cls(activity.starts_on, activity.ends_on, activity.codes, ids, activity.id)


def overlapping(person: Person, reach: Reach) -> sa.Select[Activity]:
    """Other activities that the person may see with a sector in common and a county in common (within a year) or days that meet,
    two weeks apart at most. Those that are cancelled do not count. The nearest in time come first.
    """
    link = sectors_of_activities.c
    same_sector = sa.exists().where(link.activity_id == Activity.id, link.sector_id.in_(list(reach.sector_ids)))
    same_county = sa.exists().where(
        ActivityCounty.activity_id == Activity.id, ActivityCounty.code.in_(list(reach.codes))
    )
    meets = (Activity.starts_on <= reach.ends_on + NEAR) & (Activity.ends_on >= reach.starts_on - NEAR)
    in_a_year = (Activity.starts_on <= reach.ends_on + A_YEAR) & (Activity.ends_on >= reach.starts_on - A_YEAR)
    rows = visible_activities(person).where(
        Activity.cancelled_at.is_(None), same_sector, meets | (same_county & in_a_year)
    )
    if reach.activity_id is not None:
        rows = rows.where(Activity.id != reach.activity_id)
    return rows.order_by(sa.case((meets, 0), else_=1), Activity.starts_on.desc(), Activity.id.desc())


# --- what may be done -------------------------------------------------------------------------------------------------


def can_make_activity(person: Person, group: Group) -> bool:
    """Whoever may write in the group."""
    return can_write_in_group(person, group)


def can_change_activity(person: Person, activity: Activity) -> bool:
    """Its author, the people of the responsible organisation and the group's leaders, as far as they may write in the group. They
    plan, cancel and report."""
    if not can_write_in_group(person, activity.group):
        return False
    is_own = activity.created_by_id == person.id or activity.organisation_id == person.organisation_id
    return is_own or can_lead_group(person, activity.group)


def can_join_activity(person: Person, activity: Activity) -> bool:
    """Whoever may write in the group joins for the own organisation, unless it is the responsible one. The same people leave."""
    return activity.organisation_id != person.organisation_id and can_write_in_group(person, activity.group)


def can_keep_sectors(person: Person) -> bool:
    """The national coordinator's administrators keep the list."""
    return can_coordinate(person)


def has_joined(person: Person, activity: Activity) -> bool:
    """Whether the person's organisation takes part."""
    return any(joiner.organisation_id == person.organisation_id for joiner in activity.joiners)


def to_be_told(activity: Activity) -> list[Person]:
    """The active members of the group."""
    return list(db.session.scalars(active_members(activity.group)).unique())


def to_be_told_of_joining(activity: Activity) -> list[Person]:
    """Those members whom it concerns: the people of the organisations that take part, and the contacts."""
    joined = sa.select(ActivityJoiner.organisation_id).where(ActivityJoiner.activity_id == activity.id)
    contacts = [contact.id for contact in activity.contacts]
    rows = active_members(activity.group).where(
        (Person.organisation_id == activity.organisation_id)
        | Person.organisation_id.in_(joined)
        | Person.id.in_(contacts)
    )
    return list(db.session.scalars(rows).unique())


def sectors_to_choose(kept: Collection[Sector] = ()) -> list[Sector]:
    """The list, and of those that have been taken off it the `kept` ones, which an activity has already; by name."""
    ids = [sector.id for sector in kept]
    rows = sa.select(Sector).where(Sector.retired_at.is_(None) | Sector.id.in_(ids))
    return sorted(db.session.scalars(rows), key=lambda sector: swedish_order(sector.name))


def contacts_to_choose(group: Group, kept: Collection[Person] = ()) -> list[Person]:
    """The group's active members, and who is a contact already."""
    members = {person.id: person for person in db.session.scalars(active_members(group)).unique()}
    everybody = members | {person.id: person for person in kept}
    return sorted(everybody.values(), key=lambda person: swedish_order(person.name))
