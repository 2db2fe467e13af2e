"""Every write to trainings, their cohorts and occasions. Nominations and what follows on them: nominating.py."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict
from portal.notifications.actions import notify
from portal.people.models import Group, Person
from portal.trainings import policy
from portal.trainings.models import (
    Attendance,
    Authority,
    Cohort,
    CohortState,
    Nomination,
    NominationState,
    Occasion,
    OccasionKind,
    Training,
    TrainingAuthority,
)

# what may follow on what; completing and cancelling are actions of their own
STEPS = {
    CohortState.NOMINATING: {CohortState.DECIDED},
    CohortState.DECIDED: {CohortState.NOMINATING, CohortState.RUNNING},
    CohortState.RUNNING: set(),
}


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What a training says of itself."""

    title: str
    text: str = ""
    authorities: Collection[Authority] = ()
    network_group: Group | None = None


@dataclass(frozen=True, slots=True)
class CohortPlan:
    """What a cohort says of itself."""

    name: str
    places: int
    nominate_by: date
    enough: int | None = None


@dataclass(frozen=True, slots=True)
class OccasionPlan:
    """What, when and where."""

    kind: OccasionKind
    title: str
    starts_at: datetime
    ends_at: datetime
    place: str = ""


def _put(training: Training, plan: TrainingPlan) -> None:
    training.title, training.text, training.network_group = plan.title, plan.text, plan.network_group
    there = {one.authority: one for one in training.authorities}
    training.authorities = [there.get(kind) or TrainingAuthority(authority=kind) for kind in plan.authorities]
    training.changed_at = db.now()


def make_training(group: Group, plan: TrainingPlan, *, keep: Collection[str] = (), by: Person) -> Training:
    """Offer a training, arranged by the author's organisation. Raises `guard.Stopped`."""
    kept = guard.check({"title": plan.title, "text": plan.text}, keep=keep)
    made = Training(group=group, organisation_id=by.organisation_id, created_by_id=by.id)
    _put(made, plan)
    db.session.add(made)
    audit.record("training_made", by=by, on=made)
    note_kept(kept, on=made, by=by)
    return made


def change_training(
    training: Training, plan: TrainingPlan, *, based_on: int, keep: Collection[str] = (), by: Person
) -> None:
    """Change what it says. Raises `guard.Stopped`, or `Conflict` if somebody changed it since revision `based_on`."""
    kept = guard.check({"title": plan.title, "text": plan.text}, keep=keep)
    db.lock(training)
    if training.revision != based_on:
        raise Conflict(_("Somebody else changed the training while you wrote. Compare and save again."))
    _put(training, plan)
    training.revision += 1
    audit.record("training_changed", by=by, on=training, revision=training.revision)
    note_kept(kept, on=training, by=by)


# --- cohorts ----------------------------------------------------------------------------------------------------------


def add_cohort(training: Training, plan: CohortPlan, *, keep: Collection[str] = (), by: Person) -> Cohort:
    """Open a cohort for nominations, and tell the county boards. Raises `guard.Stopped`."""
    kept = guard.check({"name": plan.name}, keep=keep)
    made = Cohort(
        training=training,
        name=plan.name,
        places=plan.places,
        nominate_by=plan.nominate_by,
        enough=plan.enough,
        created_by_id=by.id,
    )
    db.session.add(made)
    audit.record("cohort_added", by=by, on=made, training=training.id)
    note_kept(kept, on=made, by=by)
    tell("cohort_opened", made, policy.board_people(training.group), by=by, until=plan.nominate_by.isoformat())
    return made


def tell(kind: str, cohort: Cohort, people: Collection[Person], *, by: Person | None, **details: str) -> None:
    """Tell people of something about a cohort."""
    db.session.flush()
    notify(
        people, kind, group=cohort.group, path=f"/trainings/cohorts/{cohort.id}", by=by,
        title=f"{cohort.training.title}, {cohort.name}", mailed=(), **details,
    )  # fmt: skip


def hold(cohort: Cohort) -> None:
    """Hold the cohort as it stands now. Raises `Conflict` if it is completed or cancelled."""
    db.lock(cohort)
    if cohort.state is CohortState.CANCELLED:
        raise Conflict(_("The cohort has been cancelled."))
    if cohort.state is CohortState.COMPLETED:
        raise Conflict(_("The cohort is completed."))


