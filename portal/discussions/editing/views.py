"""The page on which a post is changed, and the one of its versions."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import guard, web
from portal.discussions import actions, policy
from portal.discussions.forms import EditPostForm
from portal.discussions.fragments import render_for_all
from portal.discussions.models import Post
from portal.discussions.removal.policy import can_show_post
from portal.discussions.views import bp
from portal.errors import Conflict, Invalid


@bp.route("/posts/<int:post_id>/edit", methods=["GET", "POST"])
def edit_post(post_id: int) -> ResponseReturnValue:
    """Change one's own post. If it was changed meanwhile (another tab), both versions are shown and the author chooses."""
    person = web.current_person()
    post = web.find(policy.visible_posts(person).where(Post.id == post_id))
    web.check(policy.can_edit_post(person, post))
    form = EditPostForm()
    finds: Sequence[guard.Find] = ()
    theirs: str | None = None
    status = 200
    if request.method == "GET":
        form.body.data, form.based_on.data = post.body, post.revision
    elif not form.validate():
        status = 422
    else:
        try:
            actions.edit_post(
                post,
                body=form.body.data,
                based_on=form.based_on.data,
                keep=web.kept(),
                by=person,
                render=render_for_all,
            )
            flash(_("The post is changed."), "done")
            return redirect(url_for("discussions.post", post_id=post.id))
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Invalid as refused:
            form.body.errors, status = [refused.message], 422
        except Conflict:
            theirs, status = post.body, 409
            form.based_on.data = post.revision
    page = render_template("discussions/edit_post.html", post=post, form=form, finds=finds, theirs=theirs)
    return page, status


@bp.get("/posts/<int:post_id>/versions")
def versions(post_id: int) -> ResponseReturnValue:
    """What a post said before."""
    person = web.current_person()
    post = web.find(policy.visible_posts(person).where(Post.id == post_id))
    rows = web.page(policy.visible_versions(person, post), limit=200)
    actions.note_read(post.thread, by=person)
    return render_template(
        "discussions/versions.html", post=post, versions=rows, may_read=policy.can_read_versions(person, post),
        may_show=can_show_post(person, post),
    )  # fmt: skip
