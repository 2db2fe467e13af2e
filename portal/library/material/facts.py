"""What a material is, as its page shows it and its form carries it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa

from portal import audit, db
from portal.library.models import Licence, Resource, ResourceKind
from portal.people.models import Person


@dataclass(frozen=True, slots=True)
class Facts:
    """What a material is, as its page shows it."""

    title: str
    kind: ResourceKind
    description: str = ""
    publisher: str = ""
    published_on: date | None = None
    language: str = "sv"
    licence: Licence = Licence.UNKNOWN
    audiences: list[str] = field(default_factory=list)
    counties: list[str] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)  # names
    responsible_id: int | None = None
    review_by: date | None = None


def facts_of(resource: Resource) -> Facts:
    """What is stored now."""
    return Facts(
        title=resource.title, kind=resource.kind, description=resource.description, publisher=resource.publisher,
        published_on=resource.published_on, language=resource.language, licence=resource.licence,
        audiences=list(resource.audiences), counties=list(resource.counties), topics=[topic.name for topic in resource.topics],
        responsible_id=resource.responsible_id, review_by=resource.review_by,
    )  # fmt: skip


def stamp(resource: Resource) -> str:
    """What the facts are, in a word: a form carries it, so that it shows whether somebody else has changed them meanwhile."""
    facts = facts_of(resource)
    values = [str(getattr(facts, name)) for name in facts.__slots__]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:20]


def last_change(resource: Resource) -> tuple[Person | None, datetime] | None:
    """Who changed what the material is last, and when."""
    entry = audit.AuditEntry
    row = db.session.execute(
        sa.select(Person, entry.at)
        .select_from(entry)
        .outerjoin(Person, Person.id == entry.person_id)
        .where(
            entry.object_type == Resource.__tablename__,
            entry.object_id == resource.id,
            entry.action == "resource_changed",
        )
        .order_by(entry.id.desc())
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1])
