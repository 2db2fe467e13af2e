"""Minutes as files: PDF, Word, Markdown, the package for the record, and whether a file is what it says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Response, current_app, render_template, send_file
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal import audit, db, files, pdf, web
from portal.errors import Conflict, Invalid
from portal.library.models import FileState
from portal.library.reading import safe_name
from portal.meetings.agenda.policy import number_of_papers, papers_of
from portal.meetings.minutes import exports, page, policy
from portal.meetings.minutes.content import canonical
from portal.meetings.minutes.documents import Standing, grouped, pdf_data
from portal.meetings.minutes.exports import Enclosure, LeftOut
from portal.meetings.minutes.forms import CheckForm
from portal.meetings.minutes.jobs import LANGUAGE
from portal.meetings.minutes.models import Addendum, Minutes, MinutesEdition
from portal.meetings.minutes.views import bp
from portal.meetings.minutes.word import docx
from portal.meetings.models import Meeting
from portal.meetings.views import note_read, visible_meeting
from portal.people.models import Person
from portal.people.traces import note_reading
from portal.times import local

LARGEST_PACKAGE = 1_000_000_000
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
CHUNK = 1 << 20


def _name(meeting: Meeting, ending: str) -> str:
    return f"protokoll-{meeting.group.slug}-{local(meeting.starts_at):%Y-%m-%d}{ending}"


def _attachment(content: bytes | Iterator[bytes], mimetype: str, name: str) -> Response:
    return Response(content, mimetype=mimetype, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _stored(sha256: str | None, name: str) -> ResponseReturnValue:
    if sha256 is None:
        raise Conflict(_("The PDF is being made. Try again in a moment."))
    return send_file(
        files.path_of(sha256), mimetype="application/pdf", as_attachment=True, download_name=name, etag=False
    )


@bp.get("/meetings/<int:meeting_id>/minutes.pdf")
def minutes_pdf(meeting_id: int) -> ResponseReturnValue:
    """The minutes as PDF/A: the draft is made now, in a process of its own; what was circulated the worker has made."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    note_read("minutes_read", meeting, person)
    minutes = policy.minutes_of(meeting)
    edition, name = page.shown_edition(minutes), _name(meeting, ".pdf")
    if minutes is not None and edition is not None:
        is_sealed = minutes.sealed_at is not None and edition is minutes.newest
        return _stored(minutes.pdf_sha256 if is_sealed else edition.pdf_sha256, name)
    data = pdf_data(page.content_of(meeting, None), Standing())
    db.pause()  # nobody waits for the database while the PDF is made
    return _attachment(pdf.compile_pdf("minutes.typ", data), "application/pdf", name)


def _shown(meeting_id: int) -> tuple[Meeting, dict[str, Any], Standing]:
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    note_read("minutes_read", meeting, person)
    minutes = policy.minutes_of(meeting)
    edition = page.shown_edition(minutes)
    return meeting, page.content_of(meeting, edition), page.standing_of(minutes, edition)


@bp.get("/meetings/<int:meeting_id>/minutes.docx")
def minutes_docx(meeting_id: int) -> ResponseReturnValue:
    """The minutes as a Word file."""
    meeting, content, standing = _shown(meeting_id)
    locale, name = get_locale(), _name(meeting, ".docx")
    made = docx(content, standing, language=locale.language if locale else LANGUAGE)
    return _attachment(made, DOCX, name)


@bp.get("/meetings/<int:meeting_id>/minutes.md")
def minutes_markdown(meeting_id: int) -> ResponseReturnValue:
    """The minutes as Markdown."""
    meeting, content, standing = _shown(meeting_id)
    return _attachment(exports.markdown(content, standing).encode(), "text/markdown", _name(meeting, ".md"))


@bp.get("/addenda/<int:addendum_id>/file")
def addendum_pdf(addendum_id: int) -> ResponseReturnValue:
    """A sealed addendum as PDF/A."""
    person = web.current_person()
    addendum = web.find(policy.visible_addenda(person).where(Addendum.id == addendum_id))
    meeting = addendum.minutes.meeting
    note_read("minutes_read", meeting, person)
    return _stored(addendum.pdf_sha256, _name(meeting, f"-tillagg-{addendum.number}.pdf"))


# --- the package for the record -----------------------------------------------------------------------------------------


@bp.get("/meetings/<int:meeting_id>/minutes.zip")
def package(meeting_id: int) -> ResponseReturnValue:
    """PDF/A, papers, metadata and checksums for the records of the person's organisation, sent piece by piece."""
    person = web.current_person()
    minutes = web.find(policy.visible_minutes(person).where(Minutes.meeting_id == meeting_id))
    meeting = visible_meeting(person, meeting_id)
    if minutes.sealed_at is None:
        raise Conflict(_("The package is made of sealed minutes. These are not sealed yet."))
    minutes = policy.minutes_of(meeting) or minutes
    now = db.now()
    with force_locale(LANGUAGE):
        papers, left_out = _papers(meeting, person)
        enclosures = [*_documents(minutes, meeting), *papers]
        texts = _texts(minutes, enclosures, left_out, person, now)
    if sum(one.size for one in enclosures) > LARGEST_PACKAGE:
        limit = files.human_size(LARGEST_PACKAGE)
        raise Invalid(_("The package would be larger than %(limit)s. Take the papers from the library.", limit=limit))
    audit.record_read("minutes_packed", by=person, on=minutes)
    return _attachment(exports.package(texts, enclosures, at=now), "application/zip", _name(meeting, ".zip"))


