"""Every write about files on their way in."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, files, guard, outbox
from portal.errors import Conflict, Invalid
from portal.library.actions import FORGOTTEN, discard_if_unused, hold
from portal.library.extract import ExtractionError, Reason
from portal.library.file_types import check_length
from portal.library.intake import guessing, incoming
from portal.library.intake.models import Upload, UploadState
from portal.library.reading import PersonalData, Reading, about_people, read_file, safe_name, title_from
from portal.notifications.actions import notify
from portal.people.models import Person

JOB = "upload_arrived"
MOST_WAITING = 50  # files of one person that are not added yet
MOST_ROOM = 10  # times the largest file, for all of them together
WORKER_AWAY = timedelta(days=30)  # after that nobody waits any more for a file to be read
_STAMP = re.compile(r"-?[0-9]{1,20}")  # when the file was changed, as its sender's computer counts it


def start_upload(*, file_name: str, size: int, limit: int, stamp: str = "", by: Person) -> Upload:
    """Make room for a file of at most `limit` bytes that will come in pieces.

    `stamp` tells the same file on the person's computer; anything but a number is passed over, since no guard reads it.
    Raises `Invalid` for an empty or too large one or a text too long to be read, `guard.Stopped` for its name, `Conflict` when too many wait to be added.
    """
    name = safe_name(file_name)
    guard.check_numbers({"file": name})  # the person is asked about all else when it is added
    if size <= 0:
        raise ExtractionError(Reason.EMPTY)
    if size > limit:
        raise Invalid(_("The file is larger than %(limit)s.", limit=files.human_size(limit)), field="file")
    check_length(name, size)
    db.lock_name(f"uploads:{by.id}")
    waiting = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Upload.size), 0)).where(Upload.person_id == by.id)
    count, total = db.session.execute(waiting).one()
    if count >= MOST_WAITING or total + size > MOST_ROOM * limit:
        raise Conflict(_("Many of your files wait already. Add or remove them first."))
    upload = Upload(
        token=secrets.token_hex(16),
        person=by,
        file_name=name,
        size=size,
        stamp=stamp if _STAMP.fullmatch(stamp) else "",
    )
    db.session.add(upload)
    audit.record("upload_started", by=by, on=upload, size=size)
    incoming.begin(upload.token)
    return upload


def note_arrived(upload: Upload, *, by: Person) -> None:
    """All its bytes are here: the worker reads the file next."""
    db.lock(upload)
    if upload.state is UploadState.RECEIVING:
        _arrive(upload)
        audit.record("upload_arrived", by=by, on=upload)


def _arrive(upload: Upload) -> None:
    upload.state, upload.changed_at = UploadState.ARRIVED, db.now()
    outbox.enqueue(JOB, upload_id=upload.id)


def drop_upload(upload: Upload, *, by: Person | None) -> None:
    """Forget a file that was not added, with all its bytes. `by` is None when it was forgotten for a day."""
    audit.record("upload_dropped", by=by, on=upload)
    _forget(upload)
    if upload.sha256 is not None:
        db.after_commit(discard_if_unused, upload.sha256)


def note_added(upload: Upload, *, by: Person) -> None:
    """It is in the library now, and waits no more."""
    audit.record("upload_added", by=by, on=upload)
    _forget(upload)


def _forget(upload: Upload) -> None:
    db.session.delete(upload)
    db.after_commit(incoming.drop, upload.token)


@outbox.handler(JOB)
def read_arrived_upload(upload_id: int) -> None:
    """Store and read a file that has come whole (job), so that its sender sees what it is. May run twice."""
    upload = db.session.get(Upload, upload_id)
    if upload is None or upload.state is not UploadState.ARRIVED:
        return
    token, name, size = upload.token, upload.file_name, upload.size
    db.pause()
    with incoming.held(token) as source:
        stored = files.store(source, limit=size)
    try:
        reading = read_file(files.path_of(stored.sha256), name)
    except PersonalData as found:
        _refuse(upload_id, UploadState.STOPPED, stored, finds=[place.as_json() for place in found.places[:50]])
    except ExtractionError as error:
        _refuse(upload_id, UploadState.UNREADABLE, stored, reason=error.reason.value)
    else:
        _keep(upload_id, stored, reading)
    db.after_commit(incoming.drop, token)


@outbox.handler(JOB + outbox.GIVEN_UP)
def note_given_up(upload_id: int) -> None:
    """Say of a file whose reading was given up that it could not be read (job), and tell its sender, who waits no more."""
    upload = _still_arrived(upload_id)
    if upload is None:
        return
    upload.state, upload.reason, upload.changed_at = UploadState.UNREADABLE, Reason.GIVEN_UP.value, db.now()
    audit.record("upload_refused", by=None, on=upload, reason=upload.reason)
    notify([upload.person], "file_refused", group=None, path="/library/upload", by=None, title=upload.file_name)
    db.after_commit(incoming.drop, upload.token)


def _still_arrived(upload_id: int) -> Upload | None:
    """The upload, held, if it was not dropped while it was read, and no other worker was faster."""
    upload = db.session.get(Upload, upload_id)
    if upload is not None:
        db.lock(upload)
    return upload if upload is not None and upload.state is UploadState.ARRIVED else None


def _keep(upload_id: int, stored: files.Stored, reading: Reading) -> None:
    hold(stored)
    upload = _still_arrived(upload_id)
    if upload is None:
        db.after_commit(discard_if_unused, stored.sha256)
        return
    upload.state, upload.sha256, upload.changed_at = UploadState.READY, stored.sha256, db.now()
    upload.media_type = reading.extracted.media_type
    upload.title = title_from(reading.extracted, upload.file_name)
    upload.kind = guessing.kind_of(upload.title, upload.file_name)
    upload.language = guessing.language_of(" ".join(text for _number, text in reading.texts[:20])[: guessing.LOOKED_AT])
    upload.properties = about_people(reading.extracted)
    upload.finds = [place.as_json() for place in reading.listed]


def _refuse(
    upload_id: int, state: UploadState, stored: files.Stored, *, reason: str = "", finds: list[dict[str, object]] | None = None
) -> None:  # fmt: skip
    upload = _still_arrived(upload_id)
    db.after_commit(discard_if_unused, stored.sha256)
    if upload is None:
        return
    upload.state, upload.reason, upload.finds, upload.changed_at = state, reason, finds or [], db.now()
    audit.record("upload_refused", by=None, on=upload, reason=reason or "personal_data")


@outbox.every(timedelta(minutes=1))
def mend_uploads() -> None:
    """Read what has come whole although nobody could note it: the process ended between the last byte and the row."""
    with db.reading():
        waiting = db.session.execute(
            sa.select(Upload.id, Upload.token, Upload.size).where(Upload.state == UploadState.RECEIVING)
        ).all()
    for number, token, size in waiting:
        if incoming.is_whole(token, size):
            upload = db.session.get(Upload, number)
            if upload is not None and upload.state is UploadState.RECEIVING:
                _arrive(upload)


@outbox.every(timedelta(hours=1))
def sweep_uploads() -> None:
    """Drop files that nobody has gone on with, or added, for a day. One that waits for the worker is not forgotten."""
    forgotten = (Upload.changed_at < db.now() - FORGOTTEN) & (Upload.state != UploadState.ARRIVED)
    given_up = Upload.changed_at < db.now() - WORKER_AWAY
    for upload in db.session.scalars(sa.select(Upload).where(forgotten | given_up).order_by(Upload.id)).all():
        path = incoming.path_of(upload.token)
        if path.exists() and db.now().timestamp() - path.stat().st_mtime < FORGOTTEN.total_seconds():
            continue  # it still comes
        drop_upload(upload, by=None)
    incoming.drop_unknown(set(db.session.scalars(sa.select(Upload.token))), FORGOTTEN)
