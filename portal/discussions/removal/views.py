"""The page on which a post is deleted, hidden or shown again."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import guard, web
from portal.discussions.actions import note_read
from portal.discussions.fragments import render_for_all
from portal.discussions.models import Post
from portal.discussions.policy import visible_posts
from portal.discussions.removal import actions, policy
from portal.discussions.removal.forms import RemovalForm
from portal.discussions.views import bp
from portal.errors import Invalid


@bp.route("/posts/<int:post_id>/removal", methods=["GET", "POST"])
def remove_post(post_id: int) -> ResponseReturnValue:
    """`step`: delete, hide or show. Whoever is not the author gives a reason."""
    person = web.current_person()
    post = web.find(visible_posts(person).where(Post.id == post_id))
    step = request.form.get("step", "")
    may = {"hide": policy.can_hide_post, "show": policy.can_show_post}.get(step, policy.can_delete_post)
    web.check(may(person, post))
    form, status = RemovalForm(), 200
    finds: Sequence[guard.Find] = ()
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                _do(step, post, form.reason.data or "")
                return redirect(url_for("discussions.post", post_id=post_id))
            except guard.Stopped as stopped:
                finds = stopped.finds
            except Invalid as wrong:
                form.reason.errors = [wrong.message]
    note_read(post.thread, by=person)
    page = render_template(
        "discussions/removal.html", post=post, thread=post.thread, form=form, finds=finds,
        is_own=policy.can_withdraw_post(person, post), may_hide=policy.can_hide_post(person, post),
    )  # fmt: skip
    return page, status


def _do(step: str, post: Post, reason: str) -> None:
    person = web.current_person()
    if step == "show":
        actions.show_post(post, by=person, render=render_for_all)
        flash(_("The post is shown again."), "done")
    elif step == "hide":
        actions.hide_post(post, reason=reason, keep=web.kept(), by=person, render=render_for_all)
        flash(_("The post is hidden. Its author is told why."), "done")
    elif step == "delete":
        actions.delete_post(post, reason=reason, keep=web.kept(), by=person, render=render_for_all)
        flash(_("The post is deleted."), "done")
    else:
        abort(400)
