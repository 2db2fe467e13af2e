"""What the worker does with rounds: it puts them together into a paper of the meeting, and reminds the counties that are missing."""

from __future__ import annotations

import io
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import force_locale
from flask_babel import gettext as _

from portal import audit, db, files, guard, outbox, pdf
from portal.counties.rounds.actions import PAPER_JOB, remind_missing
from portal.counties.rounds.compiled import compile_round
from portal.counties.rounds.documents import pdf_data
from portal.counties.rounds.models import Round
from portal.counties.rounds.policy import missing_teams
from portal.counties.rounds.report_actions import COMPILE_JOB
from portal.errors import Conflict
from portal.library.actions import add_resource
from portal.library.models import Resource, ResourceKind
from portal.library.reading import safe_name
from portal.library.version_actions import add_version
from portal.meetings.agenda.actions import add_paper
from portal.notifications.reminders import claim_once, is_daytime
from portal.people.models import Person
from portal.people.policy import can_lead_group, leaders
from portal.times import today

LANGUAGE = "sv"  # of what is archived
LARGEST_PDF = 100_000_000
DAYS_BEFORE = (7, 1)
DAYS_AFTER = 1


def is_due(found: Round) -> bool:
    """Whether the paper is to be made: the deadline has passed, or every county that can answer has."""
    return found.opened_at is not None and (today() > found.due_on or not missing_teams(found))


@outbox.handler(COMPILE_JOB)
def follow_round(*, round_id: int) -> None:
    """A report of a round was handed in, changed or sent back: once it is time for the paper it is made anew."""
    found = db.session.get(Round, round_id)
    if found is not None and is_due(found):
        outbox.enqueue(PAPER_JOB, key=str(round_id), round_id=round_id)


@outbox.handler(PAPER_JOB)
def make_paper(*, round_id: int) -> None:
    """Put the round together as PDF/A: into the library of its group, and as a paper of its agenda item. Done again, it is the next
    version of the same material.
    """
    with force_locale(LANGUAGE):
        found = db.session.get_one(Round, round_id)
        data = pdf_data(compile_round(found))
        db.pause()
        stored = files.store(io.BytesIO(pdf.compile_pdf("round.typ", data)), limit=LARGEST_PDF)
        found = db.session.get_one(Round, round_id)
        by = _maker(found)
        title, name = _("%(title)s: all counties", title=found.title), safe_name(f"{found.title[:80]}.pdf")
        keep = [*guard.kept_in({"title": title, "file": name})]  # the guard has asked who named the round
        if found.resource_id is None:
            resource = add_resource(
                found.group, title=title, kind=ResourceKind.REPORT, publisher=by.organisation.name, published_on=today(),
                file_name=name, stored=stored, language=LANGUAGE, keep=keep, by=by,
            )  # fmt: skip
            db.session.flush()
            found.resource_id = resource.id
        else:
            resource = db.session.get_one(Resource, found.resource_id)
            add_version(resource, file_name=name, stored=stored, note=_("Put together anew"), keep=keep, by=by)
    found.compiled_at = db.now()
    audit.record("round_compiled", by=None, on=found, resource=found.resource_id)
    _lay_on_the_table(found, resource, by=by)


def _lay_on_the_table(found: Round, resource: Resource, *, by: Person) -> None:
    if found.item is None:
        return
    try:
        add_paper(found.item, resource, by=by)
    except Conflict as conflict:  # the meeting is over: its papers stay as they were, and the library has this one
        audit.record("round_paper_late", by=None, on=found, because=conflict.message)


def _maker(found: Round) -> Person:
    """In whose name the paper is filed: who made the round while that person leads the group, then whoever leads it."""
    if found.made_by.is_active and can_lead_group(found.made_by, found.group):
        return found.made_by
    return next(iter(leaders(found.group)), found.made_by)


@outbox.every(timedelta(hours=1))
def follow_deadlines() -> None:
    """Remind the missing a week and a day before the deadline and the day after it; then make the paper of what is there."""
    rows = sa.select(Round).where(
        Round.opened_at.is_not(None),
        Round.due_on <= today() + timedelta(days=max(DAYS_BEFORE)),
        Round.locks_on >= today() - timedelta(days=31),
    )
    for found in db.session.scalars(rows.order_by(Round.id)).unique().all():
        step = _step(found)
        if step and is_daytime() and found.takes_answers and claim_once(f"round:{found.id}:{found.due_on}:{step}"):
            remind_missing(found, by=None)
        if today() > found.due_on and claim_once(f"round-paper:{found.id}:{found.due_on}"):
            outbox.enqueue(PAPER_JOB, key=str(found.id), round_id=found.id)


def _step(found: Round) -> str:
    """Which reminder is due."""
    left = (found.due_on - today()).days
    if left == -DAYS_AFTER:
        return "after"
    return next((f"{days} days" for days in reversed(DAYS_BEFORE) if 0 <= left <= days), "")
