"""The buttons under a post."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal import web
from portal.discussions.actions import note_read
from portal.discussions.fragments import render_for_all, render_post
from portal.discussions.models import Post, ReactionKind
from portal.discussions.policy import visible_posts
from portal.discussions.reacting import actions, policy
from portal.discussions.views import bp


@bp.get("/posts/<int:post_id>/reactions")
def reactions(post_id: int) -> ResponseReturnValue:
    """All reactions to choose from and who has reacted how: a page, or for a script what it puts into the menu."""
    person = web.current_person()
    post = web.find(visible_posts(person).where(Post.id == post_id, Post.gone.is_(None), Post.line.is_(None)))
    note_read(post.thread, by=person)
    name = "discussions/_reaction_menu.html" if web.is_fragment_request() else "discussions/reactions.html"
    return render_template(name, post=post, thread=post.thread, viewer=person)


@bp.post("/posts/<int:post_id>/reactions")
def react(post_id: int) -> ResponseReturnValue:
    """React with the kind `on`, or take the kind `off` back. A script gets the post in its new form."""
    person = web.current_person()
    post = web.find(visible_posts(person).where(Post.id == post_id))
    web.check(policy.can_react(person, post))
    step = "off" if "off" in request.form else "on"
    kind = request.form.get(step, "")
    if kind not in set(ReactionKind):
        abort(400)
    do = actions.take_reaction_back if step == "off" else actions.add_reaction
    do(post, ReactionKind(kind), by=person, render=render_for_all)
    if web.is_fragment_request():
        return render_post(post)
    return redirect(url_for("discussions.post", post_id=post_id))
