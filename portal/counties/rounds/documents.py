"""The compiled round as a file: data for the PDF, and a table for spreadsheet programs."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from portal import markup, spreadsheet
from portal.counties.rounds.compiled import CHANGED, DOWN, NEW, SAME, UP, Compiled, Section
from portal.counties.rounds.models import QuestionKind, ReportState
from portal.county_codes import county_name
from portal.db import now
from portal.people.words import class_name
from portal.times import clock, date_text, local


def change_words() -> dict[str, str]:
    """What an answer's change is called."""
    return {UP: _("up"), DOWN: _("down"), CHANGED: _("changed"), SAME: _("unchanged"), NEW: _("new")}


def pdf_data(compiled: Compiled) -> dict[str, Any]:
    """What the template `round.typ` shows, in the present language."""
    found, at, locale = compiled.round, local(now()), get_locale()
    before = compiled.before
    return {
        "title": found.title,
        "subtitle": _subtitle(compiled),
        "group": found.group.name,
        "class": class_name(found.group.handling_class),
        "lang": locale.language if locale else "sv",
        "date": {"year": at.year, "month": at.month, "day": at.day, "hour": at.hour, "minute": at.minute, "second": at.second},
        "intro": found.text,
        "missing": ", ".join(compiled.missing),
        "late": ", ".join(compiled.late),
        "sections": [_section(section) for section in compiled.sections],
        "before": before.title if before is not None else "",
        "words": {
            "page": _("Page"), "of": _("of"), "county": _("County"), "answer": _("The answer"),
            "before": _("The round before"), "no_answer": _("no answer"), "missing": _("Not in"), "late": _("Came after the deadline"),
            "over_rounds": _("Over the rounds"), "older": _("answered before the question was changed"), "counties": _("counties"),
        },
    }  # fmt: skip


def _subtitle(compiled: Compiled) -> str:
    found = compiled.round
    return str(
        _(
            "%(group)s. %(class_name)s. %(number)s of %(total)s counties. Compiled %(time)s.",
            group=found.group.name,
            class_name=class_name(found.group.handling_class),
            number=len(compiled.submitted),
            total=len(compiled.codes),
            time=f"{date_text(now())} {clock(now())}",
        )
    )


def _section(section: Section) -> dict[str, Any]:
    changes = change_words()
    return {
        "number": section.number,
        "text": section.wording.text,
        "help": section.wording.help,
        "is_text": section.wording.kind is QuestionKind.TEXT,
        "rows": [
            {
                "county": row.county, "words": row.words, "blocks": markup.blocks(row.words) if section.wording.kind is QuestionKind.TEXT else [],
                "remark": row.remark, "before": row.words_before,
                "change": changes.get(row.change, "") if row.change not in {SAME, NEW} else "", "is_older": row.is_older_wording,
            }
            for row in section.rows
        ],
        "points": [
            {"title": point.title, "words": point.words, "counties": point.counties, "share": _share(point.value, section.most)}
            for point in section.points
        ],
        "counts": [{"option": option, "count": count, "share": _share(count, section.most_chosen)} for option, count in section.counts],
    }  # fmt: skip


def _share(value: float | None, most: float) -> float:
    return (value or 0.0) / most if most else 0.0


def table(compiled: Compiled) -> str:
    """The answers as CSV: one line for each county and question."""
    head = [_("Round"), _("County"), _("Letter"), _("State"), _("Number"), _("Question"), _("The answer"), _("Figure"), _("Remark"),
            _("The round before"), _("Change")]  # fmt: skip
    changes, states = change_words(), state_words()
    rows = []
    for section in compiled.sections:
        for row in section.rows:
            report = compiled.states.get(row.code)
            number: object = row.answer.number if row.answer is not None and row.answer.number is not None else ""
            state = states[report.state] if report is not None else _("Missing")
            rows.append(
                (compiled.round.title, county_name(row.code), row.code, state, section.number, section.wording.text, row.words, number,
                 row.remark, row.words_before, changes.get(row.change, ""))
            )  # fmt: skip
    return spreadsheet.write_table(head, rows)


def state_words() -> dict[ReportState, str]:
    """What a report's state is called."""
    return {
        ReportState.BEGUN: _("Begun"), ReportState.SUBMITTED: _("Handed in"), ReportState.RETURNED: _("Sent back"),
    }  # fmt: skip
