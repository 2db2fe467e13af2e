"""Pages of questions: the common ones of a group, and those of one round."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import guard, web
from portal.counties.rounds import actions, policy
from portal.counties.rounds.actions import QuestionPlan
from portal.counties.rounds.forms import QuestionForm
from portal.counties.rounds.models import Question, Wording
from portal.counties.rounds.views import asked_of, bp, led_round
from portal.errors import Conflict
from portal.people.models import Group, Person
from portal.people.policy import visible_group, visible_groups


def _led_group(person: Person, slug: str) -> Group:
    group = web.find(visible_group(person, slug))
    web.check(policy.can_open_round(person, group))
    return group


def _form_of(wording: Wording, based_on: int) -> QuestionForm:
    return QuestionForm(
        text=wording.text, kind=wording.kind.value, help=wording.help, unit=wording.unit, options="\n".join(wording.options), based_on=based_on
    )  # fmt: skip


def _answer(
    form: QuestionForm, *, store: Callable[[QuestionPlan, int], object], back: str, crumb: tuple[str, str], title: str, anew: Callable[[], int]
) -> ResponseReturnValue:  # fmt: skip
    """Show the form of a question, or store what it says. `anew` is what the form is based on after a conflict."""
    finds: list[guard.Find] = []
    conflict = ""
    if form.validate_on_submit():
        try:
            store(form.plan(web.kept()), form.based_on.data or 0)
            flash(_("The question is saved."), "done")
            return redirect(back)
        except guard.Stopped as stopped:
            finds = stopped.finds
        except Conflict as error:
            conflict = error.message
            form.based_on.data = anew()
    page = render_template(
        "counties/rounds/question.html", form=form, finds=finds, conflict=conflict, back=back, crumb=crumb, title=title
    )
    return page, 409 if conflict else 422 if form.errors or finds else 200


@bp.get("/groups/<slug>/report-questions")
def core_questions(slug: str) -> ResponseReturnValue:
    """The common questions of a group."""
    person = web.current_person()
    group = _led_group(person, slug)
    return render_template("counties/rounds/questions.html", group=group, wordings=policy.core_wordings(group))


@bp.route("/groups/<slug>/report-questions/new", methods=["GET", "POST"])
def new_core_question(slug: str) -> ResponseReturnValue:
    """Add a common question."""
    person = web.current_person()
    group = _led_group(person, slug)
    back = url_for("rounds.core_questions", slug=slug)

    def store(plan: QuestionPlan, _based_on: int) -> None:
        actions.add_core_question(group, plan, by=person)

    return _answer(
        QuestionForm(),
        store=store,
        back=back,
        crumb=(_("Common questions"), back),
        title=_("New common question"),
        anew=lambda: 0,
    )


@bp.route("/report-questions/<int:question_id>/edit", methods=["GET", "POST"])
def edit_core_question(question_id: int) -> ResponseReturnValue:
    """Put a common question anew in the rounds to come."""
    person = web.current_person()
    question = web.find(policy.visible_questions(person).where(Question.id == question_id, Question.is_core))
    group = web.find(visible_groups(person).where(Group.id == question.group_id))
    back = url_for("rounds.core_questions", slug=group.slug)
    newest = policy.newest_wording(question)
    return _answer(
        _form_of(newest, newest.number), back=back, crumb=(_("Common questions"), back), title=_("Change the question"),
        store=lambda plan, based_on: actions.reword_question(question, plan, based_on=based_on, by=person),
        anew=lambda: policy.newest_wording(question).number,
    )  # fmt: skip


@bp.post("/report-questions/<int:question_id>/state")
def set_question_state(question_id: int) -> ResponseReturnValue:
    """Move a common question, leave it out of rounds to come, or take it in again."""
    person = web.current_person()
    question = web.find(policy.visible_questions(person).where(Question.id == question_id, Question.is_core))
    group = web.find(visible_groups(person).where(Group.id == question.group_id))
    web.check(policy.can_open_round(person, group))
    step = request.form.get("step", "")
    if step in {"up", "down"}:
        actions.move_question(question, up=step == "up", by=person)
    elif step in {"retire", "take_in"}:
        actions.retire_question(question, is_retired=step == "retire", by=person)
    return redirect(url_for("rounds.core_questions", slug=group.slug))


@bp.route("/rounds/<int:round_id>/questions/new", methods=["GET", "POST"])
def new_round_question(round_id: int) -> ResponseReturnValue:
    """Add a question of this round only."""
    person = web.current_person()
    found = led_round(person, round_id)
    back = url_for("rounds.round_page", round_id=found.id, _anchor="questions")
    return _answer(
        QuestionForm(), back=back, crumb=(found.title, back), title=_("New question of this round"), anew=lambda: 0,
        store=lambda plan, _based_on: actions.add_to_round(found, plan, by=person),
    )  # fmt: skip


@bp.route("/round-questions/<int:asked_id>/edit", methods=["GET", "POST"])
def edit_round_question(asked_id: int) -> ResponseReturnValue:
    """Put a question of a round in other words."""
    person = web.current_person()
    asked = asked_of(person, asked_id)
    back = url_for("rounds.round_page", round_id=asked.round_id, _anchor="questions")
    return _answer(
        _form_of(asked.wording, asked.wording_id), back=back, crumb=(asked.round.title, back), title=_("Change the question"),
        store=lambda plan, based_on: actions.put_anew(asked, plan, based_on=based_on, by=person), anew=lambda: asked.wording_id,
    )  # fmt: skip


@bp.post("/round-questions/<int:asked_id>/removal")
def remove_round_question(asked_id: int) -> ResponseReturnValue:
    """Take a question out of a round."""
    person = web.current_person()
    asked = asked_of(person, asked_id)
    back = url_for("rounds.round_page", round_id=asked.round_id, _anchor="questions")
    actions.take_from_round(asked, by=person)
    flash(_("The question is taken out of the round."), "done")
    return redirect(back)
