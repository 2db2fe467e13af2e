"""Who may see and change collections."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, selectinload

from portal import db
from portal.library import uses
from portal.library.collections.models import Collection, CollectionItem
from portal.library.models import FileState, Resource
from portal.library.policy import groups_to_add_to, visible_resources
from portal.people.models import Group, Person
from portal.people.policy import can_lead_group, can_write_in_group, readable_group_ids


def visible_collections(person: Person) -> sa.Select[Collection]:
    """The collections of the groups that the person may read. What is in them is asked for with `visible_items`."""
    return sa.select(Collection).where(Collection.group_id.in_(readable_group_ids(person)))


def visible_items(person: Person) -> sa.Select[CollectionItem]:
    """The rows of those collections in their order: headings, and the materials that the person may read.

    Nobody is told that there are others.
    """
    readable = visible_resources(person).with_only_columns(Resource.id).order_by(None)
    return (
        sa.select(CollectionItem)
        .join(CollectionItem.collection)
        .where(
            Collection.group_id.in_(readable_group_ids(person)),
            CollectionItem.resource_id.is_(None) | CollectionItem.resource_id.in_(readable),
        )
        .options(
            contains_eager(CollectionItem.collection),
            selectinload(CollectionItem.resource).selectinload(Resource.versions),
        )
        .order_by(CollectionItem.position, CollectionItem.id)
    )


def without_empty_chapters(items: Sequence[CollectionItem]) -> list[CollectionItem]:
    """The rows without headings that nothing stands under: for readers, who may lack all that is there."""
    following = [after for _before, after in pairwise([*items, None])]
    return [
        item for item, after in zip(items, following[: len(items)], strict=True)
        if not item.is_heading or (after is not None and not after.is_heading)
    ]  # fmt: skip


def counts(person: Person, collections: Sequence[Collection]) -> dict[int, int]:
    """How many materials of each collection the person may read."""
    readable = visible_resources(person).with_only_columns(Resource.id).order_by(None)
    rows = (
        sa.select(CollectionItem.collection_id, sa.func.count())
        .where(
            CollectionItem.collection_id.in_([collection.id for collection in collections]),
            CollectionItem.resource_id.in_(readable),
        )
        .group_by(CollectionItem.collection_id)
    )
    return dict(db.session.execute(rows).all())


def covers(person: Person, collections: Sequence[Collection]) -> set[int]:
    """The ids of those collections whose cover is a picture that the person may see; the others have a drawn one."""
    ids = [collection.cover_id for collection in collections if collection.cover_id is not None]
    rows = db.session.scalars(visible_resources(person).where(Resource.id.in_(ids))).unique() if ids else ()
    shown = {row.id for row in rows if row.state is FileState.READY and row.current.thumbnail_sha256}
    return {collection.id for collection in collections if collection.cover_id in shown}


def materials_to_add(person: Person, collection: Collection) -> sa.Select[Resource]:
    """What may be put into the collection: ready material that the person may read and that is not in it yet."""
    there = sa.select(CollectionItem.resource_id).where(
        CollectionItem.collection_id == collection.id, CollectionItem.resource_id.is_not(None)
    )
    return visible_resources(person).where(
        Resource.state == FileState.READY, Resource.withdrawn_at.is_(None), Resource.id.not_in(there)
    )


def collections_with(person: Person, resource: Resource) -> sa.Select[Collection]:
    """The collections that the material stands in, as far as the person may read them."""
    inside = sa.select(CollectionItem.collection_id).where(CollectionItem.resource_id == resource.id)
    return visible_collections(person).where(Collection.id.in_(inside)).order_by(Collection.title, Collection.id)


def collections_without(person: Person, resource: Resource) -> sa.Select[Collection]:
    """The collections that the person may change and that lack the material: those of the groups where they write."""
    inside = sa.select(CollectionItem.collection_id).where(CollectionItem.resource_id == resource.id)
    writing = groups_to_add_to(person).with_only_columns(Group.id).order_by(None)
    query = visible_collections(person).where(Collection.group_id.in_(writing), Collection.id.not_in(inside))
    return query.order_by(Collection.title, Collection.id)


def can_make_collection(person: Person, group: Group) -> bool:
    """Whoever may write in the group."""
    return can_write_in_group(person, group)


def can_change_collection(person: Person, collection: Collection) -> bool:
    """Whoever may write in the group: a collection is work that many do together."""
    return can_write_in_group(person, collection.group)


def can_delete_collection(person: Person, collection: Collection) -> bool:
    """The group's leaders, and who made it."""
    is_maker = collection.created_by_id == person.id and can_write_in_group(person, collection.group)
    return is_maker or (can_lead_group(person, collection.group) and can_write_in_group(person, collection.group))


@uses.register_holder
def materials_in_collections(person: Person) -> sa.Select[int]:
    """What stands in a collection ought to be in force."""
    return (
        visible_items(person)
        .where(CollectionItem.resource_id.is_not(None))
        .with_only_columns(CollectionItem.resource_id)
    )
