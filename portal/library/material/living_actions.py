"""Keeping material alive: reviewed, replaced, withdrawn, put back, and who is responsible for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict, Invalid
from portal.library.material.policy import heir
from portal.library.models import Resource
from portal.notifications.actions import notify
from portal.people.models import Person
from portal.people.policy import leaders
from portal.times import today

LONGEST_REASON = 300
LONGEST_PERIOD = timedelta(days=10 * 366)


def mark_reviewed(resource: Resource, *, until: date, by: Person) -> None:
    """Say that the material has been gone through today and holds until a day. Raises `Invalid` for a day that has been, or
    that is more than ten years ahead.
    """
    if until <= today():
        raise Invalid(_("Choose a day to come."), field="review_by")
    if until > today() + LONGEST_PERIOD:
        raise Invalid(_("Choose a day within ten years."), field="review_by")
    db.lock(resource)
    _check_not_withdrawn(resource)
    resource.reviewed_on, resource.review_by, resource.changed_at = today(), until, db.now()
    audit.record("resource_reviewed", by=by, on=resource, until=until.isoformat())


def replace(resource: Resource, other: Resource | None, *, by: Person) -> None:
    """Say that another material has taken its place, or (None) that it has not after all.

    Raises `Conflict` if the two would go in a ring. One that is replaced may replace a third.
    """
    db.lock_name("replacing")  # a ring of two could be closed by two people at once
    db.lock(resource)
    if other is not None:
        _check_no_ring(resource, other)
    resource.replaced_by_id, resource.changed_at = other.id if other is not None else None, db.now()
    db.session.flush()
    db.session.expire(resource, ["replaced_by"])
    audit.record("resource_replaced", by=by, on=resource, other=other.id if other is not None else None)


def _check_no_ring(resource: Resource, other: Resource) -> None:
    seen: set[int] = set()
    at: int | None = other.id
    while at is not None and at not in seen:
        if at == resource.id:
            raise Conflict(_("”%(title)s” is itself replaced by this one.", title=other.title))
        seen.add(at)
        at = db.session.scalar(sa.select(Resource.replaced_by_id).where(Resource.id == at))


def withdraw(resource: Resource, *, reason: str, keep: Collection[str] = (), by: Person) -> None:
    """Take a material out of use, and say why. It stays where it is, with the reason, for those who read it.

    Raises `Invalid` without a reason, `Conflict` if it is withdrawn, `guard.Stopped`.
    """
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid(_("Say why, in at most %(most)s characters.", most=LONGEST_REASON), field="reason")
    kept = guard.check({"reason": reason}, keep=keep)
    db.lock(resource)
    _check_not_withdrawn(resource)
    resource.withdrawn_at, resource.withdrawn_reason, resource.changed_at = db.now(), reason, db.now()
    audit.record("resource_withdrawn", by=by, on=resource)
    note_kept(kept, on=resource, by=by)


def put_back(resource: Resource, *, by: Person) -> None:
    """Take a withdrawn material into use again. Raises `Conflict` if it is in use."""
    db.lock(resource)
    if resource.withdrawn_at is None:
        raise Conflict(_("The material is in use already."))
    resource.withdrawn_at, resource.withdrawn_reason, resource.changed_at = None, "", db.now()
    audit.record("resource_put_back", by=by, on=resource)


def _check_not_withdrawn(resource: Resource) -> None:
    if resource.withdrawn_at is not None:
        raise Conflict(_("The material has been withdrawn. Put it back first."))


def report_outdated(resource: Resource, *, text: str, keep: Collection[str] = (), by: Person) -> None:
    """Tell who is responsible that something in the material no longer holds. Raises `Invalid`, `guard.Stopped`."""
    if not text or len(text) > LONGEST_REASON:
        raise Invalid(_("Say what no longer holds, in at most %(most)s characters.", most=LONGEST_REASON), field="text")
    kept = guard.check({"text": text}, keep=keep)
    responsible = resource.responsible
    told = [responsible] if responsible is not None and responsible.is_active else leaders(resource.group)
    notify(
        told, "resource_reported", group=resource.group, path=resource.path, by=by, title=resource.title[:200], text=text,
        organisation=by.organisation.name,
    )  # fmt: skip
    audit.record("resource_reported", by=by, on=resource)
    note_kept(kept, on=resource, by=by)


# --- who keeps it alive -------------------------------------------------------------------------------------------------


def hand_over(resource: Resource, *, without: Collection[int] = (), by: Person | None) -> None:
    """Find somebody responsible for a material whose responsible person is gone, and tell that person."""
    before, new = resource.responsible_id, heir(resource, without=without)
    resource.responsible_id, resource.changed_at = new.id if new is not None else None, db.now()
    db.session.flush()
    db.session.expire(resource, ["responsible"])
    audit.record("resource_handed_over", by=by, on=resource, before=before, to=resource.responsible_id)
    if new is not None:
        notify(
            [new],
            "resource_handed_over",
            group=resource.group,
            path=resource.path,
            by=by,
            title=resource.title[:200],
        )
