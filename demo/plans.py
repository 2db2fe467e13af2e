"""The demo's cooperation plans: a template in two versions, and plans in every state for most counties."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from demo import backdate
from demo.content import read_toml
from demo.network import Cast
from demo.when import Calendar, at, working_day
from portal import db
from portal.counties.plans import actions, state_actions
from portal.counties.plans.models import CooperationPlan, PlanEdition, PlanSection, PlanTemplate
from portal.counties.plans.state_actions import PDF_JOB
from portal.counties.plans.templates import SectionPlan
from portal.counties.rounds.policy import boards
from portal.county_codes import county_name
from portal.notifications.models import Notice
from portal.outbox import Job
from portal.people.models import Group, Organisation, Person
from portal.times import today

FIRST_MADE, SECOND_MADE = 830, 160  # days ago
IN_WORK = 34
KINDS = (
    "plan_made", "plan_organisation_added", "plan_in_review", "plan_returned", "plan_adopted", "plan_draft_begun", "plan_template_changed",
)  # fmt: skip


def add_plans(cast: Cast, calendar: Calendar) -> None:
    """Publish the template, let counties make plans from its first version, then publish the second, and go on."""
    content = read_toml("plans.toml")
    group, by = cast.groups[content["group"]], cast.people[content["by"]]
    teams = boards(group)
    first = [SectionPlan(one["heading"], one["guidance"]) for one in content["section"]]
    template = actions.publish_template(group, first, based_on=0, by=by)
    backdate.row(template, made_at=at(calendar.ahead(-FIRST_MADE), "10.05"))
    unfiled = []
    for about in content["plan"]:
        if not about.get("is_new") and about["county"] in teams:
            unfiled += _add(group, teams[about["county"]][0], content, about, calendar)
    _publish_second(group, content, template, calendar, by=by)
    for about in content["plan"]:
        if about.get("is_new") and about["county"] in teams:
            unfiled += _add(group, teams[about["county"]][0], content, about, calendar)
    db.session.flush()
    # nobody gets mail or notices about what happened before the demo began; a few editions come to the library now
    db.session.execute(sa.delete(Notice).where(Notice.kind.in_(KINDS)))
    db.session.execute(sa.delete(Job).where(Job.kind == "notice_mail"))
    for job in db.session.scalars(sa.select(Job).where(Job.kind == PDF_JOB)).all():
        if job.payload["edition_id"] in unfiled:
            db.session.delete(job)


def _publish_second(
    group: Group, content: dict[str, Any], first: PlanTemplate, calendar: Calendar, *, by: Person
) -> None:
    sections = [
        SectionPlan(one.heading, content["reworded"].get(about["key"], one.guidance), one.key)
        for about, one in zip(content["section"], first.sections, strict=True)
    ]
    sections.insert(-1, SectionPlan(content["new"]["heading"], content["new"]["guidance"]))
    second = actions.publish_template(group, sections, based_on=1, by=by)
    backdate.row(second, made_at=at(calendar.ahead(-SECOND_MADE), "13.20"))


def _add(group: Group, by: Person, content: dict[str, Any], about: dict[str, Any], calendar: Calendar) -> list[int]:
    """A plan with all that happened to it; answers the edition that is not put into the library."""
    plan = actions.make_plan(group, about["county"], by=by)
    db.session.flush()
    slugs = content["more"][: about.get("more", 0)]
    organisations = {one.slug: one for one in db.session.scalars(sa.select(Organisation))}
    for slug in slugs:
        actions.add_participant(plan, organisations[slug], by=by)
    texts = {one["heading"]: one["text"].strip() for one in [*content["section"], content["new"]]}
    for section in plan.sections[: about.get("written", len(plan.sections))]:
        text = texts[section.heading].format(county=county_name(about["county"]))
        actions.save_section(section, text, based_on=0, by=by)
    edition = _move_on(plan, about, by=by)
    begun = calendar.today + timedelta(days=about.get("adopted", 0) - IN_WORK)
    moment = at(working_day(begun), "14.10")
    backdate.rows(
        PlanSection, (PlanSection.plan_id == plan.id) & PlanSection.written_at.is_not(None), written_at=moment
    )
    if edition is not None:
        adopted_on = working_day(calendar.today + timedelta(days=about["adopted"]))
        dates = {"adopted_on": adopted_on, "revise_by": calendar.today + timedelta(days=about["revise"])}
        moment = min(at(adopted_on, "15.00"), calendar.latest)
        backdate.row(edition, **dates, sealed_at=moment)
        backdate.row(plan, **dates)
    backdate.row(plan, made_at=at(working_day(begun), "09.30"), changed_at=moment)
    return [edition.id] if edition is not None and not about.get("is_filed") else []


def _move_on(plan: CooperationPlan, about: dict[str, Any], *, by: Person) -> PlanEdition | None:
    """From draft to where it stands."""
    edition = None
    if about["state"] != "draft" or "returned" in about:
        state_actions.send_to_review(plan, by=by)
    if "returned" in about:
        state_actions.return_to_draft(plan, reason=about["returned"], by=by)
    if "adopted" in about:
        # a plan is adopted for a time to come; its days are set afterwards
        edition = state_actions.adopt_plan(
            plan, adopted_on=today(), revise_by=today() + timedelta(days=365), based_on=plan.revision, by=by
        )
    if about["state"] == "again":
        state_actions.begin_new_draft(plan, by=by)
    return edition
