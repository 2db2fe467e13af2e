"""Pages of threads and posts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from portal import db, guard, web
from portal.discussions import actions, policy
from portal.discussions.forms import EditPostForm, PostForm, ThreadForm
from portal.discussions.models import Post, PostKind, ReadMark, Thread, ThreadKind
from portal.errors import Conflict
from portal.i18n import LANGUAGES
from portal.people.models import Group, Organisation, Person
from portal.people.policy import can_write_in_group, visible_groups

bp = Blueprint("discussions", __name__)

POSTS_A_PAGE = 30
MOST_AT_ONCE = 200  # posts sent to a browser that comes back


def render_post(post: Post) -> str:
    """The fragment of one post: the same for every reader of the language (house rule 6)."""
    return render_template("discussions/_post.html", post=post)


def render_for_all(post: Post) -> dict[str, str]:
    """The fragment of one post in each language."""
    fragments = {}
    for language in LANGUAGES:
        with force_locale(language):
            fragments[language] = render_post(post)
    return fragments


def _visible_thread(person: Person, thread_id: int) -> Thread:
    return web.find(policy.visible_threads(person).where(Thread.id == thread_id))


def _participants(thread: Thread) -> Sequence[Organisation]:
    ids = sa.select(Post.organisation_id).where(Post.thread_id == thread.id)
    return db.session.scalars(sa.select(Organisation).where(Organisation.id.in_(ids)).order_by(Organisation.name)).all()


def _audience(group: Group) -> str:
    """Who can read what is written in the group, as a line beside the field."""
    counts = policy.audience(group)
    if counts is None:
        return cast(str, _("Can be read by everybody who is signed in"))
    people, organisations = counts
    text = _(
        "Can be read by %(people)s people in %(organisations)s organisations",
        people=people,
        organisations=organisations,
    )
    return cast(str, text)


def _composer(thread: Thread, person: Person, form: PostForm, finds: Sequence[guard.Find] = ()) -> dict[str, Any]:
    """What the composer's template needs."""
    if not form.client_id.data:
        form.client_id.data = str(uuid.uuid4())
    return {
        "thread": thread,
        "form": form,
        "finds": finds,
        "audience": _audience(thread.group),
        "may_post": policy.can_post_in_thread(person, thread),
        "may_post_update": policy.can_post_update(person),
    }


@bp.get("/threads/<int:thread_id>")
def thread(thread_id: int) -> ResponseReturnValue:
    """A thread: its last posts, or those before `?before=<seq>` or around `?at=<seq>`; where the unread begin is marked."""
    person = web.current_person()
    thread = _visible_thread(person, thread_id)
    before = web.number_of("before")
    if (at := web.number_of("at")) is not None and at + POSTS_A_PAGE // 2 < thread.last_seq:
        before = at + POSTS_A_PAGE // 2  # a search hit far up: the page around it
    mark = policy.read_mark(person, thread)
    context = _page_of_posts(person, thread, before, mark)
    if before is None and (mark is None or mark.seq < thread.last_seq):  # nothing new: nothing to write
        person_id, last = person.id, thread.last_seq
        db.leave_trace(lambda session: actions.mark_read(session, person_id=person_id, thread_id=thread_id, seq=last))
    actions.note_read(thread, by=person)
    return render_template("discussions/thread.html", **context, **_composer(thread, person, PostForm(formdata=None)))


def _page_of_posts(person: Person, thread: Thread, before: int | None, mark: ReadMark | None) -> dict[str, Any]:
    query = policy.visible_posts(person).where(Post.thread_id == thread.id).order_by(Post.seq.desc())
    if before is not None:
        query = query.where(Post.seq < before)
    newest_first = list(web.page(query, limit=POSTS_A_PAGE + 1))
    posts = newest_first[:POSTS_A_PAGE][::-1]
    unread_from = next((p.seq for p in posts if mark and p.seq > mark.seq and p.author_id != person.id), None)
    older = 0
    if len(newest_first) > POSTS_A_PAGE:
        earlier = sa.select(sa.func.count()).where(Post.thread_id == thread.id, Post.seq < posts[0].seq)
        older = db.session.scalar(earlier) or 0
    return {
        "posts": posts,
        "older_count": older,
        "unread_from_seq": unread_from,
        "unread_since": mark.at if mark else None,
        "unread_count": sum(1 for p in posts if mark and p.seq > mark.seq and p.author_id != person.id),
        "participants": _participants(thread),
        "is_latest": before is None,
    }


