"""Every write to the counties' reports."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard, outbox
from portal.counties.rounds.models import (
    AnswerVersion,
    ReportAnswer,
    ReportState,
    Round,
    RoundQuestion,
    SituationReport,
)
from portal.counties.rounds.policy import answers_of, boards
from portal.discussions.actions import note_kept
from portal.errors import Conflict
from portal.notifications.actions import notify
from portal.people.models import Person
from portal.people.policy import leaders

COMPILE_JOB = "report_round_changed"


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says to a question. `based_on` is the revision of the answer that they had before them, 0 for none."""

    text: str = ""
    number: int | None = None
    choice: str = ""
    based_on: int = 0

    @property
    def values(self) -> tuple[str, int | None, str]:
        """What is said, without what it is based on."""
        return self.text, self.number, self.choice


def _values_of(answer: ReportAnswer | None) -> tuple[str, int | None, str]:
    """What a stored answer says; nothing without one."""
    return (answer.text, answer.number, answer.choice) if answer is not None else ("", None, "")


def begin_report(found: Round, code: str, *, by: Person) -> SituationReport:
    """The county's report in a round, begun if there is none. Who begins it is responsible. Raises `Conflict` when the round takes no
    answers.
    """
    db.lock_name(f"report:{found.id}:{code}")  # two of a board may begin at once
    _check_open(found)
    rows = sa.select(SituationReport).where(SituationReport.round_id == found.id, SituationReport.county_code == code)
    report = db.session.scalar(rows)
    if report is None:
        report = SituationReport(round=found, county_code=code, organisation_id=by.organisation_id, responsible=by)
        db.session.add(report)
        audit.record("report_begun", by=by, on=report)
    return report


def _check_open(found: Round) -> None:
    if found.is_locked:
        raise Conflict(_("The round is locked: nothing can be written in it any more. Ask the convener for more time."))
    if found.opened_at is None:
        raise Conflict(_("The round has not been opened yet."))


def save_answers(
    report: SituationReport, said: Mapping[int, Said], *, keep: Collection[str] = (), by: Person
) -> dict[int, ReportAnswer]:
    """Store what was changed; returns the answers that a colleague has changed meanwhile, by question. If there are any nothing is
    stored: nobody overwrites unseen.

    Once the report is in, only who is responsible changes it. Raises `guard.Stopped` (nothing is stored then) and `Conflict`.
    """
    kept = guard.check({f"answer-{number}": one.text for number, one in said.items()}, keep=keep)
    db.lock(report)
    _check_open(report.round)
    if report.state is ReportState.SUBMITTED and report.responsible_id != by.id:
        raise Conflict(
            _("The report is in. %(name)s, who is responsible for it, can change it.", name=report.responsible.name)
        )
    asked, stored = {one.question_id: one for one in report.round.questions}, answers_of(report)
    changed = {
        number: one for number, one in said.items() if number in asked and one.values != _values_of(stored.get(number))
    }  # fmt: skip
    clashes = {
        number: stored[number] for number, one in changed.items() if number in stored and stored[number].revision != one.based_on
    }  # fmt: skip
    if clashes or not changed:
        return clashes
    for number, one in changed.items():
        _store(report, asked[number], stored.get(number), one, by=by)
    audit.record("report_answered", by=by, on=report, answers=len(changed))
    note_kept(kept, on=report, by=by)
    if report.state is ReportState.SUBMITTED:
        report.resubmitted_at = db.now()
        outbox.enqueue(COMPILE_JOB, key=str(report.round_id), round_id=report.round_id)
    return {}


def _store(
    report: SituationReport, asked: RoundQuestion, answer: ReportAnswer | None, one: Said, *, by: Person
) -> None:
    if answer is None:
        answer = ReportAnswer(report_id=report.id, question_id=asked.question_id, revision=0)
        db.session.add(answer)
    else:
        db.session.add(
            AnswerVersion(
                answer_id=answer.id, revision=answer.revision, text=answer.text, number=answer.number, choice=answer.choice,
                written_by_id=answer.written_by_id, written_at=answer.written_at,
            )
        )  # fmt: skip
    answer.text, answer.number, answer.choice = one.values
    answer.wording_id, answer.revision = asked.wording_id, answer.revision + 1
    answer.written_by_id, answer.written_at = by.id, db.now()


def submit_report(report: SituationReport, *, by: Person) -> None:
    """Hand the report in. What is not answered stands as not answered. Raises `Conflict` for somebody who is not responsible, and
    for a report that says nothing.
    """
    db.lock(report)
    _check_open(report.round)
    if report.responsible_id != by.id:
        raise Conflict(_("%(name)s is responsible for the report and hands it in.", name=report.responsible.name))
    if report.state is ReportState.SUBMITTED:
        return
    if all(answer.is_empty for answer in answers_of(report).values()):
        raise Conflict(_("The report is empty. Answer at least one question first."))
    was_returned = report.state is ReportState.RETURNED
    report.state = ReportState.SUBMITTED
    report.submitted_at = report.submitted_at or db.now()
    if was_returned:
        report.resubmitted_at = db.now()
    audit.record("report_submitted", by=by, on=report)
    outbox.enqueue(COMPILE_JOB, key=str(report.round_id), round_id=report.round_id)
    group = report.round.group
    notify(leaders(group), "report_submitted", group=group, path=report.path, by=by, **_told(report))


def _told(report: SituationReport) -> dict[str, Any]:
    return {"title": report.round.title, "county": report.county}


def return_report(report: SituationReport, *, reason: str, keep: Collection[str] = (), by: Person) -> None:
    """Send a report back for completion. Raises `guard.Stopped`, and `Conflict` if it is not in or the round is locked."""
    kept = guard.check({"reason": reason}, keep=keep)
    db.lock(report)
    _check_open(report.round)
    if report.state is not ReportState.SUBMITTED:
        raise Conflict(_("The report is not in. Only what is in can be sent back."))
    report.state, report.return_reason = ReportState.RETURNED, reason
    audit.record("report_returned", by=by, on=report)
    note_kept(kept, on=report, by=by)
    outbox.enqueue(COMPILE_JOB, key=str(report.round_id), round_id=report.round_id)
    group = report.round.group
    team = boards(group).get(report.county_code, [])
    notify(team, "report_returned", group=group, path=report.path, by=by, **_told(report))


def take_responsibility(report: SituationReport, *, by: Person) -> None:
    """Become the one who hands the report in; who was it before is told. Raises `Conflict` when the round takes no answers."""
    db.lock(report)
    _check_open(report.round)
    if report.responsible_id == by.id:
        return
    before = report.responsible
    report.responsible = by
    audit.record("report_responsible_changed", by=by, on=report, before=before.id)
    if before.is_active:
        notify(
            [before],
            "report_taken_over",
            group=report.round.group,
            path=report.path,
            by=by,
            name=by.name,
            **_told(report),
        )
