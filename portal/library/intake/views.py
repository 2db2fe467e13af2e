"""Adding material: several files sent in pieces and then added together, or one with the form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from wtforms.fields.choices import SelectChoice

from portal import db, files, guard, web
from portal.errors import Conflict, Forbidden, Invalid, NotFound
from portal.library import actions
from portal.library.cleaning import CLEANED
from portal.library.extract import Reason
from portal.library.file_types import EXTENSIONS, LARGEST_TEXT
from portal.library.file_types import message as reason_text
from portal.library.intake import actions as intake
from portal.library.intake import incoming
from portal.library.intake import policy as intake_policy
from portal.library.intake.forms import BatchForm, FileForm, UploadForm
from portal.library.intake.models import Upload, UploadState
from portal.library.models import Resource, ResourceKind
from portal.library.policy import can_add_material, groups_to_add_to
from portal.library.views import bp
from portal.people.models import Group, Person

BATCH = "batch-"  # before the names of what holds for all files: the form for one has the same fields

bp.add_app_template_filter(files.human_size, "human_size")


@dataclass
class Row:
    """A file that waits, as its row shows it."""

    upload: Upload
    form: FileForm
    twins: list[Resource] = field(default_factory=list)  # material with the very same content
    namesakes: list[Resource] = field(default_factory=list)  # material of the same name, which this may be a version of
    copy_of: Upload | None = None  # a file of the list with the very same content, read before this one
    received: int = 0
    reason: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether it can be added."""
        return self.upload.state is UploadState.READY

    @property
    def can_be_cleaned(self) -> bool:
        """Whether what the file says about people can be taken out of it."""
        return bool(self.upload.properties) and self.upload.media_type in CLEANED


def rows_of(person: Person, uploads: Sequence[Upload], *, is_sent: bool = False) -> list[Row]:
    """The rows of these files, filled in with what was guessed, or, if they are sent, with what the person has said."""
    twins: dict[str, list[Resource]] = {}
    sums = {upload.sha256 for upload in uploads if upload.sha256}
    if sums:
        for sha256, resource in db.session.execute(intake_policy.visible_twins(person, sums)).unique():
            twins.setdefault(sha256, []).append(resource)
            twins.setdefault(resource.current.sha256, []).append(resource)
    titles = {upload.title for upload in uploads if upload.state is UploadState.READY}
    named: dict[str, list[Resource]] = {}
    for resource in db.session.scalars(intake_policy.namesakes(person, titles)).unique() if titles else ():
        named.setdefault(resource.title.casefold(), []).append(resource)
    rows, first = [], _first_read(uploads)
    for upload in uploads:
        before = first.get(upload.sha256 or "", upload)
        same = list(dict.fromkeys(twins.get(upload.sha256 or "", [])))
        guess = {
            "is_added": not same and before is upload,
            "title": upload.title,
            "kind": upload.kind.value,
            "language": upload.language,
        }
        form = FileForm(request.form if is_sent else None, prefix=f"f{upload.token}-", data=guess)
        row = Row(upload, form, same, [] if same else named.get(upload.title.casefold(), [])[:3])
        row.copy_of = before if before is not upload else None
        row.received = _received(upload)
        row.reason = reason_text(Reason(upload.reason)) if upload.reason else ""
        rows.append(row)
    return rows


def _first_read(uploads: Sequence[Upload]) -> dict[str, Upload]:
    """Of each content the file that was read first."""
    read = (upload for upload in uploads if upload.state is UploadState.READY)
    last_first = sorted(read, key=lambda upload: (upload.changed_at, upload.id), reverse=True)
    return {upload.sha256: upload for upload in last_first if upload.sha256}


def _received(upload: Upload) -> int:
    if upload.state is not UploadState.RECEIVING:
        return upload.size
    try:
        return incoming.offset_of(upload.token)
    except FileNotFoundError:
        return 0


def _choices(groups: Sequence[Group]) -> list[SelectChoice]:
    return [SelectChoice(group.slug, group.name) for group in groups]


def _page(person: Person, groups: Sequence[Group], status: int = 200, **shown: Any) -> ResponseReturnValue:
    """The page with what stands on it already, and new forms for the rest."""
    if "rows" not in shown:
        uploads = db.session.scalars(intake_policy.visible_uploads(person).limit(intake.MOST_WAITING)).all()
        shown["rows"] = rows_of(person, uploads)
    wanted = request.args.get("group") or groups[0].slug
    for name, made in (("form", UploadForm(None)), ("batch", BatchForm(None, prefix=BATCH))):
        if name not in shown:
            shown[name] = made
            shown[name].group.choices = _choices(groups)
            shown[name].group.data = wanted
    limit = files.human_size(current_app.config["SETTINGS"].max_upload_bytes)
    accept = ",".join(EXTENSIONS)
    told = {"limit": limit, "text_limit": files.human_size(LARGEST_TEXT), "accept": accept}
    page = render_template("library/upload.html", **{"finds": [], "batch_finds": [], **told, **shown})
    return page, status


