"""Every write to templates and to what plans say."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.counties.plans.drafting import hold_draft, note_change, told
from portal.counties.plans.models import (
    CooperationPlan,
    PlanParticipant,
    PlanSection,
    PlanTemplate,
    SectionVersion,
    TemplateSection,
)
from portal.counties.plans.policy import board_of, members_of, newest_template
from portal.counties.plans.templates import SectionPlan, changes_for
from portal.counties.rounds.policy import boards
from portal.county_codes import COUNTIES
from portal.discussions.actions import note_kept
from portal.errors import Conflict, Invalid
from portal.notifications.actions import notify
from portal.people.models import Group, Organisation, Person

MOST_SECTIONS = 40


def publish_template(
    group: Group, sections: Sequence[SectionPlan], *, based_on: int, keep: Collection[str] = (), by: Person
) -> PlanTemplate:
    """Make these sections the newest version of the group's template; the same as before makes none. Counties with a plan are told.

    Raises `guard.Stopped`, `Invalid` for no or too many sections, and `Conflict` if somebody has published since `based_on`.
    """
    if not 0 < len(sections) <= MOST_SECTIONS:
        raise Invalid(_("A template has one to %(most)s sections.", most=MOST_SECTIONS))
    texts = {f"rows-{place}-heading": one.heading for place, one in enumerate(sections)}
    texts |= {f"rows-{place}-guidance": one.guidance for place, one in enumerate(sections)}
    kept = guard.check(texts, keep=keep)
    db.lock_name(f"plan-template:{group.id}")
    newest = newest_template(group)
    if (newest.number if newest is not None else 0) != based_on:
        raise Conflict(_("Somebody has published a new version of the template meanwhile."))
    if newest is not None and [(one.key, one.heading, one.guidance) for one in newest.sections] == [
        (one.key, one.heading, one.guidance) for one in sections
    ]:
        return newest
    made = PlanTemplate(group=group, number=based_on + 1, made_by_id=by.id)
    known, following = _keys(group)
    for place, one in enumerate(sections, 1):
        key = one.key if one.key in known else None
        if key is None:
            key, following = following, following + 1
        made.sections.append(TemplateSection(key=key, position=place, heading=one.heading, guidance=one.guidance))
    db.session.add(made)
    db.session.flush()
    audit.record("plan_template_published", by=by, on=made, number=made.number)
    note_kept(kept, on=made, by=by)
    _tell_counties(made, by=by)
    return made


def _keys(group: Group) -> tuple[set[int], int]:
    """The keys that the group's templates have had, and the next free one."""
    rows = sa.select(TemplateSection.key).join(TemplateSection.template).where(PlanTemplate.group_id == group.id)
    known = set(db.session.scalars(rows))
    return known, max(known, default=0) + 1


def _tell_counties(template: PlanTemplate, *, by: Person) -> None:
    group = template.group
    with_plan = sa.select(CooperationPlan.county_code).where(CooperationPlan.group_id == group.id)
    codes = set(db.session.scalars(with_plan))
    people = [person for code, team in boards(group).items() if code in codes for person in team]
    notify(people, "plan_template_changed", group=group, path=f"/groups/{group.slug}/plans", by=by, title=group.name)


def make_plan(group: Group, code: str, *, by: Person) -> CooperationPlan:
    """A county's plan, from the newest version of the template. Raises `Conflict` if there is no template, or a plan already."""
    if code not in COUNTIES:
        raise Invalid(_("Choose one of the list."))
    db.lock_name(f"plan:{group.id}:{code}")  # two of a board may begin at once
    template = newest_template(group)
    if template is None:
        raise Conflict(_("There is no template yet to make plans from."))
    there = sa.select(CooperationPlan.id).where(
        CooperationPlan.group_id == group.id, CooperationPlan.county_code == code
    )
    if db.session.scalar(there) is not None:
        raise Conflict(_("The county has a plan already. Go on with that one."))
    plan = CooperationPlan(group=group, county_code=code, template=template, made_by_id=by.id)
    for one in template.sections:
        plan.sections.append(
            PlanSection(key=one.key, position=one.position, heading=one.heading, guidance=one.guidance)
        )
    db.session.add(plan)
    db.session.flush()
    audit.record("plan_made", by=by, on=plan, county=code)
    notify(board_of(plan), "plan_made", group=group, path=plan.path, by=by, **told(plan))
    return plan


