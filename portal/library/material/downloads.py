"""How often a material was fetched: by organisation and day, never by person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal import db
from portal.library.material.models import ResourceDownload
from portal.library.models import Resource
from portal.people.models import Organisation, Person
from portal.times import today

RECENT = timedelta(days=30)
MOST = 300  # organisations


@dataclass(frozen=True, slots=True)
class Count:
    """How often one organisation fetched a material, in all and lately."""

    organisation: Organisation
    number: int
    recent: int
    last_on: date


def note(resource: Resource, *, by: Person) -> None:
    """Count that somebody of an organisation fetches the material, once the answer is ready. Losing one is no harm."""
    resource_id, organisation_id, on = resource.id, by.organisation_id, today()
    db.leave_trace(lambda session: _add(session, resource_id, organisation_id, on))


def _add(session: Session, resource_id: int, organisation_id: int, on: date) -> None:
    one = db.insert_or(ResourceDownload).values(
        resource_id=resource_id, organisation_id=organisation_id, on=on, number=1
    )
    session.execute(
        one.on_conflict_do_update(
            index_elements=["resource_id", "organisation_id", "on"], set_={"number": ResourceDownload.number + 1}
        )
    )


def counts(resource: Resource) -> list[Count]:
    """The organisations that have fetched the material, the most eager first."""
    recent = sa.case((ResourceDownload.on > today() - RECENT, ResourceDownload.number), else_=0)
    total = sa.func.sum(ResourceDownload.number)
    rows = (
        sa.select(Organisation, total, sa.func.sum(recent), sa.func.max(ResourceDownload.on))
        .join(ResourceDownload, ResourceDownload.organisation_id == Organisation.id)
        .where(ResourceDownload.resource_id == resource.id)
        .group_by(Organisation.id)
        .order_by(total.desc(), Organisation.name)
        .limit(MOST)
    )
    return [Count(organisation, number, late, last) for organisation, number, late, last in db.session.execute(rows)]
