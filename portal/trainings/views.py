"""Pages of trainings, and where there are trained people. Cohorts: cohort_views.py."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from portal import db, guard, web
from portal.county_shapes import shapes, view_box
from portal.errors import Conflict, NotFound
from portal.people.models import Person
from portal.people.policy import county_of, visible_group
from portal.people.traces import note_reading
from portal.trainings import actions, policy
from portal.trainings.documents import coverage_table
from portal.trainings.forms import (
    AUTHORITY_NAMES,
    COHORT_STATES,
    NOMINATION_STATES,
    OCCASION_KINDS,
    TrainingForm,
    filled_with,
)
from portal.trainings.models import Authority, Cohort, Nomination, Training

bp = Blueprint("trainings", __name__, url_prefix="/trainings")

A_PAGE = 30


# what the pages call things; where two lists have a value in common, they call it the same
_WORDS = {
    str(key): name
    for names in (AUTHORITY_NAMES, COHORT_STATES, NOMINATION_STATES, OCCASION_KINDS)
    for key, name in names.items()
}


@bp.app_template_global("training_word")
def word(value: StrEnum) -> str:
    """What an authority, a state or a kind is called."""
    return str(_WORDS[value])


def visible_training(person: Person, training_id: int) -> Training:
    """The training; 404 if it may not be seen."""
    return web.find(policy.visible_trainings(person).where(Training.id == training_id))


def note_read(found: Training, person: Person) -> None:
    """Leave the trace that every page needs which shows what a training of a sensitive group says."""
    note_reading("training_read", found.group, on=found, by=person)


# --- lists and coverage -----------------------------------------------------------------------------------------------


@bp.get("")
def index() -> ResponseReturnValue:
    """The trainings that the person may see, the newest first; `?group=` of one group, `?before=` further ones."""
    person = web.current_person()
    rows = policy.visible_trainings(person).options(selectinload(Training.cohorts))
    group, slug, before = None, request.args.get("group", ""), web.number_of("before")
    if slug:
        group = web.find(visible_group(person, slug))
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
        own=county_of(person), shapes=shapes(), view_box=view_box(),
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
    group = web.find(visible_group(person, slug))
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
