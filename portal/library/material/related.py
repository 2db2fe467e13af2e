"""Other materials to look at: those that somebody put beside this one, those in the same collections, and those with the same
topics."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from portal import db
from portal.library.collections.models import CollectionItem
from portal.library.collections.policy import visible_items
from portal.library.material.models import RelatedResource
from portal.library.models import FileState, Resource, topics_of_resources
from portal.library.policy import visible_resources
from portal.people.models import Person

MOST_CHOSEN, MOST_ALIKE = 20, 4


def _usual(person: Person) -> sa.Select[Resource]:
    return visible_resources(person).where(Resource.state == FileState.READY, Resource.withdrawn_at.is_(None))


def chosen(resource: Resource, person: Person) -> Sequence[Resource]:
    """Those that were put beside it, as far as the person may see them."""
    here = sa.select(RelatedResource.other_id).where(RelatedResource.resource_id == resource.id)
    there = sa.select(RelatedResource.resource_id).where(RelatedResource.other_id == resource.id)
    rows = _usual(person).where(Resource.id.in_(here) | Resource.id.in_(there))
    return db.session.scalars(rows.order_by(Resource.title).limit(MOST_CHOSEN)).unique().all()


def gathered(resource: Resource, person: Person, *, without: Sequence[Resource]) -> Sequence[Resource]:
    """Those that stand in the most collections with it, of collections that the person may see, and are in force."""
    item = CollectionItem
    here = visible_items(person).where(item.resource_id == resource.id).with_only_columns(item.collection_id)
    common = (
        sa.select(item.resource_id, sa.func.count().label("common"))
        .where(item.collection_id.in_(here.order_by(None)))
        .group_by(item.resource_id)
        .subquery()
    )
    return _nearest(common, resource, person, without)


def alike(resource: Resource, person: Person, *, without: Sequence[Resource]) -> Sequence[Resource]:
    """Those that share the most topics with it, and are in force."""
    link = topics_of_resources.c
    topics = sa.select(link.topic_id).where(link.resource_id == resource.id)
    common = (
        sa.select(link.resource_id, sa.func.count().label("common"))
        .where(link.topic_id.in_(topics))
        .group_by(link.resource_id)
        .subquery()
    )
    return _nearest(common, resource, person, without)


def _nearest(
    common: sa.Subquery, resource: Resource, person: Person, without: Sequence[Resource]
) -> Sequence[Resource]:
    """Those that have the most in common with it."""
    rows = (
        _usual(person)
        .join(common, common.c.resource_id == Resource.id)
        .where(Resource.id.not_in([resource.id, *(other.id for other in without)]), Resource.replaced_by_id.is_(None))
        .order_by(common.c.common.desc(), Resource.changed_at.desc(), Resource.id)
    )
    return db.session.scalars(rows.limit(MOST_ALIKE)).unique().all()


def replaced_here(resource: Resource, person: Person) -> Sequence[Resource]:
    """What this material has replaced, as far as the person may see it."""
    rows = visible_resources(person).where(Resource.replaced_by_id == resource.id)
    return db.session.scalars(rows.order_by(Resource.title).limit(MOST_CHOSEN)).unique().all()


def replacement(resource: Resource, person: Person) -> Resource | None:
    """What has replaced it, if the person may see that: the end of the chain, as far as it can be seen."""
    found, seen = None, {resource.id}
    at = resource.replaced_by_id
    while at is not None and at not in seen and len(seen) < MOST_CHOSEN:
        seen.add(at)
        step = db.session.scalars(visible_resources(person).where(Resource.id == at)).unique().first()
        if step is None:
            break
        found, at = step, step.replaced_by_id
    return found
