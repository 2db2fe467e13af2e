"""What is done with an activity: taking part, cancelling, telling the result, its materials."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal import guard, web
from portal.activities import actions, policy
from portal.activities.forms import CancelForm, ResultForm
from portal.activities.models import ActivityState
from portal.activities.views import bp, note_read, visible_activity
from portal.errors import Conflict
from portal.library.models import Resource

FOUND = 20


def _back(activity_id: int) -> Response:
    return redirect(url_for("activities.activity", activity_id=activity_id))


@bp.post("/activities/<int:activity_id>/participation")
def join_activity(activity_id: int) -> ResponseReturnValue:
    """Take part with one's organisation."""
    person = web.current_person()
    found = visible_activity(person, activity_id)
    web.check(policy.can_join_activity(person, found))
    actions.join_activity(found, by=person)
    flash(_("%(organisation)s takes part.", organisation=person.organisation.name), "done")
    return _back(activity_id)


@bp.post("/activities/<int:activity_id>/departure")
def leave_activity(activity_id: int) -> ResponseReturnValue:
    """Take part no longer."""
    person = web.current_person()
    found = visible_activity(person, activity_id)
    web.check(policy.can_join_activity(person, found))
    actions.leave_activity(found, by=person)
    flash(_("%(organisation)s no longer takes part.", organisation=person.organisation.name), "done")
    return _back(activity_id)


@bp.route("/activities/<int:activity_id>/cancellation", methods=["GET", "POST"])
def cancel_activity(activity_id: int) -> ResponseReturnValue:
    """Ask why, and cancel."""
    person = web.current_person()
    found = visible_activity(person, activity_id)
    web.check(policy.can_change_activity(person, found))
    if found.state in {ActivityState.CANCELLED, ActivityState.DONE}:
        raise Conflict(_("The activity is cancelled or done already."))
    form, finds = CancelForm(), []
    if form.validate_on_submit():
        try:
            actions.cancel_activity(found, reason=form.reason.data.strip(), keep=web.kept(), by=person)
            flash(_("The activity is cancelled. The group has been told."), "done")
            return _back(activity_id)
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template("activities/cancel.html", activity=found, group=found.group, form=form, finds=finds)
    return page, 422 if form.errors or finds else 200


@bp.route("/activities/<int:activity_id>/result", methods=["GET", "POST"])
def result(activity_id: int) -> ResponseReturnValue:
    """Tell what became of it. If somebody else told it meanwhile, both are shown."""
    person = web.current_person()
    found = visible_activity(person, activity_id)
    web.check(policy.can_change_activity(person, found))
    if found.state in {ActivityState.CANCELLED, ActivityState.PLANNED}:
        raise Conflict(_("A result is told from the first day of an activity that has not been cancelled."))
    note_read(found, person)
    form, finds, conflict, status = ResultForm(), [], "", 200
    if request.method == "GET":
        form = ResultForm(
            formdata=None, result=found.result, people_reached=found.people_reached, occasions=found.occasions,
            places_visited=found.places_visited, based_on=found.result_revision,
        )  # fmt: skip
    elif not form.validate():
        status = 422
    else:
        keep = [*web.kept(), *guard.kept_in({"result": found.result})]
        try:
            actions.report_result(found, form.told(), based_on=form.based_on.data or 0, keep=keep, by=person)
            flash(_("The result is stored. Thank you for telling."), "done")
            return _back(activity_id)
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Conflict as error:
            conflict, status = error.message, 409
            form.based_on.data = found.result_revision
    page = render_template(
        "activities/result.html", activity=found, group=found.group, form=form, finds=finds, conflict=conflict
    )
    return page, status


@bp.route("/activities/<int:activity_id>/materials", methods=["GET", "POST"])
def materials(activity_id: int) -> ResponseReturnValue:
    """Look materials up by the words of their titles, and put them with the activity one after the other."""
    person = web.current_person()
    found = visible_activity(person, activity_id)
    web.check(policy.can_change_activity(person, found))
    words = request.values.get("q", "").strip()[:100]
    if request.method == "POST":
        chosen = web.find(policy.ready_materials(person).where(Resource.id == web.form_number("resource")))
        actions.add_material(found, chosen, by=person)
        flash(_("”%(title)s” belongs to the activity now.", title=chosen.title), "done")
        return redirect(url_for("activities.materials", activity_id=activity_id, q=words or None))
    choice = policy.materials_to_add(person, found)
    for word in words.split()[:10]:
        choice = choice.where(Resource.title.icontains(word, autoescape=True))
    rows = web.page(choice.order_by(Resource.changed_at.desc(), Resource.id.desc()), limit=FOUND)
    there = web.page(policy.visible_materials(person, found), limit=actions.MOST_MATERIALS)
    return render_template(
        "activities/materials.html", activity=found, group=found.group, found=rows, there=there, words=words
    )


@bp.post("/activities/<int:activity_id>/materials/removal")
def remove_material(activity_id: int) -> ResponseReturnValue:
    """Take a material away from the activity; it stays in the library."""
    person = web.current_person()
    found = visible_activity(person, activity_id)
    web.check(policy.can_change_activity(person, found))
    chosen = web.find(policy.visible_materials(person, found).where(Resource.id == web.form_number("resource")))
    actions.remove_material(found, chosen, by=person)
    flash(_("”%(title)s” no longer belongs to the activity.", title=chosen.title), "done")
    return redirect(url_for("activities.materials", activity_id=activity_id))
