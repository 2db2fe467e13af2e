"""Pages about what becomes of a thread."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from portal import guard, web
from portal.discussions.actions import note_read
from portal.discussions.fragments import render_for_all
from portal.discussions.models import Post, Thread, ThreadKind
from portal.discussions.policy import audience, visible_posts, visible_threads
from portal.discussions.states import actions, moving_actions, policy
from portal.discussions.states.forms import DescribeForm, MoveForm, SplitForm
from portal.discussions.states.moving_actions import Wider
from portal.discussions.views import bp
from portal.errors import Conflict, Invalid
from portal.people.models import Group, Person

MOST_GROUPS = 200


def _thread(thread_id: int) -> tuple[Person, Thread]:
    person = web.current_person()
    return person, web.find(visible_threads(person).where(Thread.id == thread_id))


def _back(thread_id: int) -> ResponseReturnValue:
    return redirect(url_for("discussions.thread", thread_id=thread_id))


@bp.post("/threads/<int:thread_id>/state")
def set_state(thread_id: int) -> ResponseReturnValue:
    """`step`: pin, unpin, close or open."""
    person, thread = _thread(thread_id)
    step = request.form.get("step")
    needed = {"close": policy.can_close_thread, "open": policy.can_open_thread}.get(step or "", policy.can_lead_thread)
    web.check(needed(person, thread))
    if step == "pin":
        actions.pin_thread(thread, by=person)
    elif step == "unpin":
        actions.unpin_thread(thread, by=person)
    elif step == "close":
        actions.close_thread(thread, by=person, render=render_for_all)
    elif step == "open":
        actions.open_thread(thread, by=person, render=render_for_all)
    else:
        abort(400)
    return _back(thread_id)


@bp.route("/posts/<int:post_id>/acceptance", methods=["GET", "POST"])
def accept_answer(post_id: int) -> ResponseReturnValue:
    """Mark a post as the answer of its thread; `step` withdraw: let the question be open again."""
    person = web.current_person()
    post = web.find(visible_posts(person).where(Post.id == post_id))
    web.check(policy.can_accept_answer(person, post.thread))
    if request.method == "GET":
        note_read(post.thread, by=person)
        return render_template("discussions/accept.html", post=post, thread=post.thread)
    if request.form.get("step") == "withdraw":
        actions.withdraw_answer(post.thread, by=person, render=render_for_all)
    else:
        actions.accept_answer(post, by=person, render=render_for_all)
    return redirect(url_for("discussions.post", post_id=post_id))


@bp.post("/threads/<int:thread_id>/support")
def support(thread_id: int) -> ResponseReturnValue:
    """Support a raised problem for one's organisation; `step` withdraw takes it back."""
    person, thread = _thread(thread_id)
    web.check(policy.can_support_thread(person, thread))
    if request.form.get("step") == "withdraw":
        actions.withdraw_support(thread, by=person)
    else:
        actions.support_thread(thread, by=person)
    return _back(thread_id)


@bp.route("/threads/<int:thread_id>/edit", methods=["GET", "POST"])
def describe(thread_id: int) -> ResponseReturnValue:
    """Change what a thread is called and is about."""
    person, thread = _thread(thread_id)
    web.check(policy.can_describe_thread(person, thread))
    form, status, theirs = DescribeForm(), 200, False
    form.offer(thread.topics)
    finds: Sequence[guard.Find] = ()
    if request.method == "GET":
        form.title.data, form.kind.data, form.based_on.data = thread.title, thread.kind.value, thread.revision
        form.counties.data = [county.code for county in thread.counties]
        form.topics.data = [topic.id for topic in thread.topics]
    elif not form.validate():
        status = 422
    else:
        try:
            actions.describe_thread(
                thread, title=form.title.data, kind=ThreadKind(form.kind.data), counties=form.counties.data or [],
                topics=form.chosen_topics, based_on=form.based_on.data, keep=web.kept(), by=person,
            )  # fmt: skip
            flash(_("The thread is changed."), "done")
            return _back(thread_id)
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Conflict:
            theirs, status, form.based_on.data = True, 409, thread.revision
    page = render_template("discussions/describe.html", thread=thread, form=form, finds=finds, theirs=theirs)
    return page, status


@bp.route("/threads/<int:thread_id>/move", methods=["GET", "POST"])
def move(thread_id: int) -> ResponseReturnValue:
    """Move a thread to another group; to one that is more open only when it is said that this is meant."""
    person, thread = _thread(thread_id)
    web.check(policy.can_lead_thread(person, thread))
    groups = web.page(policy.groups_to_move_to(person, thread), limit=MOST_GROUPS)
    if request.method == "GET":
        chosen = next((group for group in groups if group.slug == request.args.get("group")), None)
        return _moving(thread, groups, chosen)
    form = MoveForm()
    form.group.choices = [SelectChoice(group.slug, group.name) for group in groups]
    if not form.validate():
        raise Invalid(_("Choose a group that you may write in."))
    group = next(group for group in groups if group.slug == form.group.data)
    try:
        moving_actions.move_thread(thread, group, is_sure=bool(form.sure.data), by=person, render=render_for_all)
    except Wider:
        return _moving(thread, groups, group), 422
    flash(_("The thread is moved to %(group)s.", group=group.name), "done")
    return _back(thread_id)


def _moving(thread: Thread, groups: Sequence[Group], asked: Group | None) -> str:
    """`asked`: the group that was chosen; who moves sees who will be able to read it, and who will not any more."""
    return render_template(
        "discussions/move.html", thread=thread, groups=groups, asked=asked, now=audience(thread.group),
        then=audience(asked) if asked else None, is_wider=asked is not None and policy.is_wider(asked, thread),
        left_out=policy.writers_left_out(thread, asked) if asked else (),
    )  # fmt: skip


@bp.route("/threads/<int:thread_id>/split", methods=["GET", "POST"])
def split(thread_id: int) -> ResponseReturnValue:
    """Let the posts from `?from=<seq>` on stand in a thread of their own."""
    person, thread = _thread(thread_id)
    web.check(policy.can_lead_thread(person, thread))
    form, status = SplitForm(), 200
    finds: Sequence[guard.Find] = ()
    if request.method == "GET":
        form.from_seq.data = web.number_of("from")
    elif not form.validate():
        status = 422
    else:
        try:
            new = moving_actions.split_thread(
                thread, from_seq=form.from_seq.data, title=form.title.data, keep=web.kept(), by=person,
                render=render_for_all,
            )  # fmt: skip
            flash(_("The posts stand in a thread of their own now."), "done")
            return _back(new.id)
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
    number = None if form.from_seq.errors else form.from_seq.data  # one that no database could hold is not asked for
    posts = visible_posts(person).where(Post.thread_id == thread.id, Post.line.is_(None)).order_by(Post.seq)
    note_read(thread, by=person)
    taken = web.page(posts.where(Post.seq >= (number or web.LARGEST_NUMBER)), limit=3)
    page = render_template("discussions/split.html", thread=thread, form=form, finds=finds, taken=taken)
    return page, status


@bp.get("/posts/<int:post_id>")
def post(post_id: int) -> ResponseReturnValue:
    """The lasting address of a post, wherever it stands now: leads to the page of its thread that has it."""
    person = web.current_person()
    found = web.find(visible_posts(person).where(Post.id == post_id))
    return redirect(url_for("discussions.thread", thread_id=found.thread_id, at=found.seq, _anchor=f"post-{post_id}"))
