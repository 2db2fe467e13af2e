"""Pages of rounds: preparing, opening, who is missing, and all answers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import selectinload
from wtforms.fields.choices import SelectChoice

from portal import db, guard, web
from portal.counties.rounds import actions, policy
from portal.counties.rounds.actions import RoundPlan
from portal.counties.rounds.compiled import all_codes, compile_round
from portal.counties.rounds.documents import change_words, table
from portal.counties.rounds.forms import RoundForm
from portal.counties.rounds.models import ReportState, Round, RoundQuestion, SituationReport, Wording
from portal.errors import Conflict
from portal.library.models import Resource
from portal.library.policy import visible_resources
from portal.meetings.agenda.policy import visible_items
from portal.meetings.models import AgendaItem
from portal.people.models import Group, Person
from portal.people.policy import county_of, visible_group
from portal.people.traces import note_reading
from portal.times import day, today

bp = Blueprint("rounds", __name__)

A_PAGE = 50
DAYS_TO_ANSWER, DAYS_LATE = 21, 2


def visible_round(person: Person, round_id: int) -> Round:
    """The round with its questions; 404 if it may not be seen."""
    rows = policy.visible_rounds(person).where(Round.id == round_id)
    return web.find(rows.options(selectinload(Round.questions)))


def led_round(person: Person, round_id: int) -> Round:
    """A round that the person may change; 403 for others who see it."""
    found = visible_round(person, round_id)
    web.check(policy.can_open_round(person, found.group))
    return found


def _group(person: Person, slug: str) -> Group:
    return web.find(visible_group(person, slug))


@bp.get("/groups/<slug>/rounds")
def group_rounds(slug: str) -> ResponseReturnValue:
    """A group's rounds, the latest first."""
    person = web.current_person()
    group = _group(person, slug)
    mine = (
        policy.visible_rounds(person).where(Round.group_id == group.id).order_by(Round.due_on.desc(), Round.id.desc())
    )
    rounds = web.page(mine, limit=A_PAGE)
    count = sa.select(SituationReport.round_id, sa.func.count()).where(
        SituationReport.state == ReportState.SUBMITTED, SituationReport.round_id.in_([one.id for one in rounds])
    )
    counts = dict(db.session.execute(count.group_by(SituationReport.round_id)).all())
    return render_template(
        "counties/rounds/list.html", group=group, rounds=rounds, counts=counts, may_open=policy.can_open_round(person, group),
        total=len(all_codes(())),
    )  # fmt: skip


# --- preparing --------------------------------------------------------------------------------------------------------


def _fill_choices(form: RoundForm, items: Sequence[AgendaItem], core: Sequence[Wording]) -> None:
    form.item.choices = [
        SelectChoice(0, _("None")),
        *(SelectChoice(one.id, f"{one.meeting.title}, {day(one.meeting.starts_at)}: {one.title}") for one in items),
    ]
    form.core.choices = [SelectChoice(one.question_id, one.text) for one in core]


def _plan(form: RoundForm, items: Sequence[AgendaItem]) -> RoundPlan:
    item = next((one for one in items if one.id == form.item.data), None)
    return RoundPlan(
        form.title.data, form.due_on.data, form.locks_on.data, text=(form.text.data or "").strip(), item=item,
        core=form.core.data or (), keep=web.kept(),
    )  # fmt: skip


