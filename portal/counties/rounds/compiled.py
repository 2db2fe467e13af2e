"""A round put together: per question all counties side by side, what has changed since the round before, and the figures over the rounds.

The number of queries is the same whatever the number of counties, questions and rounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import mean

import sqlalchemy as sa

from portal import db
from portal.counties.rounds.models import QuestionKind, ReportAnswer, ReportState, Round, SituationReport, Wording
from portal.counties.rounds.policy import earlier_rounds, states_of
from portal.counties.rounds.saying import figure, in_words
from portal.county_codes import COUNTIES, county_name

UP, DOWN, CHANGED, SAME, NEW = "up", "down", "changed", "same", "new"


@dataclass(frozen=True, slots=True)
class Row:
    """One county's answer to a question, and what it said the round before."""

    code: str
    answer: ReportAnswer | None
    before: ReportAnswer | None
    words: str
    words_before: str
    is_older_wording: bool  # the question was put in other words when it was answered

    @property
    def county(self) -> str:
        """The county's name."""
        return county_name(self.code)

    @property
    def remark(self) -> str:
        """The text beside a figure, a step or a choice."""
        return self.answer.text if self.answer is not None and self.words != self.answer.text else ""

    @property
    def change(self) -> str:
        """How the answer differs from the one before; empty where one of them is missing."""
        if not self.words or not self.words_before:
            return NEW if self.words else ""
        assert self.answer is not None
        assert self.before is not None
        if self.answer.number is not None and self.before.number is not None:
            difference = self.answer.number - self.before.number
            return UP if difference > 0 else DOWN if difference < 0 else SAME
        return SAME if self.words == self.words_before else CHANGED


@dataclass(frozen=True, slots=True)
class Point:
    """A question's figure in one round: the sum of a number, the mean of a scale; of how many counties."""

    title: str
    value: float | None
    counties: int
    words: str


@dataclass(frozen=True, slots=True)
class Section:
    """A question with all that was answered to it."""

    number: int
    question_id: int
    wording: Wording
    rows: Sequence[Row]
    points: Sequence[Point] = ()  # the oldest round first; empty for text and choice
    counts: Sequence[tuple[str, int]] = ()  # how many chose what

    @property
    def answered(self) -> int:
        """How many counties have answered."""
        return sum(bool(row.words) for row in self.rows)

    @property
    def most(self) -> float:
        """The greatest figure of the rounds, for the chart's scale."""
        return max((point.value or 0.0 for point in self.points), default=0.0)

    @property
    def most_chosen(self) -> int:
        """The greatest number of counties that chose the same."""
        return max((count for _option, count in self.counts), default=0)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A round put together."""

    round: Round
    before: Round | None
    sections: Sequence[Section]
    states: dict[str, SituationReport] = field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        """The counties' letters in their order; those that no longer exist last."""
        return all_codes(self.states)

    @property
    def submitted(self) -> list[str]:
        """The counties whose report is in."""
        return [code for code in self.codes if code in self.states and self.states[code].state is ReportState.SUBMITTED]

    @property
    def missing(self) -> list[str]:
        """The names of the counties whose report is not in."""
        return [county_name(code) for code in self.codes if code not in self.submitted]

    @property
    def late(self) -> list[str]:
        """The names of the counties whose report came after the deadline."""
        return [county_name(code) for code in self.submitted if self.states[code].is_late]


def all_codes(codes: Iterable[str]) -> list[str]:
    """The letters of all counties, and those of the given ones that are counties no more."""
    return [*COUNTIES, *sorted(set(codes) - set(COUNTIES))]


Figures = dict[tuple[int, int], list[int]]  # by round and question: one of each county


def _texts(rounds: Sequence[Round]) -> dict[tuple[int, int, str], ReportAnswer]:
    """What was submitted in some rounds, by round, question and county."""
    rows = (
        sa.select(SituationReport.round_id, SituationReport.county_code, ReportAnswer)
        .join(ReportAnswer.report)
        .where(SituationReport.round_id.in_([one.id for one in rounds]), SituationReport.state == ReportState.SUBMITTED)
    )
    return {(round_id, answer.question_id, code): answer for round_id, code, answer in db.session.execute(rows)}


def figures(rounds: Sequence[Round]) -> Figures:
    """The figures that were submitted in some rounds, as plain numbers."""
    rows = (
        sa.select(SituationReport.round_id, ReportAnswer.question_id, ReportAnswer.number)
        .join(ReportAnswer.report)
        .where(
            SituationReport.round_id.in_([one.id for one in rounds]),
            SituationReport.state == ReportState.SUBMITTED,
            ReportAnswer.number.is_not(None),
        )
    )
    found: Figures = {}
    for round_id, question_id, number in db.session.execute(rows):
        assert number is not None  # asked for above
        found.setdefault((round_id, question_id), []).append(number)
    return found


def _points(wording: Wording, question_id: int, rounds: Sequence[Round], found: Figures) -> list[Point]:
    if wording.kind not in {QuestionKind.NUMBER, QuestionKind.SCALE}:
        return []
    points = []
    for one in rounds:
        numbers = found.get((one.id, question_id), [])
        is_sum = wording.kind is QuestionKind.NUMBER
        value = (float(sum(numbers)) if is_sum else round(mean(numbers), 1)) if numbers else None
        points.append(Point(one.title, value, len(numbers), figure(wording, value)))
    return points


def compile_round(found: Round) -> Compiled:
    """Put a round together from what is submitted."""
    earlier = earlier_rounds(found)
    before = earlier[0] if earlier else None
    states = states_of(found)
    answers = _texts([found, before] if before is not None else [found])
    shown = [*reversed(earlier), found]
    numbers = figures(shown)
    sections = []
    for position, asked in enumerate(found.questions, 1):
        wording, question = asked.wording, asked.question_id
        rows = [
            _row(
                code,
                wording,
                answers.get((found.id, question, code)),
                answers.get((before.id, question, code)) if before else None,
            )
            for code in all_codes(states)
        ]
        chosen = Counter(row.answer.choice for row in rows if row.answer is not None and row.answer.choice)
        options = [*wording.options, *(option for option in chosen if option not in wording.options)]
        sections.append(
            Section(
                position, question, wording, rows, _points(wording, question, shown, numbers),
                [(option, chosen[option]) for option in options] if wording.kind is QuestionKind.CHOICE else (),
            )
        )  # fmt: skip
    return Compiled(found, before, sections, states)


def _row(code: str, wording: Wording, answer: ReportAnswer | None, before: ReportAnswer | None) -> Row:
    is_older = answer is not None and answer.wording_id != wording.id
    return Row(code, answer, before, in_words(wording, answer), in_words(wording, before), is_older)
