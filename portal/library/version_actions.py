"""New versions of a material."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, files, guard, outbox
from portal.discussions.actions import note_kept
from portal.errors import Conflict
from portal.library.actions import JOB, find_twin, hold
from portal.library.models import FileState, Resource, ResourceVersion
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
        raise Conflict(
            _("This is the same file as one of the versions below. An earlier one can be put in force again.")
        )
    if twin is not None:
        raise Conflict(_("This file is already in the library: %(title)s.", title=twin.title))
    version = _next(resource, file_name=name, stored=stored, note=note, by=by)
    note_kept(kept, on=resource, by=by)
    outbox.enqueue(JOB, version_id=version.id, remove_people=remove_people)
    return version


def _next(resource: Resource, *, file_name: str, stored: files.Stored, note: str, by: Person) -> ResourceVersion:
    last = sa.select(sa.func.max(ResourceVersion.number)).where(ResourceVersion.resource_id == resource.id)
    version = ResourceVersion(
        resource=resource, number=(db.session.scalar(last) or 0) + 1, sha256=stored.sha256, size=stored.size,
        file_name=file_name, note=note[:LONGEST_NOTE], added_by=by,
    )  # fmt: skip
    db.session.add(version)
    db.session.flush()
    audit.record("version_added", by=by, on=resource, number=version.number, sha256=stored.sha256)
    return version


def restore_version(version: ResourceVersion, *, by: Person) -> ResourceVersion:
    """Let an earlier version count again: a new version with its content, which is read like any other.

    Raises `Conflict` if the newest version has that content already.
    """
    resource, stored = version.resource, files.Stored(version.sha256, version.size)
    hold(stored)
    db.lock(resource)
    kept = sa.select(ResourceVersion.sha256).where(
        ResourceVersion.resource_id == resource.id, ResourceVersion.state.in_([FileState.READY, FileState.CHECKING])
    )
    if db.session.scalar(kept.order_by(ResourceVersion.number.desc()).limit(1)) == stored.sha256:
        raise Conflict(_("This version is the newest one already."))
    note = _("Version %(number)s counts again", number=version.number)
    anew = _next(resource, file_name=version.file_name, stored=stored, note=note, by=by)
    outbox.enqueue(JOB, version_id=anew.id)
    return anew
