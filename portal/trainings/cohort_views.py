"""Pages of cohorts and their occasions. Nominations and what follows: taking_part_views.py."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal import db, guard, web
from portal.errors import Conflict
from portal.people.models import Person
from portal.trainings import actions, policy
from portal.trainings.forms import CancelForm, CohortForm, OccasionForm
from portal.trainings.models import Cohort, CohortState, Nomination, Occasion
from portal.trainings.views import bp, note_read, visible_training, word

MOST_NOMINATIONS = 1000


def visible_cohort(person: Person, cohort_id: int) -> Cohort:
    """The cohort; 404 if it may not be seen."""
    found = web.find(policy.visible_cohorts(person).where(Cohort.id == cohort_id))
    note_read(found.training, person)
    return found


def led_cohort(person: Person, cohort_id: int) -> Cohort:
    """A cohort that the person leads; 403 for others who see it."""
    found = visible_cohort(person, cohort_id)
    web.check(policy.can_lead_training(person, found.group))
    return found


def to_cohort(cohort_id: int) -> Response:
    """To the cohort's page."""
    return redirect(url_for("trainings.cohort", cohort_id=cohort_id))


@bp.route("/<int:training_id>/cohorts/new", methods=["GET", "POST"])
def new_cohort(training_id: int) -> ResponseReturnValue:
    """Open a cohort for nominations."""
    person = web.current_person()
    found = visible_training(person, training_id)
    web.check(policy.can_lead_training(person, found.group))
    form, finds = CohortForm(), []
    if form.validate_on_submit():
        try:
            made = actions.add_cohort(found, form.plan(), keep=web.kept(), by=person)
            flash(_("The cohort is open for nominations. The county boards have been told."), "done")
            return to_cohort(made.id)
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template(
        "trainings/cohort_edit.html",
        training=found,
        group=found.group,
        cohort=None,
        form=form,
        finds=finds,
        conflict="",
    )
    return page, 422 if form.errors or finds else 200


@bp.get("/cohorts/<int:cohort_id>")
def cohort(cohort_id: int) -> ResponseReturnValue:
    """A cohort: its occasions, its figures, and who is nominated, as far as the person may see that."""
    person = web.current_person()
    found = visible_cohort(person, cohort_id)
    rows = policy.visible_nominations(person).where(Nomination.cohort_id == found.id)
    leads = policy.can_lead_training(person, found.group)
    lacking = policy.coverage(person) if leads else {}
    return render_template(
        "trainings/cohort.html", cohort=found, training=found.training, group=found.group, may_lead=leads,
        may_nominate=policy.can_nominate(person, found.training), numbers=policy.numbers([found.id])[found.id],
        nominations=web.page(rows.order_by(Nomination.place_in_line, Nomination.name, Nomination.id), limit=MOST_NOMINATIONS),
        times=policy.times_present(found), lacking=lacking, steps=actions.STEPS.get(found.state, ()), now=db.now(),
    )  # fmt: skip


@bp.route("/cohorts/<int:cohort_id>/edit", methods=["GET", "POST"])
def edit_cohort(cohort_id: int) -> ResponseReturnValue:
    """Change a cohort's name, places and days."""
    person = web.current_person()
    found = led_cohort(person, cohort_id)
    if not found.is_open:
        raise Conflict(_("The cohort is completed or cancelled."))
    form, finds, conflict, status = CohortForm(), [], "", 200
    if request.method == "GET":
        form = CohortForm(
            formdata=None, name=found.name, places=found.places, nominate_by=found.nominate_by, enough=found.enough,
            based_on=found.revision,
        )  # fmt: skip
    elif not form.validate():
        status = 422
    else:
        keep = [*web.kept(), *guard.kept_in({"name": found.name})]
        try:
            actions.change_cohort(found, form.plan(), based_on=form.based_on.data or 0, keep=keep, by=person)
            return to_cohort(cohort_id)
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Conflict as error:
            conflict, status = error.message, 409
            form.based_on.data = found.revision
    page = render_template(
        "trainings/cohort_edit.html",
        training=found.training,
        group=found.group,
        cohort=found,
        form=form,
        finds=finds,
        conflict=conflict,
    )
    return page, status


@bp.post("/cohorts/<int:cohort_id>/state")
def move_cohort(cohort_id: int) -> ResponseReturnValue:
    """Close the nominations, open them again, or begin."""
    person = web.current_person()
    found = led_cohort(person, cohort_id)
    state = request.form.get("state", "")
    if state not in set(CohortState):
        raise Conflict(_("The cohort cannot go there from where it stands."))
    actions.move_cohort(found, CohortState(state), by=person)
    flash(_("The cohort: %(state)s.", state=word(found.state)), "done")
    return to_cohort(cohort_id)


@bp.route("/cohorts/<int:cohort_id>/cancellation", methods=["GET", "POST"])
def cancel_cohort(cohort_id: int) -> ResponseReturnValue:
    """Ask why, and cancel."""
    person = web.current_person()
    found = led_cohort(person, cohort_id)
    if not found.is_open:
        raise Conflict(_("The cohort is completed or cancelled."))
    form, finds = CancelForm(), []
    if form.validate_on_submit():
        try:
            actions.cancel_cohort(found, reason=form.reason.data.strip(), keep=web.kept(), by=person)
            flash(_("The cohort is cancelled. The county boards that had nominated have been told."), "done")
            return to_cohort(cohort_id)
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template("trainings/cancel.html", cohort=found, group=found.group, form=form, finds=finds)
    return page, 422 if form.errors or finds else 200


@bp.route("/cohorts/<int:cohort_id>/occasions/new", methods=["GET", "POST"])
def new_occasion(cohort_id: int) -> ResponseReturnValue:
    """Plan an occasion."""
    person = web.current_person()
    found = led_cohort(person, cohort_id)
    if not found.is_open:
        raise Conflict(_("The cohort is completed or cancelled."))
    form, finds = OccasionForm(), []
    if form.validate_on_submit():
        try:
            actions.add_occasion(found, form.plan(), keep=web.kept(), by=person)
            return to_cohort(cohort_id)
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template("trainings/occasion_edit.html", cohort=found, group=found.group, form=form, finds=finds)
    return page, 422 if form.errors or finds else 200


def led_occasion(person: Person, occasion_id: int) -> Occasion:
    """An occasion of a cohort that the person leads."""
    found = web.find(policy.visible_occasions(person).where(Occasion.id == occasion_id))
    web.check(policy.can_lead_training(person, found.cohort.group))
    note_read(found.cohort.training, person)
    return found
