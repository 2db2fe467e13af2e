"""Every write to collections.

Rows are changed one at a time while the collection is held, so that two who work on one at once lose nothing; places are
counted anew in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection as Several
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict, NotFound
from portal.library.collections.models import Collection, CollectionItem
from portal.library.models import Resource
from portal.people.models import Group, Person

MOST_ITEMS = 500


@dataclass(frozen=True, slots=True)
class CollectionPlan:
    """What a collection says of itself."""

    title: str
    description: str = ""
    cover_id: int | None = None

    def texts(self) -> dict[str, str]:
        """What the guard reads."""
        return {"title": self.title, "description": self.description}


def make_collection(group: Group, plan: CollectionPlan, *, keep: Several[str] = (), by: Person) -> Collection:
    """Begin a collection, empty. Raises `guard.Stopped`."""
    kept = guard.check(plan.texts(), keep=keep)
    collection = Collection(
        group=group, title=plan.title, description=plan.description, created_by_id=by.id,
        organisation_id=by.organisation_id,
    )  # fmt: skip
    db.session.add(collection)
    audit.record("collection_made", by=by, on=collection)
    note_kept(kept, on=collection, by=by)
    return collection


def change_collection(
    collection: Collection, plan: CollectionPlan, *, based_on: int, keep: Several[str] = (), by: Person
) -> None:
    """Change title, description and cover. A cover that is none of the collection's materials becomes a drawn one.

    Raises `guard.Stopped`, or `Conflict` if somebody changed them since revision `based_on`.
    """
    kept = guard.check(plan.texts(), keep=keep)
    db.lock(collection)
    if collection.revision != based_on:
        raise Conflict(_("Somebody else changed the collection while you wrote. Compare and save again."))
    collection.title, collection.description = plan.title, plan.description
    collection.cover_id = plan.cover_id if _item_of(collection, plan.cover_id) is not None else None
    collection.revision += 1
    _touch(collection)
    audit.record("collection_changed", by=by, on=collection, revision=collection.revision)
    note_kept(kept, on=collection, by=by)


def delete_collection(collection: Collection, *, by: Person) -> None:
    """Delete a collection with its public link. The materials stay in the library."""
    db.lock(collection)
    audit.record("collection_deleted", by=by, on=collection, group_id=collection.group_id)
    db.session.delete(collection)


def _touch(collection: Collection) -> None:
    collection.changed_at = db.now()


def _item_of(collection: Collection, resource_id: int | None) -> CollectionItem | None:
    if resource_id is None:
        return None
    rows = sa.select(CollectionItem).where(
        CollectionItem.collection_id == collection.id, CollectionItem.resource_id == resource_id
    )
    return db.session.scalars(rows).first()


# --- rows -------------------------------------------------------------------------------------------------------------


def add_material(
    collection: Collection, resource: Resource, *, text: str = "", keep: Several[str] = (), by: Person
) -> CollectionItem:
    """Put a material last, with a line about it. Twice is once. Raises `guard.Stopped`, or `Conflict` when it is full."""
    kept = guard.check({"text": text}, keep=keep)
    db.lock(collection)
    there = _item_of(collection, resource.id)
    if there is not None:
        return there
    return _append(collection, CollectionItem(resource=resource, text=text, added_by_id=by.id), kept, by)


def add_heading(collection: Collection, *, text: str, keep: Several[str] = (), by: Person) -> CollectionItem:
    """Put a heading last. Raises `guard.Stopped`, or `Conflict` when the collection is full."""
    kept = guard.check({"text": text}, keep=keep)
    db.lock(collection)
    return _append(collection, CollectionItem(text=text, added_by_id=by.id), kept, by)


def _append(collection: Collection, item: CollectionItem, kept: list[guard.Find], by: Person) -> CollectionItem:
    query = sa.select(sa.func.max(CollectionItem.position), sa.func.count())
    last, count = db.session.execute(query.where(CollectionItem.collection_id == collection.id)).one()
    if count >= MOST_ITEMS:
        raise Conflict(_("A collection has at most %(number)s rows.", number=MOST_ITEMS))
    item.collection_id, item.position = collection.id, (last or 0) + 1
    db.session.add(item)
    _touch(collection)
    audit.record("collection_item_added", by=by, on=item, collection_id=collection.id, resource_id=item.resource_id)
    note_kept(kept, on=item, by=by)
    return item


def _hold(item: CollectionItem) -> Collection:
    """Hold the row's collection. Raises `NotFound` if somebody took the row away."""
    collection, item_id = item.collection, item.id
    db.lock(collection)
    if db.session.scalar(sa.select(CollectionItem.id).where(CollectionItem.id == item_id)) is None:
        raise NotFound
    db.session.refresh(item)
    return collection


def change_item(
    item: CollectionItem, *, text: str, based_on: int, keep: Several[str] = (), by: Person
) -> None:  # fmt: skip
    """Change a heading, or the line about a material.

    Raises `guard.Stopped`, `Conflict` if somebody changed it since revision `based_on`, `NotFound` if it was taken away.
    """
    kept = guard.check({"text": text}, keep=keep)
    collection = _hold(item)
    if item.revision != based_on:
        raise Conflict(_("Somebody else changed this line while you wrote. Compare and save again."))
    item.text, item.revision = text, item.revision + 1
    _touch(collection)
    audit.record("collection_item_changed", by=by, on=item, revision=item.revision)
    note_kept(kept, on=item, by=by)


def place_item(item: CollectionItem, *, before_id: int | None, by: Person) -> None:
    """Put the row before another one of its collection, or last (None, or one that has been taken away meanwhile).

    A place is said by the row that follows, not by a number: who moves it may not see all the rows that there are.
    """
    collection = _hold(item)
    rows = list(
        db.session.scalars(
            sa.select(CollectionItem)
            .where(CollectionItem.collection_id == collection.id)
            .order_by(CollectionItem.position, CollectionItem.id)
        )
    )
    if before_id == item.id:
        return
    rows.remove(item)
    ids = [row.id for row in rows]
    rows.insert(ids.index(before_id) if before_id in ids else len(rows), item)
    for position, row in enumerate(rows, 1):
        row.position = position
    _touch(collection)
    audit.record("collection_item_moved", by=by, on=item, place=item.position)


def remove_item(item: CollectionItem, *, by: Person) -> None:
    """Take a row away; the material stays in the library. If it gave the cover, that becomes a drawn one."""
    collection = _hold(item)
    if item.resource_id is not None and collection.cover_id == item.resource_id:
        collection.cover_id = None
    _touch(collection)
    audit.record("collection_item_removed", by=by, on=item, collection_id=collection.id, resource_id=item.resource_id)
    db.session.delete(item)
