"""Packages that another instance takes in: the files with their metadata and checksums, as BagIt 1.0 (RFC 8493).

bagit.txt, bag-info.txt, manifest-sha256.txt, tagmanifest-sha256.txt
data/metadata.json      everything (records.py)
data/metadata.csv       what `library import --metadata` reads, about the files in data/files
data/files/             the version in force of each material, under its name
data/earlier/           the versions before
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import bagit
import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload

from portal import db, files
from portal.errors import Conflict
from portal.library.bulk.facts import Facts, write_table
from portal.library.bulk.records import (
    CollectionRecord,
    ItemRecord,
    MaterialRecord,
    PackageRecord,
    TopicRecord,
    VersionRecord,
)
from portal.library.collections.models import Collection, CollectionItem
from portal.library.collections.policy import visible_collections, visible_items
from portal.library.material.models import RelatedResource
from portal.library.models import Audience, FileState, Resource, ResourceVersion
from portal.library.policy import visible_resources
from portal.people.models import Group, Person
from portal.people.policy import readable_group_ids

_NOT_EVERYWHERE = re.compile(r'[<>:"/\\|?*%\x00-\x1f]')  # in names on other systems, or in a bag's manifest
_LONGEST_NAME = 200  # bytes: most file systems take 255
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


@dataclass(slots=True)
class Content:
    """What goes into a package: its records, and which stored file lies where below data/."""

    records: PackageRecord
    contents: dict[str, str] = field(default_factory=dict)  # path -> SHA-256
    left_out: int = 0  # rows of collections whose material is not in the package


class _Names:
    """Names of files that are safe on every system and unique whatever it thinks of letters' cases."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, folder: str, name: str) -> str:
        name = _NOT_EVERYWHERE.sub("_", unicodedata.normalize("NFC", name)).strip(" .") or "_"
        name = f"_{name}" if _RESERVED.match(name) else name
        stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
        stem = stem.encode()[: _LONGEST_NAME - len(ending.encode())].decode(errors="ignore")
        name = f"{stem}{dot}{ending}"
        found, number = f"{folder}/{name}", 1
        while found.casefold() in self._taken:
            number += 1
            found = f"{folder}/{stem} ({number}){dot}{ending}"
        self._taken.add(found.casefold())
        return found


def collect(person: Person, group: Group | None) -> tuple[Content, Sequence[Resource]]:
    """All ready material that the person may read, or that of one group, and the collections of those groups."""
    query = visible_resources(person).where(Resource.state == FileState.READY)
    own = visible_collections(person)
    if group is not None:
        query, own = query.where(Resource.group_id == group.id), own.where(Collection.group_id == group.id)
    query = query.options(selectinload(Resource.topics), selectinload(Resource.shares))
    rows = db.session.scalars(query).unique().all()
    rows = sorted(rows, key=lambda one: (one.group.slug, one.created_at, one.title, one.current.sha256))
    keys = {resource.id: f"m{number}" for number, resource in enumerate(rows, 1)}
    readable, related = set(db.session.scalars(readable_group_ids(person))), _related(keys)
    content, names = Content(PackageRecord()), _Names()
    materials = [_material(resource, keys, readable, names, content, related.get(resource.id, [])) for resource in rows]
    collections = _collections(person, db.session.scalars(own).unique().all(), keys, content)
    content.records = PackageRecord(materials=materials, collections=collections)
    return content, rows


def _related(keys: dict[int, str]) -> dict[int, list[str]]:
    """What was put beside each other, of what is in the package: each pair once, with the first of the two."""
    found: dict[int, list[str]] = {}
    places = {number: place for place, number in enumerate(keys)}
    pairs = db.session.execute(sa.select(RelatedResource.resource_id, RelatedResource.other_id))
    inside = [sorted(pair, key=places.__getitem__) for pair in pairs if keys.keys() >= set(pair)]
    for first, second in sorted(inside, key=lambda pair: (places[pair[0]], places[pair[1]])):
        found.setdefault(first, []).append(keys[second])
    return found