@bp.get("/threads/<int:thread_id>/posts")
def posts(thread_id: int) -> ResponseReturnValue:
    """What a browser lacks: posts that are new or changed since `?after=<seq>`, as the same fragments that go out live."""
    person = web.current_person()
    thread = _visible_thread(person, thread_id)
    after = web.number_of("after") or 0
    query = (
        policy.visible_posts(person)
        .where(Post.thread_id == thread.id, Post.change_seq > after)
        .order_by(Post.change_seq)
    )
    rows = web.page(query, limit=MOST_AT_ONCE)
    if rows:
        person_id, last = person.id, rows[-1].change_seq
        db.leave_trace(lambda session: actions.mark_read(session, person_id=person_id, thread_id=thread_id, seq=last))
        actions.note_read(thread, by=person)
    return Response("".join(render_post(post) for post in rows), headers={"X-Last-Seq": str(thread.last_seq)})


@bp.post("/threads/<int:thread_id>/posts")
@web.limiter.limit(web.write_limit)
def create_post(thread_id: int) -> ResponseReturnValue:
    """Write a post."""
    person = web.current_person()
    thread = _visible_thread(person, thread_id)
    web.check(policy.can_post_in_thread(person, thread))
    form = PostForm()
    if not form.validate():
        return _composer_again(thread, person, form, [])
    kind = PostKind(form.kind.data or PostKind.REPLY)
    if kind is PostKind.UPDATE:
        web.check(policy.can_post_update(person))
    fragments: dict[str, str] = {}

    def render(post: Post) -> dict[str, str]:
        fragments.update(render_for_all(post))
        return fragments

    try:
        post = actions.add_post(
            thread,
            body=form.body.data,
            kind=kind,
            client_id=form.client_id.data,
            keep=web.kept(),
            by=person,
            render=render,
        )
    except guard.Stopped as stopped:
        return _composer_again(thread, person, form, stopped.finds)
    if web.is_fragment_request():
        # a post sent twice was rendered the first time; its answer is made anew
        return Response(fragments.get(person.language) or render_post(post), status=201, mimetype="text/html")
    return redirect(url_for("discussions.thread", thread_id=thread_id, _anchor=f"post-{post.id}"))


def _composer_again(thread: Thread, person: Person, form: PostForm, finds: Sequence[guard.Find]) -> ResponseReturnValue:
    """The form with what was typed and why it was not taken; nothing has been stored."""
    context = _composer(thread, person, form, finds)
    if web.is_fragment_request():
        return render_template("discussions/_composer.html", **context), 422
    posts = _page_of_posts(person, thread, None, policy.read_mark(person, thread))
    actions.note_read(thread, by=person)
    return render_template("discussions/thread.html", **posts, **context), 422


@bp.route("/groups/<slug>/threads/new", methods=["GET", "POST"])
@web.limiter.limit(web.write_limit, methods=["POST"])
def new_thread(slug: str) -> ResponseReturnValue:
    """Start a thread."""
    person = web.current_person()
    group = web.find(visible_groups(person).where(Group.slug == slug))
    web.check(can_write_in_group(person, group))
    form, finds = ThreadForm(), []
    if not policy.can_post_update(person):
        form.kind.choices = [choice for choice in form.kind.choices if choice.value != ThreadKind.UPDATE.value]
    if form.validate_on_submit():
        try:
            thread = actions.start_thread(
                group, title=form.title.data, body=form.body.data, kind=ThreadKind(form.kind.data),
                client_id=form.client_id.data, keep=web.kept(), by=person, render=render_for_all,
            )  # fmt: skip
            return redirect(url_for("discussions.thread", thread_id=thread.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
    if not form.client_id.data:
        form.client_id.data = str(uuid.uuid4())
    audience = _audience(group)
    page = render_template("discussions/new_thread.html", group=group, form=form, finds=finds, audience=audience)
    return page, 422 if form.errors or finds else 200


@bp.route("/posts/<int:post_id>/edit", methods=["GET", "POST"])
@web.limiter.limit(web.write_limit, methods=["POST"])
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
            return redirect(url_for("discussions.thread", thread_id=post.thread_id, _anchor=f"post-{post.id}"))
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
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
    return render_template("discussions/versions.html", post=post, versions=rows)
