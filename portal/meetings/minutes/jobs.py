"""What the worker makes of minutes: the PDF of an edition, of what is sealed, and of an addendum. Run twice, they make it once."""

from __future__ import annotations

import io
from typing import Any

from flask_babel import force_locale

from portal import db, files, outbox, pdf
from portal.meetings.minutes.actions import PDF_JOB, SEALED_PDF_JOB
from portal.meetings.minutes.adjusting_actions import ADDENDUM_PDF_JOB
from portal.meetings.minutes.documents import Addition, Approval, Seal, Standing, addendum_data, pdf_data
from portal.meetings.minutes.models import Addendum, Adjuster, Minutes, MinutesEdition

LANGUAGE = "sv"  # of what is archived
LARGEST_PDF = 100_000_000

for _column in (MinutesEdition.pdf_sha256, Minutes.pdf_sha256, Addendum.pdf_sha256):
    files.named_in(_column)


def approvals_of(adjusters: list[Adjuster], edition: int) -> list[Approval]:
    """Who has approved that edition."""
    return [
        Approval(one.person.name, one.organisation.name, one.decided_at)
        for one in adjusters
        if one.replaced_at is None and one.has_approved(edition) and one.decided_at is not None
    ]


def seal_of(minutes: Minutes) -> Seal | None:
    """The seal of the minutes, once they have one."""
    if minutes.sealed_at is None:
        return None
    newest = minutes.newest
    return Seal(minutes.sealed_at, newest.sha256, approvals_of(minutes.adjusters, newest.number))


def additions_of(minutes: Minutes) -> list[Addition]:
    """The sealed addenda."""
    return [addition for addendum in minutes.addenda if (addition := addition_of(addendum)) is not None]


def addition_of(addendum: Addendum) -> Addition | None:
    """The addendum, once it is sealed."""
    if addendum.sealed_at is None or addendum.sha256 is None:
        return None
    seal = Seal(addendum.sealed_at, addendum.sha256, approvals_of(addendum.adjusters, 0))
    paragraph = addendum.minutes.paragraph_of(addendum.item_id)
    return Addition(addendum.number, paragraph, addendum.text, addendum.made_by.name, seal)


def _is_made(thing: MinutesEdition | Minutes | Addendum) -> bool:
    """Whether its PDF is there. It stays as it is: a name that changes later would make another file than was fetched."""
    return thing.pdf_sha256 is not None and files.path_of(thing.pdf_sha256).exists()


def _make(data: dict[str, Any]) -> files.Stored:
    """Make and store a PDF, outside any transaction."""
    db.pause()
    return files.store(io.BytesIO(pdf.compile_pdf("minutes.typ", data)), limit=LARGEST_PDF)


@outbox.handler(PDF_JOB)
def make_edition_pdf(*, edition_id: int) -> None:
    """The PDF of a circulated edition."""
    edition = db.session.get_one(MinutesEdition, edition_id)
    if _is_made(edition):
        return
    with force_locale(LANGUAGE):
        standing = Standing(edition.number, edition.made_at, edition.sha256)
        stored = _make(pdf_data(edition.content, standing))
    edition = db.session.get_one(MinutesEdition, edition_id)
    edition.pdf_sha256, edition.pdf_size = stored.sha256, stored.size


@outbox.handler(SEALED_PDF_JOB)
def make_sealed_pdf(*, minutes_id: int) -> None:
    """The PDF of sealed minutes, with the seal."""
    minutes = db.session.get_one(Minutes, minutes_id)
    if _is_made(minutes):
        return
    with force_locale(LANGUAGE):
        standing = Standing(minutes.newest.number, minutes.sealed_at, minutes.newest.sha256, seal_of(minutes))
        stored = _make(pdf_data(minutes.newest.content, standing))
    minutes = db.session.get_one(Minutes, minutes_id)
    minutes.pdf_sha256, minutes.pdf_size = stored.sha256, stored.size


@outbox.handler(ADDENDUM_PDF_JOB)
def make_addendum_pdf(*, addendum_id: int) -> None:
    """The PDF of a sealed addendum."""
    addendum = db.session.get_one(Addendum, addendum_id)
    addition = addition_of(addendum)
    if addition is None or _is_made(addendum):
        return
    with force_locale(LANGUAGE):
        stored = _make(addendum_data(addendum.minutes.newest.content, addition))
    addendum = db.session.get_one(Addendum, addendum_id)
    addendum.pdf_sha256, addendum.pdf_size = stored.sha256, stored.size
