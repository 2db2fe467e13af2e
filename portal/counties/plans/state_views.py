"""Pages that move a plan on: review, back to draft, adoption, the next draft."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import guard, web
from portal.counties.plans import policy, state_actions
from portal.counties.plans.forms import AdoptionForm, BackToDraftForm
from portal.counties.plans.models import PlanState
from portal.counties.plans.views import bp, kept_plan, visible_plan
from portal.errors import Conflict
from portal.times import today

USUALLY = timedelta(days=2 * 365)  # from adoption to revision


@bp.post("/plans/<int:plan_id>/review")
def send_to_review(plan_id: int) -> ResponseReturnValue:
    """Let the plan be reviewed."""
    person = web.current_person()
    plan = kept_plan(person, plan_id)
    state_actions.send_to_review(plan, by=person)
    flash(_("The plan is in review. Those who take part have been told."), "done")
    return redirect(url_for("plans.plan", plan_id=plan.id))


@bp.route("/plans/<int:plan_id>/return", methods=["GET", "POST"])
def return_to_draft(plan_id: int) -> ResponseReturnValue:
    """Take the plan back to draft, with a reason."""
    person = web.current_person()
    plan = kept_plan(person, plan_id)
    form = BackToDraftForm()
    finds: list[guard.Find] = []
    if plan.state is not PlanState.IN_REVIEW:
        raise Conflict(_("The plan is not in review."))
    if form.validate_on_submit():
        try:
            state_actions.return_to_draft(plan, reason=form.reason.data.strip(), keep=web.kept(), by=person)
            flash(_("The plan is a draft again. Those who take part have been told."), "done")
            return redirect(url_for("plans.plan", plan_id=plan.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template("plans/return.html", plan=plan, form=form, finds=finds)
    return page, 422 if form.errors or finds else 200


@bp.route("/plans/<int:plan_id>/adoption", methods=["GET", "POST"])
def adopt(plan_id: int) -> ResponseReturnValue:
    """Adopt the plan."""
    person = web.current_person()
    plan = visible_plan(person, plan_id)
    web.check(policy.can_adopt_plan(person, plan))
    if plan.state is not PlanState.IN_REVIEW:
        raise Conflict(_("Only a plan that is in review can be adopted."))
    form = AdoptionForm(adopted_on=today(), revise_by=today() + USUALLY, based_on=plan.revision)
    if form.validate_on_submit():
        state_actions.adopt_plan(
            plan, adopted_on=form.adopted_on.data, revise_by=form.revise_by.data, based_on=form.based_on.data or 0, by=person
        )  # fmt: skip
        flash(_("The plan is adopted. Its PDF comes to the library of the group in a moment."), "done")
        return redirect(url_for("plans.plan", plan_id=plan.id))
    page = render_template("plans/adopt.html", plan=plan, form=form)
    return page, 422 if form.errors else 200


@bp.post("/plans/<int:plan_id>/drafts")
def begin_new_draft(plan_id: int) -> ResponseReturnValue:
    """Begin the next edition."""
    person = web.current_person()
    plan = kept_plan(person, plan_id)
    state_actions.begin_new_draft(plan, by=person)
    flash(_("The plan is a draft again. The adopted edition stays in force until the next one is adopted."), "done")
    return redirect(url_for("plans.plan", plan_id=plan.id))
