"""What the writes to a plan have in common: what they begin with, what they leave behind, and what they tell."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from portal import db
from portal.counties.plans.models import CooperationPlan, PlanState
from portal.errors import Conflict


def told(plan: CooperationPlan) -> dict[str, Any]:
    """What notices about a plan say."""
    return {"county": plan.county}


def note_change(plan: CooperationPlan) -> None:
    """The plan is another than it was: whoever has an older one before them is told so."""
    plan.revision, plan.changed_at = plan.revision + 1, db.now()


def hold_draft(plan: CooperationPlan) -> None:
    """Nobody else changes the plan until the end of the transaction. Raises `Conflict` if it is no draft."""
    db.lock(plan)
    if plan.state is PlanState.IN_REVIEW:
        raise Conflict(_("The plan is in review and cannot be changed. Take it back to draft first."))
    if plan.state is PlanState.ADOPTED:
        raise Conflict(_("The plan is adopted and cannot be changed. Begin a new draft first."))
