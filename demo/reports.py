"""The demo's rounds of situation reports: two that are over and one that is being answered."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from demo import backdate
from demo.content import read_toml
from demo.network import Cast
from demo.when import Calendar, at, working_day
from portal import db
from portal.counties.rounds import actions, report_actions
from portal.counties.rounds.actions import QuestionPlan, RoundPlan
from portal.counties.rounds.models import QuestionKind, ReportAnswer
from portal.counties.rounds.policy import boards
from portal.counties.rounds.report_actions import COMPILE_JOB, Said
from portal.county_codes import COUNTIES
from portal.meetings.models import AgendaItem, Meeting
from portal.notifications.models import Notice
from portal.outbox import Job
from portal.people.models import Group, Person
from portal.times import today

OPENED_DAYS_BEFORE = 21
KINDS = ("round_opened", "report_submitted")


def _question(about: dict[str, Any]) -> QuestionPlan:
    return QuestionPlan(
        about["text"], QuestionKind(about["kind"]), help=about.get("help", ""), unit=about.get("unit", ""),
        options=about.get("options", ()),
    )  # fmt: skip


def add_rounds(cast: Cast, calendar: Calendar) -> None:
    """Put the common questions, and let the counties answer three rounds."""
    content = read_toml("reports.toml")
    group, by = cast.groups[content["group"]], cast.people[content["by"]]
    core = {about["key"]: actions.add_core_question(group, _question(about), by=by).id for about in content["core"]}
    for place, about in enumerate(content["round"]):
        _add_round(group, by, content, place, about, core, calendar)
    db.session.flush()
    # nobody gets mail or notices about what happened before the demo began, and the papers of old rounds were made then
    db.session.execute(sa.delete(Notice).where(Notice.kind.in_(KINDS)))
    db.session.execute(sa.delete(Job).where(Job.kind.in_([COMPILE_JOB, "notice_mail"])))


def _add_round(
    group: Group, by: Person, content: dict[str, Any], place: int, about: dict[str, Any], core: dict[str, int], calendar: Calendar
) -> None:  # fmt: skip
    due, locks = (calendar.today + timedelta(days=about[key]) for key in ("due", "locks"))
    soon = today() + timedelta(days=1)  # until it is dated back a round that is over takes answers, too
    is_over = due < today()
    plan = RoundPlan(
        f"{about['title']} {due.year}", soon if is_over else due, soon if is_over else locks, text=about["text"],
        item=None if is_over else _item(group), core=core.values(),
    )  # fmt: skip
    found = actions.prepare_round(group, plan, by=by)
    db.session.flush()
    asked = dict(core)
    if about.get("special"):
        for special in content["special"]:
            asked[special["key"]] = actions.add_to_round(found, _question(special), by=by).question_id
    actions.open_round(found, by=by)
    teams, begun = boards(group), about.get("begun", [])
    for code in COUNTIES:
        if code in about["missing"] or code not in teams:
            continue
        dice = random.Random(f"{about['title']} {code}")  # invented figures
        report = report_actions.begin_report(found, code, by=teams[code][0])
        db.session.flush()
        said = _answers(content, asked, code, place, dice)
        if code in begun:
            said = {asked[key]: said[asked[key]] for key in ("need", "trainings")}
        report_actions.save_answers(report, said, by=teams[code][0])
        if code not in begun:
            report_actions.submit_report(report, by=teams[code][0])
        days = 1 if code in about.get("late", []) else -dice.randint(0, 9) if is_over else -dice.randint(3, 9)
        on = working_day(due + timedelta(days=days), -timedelta(days=1) if days <= 0 else timedelta(days=1))
        moment = min(at(on, f"{dice.randint(9, 15):02}.{dice.randint(10, 59)}"), calendar.latest)
        backdate.row(
            report, begun_at=moment - timedelta(days=2), **({"submitted_at": moment} if code not in begun else {})
        )
        backdate.rows(ReportAnswer, ReportAnswer.report_id == report.id, written_at=moment)
    opened = at(due - timedelta(days=OPENED_DAYS_BEFORE), "09.15")
    backdate.row(found, due_on=due, locks_on=locks, opened_at=opened, made_at=opened - timedelta(days=2))


def _item(group: Group) -> AgendaItem | None:
    """The item of the group's next meeting that speaks of the counties, otherwise its first."""
    rows = (
        sa.select(AgendaItem)
        .join(AgendaItem.meeting)
        .where(Meeting.group_id == group.id, Meeting.starts_at > db.now())
        .order_by(Meeting.starts_at, AgendaItem.title.not_ilike("%läge%"), AgendaItem.position)
        .limit(1)
    )
    return db.session.scalars(rows).first()


def _answers(
    content: dict[str, Any], asked: dict[str, int], code: str, place: int, dice: random.Random
) -> dict[int, Said]:
    number = dice.randint(0, 5)
    said = {
        "need": Said(number=content["need"][code][place]),
        "trainings": Said(number=number),
        "trained": Said(number=number * dice.randint(8, 24)),
        "routine": Said(choice=dice.choice(content["core"][3]["options"])),
        **{key: Said(dice.choice(content["texts"][key])) for key in ("cooperation", "planned")},
        "week": Said(choice=dice.choice(content["special"][0]["options"])),
    }
    return {asked[key]: one for key, one in said.items() if key in asked}