def _material(
    resource: Resource, keys: dict[int, str], readable: set[int], names: _Names, content: Content, related: list[str]
) -> MaterialRecord:
    ready = [version for version in resource.versions if version.state is FileState.READY]
    versions = [_version(version, is_current=version is ready[-1], names=names, content=content) for version in ready]
    return MaterialRecord(
        key=keys[resource.id], group=resource.group.slug, organisation=resource.organisation.slug, title=resource.title,
        kind=resource.kind, publisher=resource.publisher, published_on=resource.published_on, description=resource.description,
        language=resource.language, licence=resource.licence, audiences=[Audience(one) for one in resource.audiences], counties=resource.counties,
        topics=[TopicRecord(name=topic.name, is_controlled=topic.is_controlled) for topic in resource.topics],
        reviewed_on=resource.reviewed_on, review_by=resource.review_by, withdrawn_at=resource.withdrawn_at,
        withdrawn_reason=resource.withdrawn_reason, created_at=resource.created_at, changed_at=resource.changed_at,
        replaced_by=keys.get(resource.replaced_by_id) if resource.replaced_by_id else None,
        # groups that the person may not read are not even named
        shares=sorted(share.group.slug for share in resource.shares if share.group_id in readable), versions=versions,
        related=related,
    )  # fmt: skip


def _version(version: ResourceVersion, *, is_current: bool, names: _Names, content: Content) -> VersionRecord:
    path = names.take("files" if is_current else "earlier", version.file_name)
    content.contents[path] = version.sha256
    return VersionRecord(
        number=version.number, file=path, sha256=version.sha256, file_name=version.file_name, note=version.note,
        added_at=version.added_at,
    )  # fmt: skip


def _collections(
    person: Person, collections: Iterable[Collection], keys: dict[int, str], content: Content
) -> list[CollectionRecord]:
    found = sorted(collections, key=lambda one: (one.group.slug, one.created_at, one.title, one.id))
    rows = visible_items(person).where(CollectionItem.collection_id.in_([one.id for one in found]))
    items: dict[int, list[ItemRecord]] = {}
    for item in db.session.scalars(rows).unique():
        if item.resource_id is None or item.resource_id in keys:
            record = ItemRecord(material=keys[item.resource_id] if item.resource_id else None, text=item.text)
            items.setdefault(item.collection_id, []).append(record)
        else:
            content.left_out += 1
    return [
        CollectionRecord(
            group=one.group.slug, organisation=one.organisation.slug, title=one.title, description=one.description,
            cover=keys.get(one.cover_id) if one.cover_id else None, created_at=one.created_at, changed_at=one.changed_at,
            items=items.get(one.id, []),
        )
        for one in found
    ]  # fmt: skip


def _facts(record: MaterialRecord) -> tuple[str, Facts]:
    """The row of the CSV: about the version in force, by its name below data/files."""
    return record.versions[-1].file.removeprefix("files/"), Facts(
        title=record.title, kind=record.kind, publisher=record.publisher, published_on=record.published_on,
        description=record.description, language=record.language, licence=record.licence,
        audiences=[str(one) for one in record.audiences], counties=record.counties,
        topics=[topic.name for topic in record.topics], review_by=record.review_by,
    )  # fmt: skip


def write_package(content: Content, target: Path, *, source: str) -> None:
    """Write the package as a folder, or as a zip if the target's name ends so; whole or not at all.

    Call it when no transaction is open. Raises `Conflict` if there is something at the target, `FileNotFoundError` if a stored
    content is gone, `OSError` when the disk is full.
    """
    if target.exists() or target.is_symlink():
        raise Conflict(_("There is something called %(name)s already.", name=target.name))
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as workshop:
        folder = Path(workshop) / target.stem
        _fill(folder, content)
        info = {"Source-Organization": source, "External-Description": "Material from Samverkansportalen"}
        bagit.make_bag(str(folder), bag_info=info, checksums=["sha256"])
        ready = folder
        if target.suffix.lower() == ".zip":
            ready = Path(workshop) / "package.zip"
            _zip(folder, ready)
        os.rename(ready, target)


def _fill(folder: Path, content: Content) -> None:
    folder.mkdir()
    for path, sha256 in content.contents.items():
        place = folder / path
        place.parent.mkdir(exist_ok=True)
        shutil.copyfile(files.path_of(sha256), place)
    (folder / "metadata.json").write_text(content.records.model_dump_json(indent=1) + "\n", encoding="utf-8")
    rows = [_facts(record) for record in content.records.materials]
    (folder / "metadata.csv").write_text(write_table(rows), encoding="utf-8", newline="")


def _zip(folder: Path, target: Path) -> None:
    with contextlib.closing(zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED)) as package:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                package.write(path, f"{folder.name}/{path.relative_to(folder)}")