@bp.route("/groups/<slug>/rounds/new", methods=["GET", "POST"])
def new_round(slug: str) -> ResponseReturnValue:
    """Prepare a round."""
    person = web.current_person()
    group = _group(person, slug)
    web.check(policy.can_open_round(person, group))
    core = [one for one in policy.core_wordings(group) if one.question.retired_at is None]
    items, finds = policy.items_to_come(person, group), []
    due = today() + timedelta(days=DAYS_TO_ANSWER)
    form = RoundForm(due_on=due, locks_on=due + timedelta(days=DAYS_LATE), core=[one.question_id for one in core])
    _fill_choices(form, items, core)
    if form.validate_on_submit():
        try:
            found = actions.prepare_round(group, _plan(form, items), by=person)
            db.session.flush()
            flash(_("The round is prepared. Look through the questions, then open it."), "done")
            return redirect(url_for("rounds.round_page", round_id=found.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template("counties/rounds/edit.html", form=form, group=group, found=None, finds=finds, conflict="")
    return page, 422 if form.errors or finds else 200


@bp.route("/rounds/<int:round_id>/edit", methods=["GET", "POST"])
def edit_round(round_id: int) -> ResponseReturnValue:
    """Change a round's title, dates or agenda item."""
    person = web.current_person()
    found = led_round(person, round_id)
    items = list(policy.items_to_come(person, found.group))
    if found.item is not None and found.item not in items:
        items.insert(0, found.item)
    form = RoundForm(
        title=found.title, text=found.text, due_on=found.due_on, locks_on=found.locks_on, item=found.item_id or 0,
        based_on=found.revision,
    )  # fmt: skip
    _fill_choices(form, items, ())
    finds: list[guard.Find] = []
    conflict = ""
    if form.validate_on_submit():
        try:
            actions.edit_round(found, _plan(form, items), based_on=form.based_on.data or 0, by=person)
            flash(_("The round is saved."), "done")
            return redirect(url_for("rounds.round_page", round_id=found.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
        except Conflict as error:
            conflict = error.message
            form.based_on.data = found.revision
    status = 409 if conflict else 422 if form.errors or finds else 200
    page = render_template(
        "counties/rounds/edit.html", form=form, group=found.group, found=found, finds=finds, conflict=conflict
    )
    return page, status


# --- the round --------------------------------------------------------------------------------------------------------


@bp.get("/rounds/<int:round_id>")
def round_page(round_id: int) -> ResponseReturnValue:
    """Where every county stands, and the questions."""
    person = web.current_person()
    found = visible_round(person, round_id)
    states, teams = policy.states_of(found), policy.boards(found.group)
    own = county_of(person)
    paper = None
    if found.resource_id is not None:
        paper = db.session.scalars(visible_resources(person).where(Resource.id == found.resource_id)).unique().first()
    item = db.session.scalars(visible_items(person).where(AgendaItem.id == found.item_id)).unique().first()
    may_lead = policy.can_open_round(person, found.group)
    return render_template(
        "counties/rounds/round.html", found=found, states=states, codes=all_codes(states), teams=teams, paper=paper, item=item,
        own=own if own and policy.can_write_report(person, found, own) else None, may_lead=may_lead,
        missing=policy.missing_teams(found) if may_lead else (), readable=_readable(person, found),
        submitted=sum(report.state is ReportState.SUBMITTED for report in states.values()),
    )  # fmt: skip


def _readable(person: Person, found: Round) -> set[str]:
    """The letters of the counties whose report the person may read."""
    rows = policy.visible_reports(person).where(SituationReport.round_id == found.id)
    return set(db.session.scalars(rows.with_only_columns(SituationReport.county_code)))


@bp.post("/rounds/<int:round_id>/opening")
def open_round(round_id: int) -> ResponseReturnValue:
    """Ask the counties."""
    person = web.current_person()
    found = led_round(person, round_id)
    actions.open_round(found, by=person)
    flash(_("The round is open, and the counties have been told."), "done")
    return redirect(url_for("rounds.round_page", round_id=found.id))


@bp.post("/rounds/<int:round_id>/removal")
def discard_round(round_id: int) -> ResponseReturnValue:
    """Throw a round away that was never opened."""
    person = web.current_person()
    found = led_round(person, round_id)
    slug = found.group.slug
    actions.discard_round(found, by=person)
    flash(_("The round is gone."), "done")
    return redirect(url_for("rounds.group_rounds", slug=slug))


@bp.post("/rounds/<int:round_id>/reminders")
def remind(round_id: int) -> ResponseReturnValue:
    """Remind the counties whose report is not in."""
    person = web.current_person()
    found = led_round(person, round_id)
    number = actions.remind_missing(found, by=person)
    flash(ngettext("%(num)s county has been reminded.", "%(num)s counties have been reminded.", number), "done")
    return redirect(url_for("rounds.round_page", round_id=found.id))


@bp.post("/rounds/<int:round_id>/papers")
def make_paper(round_id: int) -> ResponseReturnValue:
    """Let the worker put the round together now."""
    person = web.current_person()
    found = led_round(person, round_id)
    actions.ask_for_paper(found, by=person)
    flash(_("The paper is being made. It comes to the library of the group in a moment."), "done")
    return redirect(url_for("rounds.round_page", round_id=found.id))


@bp.get("/rounds/<int:round_id>/compiled")
def compiled(round_id: int) -> ResponseReturnValue:
    """All answers side by side."""
    person = web.current_person()
    found = visible_round(person, round_id)
    note_reading("round_read", found.group, on=found, by=person)
    return render_template(
        "counties/rounds/compiled.html", compiled=compile_round(found), found=found, changes=change_words()
    )


@bp.get("/rounds/<int:round_id>/answers.csv")
def answers_csv(round_id: int) -> ResponseReturnValue:
    """All answers as a table."""
    person = web.current_person()
    found = visible_round(person, round_id)
    note_reading("round_read", found.group, on=found, by=person)
    headers = {"Content-Disposition": f"attachment; filename=answers-{found.id}.csv"}
    return Response(table(compile_round(found)), mimetype="text/csv", headers=headers)


def asked_of(person: Person, asked_id: int) -> RoundQuestion:
    """A question of a round that the person may change; 404 for rounds that are not seen, 403 for others."""
    asked = web.find(policy.visible_asked(person).where(RoundQuestion.id == asked_id))
    web.check(policy.can_open_round(person, asked.round.group))
    return asked
