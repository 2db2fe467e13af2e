"""What a county says, read from the form, and put into words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from flask_babel import format_decimal
from flask_babel import gettext as _

from portal.counties.rounds.models import SCALE, QuestionKind, ReportAnswer, RoundQuestion, Wording
from portal.counties.rounds.report_actions import Said
from portal.fields import tidy

LARGEST = 10**12
LONGEST = 20_000  # characters
_SPACES = re.compile(r"[\s\u00a0\u202f]+")


def read_answers(form: Mapping[str, str], questions: Iterable[RoundQuestion]) -> tuple[dict[int, Said], dict[int, str]]:
    """What the form says to each question (`answer-<id>`: the text or remark, `figure-<id>`: figure, step or choice, `base-<id>`: the revision it is
    based on), and what is wrong with it, by question. A question that the form does not bring is left as it is.
    """
    said, wrong = {}, {}
    for asked in questions:
        number = asked.question_id
        if f"base-{number}" not in form:
            continue
        one, error = _read_one(asked.wording, form, number)
        said[number] = one
        if error:
            wrong[number] = error
    return said, wrong


def _read_one(wording: Wording, form: Mapping[str, str], number: int) -> tuple[Said, str]:
    text, value = tidy(form.get(f"answer-{number}")).strip(), tidy(form.get(f"figure-{number}")).strip()
    base = form.get(f"base-{number}", "")
    based_on = int(base) if base.isascii() and base.isdigit() and len(base) < 9 else 0
    error = _("At most %(number)s characters.", number=format_decimal(LONGEST)) if len(text) > LONGEST else ""
    if wording.kind is QuestionKind.TEXT or not value:
        return Said(text, based_on=based_on), error
    if wording.kind is QuestionKind.CHOICE:
        is_there = value in wording.options
        return Said(text, choice=value if is_there else "", based_on=based_on), error or (
            "" if is_there else _("Choose one of the list.")
        )
    digits = _SPACES.sub("", value)
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= len(str(LARGEST)) and int(digits) <= LARGEST
    if wording.kind is QuestionKind.SCALE:
        is_step = is_number and int(digits) in SCALE
        return Said(text, int(digits) if is_step else None, based_on=based_on), error or (
            "" if is_step else _("Choose one of the steps.")
        )
    if not is_number:
        error = error or _("Write a whole number, at most %(number)s.", number=format_decimal(LARGEST))
    return Said(text, int(digits) if is_number else None, based_on=based_on), error


def in_words(wording: Wording, answer: ReportAnswer | None) -> str:
    """The answer in one piece: "12 000 personer", "3 av 4", "Ja", or the text; empty if there is none."""
    if answer is None:
        return ""
    if wording.kind is QuestionKind.CHOICE:
        return answer.choice
    if wording.kind is QuestionKind.TEXT:
        return answer.text
    return figure(wording, answer.number)


def figure(wording: Wording, number: float | None) -> str:
    """A number with its unit, or a step of the scale."""
    if number is None:
        return ""
    if wording.kind is QuestionKind.SCALE:
        return str(_("%(step)s of %(most)s", step=format_decimal(number), most=SCALE[-1]))
    return f"{format_decimal(number)}\u00a0{wording.unit}".strip("\u00a0")
