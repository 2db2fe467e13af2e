"""What the worker does with plans: the PDF of an edition into the library, and reminders of the day by which it is to be revised."""

from __future__ import annotations

import io
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import force_locale
from flask_babel import gettext as _

from portal import audit, db, files, guard, outbox, pdf
from portal.counties.plans.documents import pdf_data, title_of
from portal.counties.plans.models import SOON, CooperationPlan, PlanEdition, PlanState
from portal.counties.plans.policy import board_of
from portal.counties.plans.state_actions import PDF_JOB
from portal.library.actions import add_resource
from portal.library.models import Resource, ResourceKind
from portal.library.reading import safe_name
from portal.library.version_actions import add_version
from portal.notifications.actions import notify
from portal.notifications.reminders import claim_once, is_daytime
from portal.people.models import Group
from portal.times import today

LANGUAGE = "sv"  # of what is archived
LARGEST_PDF = 100_000_000
STILL_TOLD = timedelta(days=31)  # after the day has passed


@outbox.handler(PDF_JOB)
def file_edition(*, edition_id: int) -> None:
    """Put an adopted edition as PDF/A into the library of its group; the next edition is a new version of the same material. Done
    again, it is filed once.
    """
    if db.session.get_one(PlanEdition, edition_id).filed_at is not None:
        return
    with force_locale(LANGUAGE):
        data = pdf_data(db.session.get_one(PlanEdition, edition_id))
        db.pause()
        stored = files.store(io.BytesIO(pdf.compile_pdf("plan.typ", data)), limit=LARGEST_PDF)
        edition = db.session.get_one(PlanEdition, edition_id)
        db.lock(edition)
        if edition.filed_at is not None:  # another worker was faster
            return
        plan, by = edition.plan, edition.adopted_by
        title, name = title_of(plan.county), safe_name(f"{title_of(plan.county)}.pdf".replace(":", ""))
        keep = [*guard.kept_in({"title": title, "file": name})]
        if plan.resource_id is None:
            resource = add_resource(
                plan.group, title=title, kind=ResourceKind.REPORT, publisher=by.organisation.name, published_on=edition.adopted_on,
                file_name=name, stored=stored, language=LANGUAGE, keep=keep, by=by,
            )  # fmt: skip
            db.session.flush()
            plan.resource_id = resource.id
        else:
            resource = db.session.get_one(Resource, plan.resource_id)
            note = _("Plan edition %(number)s", number=edition.number)
            add_version(resource, file_name=name, stored=stored, note=note, keep=keep, by=by)
    edition.filed_at = db.now()
    audit.record("plan_filed", by=None, on=plan, resource=plan.resource_id, edition=edition.number)


@outbox.every(timedelta(hours=1))
def remind_of_revision() -> None:
    """Tell the county board once when the day is 60 days away, unless a new draft has begun, and once when it has passed."""
    if not is_daytime():
        return
    rows = (
        sa.select(CooperationPlan)
        .join(Group, Group.id == CooperationPlan.group_id)
        .where(
            CooperationPlan.revise_by <= today() + SOON,
            CooperationPlan.revise_by >= today() - STILL_TOLD,
            Group.is_archived.is_(False),
        )
        .order_by(CooperationPlan.id)
    )
    for plan in db.session.scalars(rows).unique().all():
        kind = "plan_overdue" if plan.is_overdue else "plan_due"
        is_told = plan.is_overdue or plan.state is PlanState.ADOPTED
        if is_told and claim_once(f"{kind}:{plan.id}:{plan.revise_by}"):
            notify(
                board_of(plan), kind, group=plan.group, path=plan.path, by=None, county=plan.county, until=str(plan.revise_by)
            )  # fmt: skip
