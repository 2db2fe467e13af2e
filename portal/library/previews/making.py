"""Making the pictures of a version, once it has been read; and of those that have none."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from portal import audit, db, files, outbox
from portal.library.actions import PREVIEWS
from portal.library.file_types import PDF
from portal.library.models import FileState, ResourcePage, ResourceVersion
from portal.library.previews import draw, office

LARGEST = 200 << 20  # bytes of anything that is made here
A_TURN = 200  # versions that one turn of housekeeping asks pictures for


@dataclass(frozen=True, slots=True)
class Made:
    """The contents that show a version, by their hashes."""

    thumbnail: str
    picture: str | None
    pdf: str | None


def _kept(content: bytes) -> str:
    return files.store(io.BytesIO(content), limit=LARGEST).sha256


def make(path: Path, media_type: str, text: str) -> Made:
    """Draw a file and store the pictures. `text` is what its first page says. Call it while no transaction is open.

    A PDF or a picture that cannot be drawn, and all that has no pages of its own, gets a sheet with the first words.
    """
    pdf = office.as_pdf(path, media_type)
    drawn = None
    if pdf is not None:
        sha256 = _kept(pdf)
        drawn = draw.page_of_pdf(files.path_of(sha256))
        if drawn is not None:
            return Made(_kept(drawn.thumbnail), _kept(drawn.picture), sha256)
    if media_type == PDF:
        drawn = draw.page_of_pdf(path)
    elif media_type.startswith("image/"):
        drawn = draw.of_picture(path)
    if drawn is not None:
        return Made(_kept(drawn.thumbnail), _kept(drawn.picture), None)
    return Made(_kept(draw.sheet(media_type, text).thumbnail), None, None)


@outbox.handler(PREVIEWS)
def make_previews(version_id: int) -> None:
    """Make the pictures of a version that has been read (job); a version that is gone or was never let in gets none."""
    version = db.session.get(ResourceVersion, version_id)
    if version is None or version.state is not FileState.READY:
        return
    path, media_type = files.path_of(version.sha256), version.media_type
    page = sa.select(sa.func.substr(ResourcePage.text, 1, 6000)).where(ResourcePage.version_id == version_id)
    text = db.session.scalar(page.order_by(ResourcePage.number).limit(1)) or ""
    db.pause()
    if not path.exists():
        raise FileNotFoundError(f"the content of version {version_id} is gone")
    made = make(path, media_type, text)
    version = db.session.get_one(ResourceVersion, version_id)
    version.thumbnail_sha256, version.picture_sha256, version.pdf_sha256 = made.thumbnail, made.picture, made.pdf
    audit.record("previews_made", by=None, on=version.resource, version=version.number)


def ask_for_missing(*, limit: int = A_TURN, again: bool = False) -> int:
    """Ask for the pictures of versions that have been read and have none; how many. `again` True: of all versions.

    A version whose job waits or was given up is left alone: `flask outbox` shows why.
    """
    asked = sa.select(outbox.Job.key).where(outbox.Job.kind == PREVIEWS, outbox.Job.key.is_not(None))
    wanted = sa.select(ResourceVersion.id).where(ResourceVersion.state == FileState.READY)
    if not again:
        wanted = wanted.where(ResourceVersion.thumbnail_sha256.is_(None))
    waiting = set(db.session.scalars(asked))
    found = [number for number in db.session.scalars(wanted.order_by(ResourceVersion.id)) if str(number) not in waiting]
    for number in found[:limit]:
        outbox.enqueue(PREVIEWS, key=str(number), version_id=number)
    return len(found[:limit])


@outbox.every(timedelta(minutes=15))
def make_missing() -> None:
    """Pictures of material that came before there were any, or whose making was cut off."""
    ask_for_missing()
