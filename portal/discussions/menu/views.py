"""The menu of a post."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from portal import web
from portal.discussions import policy
from portal.discussions.actions import note_read
from portal.discussions.models import Post
from portal.discussions.moderation.policy import can_report_post
from portal.discussions.removal.policy import can_hide_post, can_withdraw_post
from portal.discussions.states.policy import can_accept_answer, can_lead_thread
from portal.discussions.views import bp
from portal.people.models import Person


@bp.get("/posts/<int:post_id>/menu")
def menu(post_id: int) -> ResponseReturnValue:
    """What the reader may do with a post: a page, or for a script what it puts into the menu."""
    person = web.current_person()
    post = web.find(policy.visible_posts(person).where(Post.id == post_id, Post.line.is_(None)))
    note_read(post.thread, by=person)
    name = "discussions/_post_menu.html" if web.is_fragment_request() else "discussions/post_menu.html"
    return render_template(name, post=post, thread=post.thread, **_may(person, post))


def _may(person: Person, post: Post) -> dict[str, bool]:
    thread, is_there = post.thread, post.gone is None
    is_answerable = is_there and post.seq > 1
    return {
        "may_edit": policy.can_edit_post(person, post),
        "may_withdraw": can_withdraw_post(person, post),
        "may_hide": can_hide_post(person, post),
        "may_read_gone": not is_there and policy.can_read_versions(person, post),
        "may_report": can_report_post(person, post),
        "may_accept": is_answerable and can_accept_answer(person, thread),
        "may_split": is_answerable and can_lead_thread(person, thread),
    }
