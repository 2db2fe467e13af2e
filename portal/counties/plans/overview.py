"""The plans of all counties in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import joinedload, selectinload

from portal import db
from portal.counties.plans.models import CooperationPlan, PlanParticipant, PlanState
from portal.counties.plans.policy import visible_plans
from portal.county_codes import COUNTIES, county_name
from portal.people.models import Group, Person
from portal.topics.keeping import swedish_order


@dataclass(frozen=True, slots=True)
class CountyPlan:
    """A county with its plan, or without one."""

    code: str
    plan: CooperationPlan | None

    @property
    def name(self) -> str:
        """The county's name."""
        return county_name(self.code)

    @property
    def state(self) -> PlanState | None:
        """None: there is no plan."""
        return self.plan.state if self.plan is not None else None

    @property
    def is_to_be_revised(self) -> bool:
        """Whether the edition in force is to be revised soon, or should have been."""
        return self.plan is not None and self.plan.is_to_be_revised

    @property
    def organisations(self) -> list[str]:
        """Those that take part, by name."""
        if self.plan is None:
            return []
        return sorted((one.organisation.short_name for one in self.plan.participants), key=swedish_order)


_STATES = [PlanState.ADOPTED, PlanState.IN_REVIEW, PlanState.DRAFT, None]
ORDERS: dict[str, Callable[[CountyPlan], Any]] = {
    "name": lambda row: swedish_order(row.name),
    "state": lambda row: _STATES.index(row.state),
    "adopted": lambda row: (row.plan and row.plan.adopted_on) or date.max,
    "revise": lambda row: (row.plan and row.plan.revise_by) or date.max,
    "organisations": lambda row: -len(row.organisations),
}


def county_plans(person: Person, group: Group, order: str = "") -> Sequence[CountyPlan]:
    """Every county, by the chosen column; those that stand alike, and all with an unknown order, in the usual order."""
    found = visible_plans(person).where(CooperationPlan.group_id == group.id)
    taking_part = selectinload(CooperationPlan.participants).joinedload(PlanParticipant.organisation)
    plans = {
        plan.county_code: plan
        for plan in db.session.scalars(found.options(taking_part, joinedload(CooperationPlan.template))).unique()
    }
    rows = [CountyPlan(code, plans.get(code)) for code in COUNTIES]
    return sorted(rows, key=ORDERS[order]) if order in ORDERS else rows
