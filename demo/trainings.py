"""The demo's trainings: two of them, with a cohort that is completed, one under way and one open for nominations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from demo import backdate
from demo.content import read_toml
from demo.network import Cast
from demo.when import Calendar, at, working_day
from portal import db
from portal.notifications.models import Notice
from portal.outbox import Job
from portal.people.models import Person
from portal.times import today
from portal.trainings import actions, nominating
from portal.trainings.actions import CohortPlan, OccasionPlan, TrainingPlan
from portal.trainings.models import (
    Attendance,
    Authority,
    Cohort,
    CohortState,
    Nomination,
    NominationState,
    OccasionKind,
)
from portal.trainings.nominating import Candidate

KINDS = ("cohort_opened", "nomination_made", "nomination_decided", "nomination_moved_up")
EMPLOYERS = {
    Authority.POLICE: "Påhittade polisregionen", Authority.PROSECUTOR: "Påhittade åklagarkammaren", Authority.MIGRATION: "Påhittade enheten",
    Authority.SOCIAL: "Påhittade kommunen", Authority.HEALTH: "Påhittade regionen", Authority.OTHER: "Påhittade arbetsgivaren",
}  # fmt: skip
ENDINGS = ["almen", "björken", "eken", "granen", "hasseln", "idegranen", "lärken", "lönnen", "oxeln", "rönnen", "tallen", "videt", "aspen", "asken", "avenboken", "boken", "alen", "linden", "häggen", "poppeln", "sälgen"]  # fmt: skip


def add_trainings(cast: Cast, calendar: Calendar) -> None:
    """Offer them, nominate, admit, and complete what is over."""
    number = 0
    for about in read_toml("trainings.toml")["training"]:
        by, network = cast.people[about["by"]], about.get("network")
        plan = TrainingPlan(
            about["title"], about["text"].strip(), [Authority(one) for one in about["authorities"]],
            cast.groups[network] if network else None,
        )  # fmt: skip
        training = actions.make_training(cast.groups[about["group"]], plan, by=by)
        for described in about["cohort"]:
            made = actions.add_cohort(
                training, CohortPlan(described["name"], described["places"], today(), described.get("enough")), by=by
            )
            number = _fill(made, described, number, cast, calendar, by)
    db.session.flush()
    # nobody gets mail or notices about what happened before the demo began, but for the question that waits for its answer
    db.session.execute(sa.delete(Notice).where(Notice.kind.in_(KINDS)))
    db.session.execute(sa.delete(Job).where(Job.kind == "notice_mail"))


def _fill(made: Cohort, about: dict[str, Any], number: int, cast: Cast, calendar: Calendar, by: Person) -> int:
    """The cohort's people and days; then its steps, one after the other. Answers how many people there are by now."""
    people: list[tuple[Nomination, int]] = []
    is_over = about["state"] != "nominating"
    for one in about["participants"]:
        authority = Authority(one["authority"])
        who = Candidate(
            f"Påhittad {ENDINGS[number % len(ENDINGS)].capitalize()}",
            f"pahittad{number}@deltagare.example",
            authority,
            EMPLOYERS[authority],
        )
        number += 1
        if "person" in one:
            person = cast.people[one["person"]]
            who = Candidate(person.name, person.email, authority, person.organisation.name)
        nomination = nominating.nominate(
            made, who, cast.people[one["by"]].organisation.county_code or "", by=cast.people[one["by"]]
        )
        state = NominationState(one.get("state", "admitted"))
        if nomination.state is not state:
            nominating.decide_nomination(nomination, state, by=by)
        people.append((nomination, one.get("times", 0)))
    if is_over:
        for step in (CohortState.DECIDED, CohortState.RUNNING):
            actions.move_cohort(made, step, by=by)
    for place, day in enumerate(about["occasions"]):
        on = working_day(calendar.today + timedelta(days=day["day"]))
        plan = OccasionPlan(
            OccasionKind(day["kind"]), day["title"], at(on, "09.30"), at(on, "15.30"), day.get("place", "")
        )
        occasion = actions.add_occasion(made, plan, by=by)
        if is_over and day["day"] < 0:
            actions.note_attendance(occasion, {one.id: place < times for one, times in people}, by=by)
            backdate.rows(
                Attendance, Attendance.occasion_id == occasion.id, noted_at=min(plan.ends_at, calendar.latest)
            )
    until = calendar.today + timedelta(days=about["nominate_by"])
    nominated = min(at(working_day(until - timedelta(days=9)), "10.15"), calendar.latest)
    if about["state"] == "completed":
        nominating.complete_cohort(made, by=by)
        done = at(working_day(on + timedelta(days=6)), "14.00")
        backdate.row(made, completed_at=done)
        backdate.rows(
            Nomination, (Nomination.cohort_id == made.id) & Nomination.graduated_at.is_not(None), graduated_at=done
        )
    backdate.rows(Nomination, Nomination.cohort_id == made.id, created_at=nominated)
    backdate.row(made, nominate_by=until, created_at=nominated - timedelta(days=30))
    return number
