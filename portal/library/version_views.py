"""The versions of a material: all of them, and a new one."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import db, files, guard, web
from portal.errors import Conflict, Forbidden, Invalid, NotFound
from portal.library import policy
from portal.library.actions import discard_if_unused
from portal.library.extract import Reason
from portal.library.file_types import EXTENSIONS, LARGEST_TEXT, message
from portal.library.intake import actions as intake
from portal.library.intake import policy as intake_policy
from portal.library.intake.forms import VersionForm
from portal.library.intake.models import Upload, UploadState
from portal.library.models import FileState, Resource, ResourceVersion
from portal.library.version_actions import add_version, restore_version
from portal.library.views import bp, sent
from portal.people.models import Person


@bp.app_template_filter("refusal")
def refusal(reason: str) -> str:
    """Why a file was not taken in, in words."""
    return message(Reason(reason)) if reason in set(Reason) else ""


@bp.route("/resources/<int:resource_id>/versions", methods=["GET", "POST"])
def versions(resource_id: int) -> ResponseReturnValue:
    """All versions, and for those who may change the material a form for a new one."""
    person = web.current_person()
    resource = web.find(policy.visible_resources(person).where(Resource.id == resource_id))
    may_change = policy.can_change_material(person, resource)
    form = VersionForm()
    finds: list[guard.Find] = []
    if request.method == "POST":
        web.check(may_change)
        if form.validate_on_submit():
            try:
                return _add(form, resource, person)
            except guard.Stopped as stopped:
                finds = stopped.finds
            except (Invalid, Conflict) as error:
                form.file.errors = [error.message]
    page = render_template(
        "library/versions.html",
        resource=resource,
        may_change=may_change,
        form=form,
        finds=finds,
        waiting=_waiting(form, person),
        limit=files.human_size(current_app.config["SETTINGS"].max_upload_bytes),
        text_limit=files.human_size(LARGEST_TEXT),
        accept=",".join(EXTENSIONS),
    )
    return page, 422 if request.method == "POST" else 200


def _waiting(form: VersionForm, person: Person) -> Upload | None:
    """The file that has come in pieces: it need not be sent again because of a word in the note."""
    if not form.upload.data:
        return None
    rows = intake_policy.visible_uploads(person).where(Upload.token == form.upload.data)
    return db.session.scalars(rows.where(Upload.state == UploadState.READY)).first()


def _add(form: VersionForm, resource: Resource, person: Person) -> ResponseReturnValue:
    if form.file.data:
        version = _from_form(form, resource, person)
    elif form.upload.data:
        version = _from_upload(form, resource, person)
    else:
        raise Invalid(_("Choose a file."), field="file")
    flash(_("Version %(number)s is being read. Until then the version before is shown.", number=version), "done")
    return redirect(url_for("library.resource", resource_id=resource.id))


def _from_upload(form: VersionForm, resource: Resource, person: Person) -> int:
    """A file that has come in pieces and been read."""
    token = form.upload.data or ""
    upload = web.find(intake_policy.visible_uploads(person).where(Upload.token == token))
    if upload.state is not UploadState.READY or upload.sha256 is None:
        raise Conflict(_("The file is still being read. Try again in a moment."))
    is_cleaned = form.remove_people.data or bool(request.form.get(f"f{token}-remove_people"))
    version = add_version(
        resource, file_name=upload.file_name, stored=files.Stored(upload.sha256, upload.size), note=form.note.data or "",
        remove_people=is_cleaned, keep=web.kept(), by=person,
    )  # fmt: skip
    intake.note_added(upload, by=person)
    return version.number


def _from_form(form: VersionForm, resource: Resource, person: Person) -> int:
    """A file sent with the form: stored before the transaction that writes."""
    db.pause()
    stored = files.store(form.file.data.stream, limit=current_app.config["SETTINGS"].max_upload_bytes)
    try:
        web.check(policy.can_change_material(person, resource))
        version = add_version(
            resource, file_name=form.file.data.filename or "", stored=stored, note=form.note.data or "",
            remove_people=form.remove_people.data, keep=web.kept(), by=person,
        )  # fmt: skip
    except (guard.Stopped, Conflict, Forbidden):
        discard_if_unused(stored.sha256)
        raise
    return version.number


@bp.get("/resources/<int:resource_id>/versions/<int:number>/file")
def version_file(resource_id: int, number: int) -> ResponseReturnValue:
    """The file of an earlier version, as carefully as the one in force (security.md, number 35)."""
    person = web.current_person()
    resource = web.find(policy.visible_resources(person).where(Resource.id == resource_id))
    return sent(resource, _ready(resource, number), person)


def _ready(resource: Resource, number: int) -> ResourceVersion:
    version = next((one for one in resource.versions if one.number == number), None)
    if version is None or version.state is not FileState.READY:
        raise NotFound
    return version


@bp.post("/resources/<int:resource_id>/versions/<int:number>/restoration")
def restore(resource_id: int, number: int) -> ResponseReturnValue:
    """Let an earlier version count again."""
    person = web.current_person()
    resource = web.find(policy.visible_resources(person).where(Resource.id == resource_id))
    web.check(policy.can_change_material(person, resource))
    anew = restore_version(_ready(resource, number), by=person)
    flash(_("Version %(number)s is being read. Until then the version before is shown.", number=anew.number), "done")
    return redirect(url_for("library.versions", resource_id=resource_id))
