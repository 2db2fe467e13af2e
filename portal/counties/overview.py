"""Every county at a glance: where its report stands, and one figure over three rounds. A few queries, whatever there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from portal import db
from portal.counties.rounds.compiled import all_codes
from portal.counties.rounds.models import QuestionKind, ReportAnswer, ReportState, Round, SituationReport, Wording
from portal.counties.rounds.policy import earlier_rounds, visible_rounds
from portal.county_codes import county_name
from portal.people.models import Person

COMPARED = 3  # rounds
IN, BEGUN, MISSING = "in", "half", "none"  # how a county is drawn: filled, striped, dashed


@dataclass(frozen=True, slots=True)
class CountyRow:
    """One county in a round."""

    code: str
    state: ReportState | None
    is_late: bool
    steps: Sequence[int | None]  # of the scale, the oldest round first

    @property
    def name(self) -> str:
        """The county's name."""
        return county_name(self.code)

    @property
    def short_name(self) -> str:
        """Without "län" and the genitive that goes with it: Örebro, Skåne, Västra Götaland."""
        return self.name.removesuffix(" län").removesuffix("s")

    @property
    def drawn(self) -> str:
        """How the map shows it."""
        if self.state is ReportState.SUBMITTED:
            return IN
        return MISSING if self.state is None else BEGUN

    @property
    def trend(self) -> int:
        """Whether the newest step is above (1), below (-1) or at the one before (0, also where one is missing)."""
        before, last = ([None, *self.steps])[-2:]
        return 0 if before is None or last is None else (last > before) - (last < before)


@dataclass(frozen=True, slots=True)
class Overview:
    """A round over all counties; `rounds` are the compared ones, the oldest first, with how many reports came in time."""

    round: Round
    rows: Sequence[CountyRow]
    rounds: Sequence[tuple[Round, int]]
    scale: Wording | None

    def number(self, drawn: str) -> int:
        """How many counties are drawn so."""
        return sum(row.drawn == drawn for row in self.rows)


def rounds_to_show(person: Person) -> sa.Select[Round]:
    """The opened rounds that the person may see, the latest first."""
    return visible_rounds(person).where(Round.opened_at.is_not(None)).order_by(Round.due_on.desc(), Round.id.desc())


def overview(found: Round) -> Overview:
    """All counties in a round that the reader may see."""
    rounds = [*reversed(earlier_rounds(found, limit=COMPARED - 1)), found]
    ids = [one.id for one in rounds]
    reports: dict[tuple[int, str], SituationReport] = {}
    for one in db.session.scalars(sa.select(SituationReport).where(SituationReport.round_id.in_(ids))):
        reports[one.round_id, one.county_code] = one
    scale = next((asked.wording for asked in found.questions if asked.wording.kind is QuestionKind.SCALE), None)
    steps = _steps(ids, scale)
    rows = []
    for code in all_codes(code for _round, code in reports):
        report = reports.get((found.id, code))
        rows.append(
            CountyRow(
                code, report.state if report is not None else None, report is not None and report.is_late,
                [steps.get((number, code)) for number in ids] if scale is not None else (),
            )
        )  # fmt: skip
    in_time = [
        sum(
            number == one.id and report.state is ReportState.SUBMITTED and not report.is_late
            for (number, _code), report in reports.items()
        )
        for one in rounds
    ]
    return Overview(found, rows, list(zip(rounds, in_time, strict=True)), scale)


def _steps(ids: Sequence[int], scale: Wording | None) -> dict[tuple[int, str], int]:
    """What was said on a scale in some rounds, by round and county; drafts do not count."""
    if scale is None:
        return {}
    rows = (
        sa.select(SituationReport.round_id, SituationReport.county_code, ReportAnswer.number)
        .join(ReportAnswer.report)
        .where(
            SituationReport.round_id.in_(ids),
            SituationReport.state == ReportState.SUBMITTED,
            ReportAnswer.question_id == scale.question_id,
            ReportAnswer.number.is_not(None),
        )
    )
    return {(round_id, code): number or 0 for round_id, code, number in db.session.execute(rows)}
