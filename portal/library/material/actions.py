"""Writing down what a material is, and what belongs together with it."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, county_codes, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict, Invalid
from portal.library.languages import CODES
from portal.library.material.facts import Facts, facts_of, stamp
from portal.library.material.models import RelatedResource
from portal.library.models import Audience, Resource
from portal.people.models import Person
from portal.topics import keeping as topics

LONGEST_DESCRIPTION = 4_000


def change_material(resource: Resource, facts: Facts, *, based_on: str, keep: Collection[str] = (), by: Person) -> None:
    """Store what the material is. Raises `guard.Stopped`, `Invalid`, and `Conflict` if somebody else has changed it since
    `based_on` (see `stamp`); then nothing is stored.
    """
    texts = {
        "title": facts.title, "description": facts.description, "publisher": facts.publisher,
        "own_topics": "\n".join(facts.topics),
    }  # fmt: skip
    already = {
        "title": resource.title, "description": resource.description, "publisher": resource.publisher,
        "own_topics": "\n".join(topic.name for topic in resource.topics),
    }  # fmt: skip
    kept = guard.check(texts, keep={*keep, *guard.kept_in(already)})
    db.lock(resource)
    if stamp(resource) != based_on:
        raise Conflict(_("Somebody else has changed this meanwhile. What you have written is still here."))
    _check(facts)
    before = facts_of(resource)
    resource.topics = topics.find_or_make(facts.topics)
    for name in (
        "title",
        "kind",
        "description",
        "publisher",
        "published_on",
        "language",
        "licence",
        "responsible_id",
        "review_by",
    ):
        setattr(resource, name, getattr(facts, name))
    resource.audiences = [audience.value for audience in Audience if audience.value in facts.audiences]
    resource.counties = county_codes.in_order(facts.counties)
    resource.changed_at = db.now()
    db.session.flush()
    after = facts_of(resource)
    changed = [name for name in after.__slots__ if getattr(before, name) != getattr(after, name)]
    audit.record("resource_changed", by=by, on=resource, fields=changed)
    note_kept(kept, on=resource, by=by)


def _check(facts: Facts) -> None:
    if not facts.title:
        raise Invalid(_("Write a title."), field="title")
    if len(facts.description) > LONGEST_DESCRIPTION:
        raise Invalid(
            _("A description has at most %(most)s characters.", most=LONGEST_DESCRIPTION), field="description"
        )
    if facts.language not in CODES:
        raise Invalid(_("Choose a language."), field="language")


def relate(resource: Resource, other: Resource, *, by: Person) -> None:
    """Put two materials beside each other. Done twice, it is done once. Raises `Invalid` for one and the same."""
    if resource.id == other.id:
        raise Invalid(_("Choose another material than this one."))
    first, second = sorted((resource.id, other.id))
    db.lock_name(f"related:{first}:{second}")
    there = sa.select(RelatedResource).where(RelatedResource.resource_id == first, RelatedResource.other_id == second)
    if db.session.scalar(there) is None:
        db.session.add(RelatedResource(resource_id=first, other_id=second))
        resource.changed_at = db.now()
        audit.record("resource_related", by=by, on=resource, other=other.id)


def unrelate(resource: Resource, other: Resource, *, by: Person) -> None:
    """Take two materials apart again; nothing happens if they are."""
    first, second = sorted((resource.id, other.id))
    gone = sa.delete(RelatedResource).where(RelatedResource.resource_id == first, RelatedResource.other_id == second)
    if db.session.execute(gone.returning(RelatedResource.id)).first() is not None:
        resource.changed_at = db.now()
        audit.record("resource_unrelated", by=by, on=resource, other=other.id)