@bp.route("/library/upload", methods=["GET", "POST"])
def upload() -> ResponseReturnValue:
    """Add one file with the form, and what waits to be added. What was filled in stays when something stops it."""
    person = web.current_person()
    groups = web.page(groups_to_add_to(person), limit=200)
    web.check(bool(groups))
    if request.method == "GET":
        return _page(person, groups)
    form = UploadForm()
    form.group.choices = _choices(groups)
    finds: list[guard.Find] = []
    if form.validate_on_submit():
        group = next(group for group in groups if group.slug == form.group.data)
        try:
            return _add(form, group, person)
        except guard.Stopped as stopped:
            finds = stopped.finds
        except (Invalid, Conflict) as error:
            form.file.errors = [error.message]
    return _page(person, groups, 422, form=form, finds=finds)


def _add(form: UploadForm, group: Group, person: Person) -> ResponseReturnValue:
    """Store the content first, outside the transaction: a slow disk must hold up nobody."""
    db.pause()
    stored = files.store(form.file.data.stream, limit=current_app.config["SETTINGS"].max_upload_bytes)
    try:
        web.check(can_add_material(person, group))  # again, in the transaction that writes
        resource = actions.add_resource(
            group, title=form.title.data, kind=ResourceKind(form.kind.data), publisher=form.publisher.data or "",
            published_on=form.published_on.data, file_name=form.file.data.filename or "", stored=stored,
            language=form.language.data or "sv", remove_people=form.remove_people.data, keep=web.kept(), by=person,
        )  # fmt: skip
        db.session.flush()
    except (guard.Stopped, Conflict, Forbidden):
        actions.discard_if_unused(stored.sha256)
        raise
    flash(_("The file has been received. It is read now; then the group sees it."), "done")
    return redirect(url_for("library.resource", resource_id=resource.id))


@bp.get("/library/uploads/<token>/row")
def upload_row(token: str) -> ResponseReturnValue:
    """The row of one file as it stands now, for the script that waits until it has been read."""
    person = web.current_person()
    mine = intake_policy.visible_uploads(person)
    upload = web.find(mine.where(Upload.token == token))
    same = db.session.scalars(mine.where((Upload.id == upload.id) | (Upload.sha256 == upload.sha256))).all()
    row = next(row for row in rows_of(person, same) if row.upload is upload)
    return render_template("library/_upload_row.html", row=row)


@bp.post("/library/uploads/<token>/removal")
def remove_upload(token: str) -> ResponseReturnValue:
    """Take a file away that was not added."""
    person = web.current_person()
    upload = web.find(intake_policy.visible_uploads(person).where(Upload.token == token))
    intake.drop_upload(upload, by=person)
    flash(_("%(name)s has been removed.", name=upload.file_name), "done")
    return redirect(url_for("library.upload", group=request.form.get(f"{BATCH}group") or None))


@bp.post("/library/uploads/add")
def add_uploads() -> ResponseReturnValue:
    """Add the files that are ticked, all of them or, if something is wrong with one, none."""
    person = web.current_person()
    groups = web.page(groups_to_add_to(person), limit=200)
    web.check(bool(groups))
    rows = rows_of(person, web.page(intake_policy.visible_uploads(person), limit=intake.MOST_WAITING), is_sent=True)
    batch = BatchForm(prefix=BATCH)
    batch.group.choices = _choices(groups)
    ticked = [row for row in rows if row.is_ready and row.form.is_added.data]
    once: dict[str | None, Row] = {}
    for row in ticked:
        once.setdefault(row.upload.sha256, row)
    chosen = list(once.values())
    if not chosen:
        flash(_("Choose at least one file that has been read."), "error")
    faulty = [row for row in chosen if not row.form.validate()]  # each says what is wrong with it
    if not batch.validate_on_submit() or faulty or not chosen:
        return _page(person, groups, 422, rows=rows, batch=batch)
    group = next(group for group in groups if group.slug == batch.group.data)
    web.check(can_add_material(person, group))
    finds, made = _add_all(chosen, group, batch, person)
    if finds or len(made) < len(chosen):
        return _page(person, groups, 422, rows=rows, batch=batch, batch_finds=finds)
    for row in ticked:
        if row not in chosen:
            intake.note_added(row.upload, by=person)
            flash(_("%(name)s was in the list twice and is added once.", name=row.upload.file_name), "done")
    flash(
        ngettext("%(num)s file is being read. Then the group sees it.", "%(num)s files are being read. Then the group sees them.", len(made)),
        "done",
    )  # fmt: skip
    if len(made) == 1:
        return redirect(url_for("library.resource", resource_id=made[0].id))
    return redirect(url_for("library.group_materials", slug=group.slug))


def _add_all(
    chosen: list[Row], group: Group, batch: BatchForm, person: Person
) -> tuple[list[guard.Find], list[Resource]]:
    """Add each; what stops one is said at its row, or by the guard for all of them."""
    finds: dict[str, guard.Find] = {}
    made = []
    for row in chosen:
        if row.upload.sha256 is None:  # a ready one has its content
            raise NotFound
        stored = files.Stored(row.upload.sha256, row.upload.size)
        try:
            resource = actions.add_resource(
                group, title=row.form.title.data, kind=ResourceKind(row.form.kind.data), publisher=batch.publisher.data or "",
                published_on=None, file_name=row.upload.file_name, stored=stored, language=row.form.language.data,
                remove_people=row.form.remove_people.data, keep=web.kept(), by=person,
            )  # fmt: skip
        except guard.Stopped as stopped:
            finds |= {find.key: find for find in stopped.finds}
        except Conflict as error:
            row.form.title.errors = [error.message]
        else:
            intake.note_added(row.upload, by=person)
            db.session.flush()
            made.append(resource)
    return list(finds.values()), made
