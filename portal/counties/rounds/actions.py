"""Every write to questions and rounds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard, outbox
from portal.counties.rounds.models import (
    Question,
    QuestionKind,
    ReportAnswer,
    Round,
    RoundQuestion,
    SituationReport,
    Wording,
)
from portal.counties.rounds.policy import boards, core_wordings, missing_teams, newest_wording, states_of
from portal.discussions.actions import note_kept
from portal.errors import Conflict
from portal.meetings.models import AgendaItem
from portal.notifications.actions import notify
from portal.people.models import Group, Person
from portal.times import today

MOST_QUESTIONS = 60  # of one round
PAPER_JOB = "report_round_due"  # done in jobs.py


@dataclass(frozen=True, slots=True)
class QuestionPlan:
    """How a question is put."""

    text: str
    kind: QuestionKind
    help: str = ""
    unit: str = ""
    options: Sequence[str] = ()
    keep: Collection[str] = ()  # what the author keeps although the guard asked


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """What is decided when a round is prepared: locked after the last day on which late answers are still taken."""

    title: str
    due_on: date
    locks_on: date
    text: str = ""
    item: AgendaItem | None = None
    core: Collection[int] = ()  # ids of the common questions that are asked
    keep: Collection[str] = ()  # what the author keeps although the guard asked


# --- questions --------------------------------------------------------------------------------------------------------


def _check(plan: QuestionPlan) -> list[guard.Find]:
    texts = {"text": plan.text, "help": plan.help, "unit": plan.unit, "options": "\n".join(plan.options)}
    return guard.check(texts, keep=plan.keep)


def _put(question: Question, plan: QuestionPlan, *, by: Person) -> Wording:
    last = db.session.scalar(sa.select(sa.func.max(Wording.number)).where(Wording.question_id == question.id)) or 0
    wording = Wording(
        question=question, number=last + 1, kind=plan.kind, text=plan.text, help=plan.help, unit=plan.unit,
        options=list(plan.options), made_by_id=by.id,
    )  # fmt: skip
    db.session.add(wording)
    db.session.flush()
    return wording


def _new_question(group: Group, plan: QuestionPlan, *, is_core: bool, by: Person) -> Wording:
    kept = _check(plan)
    db.lock(group)
    last = db.session.scalar(sa.select(sa.func.max(Question.position)).where(Question.group_id == group.id)) or 0
    question = Question(group_id=group.id, is_core=is_core, position=last + 1)
    db.session.add(question)
    db.session.flush()
    audit.record("report_question_added", by=by, on=question)
    note_kept(kept, on=question, by=by)
    return _put(question, plan, by=by)


def add_core_question(group: Group, plan: QuestionPlan, *, by: Person) -> Question:
    """Add a question to the common core. Raises `guard.Stopped`."""
    return _new_question(group, plan, is_core=True, by=by).question


def reword_question(question: Question, plan: QuestionPlan, *, based_on: int, by: Person) -> Wording:
    """Put a question anew in the rounds to come; the earlier ones keep the wording that was answered.

    `based_on` is the number of the wording that was changed. Raises `guard.Stopped`, and `Conflict` if somebody else has put it
    anew meanwhile.
    """
    kept = _check(plan)
    db.lock(question)
    if newest_wording(question).number != based_on:
        raise Conflict(_("Somebody else has changed the question meanwhile. Look at it and change it again."))
    audit.record("report_question_reworded", by=by, on=question)
    note_kept(kept, on=question, by=by)
    return _put(question, plan, by=by)


def retire_question(question: Question, *, is_retired: bool, by: Person) -> None:
    """Leave a common question out of the rounds to come, or take it in again. What was answered stays comparable."""
    question.retired_at = db.now() if is_retired else None
    audit.record("report_question_retired" if is_retired else "report_question_taken_in", by=by, on=question)


def move_question(question: Question, *, up: bool, by: Person) -> None:
    """Let a common question change places with its neighbour; at the end nothing happens."""
    db.lock_name(f"questions:{question.group_id}")
    others = sa.select(Question).where(
        Question.group_id == question.group_id, Question.is_core, Question.id != question.id
    )
    beyond = Question.position < question.position if up else Question.position > question.position
    order = Question.position.desc() if up else Question.position.asc()
    neighbour = db.session.scalars(others.where(beyond, Question.retired_at.is_(None)).order_by(order).limit(1)).first()
    if neighbour is not None:
        neighbour.position, question.position = question.position, neighbour.position
        audit.record("report_question_moved", by=by, on=question)


# --- rounds -----------------------------------------------------------------------------------------------------------


def prepare_round(group: Group, plan: RoundPlan, *, by: Person) -> Round:
    """Prepare a round with the chosen common questions in their newest wordings; nobody is told yet. Raises `guard.Stopped`."""
    kept = guard.check({"title": plan.title, "text": plan.text}, keep=plan.keep)
    found = Round(
        group=group, title=plan.title, text=plan.text, due_on=plan.due_on, locks_on=plan.locks_on, item=plan.item,
        made_by=by, organisation_id=by.organisation_id,
    )  # fmt: skip
    asked = (one for one in core_wordings(group) if one.question.retired_at is None and one.question_id in plan.core)
    for position, wording in enumerate(asked, 1):
        found.questions.append(RoundQuestion(question_id=wording.question_id, wording=wording, position=position))
    db.session.add(found)
    audit.record("round_prepared", by=by, on=found)
    note_kept(kept, on=found, by=by)
    return found


def edit_round(found: Round, plan: RoundPlan, *, based_on: int, by: Person) -> None:
    """Change title, text, dates or agenda item. Raises `guard.Stopped`, and `Conflict` if somebody else has changed it."""
    kept = guard.check({"title": plan.title, "text": plan.text}, keep=plan.keep)
    db.lock(found)
    if found.revision != based_on:
        raise Conflict(_("Somebody else has changed the round meanwhile. Look at it and change it again."))
    moved = found.opened_at is not None and (found.due_on, found.locks_on) != (plan.due_on, plan.locks_on)
    found.title, found.text, found.item = plan.title, plan.text, plan.item
    found.due_on, found.locks_on, found.revision = plan.due_on, plan.locks_on, found.revision + 1
    audit.record("round_edited", by=by, on=found)
    note_kept(kept, on=found, by=by)
    if moved:
        people = [person for team in missing_teams(found).values() for person in team]
        notify(people, "round_moved", group=found.group, path=found.path, by=by, **_told(found))


def _told(found: Round) -> dict[str, Any]:
    return {"title": found.title, "until": found.due_on.isoformat()}


def open_round(found: Round, *, by: Person) -> None:
    """Ask the counties. Raises `Conflict` without questions, after the deadline, or if it is open already."""
    db.lock(found)
    if found.opened_at is not None:
        raise Conflict(_("The round is open already."))
    if not found.questions:
        raise Conflict(_("The round has no questions yet."))
    if found.due_on < today():
        raise Conflict(_("The deadline of the round has passed. Choose a later one first."))
    found.opened_at = db.now()
    audit.record("round_opened", by=by, on=found)
    people = [person for team in boards(found.group).values() for person in team]
    notify(people, "round_opened", group=found.group, path=found.path, by=by, **_told(found))


def discard_round(found: Round, *, by: Person) -> None:
    """Throw away a round that was never opened. Raises `Conflict` for one that was: counties may have written in it."""
    db.lock(found)
    if found.opened_at is not None:
        raise Conflict(_("The round has been opened. It cannot be thrown away."))
    audit.record("round_discarded", by=by, on=found)
    db.session.delete(found)


def remind_missing(found: Round, *, by: Person | None) -> int:
    """Remind the counties whose report is not in, and nobody else; returns how many counties. Raises `Conflict` when nobody may
    write any more.
    """
    if not found.takes_answers:
        raise Conflict(_("The round takes no answers now."))
    missing = missing_teams(found)
    people = [person for team in missing.values() for person in team]
    notify(people, "report_missing", group=found.group, path=found.path, by=by, **_told(found))
    audit.record("round_reminded", by=by, on=found, counties=len(missing))
    return len(missing)


def ask_for_paper(found: Round, *, by: Person) -> None:
    """Let the worker put the round together now. Raises `Conflict` for one that was never opened."""
    if found.opened_at is None:
        raise Conflict(_("The round has not been opened yet."))
    outbox.enqueue(PAPER_JOB, key=str(found.id), round_id=found.id)
    audit.record("round_paper_asked", by=by, on=found)


def add_to_round(found: Round, plan: QuestionPlan, *, by: Person) -> RoundQuestion:
    """Put a question of this round only. Also into an open one: who has answered is told. Raises `guard.Stopped`, and `Conflict` in
    a round that is locked or full.
    """
    _hold(found)
    if len(found.questions) >= MOST_QUESTIONS:
        raise Conflict(_("A round has at most %(number)s questions.", number=MOST_QUESTIONS))
    wording = _new_question(found.group, plan, is_core=False, by=by)
    position = max((one.position for one in found.questions), default=0) + 1
    added = RoundQuestion(question_id=wording.question_id, wording=wording, position=position)
    found.questions.append(added)
    db.session.flush()
    audit.record("round_question_added", by=by, on=found, question=wording.question_id)
    _tell_answered(found, by=by)
    return added


def put_anew(asked: RoundQuestion, plan: QuestionPlan, *, based_on: int, by: Person) -> None:
    """Put a question of a round in other words. What was answered to the earlier wording stays and says so.

    `based_on` is the id of the wording that was changed. Raises `guard.Stopped`, and `Conflict` in a locked round, for another kind
    of answer once somebody has answered, or if somebody else has changed it.
    """
    kept = _check(plan)
    _hold(asked.round)
    if asked.wording_id != based_on:
        raise Conflict(_("Somebody else has changed the question meanwhile. Look at it and change it again."))
    if plan.kind is not asked.wording.kind and _is_answered(asked):
        raise Conflict(_("The question has been answered. Another kind of answer needs a new question."))
    asked.wording = _put(asked.wording.question, plan, by=by)
    audit.record("round_question_changed", by=by, on=asked.round, question=asked.question_id)
    note_kept(kept, on=asked.round, by=by)
    _tell_answered(asked.round, by=by)


def take_from_round(asked: RoundQuestion, *, by: Person) -> None:
    """Take a question out of a round. Raises `Conflict` in a locked round, or once somebody has answered it."""
    _hold(asked.round)
    if _is_answered(asked):
        raise Conflict(_("The question has been answered. It cannot be taken away."))
    audit.record("round_question_removed", by=by, on=asked.round, question=asked.question_id)
    asked.round.questions.remove(asked)


def _hold(found: Round) -> None:
    db.lock(found)
    if found.is_locked:
        raise Conflict(_("The round is locked. Its questions cannot be changed any more."))


def _is_answered(asked: RoundQuestion) -> bool:
    rows = (
        sa.select(ReportAnswer.id)
        .join(ReportAnswer.report)
        .where(SituationReport.round_id == asked.round_id, ReportAnswer.question_id == asked.question_id)
        .limit(1)
    )
    return db.session.scalar(rows) is not None


def _tell_answered(found: Round, *, by: Person) -> None:
    """Tell the counties that have begun an open round that its questions have changed."""
    if found.opened_at is None:
        return
    begun = states_of(found)
    people = [person for code, team in boards(found.group).items() if code in begun for person in team]
    notify(people, "round_changed", group=found.group, path=found.path, by=by, title=found.title)
