"""Every write to the library."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, files, guard, outbox
from portal.discussions.actions import note_kept
from portal.errors import Conflict
from portal.library import cleaning, ocr
from portal.library.extract import ExtractionError, Reason
from portal.library.models import FileState, Resource, ResourceKind, ResourcePage, ResourceVersion
from portal.library.reading import PersonalData, Reading, about_people, read_file, safe_name, title_from
from portal.library.settling import tell_settled
from portal.notifications.actions import notify
from portal.people.models import Group, Person

JOB = "file_added"
OCR_JOB = "wordless_pages_found"
PREVIEWS = "previews_wanted"  # done in previews/making.py
FORGOTTEN = timedelta(days=1)


def find_twin(group: Group, sha256: str, *, is_current: bool = False) -> Resource | None:
    """The material of the group that has this very content already; `is_current`: that shows it to whoever opens it."""
    latest = sa.select(sa.func.max(ResourceVersion.number)).where(ResourceVersion.resource_id == Resource.id)
    shown = Resource.withdrawn_at.is_(None) & (ResourceVersion.number == latest.correlate(Resource).scalar_subquery())
    return db.session.scalar(
        sa.select(Resource)
        .join(Resource.versions)
        .where(
            Resource.group_id == group.id,
            (ResourceVersion.sha256 == sha256) | (ResourceVersion.came_as == sha256),
            ResourceVersion.state.in_([FileState.READY, FileState.CHECKING]),
            shown if is_current else sa.true(),
        )
        .limit(1)
    )


def add_resource(
    group: Group, *, title: str, kind: ResourceKind, publisher: str, published_on: date | None, file_name: str,
    stored: files.Stored, language: str = "sv", remove_people: bool = False, keep: list[str] | None = None, by: Person,
) -> Resource:  # fmt: skip
    """Take a file in; the worker reads it, and only then others see it. `remove_people`: what the file says about people
    (author, place) is taken out of it, and the file as it came is not kept.

    Raises `guard.Stopped` for the words around the file, `Conflict` if the group has this very content already.
    """
    name = safe_name(file_name)
    kept = guard.check({"title": title, "publisher": publisher, "file": name}, keep=keep or [])
    hold(stored)
    twin = find_twin(group, stored.sha256)
    if twin is not None:
        raise Conflict(_("This file is already in the library: %(title)s.", title=twin.title))
    version = _store(
        group,
        title=title,
        kind=kind,
        publisher=publisher,
        published_on=published_on,
        name=name,
        stored=stored,
        by=by,
    )
    version.resource.language = language
    note_kept(kept, on=version.resource, by=by)
    outbox.enqueue(JOB, version_id=version.id, remove_people=remove_people)
    return version.resource


def hold(stored: files.Stored) -> None:
    """From here to the end of the transaction nobody else adds or discards this very content.

    Raises `FileNotFoundError` if somebody whose file was refused has discarded it since it was stored.
    """
    db.lock_name(f"file:{stored.sha256}")
    if not files.path_of(stored.sha256).exists():
        raise FileNotFoundError("the same content was refused and discarded meanwhile")


def _store(
    group: Group, *, title: str, kind: ResourceKind, publisher: str, published_on: date | None, name: str,
    stored: files.Stored, by: Person,
) -> ResourceVersion:  # fmt: skip
    resource = Resource(
        group=group, title=title, kind=kind, publisher=publisher, published_on=published_on, created_by=by,
        organisation_id=by.organisation_id, responsible_id=by.id,
    )  # fmt: skip
    version = ResourceVersion(resource=resource, sha256=stored.sha256, size=stored.size, file_name=name, added_by=by)
    db.session.add_all([resource, version])
    db.session.flush()
    audit.record("resource_added", by=by, on=resource, sha256=stored.sha256)
    return version


def import_file(group: Group, path: Path, *, kind: ResourceKind, limit: int, by: Person) -> Resource | None:
    """Take in a file of a folder, read at once; None if the group has the same content already.

    Raises `Invalid` (too large, empty, unreadable, personal data) and leaves nothing behind then. Ends the transaction
    (`db.pause`) before anything is copied or read: that takes time.
    """
    db.pause()
    with path.open("rb") as stream:
        stored = files.store(stream, limit=limit)
    if find_twin(group, stored.sha256) is not None:
        return None
    db.pause()
    try:
        reading = read_file(files.path_of(stored.sha256), path.name)
        name = safe_name(path.name)
        title = title_from(reading.extracted, name)
        guard.check_numbers({"title": title, "file": name})
    except (ExtractionError, PersonalData, guard.Stopped):
        discard_if_unused(stored.sha256)
        raise
    hold(stored)
    if find_twin(group, stored.sha256) is not None:
        return None
    version = _store(group, title=title, kind=kind, publisher="", published_on=None, name=name, stored=stored, by=by)
    keep_reading(version, reading)
    return version.resource


@outbox.handler(JOB)
def read_added_file(version_id: int, remove_people: bool = False) -> None:
    """Read a file that somebody has added (job). What holds personal data or cannot be read is not kept."""
    version = db.session.get(ResourceVersion, version_id)
    if version is None or version.state is not FileState.CHECKING:
        return
    sha256, path, name = version.sha256, files.path_of(version.sha256), version.file_name
    db.pause()
    stored = None
    try:
        reading = read_file(path, name)
        if remove_people:
            stored = cleaning.cleaned(path, reading.extracted.media_type)
            reading = read_file(files.path_of(stored.sha256), name)
            if about_people(reading.extracted):  # it stands where the cleaning does not look
                raise ExtractionError(Reason.NOT_CLEANED)
    except PersonalData as found:
        finds = [place.as_json() for place in found.places[:50]]
        refuse(version_id, FileState.STOPPED, reason="personal_data", finds=finds)
        return
    except ExtractionError as error:
        refuse(version_id, FileState.UNREADABLE, reason=error.reason.value, finds=[])
        return
    if stored is not None and stored.sha256 != sha256:
        hold(stored)
    version = still_checking(version_id)
    if version is None:
        return
    if stored is not None and stored.sha256 != sha256:
        version.came_as, version.sha256, version.size = sha256, stored.sha256, stored.size
        audit.record("resource_cleaned", by=None, on=version.resource, sha256=stored.sha256)
        db.after_commit(discard_if_unused, sha256)
    keep_reading(version, reading)


@outbox.handler(JOB + outbox.GIVEN_UP)
def note_given_up(version_id: int, **_job: object) -> None:
    """Say of a file whose reading was given up that it could not be read (job): nobody waits for it for ever."""
    refuse(version_id, FileState.UNREADABLE, reason=Reason.GIVEN_UP.value, finds=[])


def still_checking(version_id: int) -> ResourceVersion | None:
    """The version, held, unless another worker was faster: a job whose worker is slow is given to a second one."""
    version = db.session.get_one(ResourceVersion, version_id)
    db.lock(version)
    return version if version.state is FileState.CHECKING else None


def keep_reading(version: ResourceVersion, reading: Reading) -> None:
    """Store what was read; pages without words are read from their pictures first, if something here can do it."""
    extracted = reading.extracted
    version.media_type, version.page_count = extracted.media_type, len(extracted.pages)
    version.finds = [place.as_json() for place in reading.listed]
    version.properties = about_people(extracted)
    version.pages = [ResourcePage(number=number, text=text) for number, text in reading.texts]
    if reading.wordless and ocr.languages():
        db.session.flush()
        outbox.enqueue(OCR_JOB, version_id=version.id, pages=reading.wordless[: ocr.MOST_PAGES])
    else:
        let_in(version)


def let_in(version: ResourceVersion) -> None:
    """From now on others see it, and of a new version, it instead of the one before. That there was nothing to read in it is
    said with it."""
    version.state = version.resource.state = FileState.READY
    version.reason = "" if any(page.text.strip() for page in version.pages) else Reason.NO_WORDS.value
    version.resource.changed_at = db.now()
    audit.record("resource_ready", by=None, on=version.resource, pages=version.page_count)
    outbox.enqueue(PREVIEWS, key=str(version.id), version_id=version.id)
    tell_settled(version.resource)


def refuse(version_id: int, state: FileState, *, reason: str, finds: list[dict[str, object]]) -> None:
    """Do not let a version in, and keep neither its content nor its text; who added it is told. An earlier version stays in
    force, and so does this one if another worker has let it in.
    """
    version = still_checking(version_id)
    if version is None:
        return
    db.session.execute(sa.delete(ResourcePage).where(ResourcePage.version_id == version_id))
    version.state, version.reason, version.finds = state, reason, finds
    if version.resource.state is not FileState.READY:
        version.resource.state = state
    version.resource.changed_at = db.now()
    audit.record("resource_refused", by=None, on=version.resource, reason=reason)
    where = f"/resources/{version.resource_id}" + ("/versions" if version.number > 1 else "")
    notify(
        [version.added_by],
        "file_refused",
        group=version.resource.group,
        path=where,
        by=None,
        title=version.resource.title,
    )
    tell_settled(version.resource)
    db.after_commit(discard_if_unused, version.sha256)


_kept = sa.select(ResourceVersion).where(
    ResourceVersion.state.in_([FileState.READY, FileState.CHECKING])
)  # the versions whose content stays


def discard_if_unused(sha256: str, *, only_if_older: timedelta = timedelta(0)) -> None:
    """Delete a refused or forgotten content, unless another material has the very same and keeps it."""
    db.lock_name(f"file:{sha256}")
    used = db.session.scalars(_kept.where(ResourceVersion.sha256 == sha256).limit(1)).first()
    is_free = used is None and not files.is_named_elsewhere(sha256)
    if is_free and (not only_if_older or files.is_older(sha256, only_if_older)):
        files.path_of(sha256).unlink(missing_ok=True)


@outbox.every(timedelta(hours=1))
def sweep_files() -> None:
    """Delete contents that nothing has, a day after they came: their transaction failed, or a process ended half-way."""
    files.drop_half_received(FORGOTTEN)
    old = files.all_older(FORGOTTEN)
    with db.reading():
        kept = set(db.session.scalars(_kept.with_only_columns(ResourceVersion.sha256))) | files.named_elsewhere()
    for sha256 in old:
        if sha256 not in kept:
            discard_if_unused(sha256, only_if_older=FORGOTTEN)
            db.pause()  # gives its lock back: there is not room for one for each of very many