def _texts(
    minutes: Minutes, enclosures: list[Enclosure], left_out: list[LeftOut], person: Person, now: datetime
) -> dict[str, bytes]:
    """What the package says of itself, and the content that the checksum was taken of."""
    standing = page.standing_of(minutes, minutes.newest)
    standing = Standing(
        standing.edition,
        standing.made_at,
        standing.sha256,
        standing.seal,
        record_number=page.record_number(minutes, person),
    )
    content, name = minutes.newest.content, person.organisation.name
    about = exports.metadata(content, standing, enclosures, left_out, organisation=name, made_at=now)
    return {
        "README.txt": exports.readme(content, standing, name, left_out).encode(),
        "metadata.json": exports.as_json(about),
        "content.json": canonical(content),
    }


def _documents(minutes: Minutes, meeting: Meeting) -> list[Enclosure]:
    """The PDF files. Raises `Conflict` while one is being made."""
    made = [(_name(meeting, ".pdf"), minutes.pdf_sha256, minutes.pdf_size, meeting.title, "minutes")]
    for one in (one for one in minutes.addenda if one.sealed_at is not None):
        name, title = _name(meeting, f"-tillagg-{one.number}.pdf"), _("Addendum %(number)s", number=one.number)
        made.append((name, one.pdf_sha256, one.pdf_size, title, "addendum"))
    found = []
    for name, sha256, size, title, kind in made:
        if sha256 is None or size is None:
            raise Conflict(_("The PDF is being made. Try again in a moment."))
        path = files.path_of(sha256)
        if not path.exists():
            raise FileNotFoundError(f"the content of {kind} {name} is gone")
        found.append(Enclosure(name, sha256, size, title, kind, path))
    return found


def _papers(meeting: Meeting, person: Person) -> tuple[list[Enclosure], list[LeftOut]]:
    """The papers as they stand, and those that cannot go with them. What the person may not read is counted and not named."""
    found: list[Enclosure] = []
    left_out: list[LeftOut] = []
    resources = {paper.resource.id: paper.resource for some in papers_of(meeting, person).values() for paper in some}
    for resource in resources.values():
        if resource.state is not FileState.READY:
            left_out.append(LeftOut(resource.title, _("The file is still being checked, or was stopped.")))
            continue
        version = resource.current
        path = files.path_of(version.sha256)
        if not path.exists():
            left_out.append(LeftOut(resource.title, _("The portal no longer has the file.")))
            continue
        name = f"bilagor/{len(found) + 1:02d}-{safe_name(version.file_name)}"
        found.append(Enclosure(name, version.sha256, version.size, resource.title, "paper", path))
        note_reading("resource_downloaded", resource.group, on=resource, by=person)
    hidden = number_of_papers(meeting) - len(resources)
    return found, left_out + [LeftOut("", _("You may not read this paper, or it is not ready."))] * hidden


# --- is this the file? --------------------------------------------------------------------------------------------------


@bp.route("/minutes/check", methods=["GET", "POST"])
def check_file() -> ResponseReturnValue:
    """Compare a file with the checksums of all minutes that the person may read. The file is not stored."""
    person = web.current_person()
    web.check(person.is_active)
    form, sha256, match = CheckForm(), "", None
    if form.validate_on_submit():
        sha256 = _sum_of(form.file.data.stream)
        match = _match(sha256, person)
    limit = files.human_size(current_app.config["SETTINGS"].max_upload_bytes)
    answer = render_template("meetings/check.html", form=form, limit=limit, sha256=sha256, match=match, grouped=grouped)
    return answer, 422 if form.errors else 200


def _sum_of(stream: Any) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _match(sha256: str, person: Person) -> dict[str, Any] | None:
    """Which visible minutes have this file, and as what."""
    visible = policy.visible_minutes(person)
    sealed = db.session.scalars(visible.where(Minutes.pdf_sha256 == sha256)).first()
    if sealed is not None:
        return {"minutes": sealed, "what": "sealed"}
    ids = visible.with_only_columns(Minutes.id)
    editions = sa.select(MinutesEdition).where(MinutesEdition.pdf_sha256 == sha256, MinutesEdition.minutes_id.in_(ids))
    edition = db.session.scalars(editions.options(joinedload(MinutesEdition.minutes))).first()
    if edition is not None:
        newest = max(one.number for one in edition.minutes.editions)
        return {
            "minutes": edition.minutes,
            "what": "edition",
            "number": edition.number,
            "is_old": edition.number < newest,
        }
    addendum = db.session.scalars(policy.visible_addenda(person).where(Addendum.pdf_sha256 == sha256)).first()
    if addendum is not None:
        return {"minutes": addendum.minutes, "what": "addendum", "number": addendum.number}
    return None
