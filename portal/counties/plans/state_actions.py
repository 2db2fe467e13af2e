"""A plan's way from draft to adopted, and on to the next draft."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from flask_babel import gettext as _

from portal import audit, db, guard, outbox
from portal.counties.plans.documents import content_of
from portal.counties.plans.drafting import hold_draft, note_change, told
from portal.counties.plans.models import CooperationPlan, PlanEdition, PlanState
from portal.counties.plans.policy import may_revise_on, writers_of
from portal.discussions.actions import note_kept
from portal.errors import Conflict, Invalid
from portal.meetings.minutes.content import digest
from portal.notifications.actions import notify
from portal.people.models import Person
from portal.people.policy import leaders
from portal.times import today

PDF_JOB = "plan_adopted"


def _everybody(plan: CooperationPlan) -> list[Person]:
    """Who is told how the plan goes on: those who write in it, and those who lead the group."""
    return list({one.id: one for one in [*writers_of(plan), *leaders(plan.group)]}.values())


def _tell(plan: CooperationPlan, kind: str, *, by: Person) -> None:
    notify(_everybody(plan), kind, group=plan.group, path=plan.path, by=by, **told(plan))


def send_to_review(plan: CooperationPlan, *, by: Person) -> None:
    """Nobody writes in the plan while it is reviewed. Raises `Conflict` for a plan that is no draft, or that says nothing."""
    hold_draft(plan)
    if not any(section.text.strip() for section in plan.sections):
        raise Conflict(_("The plan is empty. Write in at least one section first."))
    plan.state, plan.return_reason = PlanState.IN_REVIEW, ""
    note_change(plan)
    audit.record("plan_sent_to_review", by=by, on=plan)
    _tell(plan, "plan_in_review", by=by)


def return_to_draft(plan: CooperationPlan, *, reason: str, keep: Collection[str] = (), by: Person) -> None:
    """Open a plan that is in review for writing again. Raises `guard.Stopped`, and `Conflict` if it is not in review."""
    kept = guard.check({"reason": reason}, keep=keep)
    db.lock(plan)
    if plan.state is not PlanState.IN_REVIEW:
        raise Conflict(_("The plan is not in review."))
    plan.state, plan.return_reason = PlanState.DRAFT, reason
    note_change(plan)
    audit.record("plan_returned", by=by, on=plan)
    note_kept(kept, on=plan, by=by)
    _tell(plan, "plan_returned", by=by)


def adopt_plan(plan: CooperationPlan, *, adopted_on: date, revise_by: date, based_on: int, by: Person) -> PlanEdition:
    """Seal what stands in the plan as its next edition; the worker makes the PDF. Raises `Invalid` for days that cannot be, and
    `Conflict` if the plan is not in review or is another than was read.
    """
    if adopted_on > today():
        raise Invalid(_("The day cannot be in the future."), field="adopted_on")
    if not may_revise_on(revise_by):
        raise Invalid(_("Choose a day in the future, at most ten years away."), field="revise_by")
    db.lock(plan)
    if plan.state is not PlanState.IN_REVIEW:
        raise Conflict(_("Only a plan that is in review can be adopted."))
    if plan.revision != based_on:
        raise Conflict(_("The plan has changed since you opened this page. Read it once more."))
    number = max((one.number for one in plan.editions), default=0) + 1
    content = content_of(plan)
    edition = PlanEdition(
        plan=plan, number=number, content=content, sha256=digest(content), adopted_on=adopted_on, revise_by=revise_by,
        adopted_by_id=by.id, organisation_id=by.organisation_id,
    )  # fmt: skip
    db.session.add(edition)
    plan.state, plan.adopted_on, plan.revise_by = PlanState.ADOPTED, adopted_on, revise_by
    note_change(plan)
    db.session.flush()
    audit.record("plan_adopted", by=by, on=plan, edition=number, sha256=edition.sha256)
    outbox.enqueue(PDF_JOB, edition_id=edition.id)
    _tell(plan, "plan_adopted", by=by)
    return edition


def begin_new_draft(plan: CooperationPlan, *, by: Person) -> None:
    """Open an adopted plan for the next edition; the adopted one stays in force meanwhile. Raises `Conflict` if it is not adopted."""
    db.lock(plan)
    if plan.state is not PlanState.ADOPTED:
        raise Conflict(_("There is a draft already. Go on with that one."))
    plan.state, plan.return_reason = PlanState.DRAFT, ""
    note_change(plan)
    audit.record("plan_draft_begun", by=by, on=plan)
    _tell(plan, "plan_draft_begun", by=by)
