"""The page on which a file is put to a post, and where the composer sends those that were chosen there."""

from __future__ import annotations

from flask import Response, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import db, files, guard, web
from portal.discussions.actions import note_read
from portal.discussions.fragments import render_for_all, render_post
from portal.discussions.models import Post
from portal.discussions.policy import visible_posts
from portal.errors import Conflict, Forbidden, Invalid
from portal.library.actions import discard_if_unused
from portal.library.attaching import actions, policy
from portal.library.attaching.forms import AttachForm
from portal.library.file_types import EXTENSIONS, LARGEST_TEXT
from portal.library.intake import actions as intake
from portal.library.intake.models import Upload, UploadState
from portal.library.intake.policy import visible_uploads
from portal.library.views import bp
from portal.people.models import Person


@bp.route("/posts/<int:post_id>/attachments", methods=["GET", "POST"])
def attach(post_id: int) -> ResponseReturnValue:
    """Put a file to one's own post. A script gets the post in its new form, or in words why the file is not taken."""
    person = web.current_person()
    post = web.find(visible_posts(person).where(Post.id == post_id))
    web.check(policy.can_attach(person, post))
    form, status = AttachForm(), 200
    finds: list[guard.Find] = []
    if form.validate_on_submit():
        status = 422
        try:
            _attach(form, post_id, person)
            if web.is_fragment_request():
                return render_post(post)
            flash(_("The file has been received. It is read now; then the group sees it."), "done")
            return redirect(url_for("discussions.post", post_id=post_id))
        except guard.Stopped as stopped:
            finds = stopped.finds
            form.file.errors = [_("The file's name holds something that must not be published. Give it another name.")]
        except (Invalid, Conflict) as error:
            form.file.errors = [error.message]
        if web.is_fragment_request():
            return Response("\n".join(str(error) for error in form.file.errors), status=422, mimetype="text/plain")
        db.rollback()
        post = web.find(visible_posts(person).where(Post.id == post_id))
    note_read(post.thread, by=person)
    limit = files.human_size(current_app.config["SETTINGS"].max_upload_bytes)
    page = render_template(
        "library/attach.html", post=post, thread=post.thread, form=form, finds=finds, limit=limit,
        text_limit=files.human_size(LARGEST_TEXT), accept=",".join(EXTENSIONS),
    )  # fmt: skip
    return page, status


def _attach(form: AttachForm, post_id: int, person: Person) -> None:
    upload: Upload | None = None
    if form.file.data:
        db.pause()  # a slow disk must hold up nobody
        stored = files.store(form.file.data.stream, limit=current_app.config["SETTINGS"].max_upload_bytes)
        name = form.file.data.filename or ""
    elif form.upload.data:
        upload = web.find(visible_uploads(person).where(Upload.token == form.upload.data))
        if upload.state is not UploadState.READY or upload.sha256 is None:
            raise Conflict(_("The file is still being read. Try again in a moment."))
        stored, name = files.Stored(upload.sha256, upload.size), upload.file_name
    else:
        raise Invalid(_("Choose a file."), field="file")
    try:
        post = web.find(visible_posts(person).where(Post.id == post_id))
        web.check(policy.can_attach(person, post))  # again, in the transaction that writes
        actions.attach_file(post, file_name=name, stored=stored, keep=web.kept(), by=person, render=render_for_all)
    except (guard.Stopped, Conflict, Forbidden):
        if upload is None:
            discard_if_unused(stored.sha256)
        raise
    if upload is not None:
        intake.note_added(upload, by=person)
