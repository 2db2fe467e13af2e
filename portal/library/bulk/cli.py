"""Packages on the command line: `flask library export` and `flask library import-package`."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import sqlalchemy as sa
from flask import current_app

from portal import audit, db
from portal.errors import PortalError
from portal.library import policy
from portal.library.bulk import actions, bags, packages
from portal.library.bulk.records import CollectionRecord, MaterialRecord, PackageRecord
from portal.library.cli import in_english, library
from portal.library.models import Resource
from portal.people.cli import find_person
from portal.people.models import Group, HandlingClass, Person
from portal.people.policy import visible_group

logging.getLogger("bagit").setLevel(logging.CRITICAL)  # a line for each file; what is wrong comes as an error


@library.command("export")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--by", "email", required=True, help="Whose library it is: only what this person may read is in it.")
@click.option("--group", "slug", help="Only what belongs to this group.")
@in_english
def export(target: Path, email: str, slug: str | None) -> None:
    """Write the library to TARGET, a folder or (if it ends with .zip) a zip file, with metadata and checksums (BagIt 1.0).

    Another instance takes it in with `import-package`. People are not named in it, nor are public addresses: each instance
    makes its own.
    """
    if not target.absolute().parent.is_dir():
        raise click.UsageError(f"There is no folder {target.absolute().parent}.")
    person = find_person(email)
    group = db.session.scalar(visible_group(person, slug)) if slug is not None else None
    if slug is not None and group is None:
        raise click.UsageError(f"{email} may not read a group called {slug}.")
    content, resources = packages.collect(person, group)
    ids = person.id, [one.id for one in resources if one.group.handling_class is HandlingClass.SENSITIVE]
    source = person.organisation.name
    db.pause()
    try:
        packages.write_package(content, target, source=source)
    except PortalError as error:
        raise click.ClickException(error.message) from None
    except FileNotFoundError as error:
        raise click.ClickException(f"A stored file is gone: {error.filename}") from None
    except OSError as error:
        raise click.ClickException(f"The package could not be written: {error.strerror}") from None
    _note_export(*ids, count=len(resources))
    click.echo(f"{len(resources)} materials, {len(content.records.collections)} collections.")
    if content.left_out:
        click.echo(f"{content.left_out} rows of collections are about materials that are not in the package.", err=True)


def _note_export(person_id: int, sensitive: list[int], *, count: int) -> None:
    """Each sensitive material that was taken out is noted for itself, as when it is downloaded."""
    person = db.session.get_one(Person, person_id)
    audit.record("library_exported", by=person, count=count)
    for number in sensitive:
        audit.record("resource_downloaded", by=person, on=db.session.get_one(Resource, number))
    db.commit()


@library.command("import-package")
@click.argument("package", type=click.Path(exists=True, path_type=Path))
@click.option("--by", "email", required=True, help="Who takes it in: a member who may write in the groups.")
@click.option("--group", "slug", help="Put everything into this group, instead of the groups of the same names.")
@in_english
def import_package(package: Path, email: str, slug: str | None) -> None:
    """Take in PACKAGE, the folder or zip file that `export` has written.

    Nothing is taken in unless all checksums are right. Each material is stored for itself, so that a crash loses nothing; run
    again, it skips what is there. Ends with 1 if something was refused, and says what and why.
    """
    person = find_person(email)
    if slug is not None:
        _group(person, slug)
    person_id = person.id
    db.pause()
    settings = current_app.config["SETTINGS"]
    try:
        with bags.opened(package, workshop=settings.data_dir / "packages") as opened:
            work = _Import(opened, person_id, slug, settings.max_upload_bytes)
            work.run()
    except PortalError as error:
        raise click.ClickException(error.message) from None
    for problem in work.refused:
        click.echo(problem, err=True)
    click.echo(
        f"{work.counts['new']} materials imported, {work.counts['same']} already there, {len(work.refused)} refused; "
        f"{work.counts['collections']} collections imported."
    )
    sys.exit(1 if work.refused else 0)


def _group(person: Person, slug: str) -> Group:
    """The group with this slug. Raises `click.UsageError` unless the person may add material to it."""
    group = db.session.scalar(sa.select(Group).where(Group.slug == slug))
    if group is None or not policy.can_add_material(person, group):
        raise click.UsageError(f"{person.email} may not add material to a group called {slug}.")
    return group


@dataclass(slots=True)
class _Import:
    """A package on its way in: one transaction for each material and each collection."""

    package: bags.Package
    person_id: int
    slug: str | None
    limit: int
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)  # of what is there now, by its key in the package

    def run(self) -> None:
        records: PackageRecord = self.package.records
        with click.progressbar(records.materials, label="Importing", file=sys.stderr, show_pos=True) as bar:
            for material in bar:
                with self._edge(material.title):
                    self._material(material)
        for material in records.materials:
            if material.key in self.ids and material.replaced_by in self.ids:
                with self._edge(material.title):
                    self._replaced(material)
        for first, second in [(one, key) for one in records.materials for key in one.related]:
            if first.key in self.ids and second in self.ids:
                with self._edge(first.title):
                    self._related(first, second)
        for collection in records.collections:
            with self._edge(collection.title):
                self._collection(collection)

    @contextmanager
    def _edge(self, title: str) -> Iterator[None]:
        """One transaction; what is refused is said, and the rest goes on."""
        try:
            yield
            db.commit()
        except (PortalError, click.UsageError) as error:
            db.rollback()
            self.refused.append(f"{title}: {error.message}")
        except OSError as error:  # a full disk
            db.rollback()
            self.refused.append(f"{title}: {error.strerror or type(error).__name__}")

    def _person(self) -> Person:
        return db.session.get_one(Person, self.person_id)

    def _material(self, record: MaterialRecord) -> None:
        person = self._person()
        group = _group(person, self.slug or record.group)
        resource, is_new = actions.import_material(group, record, self.package.data, limit=self.limit, by=person)
        for slug in record.shares if is_new else ():
            self._share(resource, slug, person)
        db.session.flush()
        self.ids[record.key] = resource.id
        self.counts["new" if is_new else "same"] += 1

    def _share(self, resource: Resource, slug: str, person: Person) -> None:
        group = db.session.scalar(sa.select(Group).where(Group.slug == slug))
        if group is None or not policy.can_add_material(person, group):
            self.refused.append(
                f"{resource.title}: not shared with {slug}, a group that is not here or not {person.email}'s"
            )
        else:
            actions.share(resource, group, by=person)

    def _replaced(self, record: MaterialRecord) -> None:
        resource = db.session.get_one(Resource, self.ids[record.key])
        successor = db.session.get_one(Resource, self.ids[record.replaced_by or ""])
        actions.say_replaced(resource, successor, by=self._person())

    def _related(self, record: MaterialRecord, other: str) -> None:
        resource, beside = (db.session.get_one(Resource, self.ids[key]) for key in (record.key, other))
        actions.put_beside(resource, beside, by=self._person())

    def _collection(self, record: CollectionRecord) -> None:
        person = self._person()
        group = _group(person, self.slug or record.group)
        wanted = {item.material for item in record.items} & self.ids.keys()
        materials = {key: db.session.get_one(Resource, self.ids[key]) for key in wanted if key is not None}
        made = actions.import_collection(group, record, materials, by=person)
        self.counts["collections"] += made is not None
