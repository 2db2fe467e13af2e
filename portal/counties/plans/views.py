"""Pages of cooperation plans: all counties, one plan, its sections and what was adopted."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload
from wtforms.fields.choices import SelectChoice

from portal import db, guard, web
from portal.counties.plans import actions, policy
from portal.counties.plans.documents import state_words, table
from portal.counties.plans.forms import OrganisationForm, SectionForm
from portal.counties.plans.models import (
    CooperationPlan,
    PlanEdition,
    PlanParticipant,
    PlanSection,
    PlanState,
    PlanTemplate,
    SectionVersion,
)
from portal.counties.plans.overview import ORDERS, county_plans
from portal.counties.plans.templates import changes_for
from portal.errors import Conflict, Invalid, NotFound
from portal.library.models import Resource
from portal.library.policy import visible_resources
from portal.meetings.minutes.documents import grouped
from portal.people.models import Group, Person
from portal.people.policy import county_of, visible_group, visible_groups
from portal.people.traces import note_reading

bp = Blueprint("plans", __name__)

MOST_GROUPS, MOST_VERSIONS = 50, 200


def visible_plan(person: Person, plan_id: int) -> CooperationPlan:
    """The plan with all that its page shows; 404 if it may not be seen. That a sensitive one was read is noted."""
    plan = web.find(
        policy.visible_plans(person)
        .where(CooperationPlan.id == plan_id)
        .options(
            selectinload(CooperationPlan.sections).joinedload(PlanSection.written_by),
            selectinload(CooperationPlan.participants).joinedload(PlanParticipant.organisation),
            selectinload(CooperationPlan.editions),
            joinedload(CooperationPlan.template),
        )
    )
    note_read(plan, person)
    return plan


def note_read(plan: CooperationPlan, person: Person) -> None:
    """Leave a trace of a reading in a sensitive group."""
    note_reading("plan_read", plan.group, on=plan, by=person)


def kept_plan(person: Person, plan_id: int) -> CooperationPlan:
    """A plan that the person may move on; 403 for others who see it."""
    plan = visible_plan(person, plan_id)
    web.check(policy.can_keep_plan(person, plan))
    return plan


def group_of(person: Person, slug: str) -> Group:
    """A group that the person may look into; 404 for others."""
    return web.find(visible_group(person, slug))


# --- all counties -----------------------------------------------------------------------------------------------------


@bp.get("/plans")
def index() -> ResponseReturnValue:
    """The plans of the first group that has a template, or of the chosen one."""
    person = web.current_person()
    groups = web.page(_groups_with_plans(person), limit=MOST_GROUPS)
    if not groups:
        return render_template("plans/none.html")
    return _overview(person, groups[0])


def _groups_with_plans(person: Person) -> sa.Select[Group]:
    has_template = sa.exists().where(PlanTemplate.group_id == Group.id)
    return visible_groups(person).where(has_template).order_by(Group.name)


@bp.get("/groups/<slug>/plans")
def group_plans(slug: str) -> ResponseReturnValue:
    """The plans of all counties in a group; `?sort=` a column."""
    person = web.current_person()
    return _overview(person, group_of(person, slug))


def _overview(person: Person, group: Group) -> str:
    order = request.args.get("sort", "")
    rows = county_plans(person, group, order)
    own = county_of(person)
    may_lead = policy.can_edit_template(person, group)
    without = [row for row in rows if row.plan is None]
    if not may_lead:
        without = [row for row in without if row.code == own and policy.can_adopt(person, group, row.code)]
    return render_template(
        "plans/overview.html", group=group, rows=rows, order=order if order in ORDERS else "", own=own, may_lead=may_lead,
        without=without, template=policy.newest_template(group), words=state_words(),
        others=[one for one in web.page(_groups_with_plans(person), limit=MOST_GROUPS) if one.id != group.id],
    )  # fmt: skip


@bp.get("/groups/<slug>/plans.csv")
def plans_csv(slug: str) -> ResponseReturnValue:
    """The same as a table."""
    person = web.current_person()
    group = group_of(person, slug)
    headers = {"Content-Disposition": "attachment; filename=cooperation-plans.csv"}
    return Response(table(county_plans(person, group)), mimetype="text/csv", headers=headers)


@bp.post("/groups/<slug>/plans")
def make_plan(slug: str) -> ResponseReturnValue:
    """Begin the plan of a county."""
    person = web.current_person()
    group = group_of(person, slug)
    code = request.form.get("county", "")
    web.check(policy.can_make_plan(person, group, code))
    try:
        plan = actions.make_plan(group, code, by=person)
    except Invalid:
        raise NotFound from None  # no county has that letter
    flash(_("The plan is begun. Add the organisations that take part, then write section by section."), "done")
    return redirect(url_for("plans.plan", plan_id=plan.id))


# --- a plan -----------------------------------------------------------------------------------------------------------


@bp.get("/plans/<int:plan_id>")
def plan(plan_id: int) -> ResponseReturnValue:
    """A plan with its sections."""
    person = web.current_person()
    return _page(person, visible_plan(person, plan_id), None)


def _page(person: Person, found: CooperationPlan, form: OrganisationForm | None) -> ResponseReturnValue:
    may_keep = policy.can_keep_plan(person, found)
    if form is None and may_keep:
        form = organisation_form(found)
    document = None
    if found.resource_id is not None:
        document = (
            db.session.scalars(visible_resources(person).where(Resource.id == found.resource_id)).unique().first()
        )
    page = render_template(
        "plans/plan.html", plan=found, group=found.group, words=state_words(), form=form, may_keep=may_keep, document=document,
        may_write=policy.can_write_plan(person, found) and found.state is PlanState.DRAFT,
        may_adopt=policy.can_adopt_plan(person, found),
        changes=changes_for(found, policy.newest_template(found.group)), board=policy.board_of(found),
    )  # fmt: skip
    return page, 422 if form is not None and form.errors else 200


def organisation_form(found: CooperationPlan) -> OrganisationForm:
    """The form that adds an organisation, with those that can be added."""
    form = OrganisationForm()
    form.organisation.choices = [SelectChoice(one.id, one.name) for one in policy.organisations_to_ask(found)]
    return form


@bp.post("/plans/<int:plan_id>/organisations")
def add_organisation(plan_id: int) -> ResponseReturnValue:
    """Let an organisation take part."""
    person = web.current_person()
    found = kept_plan(person, plan_id)
    form = organisation_form(found)
    if not form.validate_on_submit():
        return _page(person, found, form)
    chosen = next(one for one in policy.organisations_to_ask(found) if one.id == form.organisation.data)
    actions.add_participant(found, chosen, by=person)
    flash(_("%(name)s takes part in the plan.", name=chosen.name), "done")
    return redirect(url_for("plans.plan", plan_id=found.id, _anchor="organisations"))


@bp.post("/plans/<int:plan_id>/organisations/<int:organisation_id>/removal")
def remove_organisation(plan_id: int, organisation_id: int) -> ResponseReturnValue:
    """Let an organisation take part no longer."""
    person = web.current_person()
    found = kept_plan(person, plan_id)
    actions.remove_participant(found, organisation_id, by=person)
    flash(_("The organisation takes part no longer. What its people wrote stays."), "done")
    return redirect(url_for("plans.plan", plan_id=found.id, _anchor="organisations"))


@bp.post("/plans/<int:plan_id>/template")
def take_over(plan_id: int) -> ResponseReturnValue:
    """Let the plan follow the newest version of the template."""
    person = web.current_person()
    found = kept_plan(person, plan_id)
    actions.take_over_template(found, number=web.form_number("number") or 0, by=person)
    flash(_("The plan follows the newest template. Nothing that was written has changed."), "done")
    return redirect(url_for("plans.plan", plan_id=found.id))


# --- sections ---------------------------------------------------------------------------------------------------------


def _section(person: Person, plan_id: int, section_id: int) -> PlanSection:
    rows = policy.visible_sections(person).where(PlanSection.id == section_id, PlanSection.plan_id == plan_id)
    section = web.find(rows.options(joinedload(PlanSection.plan), joinedload(PlanSection.written_by)))
    note_read(section.plan, person)
    return section


@bp.route("/plans/<int:plan_id>/sections/<int:section_id>/edit", methods=["GET", "POST"])
def edit_section(plan_id: int, section_id: int) -> ResponseReturnValue:
    """Write in a section."""
    person = web.current_person()
    section = _section(person, plan_id, section_id)
    web.check(policy.can_write_plan(person, section.plan))
    form = SectionForm(text=section.text, based_on=section.revision)
    finds: list[guard.Find] = []
    conflict, is_clash = "", False
    if form.validate_on_submit():
        text = (form.text.data or "").strip()
        try:
            if actions.save_section(section, text, based_on=form.based_on.data or 0, keep=web.kept(), by=person):
                flash(_("The section is saved."), "done")
                return redirect(url_for("plans.plan", plan_id=plan_id, _anchor=f"s{section.id}"))
            is_clash, form.based_on.data = True, section.revision
        except guard.Stopped as stopped:
            finds = stopped.finds
        except Conflict as error:
            conflict = error.message
    elif request.method == "GET" and section.plan.state is not PlanState.DRAFT:
        raise Conflict(_("The plan is no draft. Its sections cannot be changed now."))
    page = render_template(
        "plans/section.html",
        section=section,
        plan=section.plan,
        form=form,
        finds=finds,
        conflict=conflict,
        is_clash=is_clash,
    )
    return page, 409 if conflict or is_clash else 422 if form.errors or finds else 200


@bp.get("/plans/<int:plan_id>/sections/<int:section_id>/versions")
def section_versions(plan_id: int, section_id: int) -> ResponseReturnValue:
    """What a section has said."""
    person = web.current_person()
    section = _section(person, plan_id, section_id)
    rows = policy.visible_versions(person, section).options(joinedload(SectionVersion.written_by))
    versions = web.page(rows, limit=MOST_VERSIONS)
    return render_template("plans/versions.html", section=section, plan=section.plan, versions=versions)


@bp.get("/plans/<int:plan_id>/editions/<int:number>")
def edition(plan_id: int, number: int) -> ResponseReturnValue:
    """A plan as it was adopted."""
    person = web.current_person()
    rows = policy.visible_editions(person).where(PlanEdition.plan_id == plan_id, PlanEdition.number == number)
    found = web.find(rows.options(joinedload(PlanEdition.plan), joinedload(PlanEdition.adopted_by)))
    note_read(found.plan, person)
    return render_template("plans/edition.html", edition=found, plan=found.plan, sum=grouped(found.sha256))