def save_section(section: PlanSection, text: str, *, based_on: int, keep: Collection[str] = (), by: Person) -> bool:
    """Store what a section says; False if somebody has changed it since `based_on`: then nothing is stored, and nobody overwrites
    unseen. Raises `guard.Stopped`, and `Conflict` if the plan is no draft.
    """
    kept = guard.check({"text": text}, keep=keep)
    plan = section.plan
    hold_draft(plan)
    db.lock(section)
    if section.text == text:
        return True
    if section.revision != based_on:
        return False
    if section.written_by_id is not None and section.written_at is not None:
        db.session.add(
            SectionVersion(
                section_id=section.id, revision=section.revision, text=section.text, written_by_id=section.written_by_id,
                written_at=section.written_at,
            )
        )  # fmt: skip
    section.text, section.revision = text, section.revision + 1
    section.written_by_id, section.written_at = by.id, db.now()
    note_change(plan)
    audit.record("plan_section_written", by=by, on=plan, section=section.id, revision=section.revision)
    note_kept(kept, on=plan, by=by)
    return True


def add_participant(plan: CooperationPlan, organisation: Organisation, *, by: Person) -> None:
    """Let an organisation take part; its people in the group are told. Twice is once."""
    db.lock(plan)
    if any(one.organisation_id == organisation.id for one in plan.participants):
        return
    plan.participants.append(PlanParticipant(organisation=organisation, added_by_id=by.id))
    note_change(plan)
    audit.record("plan_organisation_added", by=by, on=plan, organisation=organisation.id)
    people = members_of(plan, [organisation.id])
    notify(people, "plan_organisation_added", group=plan.group, path=plan.path, by=by, **told(plan))


def remove_participant(plan: CooperationPlan, organisation_id: int, *, by: Person) -> None:
    """Let an organisation take part no longer; what its people wrote stays. Raises `Conflict` if it does not take part."""
    db.lock(plan)
    found = next((one for one in plan.participants if one.organisation_id == organisation_id), None)
    if found is None:
        raise Conflict(_("The organisation does not take part in the plan."))
    plan.participants.remove(found)
    note_change(plan)
    audit.record("plan_organisation_removed", by=by, on=plan, organisation=organisation_id)


def take_over_template(plan: CooperationPlan, *, number: int, by: Person) -> None:
    """Let the plan follow the newest version of the template, which must be the one that was looked at. What is written stays as it is: new
    sections are added empty, and those that are gone from the template stand last. Raises `Conflict`.
    """
    hold_draft(plan)
    changes = changes_for(plan, newest_template(plan.group))
    if changes is None:
        raise Conflict(_("The plan follows the newest version of the template already."))
    if changes.template.number != number:
        raise Conflict(_("The template has changed once more. Look at the changes again."))
    sections = {section.key: section for section in plan.sections}
    for one in changes.template.sections:
        section = sections.get(one.key)
        if section is None:
            plan.sections.append(
                PlanSection(key=one.key, position=one.position, heading=one.heading, guidance=one.guidance)
            )
        else:
            section.position, section.heading, section.guidance = one.position, one.heading, one.guidance
            section.is_removed = False
    for section in changes.removed:
        section.is_removed, section.position = True, MOST_SECTIONS + section.position
    plan.template = changes.template
    note_change(plan)
    audit.record("plan_template_taken_over", by=by, on=plan, number=number)
