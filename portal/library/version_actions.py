"""New versions of a material."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, files, guard, outbox
from portal.discussions.actions import note_kept
from portal.errors import Conflict
from portal.library.actions import JOB, find_twin, hold
from portal.library.models import Resource, ResourceVersion
from portal.library.reading import safe_name
from portal.people.models import Person

LONGEST_NOTE = 300


def add_version(
    resource: Resource, *, file_name: str, stored: files.Stored, note: str = "", remove_people: bool = False,
    keep: list[str] | None = None, by: Person,
) -> ResourceVersion:  # fmt: skip
    """Take in a newer file of a material. Until the worker has read it the version before stays in force, and for good if it is
    refused.

    Raises `guard.Stopped` for the words around the file, `Conflict` if this very content is in the group already.
    """
    name = safe_name(file_name)
    kept = guard.check({"note": note, "file": name}, keep=keep or [])
    hold(stored)
    db.lock(resource)
    twin = find_twin(resource.group, stored.sha256)
    if twin is not None and twin.id == resource.id:
        raise Conflict(_("This is the same file as one of the versions that are here already."))
    if twin is not None:
        raise Conflict(_("This file is already in the library: %(title)s.", title=twin.title))
    last = sa.select(sa.func.max(ResourceVersion.number)).where(ResourceVersion.resource_id == resource.id)
    version = ResourceVersion(
        resource=resource, number=(db.session.scalar(last) or 0) + 1, sha256=stored.sha256, size=stored.size,
        file_name=name, note=note[:LONGEST_NOTE], added_by=by,
    )  # fmt: skip
    db.session.add(version)
    db.session.flush()
    audit.record("version_added", by=by, on=resource, number=version.number, sha256=stored.sha256)
    note_kept(kept, on=resource, by=by)
    outbox.enqueue(JOB, version_id=version.id, remove_people=remove_people)
    return version
