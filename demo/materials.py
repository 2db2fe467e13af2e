"""The demo's library: files are written, then taken in on the same path as `library import` takes them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import sqlalchemy as sa
from flask import current_app

from demo import backdate
from demo.documents import Material, read_materials
from demo.when import Calendar, at
from portal import db
from portal.library import actions
from portal.library.models import Resource, ResourceVersion
from portal.people.models import Group, Person


def add_materials(calendar: Calendar, emails: dict[str, str]) -> None:
    """Write and take in every material that is not there yet, each in a transaction of its own.

    Reading a file takes time and must not be done inside a transaction (`actions.import_file`), so a crash may leave some of
    the files: the next call adds the others. `emails`: of the people by nickname.
    """
    # the libraries of five office formats, wanted once: every later start would load them for nothing
    from demo.writers import write

    known = set(db.session.scalars(sa.select(Resource.title)))
    db.pause()
    with tempfile.TemporaryDirectory() as folder:
        for material in read_materials(calendar):
            if material.title not in known:
                path = Path(folder) / material.file_name
                path.write_bytes(write(material))
                _take_in(material, path, emails[material.by])
                db.commit()


def _take_in(material: Material, path: Path, email: str) -> None:
    group = db.session.scalars(sa.select(Group).where(Group.slug == material.group)).one()
    person = db.session.scalars(sa.select(Person).where(Person.email == email)).one()
    limit = current_app.config["SETTINGS"].max_upload_bytes
    resource = actions.import_file(group, path, kind=material.kind, limit=limit, by=person)
    if resource is None:
        raise ValueError(f"{material.file_name} is there already under another title")
    # what a person writes in the form beside the file
    resource.title, resource.publisher = material.title, material.publisher
    resource.published_on = material.published_on
    added = at(material.published_on, "13.20")
    backdate.row(resource, created_at=added, changed_at=added)
    version = db.session.scalars(sa.select(ResourceVersion).where(ResourceVersion.resource_id == resource.id)).one()
    backdate.row(version, added_at=added)