def change_cohort(cohort: Cohort, plan: CohortPlan, *, based_on: int, keep: Collection[str] = (), by: Person) -> None:
    """Change it. Raises `guard.Stopped`, or `Conflict` if it is over, was changed meanwhile, or has more people than places."""
    kept = guard.check({"name": plan.name}, keep=keep)
    hold(cohort)
    if cohort.revision != based_on:
        raise Conflict(_("Somebody else changed the cohort while you wrote. Compare and save again."))
    taken = policy.admitted(cohort)
    if plan.places < taken:
        raise Conflict(_("%(number)s are admitted already. There cannot be fewer places.", number=taken))
    cohort.name, cohort.places, cohort.nominate_by, cohort.enough = (
        plan.name,
        plan.places,
        plan.nominate_by,
        plan.enough,
    )
    cohort.revision += 1
    audit.record("cohort_changed", by=by, on=cohort, revision=cohort.revision)
    note_kept(kept, on=cohort, by=by)


def move_cohort(cohort: Cohort, state: CohortState, *, by: Person) -> None:
    """Close it for nominations, open it again, or begin. Twice is once. Raises `Conflict` for a step that is none."""
    hold(cohort)
    if cohort.state is state:
        return
    if state not in STEPS[cohort.state]:
        raise Conflict(_("The cohort cannot go there from where it stands."))
    audit.record("cohort_moved", by=by, on=cohort, before=cohort.state.value, after=state.value)
    cohort.state = state


def cancel_cohort(cohort: Cohort, *, reason: str, keep: Collection[str] = (), by: Person) -> None:
    """Cancel it, and tell the boards that have nominated why. Raises `guard.Stopped`, or `Conflict` if it is over."""
    kept = guard.check({"reason": reason}, keep=keep)
    hold(cohort)
    cohort.state, cohort.cancel_reason = CohortState.CANCELLED, reason
    audit.record("cohort_cancelled", by=by, on=cohort)
    note_kept(kept, on=cohort, by=by)
    boards = sa.select(Nomination.organisation_id).where(
        Nomination.cohort_id == cohort.id, Nomination.state != NominationState.WITHDRAWN
    )
    people = policy.board_people(cohort.group, set(db.session.scalars(boards)))
    tell("cohort_cancelled", cohort, people, by=by)


# --- occasions and attendance -----------------------------------------------------------------------------------------

MOST_OCCASIONS = 60


def add_occasion(cohort: Cohort, plan: OccasionPlan, *, keep: Collection[str] = (), by: Person) -> Occasion:
    """Plan an occasion. Raises `guard.Stopped`, or `Conflict` if the cohort is over or has too many."""
    kept = guard.check({"title": plan.title, "place": plan.place}, keep=keep)
    hold(cohort)
    number = db.session.scalar(sa.select(sa.func.count(Occasion.id)).where(Occasion.cohort_id == cohort.id)) or 0
    if number >= MOST_OCCASIONS:
        raise Conflict(_("A cohort has at most %(number)s occasions.", number=MOST_OCCASIONS))
    made = Occasion(
        cohort=cohort,
        kind=plan.kind,
        title=plan.title,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        place=plan.place,
    )
    db.session.add(made)
    audit.record("occasion_added", by=by, on=made, cohort=cohort.id)
    note_kept(kept, on=made, by=by)
    return made


def remove_occasion(occasion: Occasion, *, by: Person) -> None:
    """Take an occasion away. Raises `Conflict` if the cohort is over, or if it is noted who was there."""
    hold(occasion.cohort)
    noted = sa.select(Attendance.nomination_id).where(Attendance.occasion_id == occasion.id).limit(1)
    if db.session.scalar(noted) is not None:
        raise Conflict(_("It is noted who was there. The occasion stays."))
    audit.record("occasion_removed", by=by, on=occasion, cohort=occasion.cohort_id)
    db.session.delete(occasion)


def note_attendance(occasion: Occasion, ticks: dict[int, bool], *, by: Person) -> None:
    """Note who was there. `ticks`: only those that were changed, so that two who note at once overwrite nothing else.

    Raises `Conflict` unless the cohort is under way and the occasion has begun.
    """
    hold(occasion.cohort)
    if occasion.cohort.state is not CohortState.RUNNING:
        raise Conflict(_("Attendance is noted while the cohort is under way."))
    if occasion.starts_at > db.now():
        raise Conflict(_("The occasion has not begun yet."))
    there = {one.id for one in policy.participants(occasion.cohort)}
    for nomination_id, is_present in ticks.items():
        if nomination_id in there:
            row = Attendance(
                occasion_id=occasion.id,
                nomination_id=nomination_id,
                is_present=is_present,
                noted_by_id=by.id,
                noted_at=db.now(),
            )
            db.session.merge(row)
    audit.record("attendance_noted", by=by, on=occasion, changed=len(there & ticks.keys()))
