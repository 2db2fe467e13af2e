"""Pages of trainings and their cohorts, and where there are trained people. Nominations and what follows: taking_part_views.py."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response as AnyResponse

from portal import audit, db, guard, web
from portal.errors import Conflict, NotFound
from portal.people.models import Group, HandlingClass, Person
from portal.people.policy import visible_groups
from portal.trainings import actions, policy
from portal.trainings.documents import coverage_table
from portal.trainings.forms import (
    AUTHORITY_NAMES,
    COHORT_STATES,
    NOMINATION_STATES,
    OCCASION_KINDS,
    CancelForm,
    CohortForm,
    OccasionForm,
    TrainingForm,
    filled_with,
)
from portal.trainings.models import Authority, Cohort, CohortState, Nomination, Occasion, Training

bp = Blueprint("trainings", __name__, url_prefix="/trainings")

A_PAGE, MOST_NOMINATIONS = 30, 1000


@bp.app_template_global("training_word")
def word(value: object) -> str:
    """What an authority, a state or a kind is called."""
    for names in (AUTHORITY_NAMES, COHORT_STATES, NOMINATION_STATES, OCCASION_KINDS):
        if type(value) is type(next(iter(names))):
            return str(names[value])  # type: ignore[index]  # its own enumeration, just asked
    raise KeyError(value)


def visible_training(person: Person, training_id: int) -> Training:
    """The training; 404 if it may not be seen."""
    return web.find(policy.visible_trainings(person).where(Training.id == training_id))


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


def note_read(found: Training, person: Person) -> None:
    """Leave the trace that every page needs which shows what a training of a sensitive group says."""
    if found.group.handling_class is HandlingClass.SENSITIVE:
        audit.record_read("training_read", by=person, on=found)


def to_cohort(cohort_id: int) -> AnyResponse:
    """To the cohort's page."""
    return redirect(url_for("trainings.cohort", cohort_id=cohort_id))


# --- lists and coverage -----------------------------------------------------------------------------------------------


@bp.get("")
def index() -> ResponseReturnValue:
    """The trainings that the person may see, the newest first; `?group=` of one group, `?before=` further ones."""
    person = web.current_person()
    rows = policy.visible_trainings(person).options(selectinload(Training.cohorts))
    group, slug, before = None, request.args.get("group", ""), web.number_of("before")
    if slug:
        group = web.find(visible_groups(person).where(Group.slug == slug))
        rows = rows.where(Training.group_id == group.id)
    if before is not None:
        rows = rows.where(Training.id < before)
    found = web.page(rows.order_by(Training.id.desc()), limit=A_PAGE + 1)
    shown = found[:A_PAGE]
    own = web.page(policy.own_nominations(person).order_by(Nomination.id.desc()), limit=A_PAGE)
    return render_template(
        "trainings/index.html", trainings=shown, has_more=len(found) > A_PAGE, own=own, is_first=before is None, group=group,
        groups=[one for one in policy.led_groups(person) if group is None or one.id == group.id],
        numbers=policy.numbers([cohort.id for one in shown for cohort in one.cohorts]),
    )  # fmt: skip


@bp.get("/coverage")
def coverage() -> ResponseReturnValue:
    """Where there are trained people: the map and the table; `?authority=` the map's layer."""
    person = web.current_person()
    web.check(True)  # everybody here; what is counted are the trainings that the person may see
    layer, found = request.args.get("authority", ""), policy.coverage(person)
    if layer and layer not in set(Authority):
        raise NotFound
    chosen = Authority(layer) if layer else None
    wanted = [kind for kind in Authority if kind is not Authority.OTHER]  # nobody lacks "other"
    drawn = {code: _drawn(row, chosen, wanted) for code, row in found.items()}
    return render_template(
        "trainings/coverage.html", found=found, chosen=chosen, kinds=list(AUTHORITY_NAMES), wanted=wanted, drawn=drawn,
        own=policy.county_of(person),
    )  # fmt: skip


def _drawn(row: dict[Authority, int], chosen: Authority | None, wanted: Sequence[Authority]) -> str:
    """How the map fills a county: has trained people at the authority, at all of them, at some."""
    if chosen is not None:
        return "in" if row[chosen] else "none"
    covered = sum(row[kind] > 0 for kind in wanted)
    return "in" if covered == len(wanted) else "half" if covered else "none"


@bp.get("/coverage.csv")
def coverage_csv() -> ResponseReturnValue:
    """The coverage for spreadsheet programs."""
    person = web.current_person()
    web.check(True)  # as the page
    headers = {"Content-Disposition": 'attachment; filename="utbildade-per-lan.csv"'}
    return Response(coverage_table(policy.coverage(person)), mimetype="text/csv", headers=headers)


# --- a training -------------------------------------------------------------------------------------------------------


@bp.get("/<int:training_id>")
def training(training_id: int) -> ResponseReturnValue:
    """A training: what it is, and its cohorts with their figures."""
    person = web.current_person()
    rows = policy.visible_trainings(person).where(Training.id == training_id)
    found = web.find(
        rows.options(selectinload(Training.cohorts).selectinload(Cohort.occasions), joinedload(Training.network_group))
    )
    note_read(found, person)
    return render_template(
        "trainings/training.html", training=found, group=found.group, may_lead=policy.can_lead_training(person, found.group),
        may_nominate=policy.can_nominate(person, found), numbers=policy.numbers([one.id for one in found.cohorts]),
    )  # fmt: skip


@bp.route("/new/<slug>", methods=["GET", "POST"])
def new_training(slug: str) -> ResponseReturnValue:
    """Offer a training in a group."""
    person = web.current_person()
    group = web.find(visible_groups(person).where(Group.slug == slug))
    web.check(policy.can_lead_training(person, group))
    form, finds, groups = TrainingForm(), [], policy.led_groups(person)
    form.offer(groups)
    if form.validate_on_submit():
        try:
            made = actions.make_training(group, form.plan(groups), keep=web.kept(), by=person)
            db.session.flush()
            return redirect(url_for("trainings.training", training_id=made.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template("trainings/edit.html", group=group, training=None, form=form, finds=finds, conflict="")
    return page, 422 if form.errors or finds else 200


@bp.route("/<int:training_id>/edit", methods=["GET", "POST"])
def edit_training(training_id: int) -> ResponseReturnValue:
    """Change a training. If somebody else changed it meanwhile, both are shown."""
    person = web.current_person()
    found = visible_training(person, training_id)
    web.check(policy.can_lead_training(person, found.group))
    note_read(found, person)
    groups = list(policy.led_groups(person))
    if found.network_group is not None and found.network_group not in groups:
        groups.append(found.network_group)
    form, finds, conflict, status = TrainingForm(), [], "", 200
    if request.method == "GET":
        form = TrainingForm(formdata=None, **filled_with(found))
    form.offer(groups)
    if request.method == "POST" and not form.validate():
        status = 422
    elif request.method == "POST":
        keep = [*web.kept(), *guard.kept_in({"title": found.title, "text": found.text})]
        try:
            actions.change_training(found, form.plan(groups), based_on=form.based_on.data or 0, keep=keep, by=person)
            return redirect(url_for("trainings.training", training_id=training_id))
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Conflict as error:
            conflict, status = error.message, 409
            form.based_on.data = found.revision
    page = render_template(
        "trainings/edit.html", group=found.group, training=found, form=form, finds=finds, conflict=conflict
    )
    return page, status


# --- a cohort ---------------------------------------------------------------------------------------------------------


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
    rows = policy.with_account(policy.visible_nominations(person)).where(Nomination.cohort_id == found.id)
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
