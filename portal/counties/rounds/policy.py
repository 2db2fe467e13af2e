"""Who may see and answer rounds of situation reports, and where every county stands."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import db
from portal.counties.rounds.models import (
    Question,
    ReportAnswer,
    ReportState,
    Round,
    RoundQuestion,
    SituationReport,
    Wording,
)
from portal.meetings.models import AgendaItem, Meeting, MeetingState
from portal.meetings.policy import county_board_people, visible_meetings
from portal.people.models import Group, Membership, Person, Role
from portal.people.policy import (
    can_lead_group,
    can_write_in_group,
    county_of,
    group_ids,
    led_group_ids,
    readable_group_ids,
)
from portal.times import today

MOST_ITEMS = 100
SHOWN = 6  # rounds that are compared


def visible_rounds(person: Person) -> sa.Select[Round]:
    """The rounds of the readable groups; one that is being prepared only for those who lead the group."""
    is_out = Round.opened_at.is_not(None) | Round.group_id.in_(led_group_ids(person))
    return sa.select(Round).where(Round.group_id.in_(readable_group_ids(person)), is_out)


def visible_asked(person: Person) -> sa.Select[RoundQuestion]:
    """The questions of the visible rounds."""
    rounds = visible_rounds(person).with_only_columns(Round.id)
    return sa.select(RoundQuestion).where(RoundQuestion.round_id.in_(rounds))


def visible_questions(person: Person) -> sa.Select[Question]:
    """The questions of the groups that the person leads: others meet them in the rounds."""
    return sa.select(Question).where(Question.group_id.in_(led_group_ids(person)))


def _own_team(person: Person) -> sa.ColumnElement[bool]:
    """The reports of the person's own county, if it is a county administrative board's."""
    code = county_of(person)
    if code is None:
        return sa.false()
    return (SituationReport.county_code == code) & Round.group_id.in_(group_ids(person))


def visible_reports(person: Person) -> sa.Select[SituationReport]:
    """What may be read of the visible rounds: what was submitted, and the own county's drafts. What was returned for
    completion is seen by its county and by those who lead the group.
    """
    rounds = visible_rounds(person).with_only_columns(Round.id)
    returned = (SituationReport.state == ReportState.RETURNED) & Round.group_id.in_(led_group_ids(person))
    return (
        sa.select(SituationReport)
        .join(SituationReport.round)
        .where(SituationReport.round_id.in_(rounds), _is_in() | returned | _own_team(person))
    )


def _is_in() -> sa.ColumnElement[bool]:
    return SituationReport.state == ReportState.SUBMITTED


def can_open_round(person: Person, group: Group) -> bool:
    """The group's convener and secretary, also to change a round and its questions."""
    return not group.is_archived and can_lead_group(person, group)


def can_write_report(person: Person, found: Round, code: str) -> bool:
    """The county board's people who may write in the group."""
    return county_of(person) == code and can_write_in_group(person, found.group)


def can_return_report(person: Person, report: SituationReport) -> bool:
    """Those who lead the group."""
    return can_open_round(person, report.round.group)


def states_of(found: Round) -> dict[str, SituationReport]:
    """Where each county stands in a round, by its letter; a county without a report has not begun. Everybody who sees the
    round may know that, whoever reads what the reports say.
    """
    rows = sa.select(SituationReport).where(SituationReport.round_id == found.id)
    return {report.county_code: report for report in db.session.scalars(rows)}


def boards(group: Group) -> dict[str, list[Person]]:
    """Who can answer for each county: the active people of its board who may write in the group."""
    rows = county_board_people(group)
    found: dict[str, list[Person]] = {}
    for person in db.session.scalars(rows.order_by(None).order_by(Person.name)).unique():
        found.setdefault(person.organisation.county_code or "", []).append(person)
    return found


def missing_teams(found: Round) -> dict[str, list[Person]]:
    """The counties whose report is not in, with who can answer for each; a board that has nobody in the group is not there."""
    states = states_of(found)
    return {
        code: team
        for code, team in boards(found.group).items()
        if code not in states or states[code].state is not ReportState.SUBMITTED
    }


def earlier_rounds(found: Round, *, limit: int = SHOWN - 1) -> Sequence[Round]:
    """The rounds of the group before this one, the latest first."""
    rows = (
        sa.select(Round)
        .where(
            Round.group_id == found.group_id,
            Round.opened_at.is_not(None),
            sa.tuple_(Round.due_on, Round.id) < sa.tuple_(found.due_on, found.id),
        )
        .order_by(Round.due_on.desc(), Round.id.desc())
        .limit(limit)
    )
    return db.session.scalars(rows).unique().all()


def items_to_come(person: Person, group: Group) -> Sequence[AgendaItem]:
    """The agenda items that can get the compiled paper: of the group's meetings that are not over."""
    meetings = visible_meetings(person).where(
        Meeting.group_id == group.id, Meeting.ends_at > db.now(), Meeting.state != MeetingState.CANCELLED, Meeting.closed_at.is_(None)
    )  # fmt: skip
    rows = (
        sa.select(AgendaItem)
        .join(AgendaItem.meeting)
        .where(AgendaItem.meeting_id.in_(meetings.with_only_columns(Meeting.id)))
        .options(joinedload(AgendaItem.meeting))
        .order_by(Meeting.starts_at, AgendaItem.position)
        .limit(MOST_ITEMS)
    )
    return db.session.scalars(rows).unique().all()


def awaited_rounds(person: Person) -> Sequence[Round]:
    """The rounds that wait for the person's county, the nearest deadline first."""
    code = county_of(person)
    if code is None:
        return ()
    answered = sa.select(SituationReport.round_id).where(SituationReport.county_code == code, _is_in())
    writing = group_ids(person).where(Membership.role != Role.OBSERVER)
    rows = (
        sa.select(Round)
        .where(
            Round.opened_at.is_not(None), Round.locks_on >= today(), Round.group_id.in_(writing), Round.id.not_in(answered)
        )
        .order_by(Round.due_on)
    )  # fmt: skip
    return db.session.scalars(rows).unique().all()


def newest_wording(question: Question) -> Wording:
    """The wording that the next round takes."""
    rows = sa.select(Wording).where(Wording.question_id == question.id).order_by(Wording.number.desc()).limit(1)
    return db.session.scalars(rows).unique().one()


def core_wordings(group: Group) -> Sequence[Wording]:
    """The group's common questions in their newest wordings, those that are not asked any more last."""
    newest = (
        sa.select(sa.func.max(Wording.number))
        .where(Wording.question_id == Question.id)
        .correlate(Question)
        .scalar_subquery()
    )
    rows = (
        sa.select(Wording)
        .join(Wording.question)
        .where(Question.group_id == group.id, Question.is_core, Wording.number == newest)
        .order_by(Question.retired_at.is_not(None), Question.position, Question.id)
    )
    return db.session.scalars(rows).unique().all()


def answers_of(report: SituationReport) -> dict[int, ReportAnswer]:
    """The answers of a report by question."""
    rows = sa.select(ReportAnswer).where(ReportAnswer.report_id == report.id)
    return {answer.question_id: answer for answer in db.session.scalars(rows)}
