"""How cooperation plans are found: by their county, their sections and what stands in them."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import force_locale
from sqlalchemy.orm import selectinload

from portal import search
from portal.counties.plans.documents import title_of
from portal.counties.plans.models import CooperationPlan
from portal.counties.plans.policy import visible_plans

LANGUAGE = "sv"


def _document(plan: CooperationPlan) -> search.Document:
    words = "\n".join(f"{one.heading}\n{one.text}" for one in plan.sections)
    with force_locale(LANGUAGE):
        title = title_of(plan.county)
    return search.Document(
        "plan", plan.id, (plan.group_id,), title, words, plan.changed_at,
        {"year": [str(plan.changed_at.year)], "county": [plan.county_code]},
    )  # fmt: skip


def register() -> None:
    """Let plans be found. One is indexed anew when `changed_at` is set."""
    loaded = [selectinload(CooperationPlan.sections)]
    search.register(
        "plan",
        CooperationPlan,
        document=_document,
        visible=visible_plans,
        all_rows=lambda: sa.select(CooperationPlan).options(*loaded),
        text=loaded,
    )
