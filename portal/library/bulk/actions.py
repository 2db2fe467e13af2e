"""Every write of material that comes in with its metadata: from a CSV beside a folder, or from a package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, files, guard
from portal.errors import Invalid
from portal.library import actions
from portal.library.bulk.facts import Facts
from portal.library.bulk.records import CollectionRecord, MaterialRecord, VersionRecord
from portal.library.collections.models import Collection, CollectionItem
from portal.library.material.actions import relate
from portal.library.models import Resource, ResourceShare, ResourceVersion
from portal.library.reading import Reading, read_file, safe_name
from portal.people.models import Group, Organisation, Person
from portal.topics import keeping as topics


def describe(resource: Resource, facts: Facts, *, by: Person) -> None:
    """Say of a material that has just come in what its row of the CSV says. What is empty there stays as it is.

    The guard has read the words when the CSV was read.
    """
    said = {"title": facts.title, "kind": facts.kind, "publisher": facts.publisher, "published_on": facts.published_on,
            "description": facts.description, "language": facts.language, "licence": facts.licence,
            "audiences": facts.audiences, "counties": facts.counties, "review_by": facts.review_by}  # fmt: skip
    for name, value in said.items():
        if value:
            setattr(resource, name, value)
    resource.topics = topics.find_or_make(facts.topics)
    audit.record("resource_described", by=by, on=resource)


# --- a material of a package --------------------------------------------------------------------------------------------


def import_material(
    group: Group, record: MaterialRecord, data: Path, *, limit: int, by: Person
) -> tuple[Resource, bool]:
    """Take in a material with all its versions, read at once; the material, and whether it is new.

    If the group has the content of the version in force already, that material is answered as it is. Raises `Invalid` (too
    large, unreadable, personal data, a file that is not what the metadata says) and leaves nothing behind then. Ends the
    transaction (`db.pause`) before anything is copied or read: that takes time.
    """
    there = actions.find_twin(group, record.versions[-1].sha256)
    if there is not None:
        return there, False
    _check_words(record)
    db.pause()
    stored: list[files.Stored] = []
    try:
        for version in record.versions:
            with (data / version.file).open("rb") as stream:
                stored.append(files.store(stream, limit=limit))
            if stored[-1].sha256 != version.sha256:
                raise Invalid(_("The file %(name)s is not the one that the metadata names.", name=version.file))
        readings = [
            read_file(files.path_of(one.sha256), safe_name(version.file_name))
            for one, version in zip(stored, record.versions, strict=True)
        ]
    except Invalid:
        for one in stored:
            actions.discard_if_unused(one.sha256)
        raise
    for content in sorted(
        set(stored), key=lambda one: one.sha256
    ):  # in one order, so that two who do this never wait for each other
        actions.hold(content)
    there = actions.find_twin(group, record.versions[-1].sha256)
    if there is not None:  # it came in meanwhile
        return there, False
    return _store(group, record, list(zip(record.versions, stored, readings, strict=True)), by), True


def _check_words(record: MaterialRecord) -> None:
    words = {"title": record.title, "publisher": record.publisher, "description": record.description,
             "topics": "\n".join(topic.name for topic in record.topics), "withdrawn_reason": record.withdrawn_reason}  # fmt: skip
    for version in record.versions:
        words |= {f"note {version.number}": version.note, f"file {version.number}": version.file_name}
    guard.check_numbers(words)


def _store(
    group: Group, record: MaterialRecord, versions: list[tuple[VersionRecord, files.Stored, Reading]], by: Person
) -> Resource:
    resource = Resource(
        group=group, title=record.title, kind=record.kind, publisher=record.publisher, published_on=record.published_on,
        description=record.description, language=record.language, licence=record.licence,
        audiences=[one.value for one in record.audiences], counties=list(record.counties), reviewed_on=record.reviewed_on,
        review_by=record.review_by, withdrawn_at=record.withdrawn_at, withdrawn_reason=record.withdrawn_reason,
        created_at=record.created_at, created_by=by, responsible_id=by.id,
        organisation_id=_organisation_id(record.organisation, by),
    )  # fmt: skip
    controlled = {one.name for one in record.topics if one.is_controlled}
    resource.topics = topics.find_or_make([one.name for one in record.topics], controlled=controlled)
    db.session.add(resource)
    for said, stored, reading in versions:
        version = ResourceVersion(
            resource=resource, number=said.number, sha256=stored.sha256, size=stored.size, note=said.note,
            file_name=safe_name(said.file_name), added_by=by, added_at=said.added_at,
        )  # fmt: skip
        db.session.add(version)
        db.session.flush()
        audit.record("resource_added", by=by, on=resource, sha256=stored.sha256)
        actions.keep_reading(version, reading)
    resource.changed_at = record.changed_at
    db.session.flush()
    return resource


def _organisation_id(slug: str, by: Person) -> int:
    """The organisation that owned it, if this instance knows it; otherwise that of the person who takes it in."""
    found = db.session.scalar(sa.select(Organisation.id).where(Organisation.slug == slug))
    return found if found is not None else by.organisation_id


def share(resource: Resource, group: Group, *, by: Person) -> None:
    """Show an imported material to a further group. Twice is once."""
    if group.id == resource.group_id or any(one.group_id == group.id for one in resource.shares):
        return
    resource.shares.append(ResourceShare(group=group, shared_by_id=by.id))
    audit.record("resource_shared", by=by, on=resource, group_id=group.id)


def say_replaced(resource: Resource, successor: Resource, *, by: Person) -> None:
    """Say that a material has been replaced, unless something says so already."""
    if resource.replaced_by_id is None and resource.id != successor.id:
        resource.replaced_by = successor
        audit.record("resource_replaced", by=by, on=resource, successor=successor.id)


def put_beside(resource: Resource, other: Resource, *, by: Person) -> None:
    """Put two imported materials beside each other; when they were changed stays what the package says. Twice is once."""
    changed_at = resource.changed_at
    if resource.id != other.id:
        relate(resource, other, by=by)
        resource.changed_at = changed_at


# --- a collection of a package ------------------------------------------------------------------------------------------


def import_collection(
    group: Group, record: CollectionRecord, materials: Mapping[str, Resource], *, by: Person
) -> Collection | None:
    """Take in a collection with its rows in one go; None if the group has one made at that very moment with that title.

    Rows whose material was refused are left out. Raises `guard.Stopped`.
    """
    db.lock_name(f"import of collections:{group.id}")
    there = sa.select(Collection.id).where(
        Collection.group_id == group.id, Collection.title == record.title, Collection.created_at == record.created_at
    )
    if db.session.scalar(there.limit(1)) is not None:
        return None
    texts = {"title": record.title, "description": record.description}
    guard.check_numbers(texts | {f"row {number}": item.text for number, item in enumerate(record.items, 1)})
    collection = Collection(
        group=group, title=record.title, description=record.description, created_by_id=by.id,
        organisation_id=_organisation_id(record.organisation, by), created_at=record.created_at,
        changed_at=record.changed_at,
    )  # fmt: skip
    db.session.add(collection)
    used: set[int] = set()
    for item in record.items:
        resource = materials.get(item.material) if item.material else None
        if (item.material and resource is None) or (resource is not None and resource.id in used):
            continue
        if resource is None and not item.text:
            continue
        used |= {resource.id} if resource is not None else set()
        row = CollectionItem(
            resource_id=resource.id if resource is not None else None, text=item.text, added_by_id=by.id,
            position=len(collection.items) + 1,
        )  # fmt: skip
        collection.items.append(row)
    cover = materials.get(record.cover) if record.cover else None
    collection.cover_id = cover.id if cover is not None and cover.id in used else None
    audit.record("collection_imported", by=by, on=collection)
    return collection
