"""What a template says, and what a newer version of it changes in a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.counties.plans.models import CooperationPlan, PlanSection, PlanTemplate, TemplateSection


@dataclass(frozen=True, slots=True)
class SectionPlan:
    """A section as the template shall have it. `key` is None for a new one."""

    heading: str
    guidance: str = ""
    key: int | None = None


@dataclass(frozen=True, slots=True)
class Reworded:
    """A section whose heading or guidance the newer version puts differently."""

    before: PlanSection
    now: TemplateSection


@dataclass(frozen=True, slots=True)
class Changes:
    """What a plan gets with a newer version of the template."""

    template: PlanTemplate
    added: Sequence[TemplateSection]
    removed: Sequence[PlanSection]
    reworded: Sequence[Reworded]


def changes_for(plan: CooperationPlan, newest: PlanTemplate | None) -> Changes | None:
    """What the newest version of the template changes in a plan; None if the plan follows it already."""
    if newest is None or newest.id == plan.template_id:
        return None
    present = {section.key: section for section in plan.sections if not section.is_removed}
    wanted = {section.key: section for section in newest.sections}
    return Changes(
        newest,
        [section for key, section in wanted.items() if key not in present],
        [section for key, section in present.items() if key not in wanted],
        [
            Reworded(present[key], section)
            for key, section in wanted.items()
            if key in present and (present[key].heading, present[key].guidance) != (section.heading, section.guidance)
        ],
    )
