"""Who may see and write cooperation plans, and where every county stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from portal import db
from portal.counties.plans.models import (
    CooperationPlan,
    PlanEdition,
    PlanParticipant,
    PlanSection,
    PlanState,
    PlanTemplate,
    SectionVersion,
)
from portal.counties.rounds.policy import boards
from portal.meetings.policy import active_members
from portal.people.models import Group, Membership, Organisation, OrganisationKind, Person, PersonStatus, Role
from portal.people.policy import can_lead_group, can_write_in_group, county_of, readable_group_ids, role_in
from portal.times import today


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """Where a county's plan stands; the dates are those of the edition in force, None before the first is adopted."""

    plan_id: int
    state: PlanState
    adopted_on: date | None
    revise_by: date | None


def visible_templates(person: Person) -> sa.Select[PlanTemplate]:
    """Every version of the templates of the readable groups."""
    return sa.select(PlanTemplate).where(PlanTemplate.group_id.in_(readable_group_ids(person)))


def visible_plans(person: Person) -> sa.Select[CooperationPlan]:
    """The plans of the readable groups, drafts too: they are written together, and counties learn from one another."""
    return sa.select(CooperationPlan).where(CooperationPlan.group_id.in_(readable_group_ids(person)))


def visible_sections(person: Person) -> sa.Select[PlanSection]:
    """The sections of the visible plans."""
    plans = visible_plans(person).with_only_columns(CooperationPlan.id)
    return sa.select(PlanSection).where(PlanSection.plan_id.in_(plans))


def visible_versions(person: Person, section: PlanSection) -> sa.Select[SectionVersion]:
    """What a section of a visible plan said before, the latest first."""
    sections = visible_sections(person).where(PlanSection.id == section.id).with_only_columns(PlanSection.id)
    return (
        sa.select(SectionVersion)
        .where(SectionVersion.section_id.in_(sections))
        .order_by(SectionVersion.revision.desc())
    )


def visible_editions(person: Person) -> sa.Select[PlanEdition]:
    """What was adopted of the visible plans."""
    plans = visible_plans(person).with_only_columns(CooperationPlan.id)
    return sa.select(PlanEdition).where(PlanEdition.plan_id.in_(plans))


def plan_states(person: Person) -> dict[str, PlanStanding]:
    """Where the plan of each county stands, by the county's letter, as far as the person may see; a county without a plan is not there.

    One query, whatever there is. A county with plans in several groups shows the one that was adopted last, then the one
    that was changed last.
    """
    rows = (
        visible_plans(person)
        .with_only_columns(
            CooperationPlan.county_code, CooperationPlan.id, CooperationPlan.state, CooperationPlan.adopted_on, CooperationPlan.revise_by,
        )
        .order_by(CooperationPlan.adopted_on.is_not(None), CooperationPlan.adopted_on, CooperationPlan.changed_at, CooperationPlan.id)
    )  # fmt: skip
    return {
        code: PlanStanding(plan_id, state, adopted_on, revise_by)
        for code, plan_id, state, adopted_on, revise_by in db.session.execute(rows)
    }


def newest_template(group: Group) -> PlanTemplate | None:
    """The version of the template that new plans are made from."""
    rows = sa.select(PlanTemplate).where(PlanTemplate.group_id == group.id).order_by(PlanTemplate.number.desc())
    return db.session.scalars(rows.limit(1)).first()


def can_edit_template(person: Person, group: Group) -> bool:
    """The group's convener and secretary."""
    return not group.is_archived and can_lead_group(person, group)


def can_make_plan(person: Person, group: Group, code: str) -> bool:
    """The county board's people who write in the group, and those who lead it."""
    return can_adopt(person, group, code) or can_edit_template(person, group)


def can_adopt(person: Person, group: Group, code: str) -> bool:
    """The county board's people who write in the group: a plan is theirs to adopt."""
    return county_of(person) == code and can_write_in_group(person, group)


def can_keep_plan(person: Person, plan: CooperationPlan) -> bool:
    """Who says which organisations take part and moves the plan on: as for making it."""
    return can_make_plan(person, plan.group, plan.county_code)


def can_adopt_plan(person: Person, plan: CooperationPlan) -> bool:
    """The county board's people."""
    return can_adopt(person, plan.group, plan.county_code)


def can_write_plan(person: Person, plan: CooperationPlan) -> bool:
    """Also the people of the organisations that take part, where they may read the group; observers only read."""
    if can_keep_plan(person, plan):
        return True
    if plan.group.is_archived or role_in(person, plan.group) is Role.OBSERVER:
        return False
    taking_part = sa.select(PlanParticipant.id).where(
        PlanParticipant.plan_id == plan.id, PlanParticipant.organisation_id == person.organisation_id
    )
    seen = visible_plans(person).where(CooperationPlan.id == plan.id).with_only_columns(taking_part.exists())
    return bool(db.session.scalar(seen))


def organisations_to_ask(plan: CooperationPlan) -> Sequence[Organisation]:
    """The organisations with people in the portal that do not take part yet, by name."""
    taking_part = sa.select(PlanParticipant.organisation_id).where(PlanParticipant.plan_id == plan.id)
    is_its_board = (Organisation.kind == OrganisationKind.COUNTY_BOARD) & (
        sa.func.coalesce(Organisation.county_code, "") == plan.county_code
    )
    rows = (
        sa.select(Organisation)
        .where(
            Organisation.is_active,
            sa.not_(is_its_board),  # it takes part in any case
            Organisation.id.not_in(taking_part),
            sa.exists().where(Person.organisation_id == Organisation.id, Person.status == PersonStatus.ACTIVE),
        )
        .order_by(Organisation.name)
    )
    return db.session.scalars(rows).all()


def board_of(plan: CooperationPlan) -> list[Person]:
    """The county board's people who may write in the group."""
    return boards(plan.group).get(plan.county_code, [])


def members_of(plan: CooperationPlan, organisation_ids: Sequence[int]) -> list[Person]:
    """The people of these organisations who are in the plan's group."""
    rows = active_members(plan.group).where(
        Person.organisation_id.in_(organisation_ids), Membership.role != Role.OBSERVER
    )
    return list(db.session.scalars(rows).unique())


def writers_of(plan: CooperationPlan) -> list[Person]:
    """Everybody in the group who writes in the plan: the county board's people and those of the organisations that take part."""
    taking_part = [one.organisation_id for one in plan.participants]
    people = {one.id: one for one in [*board_of(plan), *members_of(plan, taking_part)]}
    return list(people.values())


def may_revise_on(on: date) -> bool:
    """Whether a plan can be due for revision on that day: in the future, and not so far away that it must be a slip."""
    return 0 < (on - today()).days <= 3650
