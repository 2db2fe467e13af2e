"""Taking part: nominations, who was there, certificates and consent."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal import db, guard, pdf, web
from portal.errors import Conflict
from portal.people.models import Person
from portal.people.policy import county_of
from portal.trainings import actions, nominating, policy
from portal.trainings.cohort_views import led_cohort, led_occasion, to_cohort, visible_cohort
from portal.trainings.documents import certificate_data
from portal.trainings.forms import ConsentForm, NominationForm
from portal.trainings.models import Nomination, NominationState
from portal.trainings.views import bp, note_read


@bp.route("/cohorts/<int:cohort_id>/nominations/new", methods=["GET", "POST"])
def nominate(cohort_id: int) -> ResponseReturnValue:
    """Nominate somebody for the own county."""
    person = web.current_person()
    found = visible_cohort(person, cohort_id)
    web.check(policy.can_nominate(person, found.training))
    if not found.takes_nominations:
        raise Conflict(_("The cohort takes no more nominations."))
    form, finds = NominationForm(), []
    if form.validate_on_submit():
        try:
            made = nominating.nominate(found, form.candidate(), county_of(person) or "", keep=web.kept(), by=person)
            if made.state is NominationState.WAITING:
                flash(_("The cohort is full. %(name)s is on the waiting list.", name=made.name), "info")
            else:
                flash(
                    _("%(name)s is nominated. Those who lead the training decide who is admitted.", name=made.name),
                    "done",
                )
            return to_cohort(cohort_id)
        except guard.Stopped as stopped:
            finds = stopped.finds
        except Conflict as error:
            form.email.errors = [error.message]
    page = render_template(
        "trainings/nominate.html", cohort=found, group=found.group, form=form, finds=finds,
        is_full=policy.admitted(found) >= found.places,
    )  # fmt: skip
    return page, 422 if form.errors or finds else 200


def _nomination(person: Person, nomination_id: int) -> Nomination:
    found = web.find(policy.visible_nominations(person).where(Nomination.id == nomination_id))
    note_read(found.cohort.training, person)
    return found


@bp.post("/nominations/<int:nomination_id>/decision")
def decide_nomination(nomination_id: int) -> ResponseReturnValue:
    """Admit, put on the waiting list, or decline."""
    person = web.current_person()
    found = _nomination(person, nomination_id)
    web.check(policy.can_lead_training(person, found.cohort.group))
    state = request.form.get("state", "")
    if state not in set(NominationState):
        raise Conflict(_("A nomination is admitted, put on the waiting list or declined."))
    nominating.decide_nomination(found, NominationState(state), by=person)
    return to_cohort(found.cohort_id)


@bp.post("/nominations/<int:nomination_id>/withdrawal")
def withdraw_nomination(nomination_id: int) -> ResponseReturnValue:
    """Take a nomination back."""
    person = web.current_person()
    found = _nomination(person, nomination_id)
    web.check(policy.can_withdraw_nomination(person, found))
    nominating.withdraw_nomination(found, by=person)
    flash(_("The nomination is withdrawn. A place that became free goes to the next in line."), "done")
    return to_cohort(found.cohort_id)


# --- who was there ----------------------------------------------------------------------------------------------------


@bp.route("/occasions/<int:occasion_id>", methods=["GET", "POST"])
def attendance(occasion_id: int) -> ResponseReturnValue:
    """Tick who was there. Only what was changed on the page is sent on."""
    person = web.current_person()
    found = led_occasion(person, occasion_id)
    people = policy.participants(found.cohort)
    if request.method == "POST":
        was, here = (set(request.form.getlist(name, type=int)) for name in ("was", "here"))
        ticks = {one.id: one.id in here for one in people if (one.id in was) is not (one.id in here)}
        actions.note_attendance(found, ticks, by=person)
        flash(_("Attendance is noted."), "done")
        return to_cohort(found.cohort_id)
    return render_template(
        "trainings/attendance.html", occasion=found, cohort=found.cohort, group=found.cohort.group, people=people,
        present=policy.present_on(found), has_begun=found.starts_at <= db.now(),
    )  # fmt: skip


@bp.post("/occasions/<int:occasion_id>/removal")
def remove_occasion(occasion_id: int) -> ResponseReturnValue:
    """Take an occasion away."""
    person = web.current_person()
    found = led_occasion(person, occasion_id)
    cohort_id = found.cohort_id
    actions.remove_occasion(found, by=person)
    return to_cohort(cohort_id)


@bp.post("/cohorts/<int:cohort_id>/completion")
def complete_cohort(cohort_id: int) -> ResponseReturnValue:
    """Close the cohort: who attended enough graduates."""
    person = web.current_person()
    number = nominating.complete_cohort(led_cohort(person, cohort_id), by=person)
    flash(
        ngettext("The cohort is completed: %(num)s graduate.", "The cohort is completed: %(num)s graduates.", number),
        "done",
    )
    return to_cohort(cohort_id)


# --- graduates --------------------------------------------------------------------------------------------------------


@bp.get("/nominations/<int:nomination_id>/certificate.pdf")
def certificate(nomination_id: int) -> ResponseReturnValue:
    """The certificate as PDF/A, made on request in a process of its own."""
    person = web.current_person()
    found = web.find(policy.visible_graduations(person).where(Nomination.id == nomination_id))
    note_read(found.cohort.training, person)
    data = certificate_data(found)
    headers = {"Content-Disposition": f'attachment; filename="intyg-{found.id}.pdf"'}
    db.pause()  # nobody waits for the database while the PDF is made
    return Response(pdf.compile_pdf("certificate.typ", data), mimetype="application/pdf", headers=headers)


@bp.route("/nominations/<int:nomination_id>/consent", methods=["GET", "POST"])
def consent(nomination_id: int) -> ResponseReturnValue:
    """A graduate's own page: join the network or leave it again."""
    person = web.current_person()
    found = web.find(policy.own_nominations(person).where(Nomination.id == nomination_id))
    form = ConsentForm(answer="yes" if found.consented_at else "no" if found.refused_at else None)
    if form.validate_on_submit():
        if form.answer.data == "yes":
            nominating.give_consent(found, by=person)
            flash(_("You are in the network now. You can leave it again here."), "done")
        else:
            nominating.refuse_consent(found, by=person)
            flash(_("Your answer is stored: you do not take part in the network through this training."), "done")
        return redirect(url_for("trainings.consent", nomination_id=nomination_id))
    page = render_template("trainings/consent.html", nomination=found, training=found.cohort.training, form=form)
    return page, 422 if form.errors else 200


@bp.post("/nominations/<int:nomination_id>/register")
def register_entry(nomination_id: int) -> ResponseReturnValue:
    """Be counted among the county's trained people, or no longer."""
    person = web.current_person()
    found = web.find(policy.own_nominations(person).where(Nomination.id == nomination_id))
    nominating.set_registered(found, is_registered=request.form.get("registered") == "1", by=person)
    return redirect(url_for("trainings.consent", nomination_id=nomination_id))
