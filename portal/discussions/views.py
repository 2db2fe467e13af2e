"""Pages of threads and posts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import db, guard, web
from portal.discussions import actions, lifting, policy
from portal.discussions import window as windows
from portal.discussions.cards import beside, cards_of
from portal.discussions.drafting.policy import own_draft
from portal.discussions.export import taking
from portal.discussions.following.policy import thread_level
from portal.discussions.forms import PostForm, ThreadForm
from portal.discussions.fragments import render_for_all, render_post, render_posts
from portal.discussions.models import Post, PostKind, ReadMark, Thread, ThreadKind
from portal.discussions.moderation.standing import pace_of, suspension_of
from portal.discussions.states import policy as state_policy
from portal.discussions.window import Window
from portal.discussions.writing.quoting import quote_of
from portal.errors import Conflict, Invalid
from portal.people.models import Group, Organisation, Person
from portal.people.policy import visible_group

bp = Blueprint("discussions", __name__)

MOST_AT_ONCE = 200  # posts sent to a browser that comes back


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


def standing_of(person: Person, group: Group, thread: Thread | None) -> dict[str, Any]:
    """What stands in the place of the composer of somebody suspended, and how slow everybody is to write."""
    return {"suspension": suspension_of(person, group), "pace": pace_of(person, group, thread)}


def composer_of(thread: Thread, person: Person, form: PostForm, finds: Sequence[guard.Find] = ()) -> dict[str, Any]:
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
        "may_state": policy.can_make_statement(person),
        "draft": own_draft(person, thread),
        **standing_of(person, thread.group, thread),
        "follow_level": thread_level(person, thread),
    }


@bp.get("/threads/<int:thread_id>")
def thread(thread_id: int) -> ResponseReturnValue:
    """A thread: the posts around the first unread one, else the last ones; those before `?before=<seq>`, after `?after=<seq>` or
    around `?at=<seq>`. Where the unread begin is marked."""
    person = web.current_person()
    thread = _visible_thread(person, thread_id)
    mark = policy.read_mark(person, thread)
    edges = {name: web.number_of(name) for name in ("before", "after", "at")}
    shown = windows.window_of(person, thread, mark, **edges)
    context = _page_of_posts(person, thread, shown, mark)
    read_to = _note_shown(person, thread, shown, mark, is_asked=any(edge is not None for edge in edges.values()))
    actions.note_read(thread, by=person)
    form = PostForm(formdata=None)
    form.body.data = _quoted(person, thread)
    return render_template("discussions/thread.html", **context, read_to=read_to, **composer_of(thread, person, form))


def _quoted(person: Person, thread: Thread) -> str:
    """What stands in the field already: the post `?quote=<id>` of the thread as a quote."""
    number = web.number_of("quote")
    if number is None:
        return ""
    query = policy.visible_posts(person).where(Post.id == number, Post.thread_id == thread.id)
    post = db.session.scalars(query.where(Post.gone.is_(None), Post.line.is_(None))).first()
    return quote_of(post) if post is not None else ""


def _note_shown(person: Person, thread: Thread, shown: Window, mark: ReadMark | None, *, is_asked: bool) -> int | None:
    """How far the person has read: from there on the page tells it by itself. Who looks at a place far up has not read what is below
    it, nor what is between: None.
    """
    before = mark.seq if mark else 0
    if is_asked and shown.newer_count:
        is_after_gap = shown.older_count and before < shown.posts[0].seq
        return None if is_after_gap else before
    person_id, thread_id = person.id, thread.id
    last = shown.posts[-1].seq if shown.newer_count else thread.last_seq
    if before < last:  # nothing new: nothing to write
        db.leave_trace(lambda session: actions.mark_read(session, person_id=person_id, thread_id=thread_id, seq=last))
    return max(before, last)


def _page_of_posts(person: Person, thread: Thread, shown: Window, mark: ReadMark | None) -> dict[str, Any]:
    return {
        "posts": shown.posts,
        "cards": cards_of(shown.posts),
        "beside": beside(thread),
        "older_count": shown.older_count,
        "newer_count": shown.newer_count,
        "unread_from_seq": shown.unread_from_seq,
        "unread_since": mark.at if mark else None,
        "unread_count": shown.unread_count,
        "participants": _participants(thread),
        **_states(person, thread),
    }


def _states(person: Person, thread: Thread) -> dict[str, Any]:
    """What becomes of the thread, and what the person may do about it."""
    lifted = lifting.lifted([thread], person).get(thread.id)
    supports = db.session.scalars(state_policy.visible_supports(person, thread)).all() if lifted else ()
    return {
        "lifted": lifted,
        "supports": supports,
        "is_supporting": any(one.organisation_id == person.organisation_id for one in supports),
        "may_support": lifted is not None and state_policy.can_support_thread(person, thread),
        "answer": state_policy.accepted_answer(person, thread),
        "may_lead": state_policy.can_lead_thread(person, thread),
        "may_close": (state_policy.can_open_thread if thread.closed_at else state_policy.can_close_thread)(
            person, thread
        ),
        "may_describe": state_policy.can_describe_thread(person, thread),
        "may_accept": state_policy.can_accept_answer(person, thread),
        "most_taken": {"pdf": taking.PDF.most_posts, "markdown": taking.MARKDOWN.most_posts},
    }


@bp.get("/threads/<int:thread_id>/window")
def window(thread_id: int) -> ResponseReturnValue:
    """The posts before `?before=<seq>` or after `?after=<seq>`, as fragments; X-More says how many there are beyond them."""
    person = web.current_person()
    thread = _visible_thread(person, thread_id)
    before, after = web.number_of("before"), web.number_of("after")
    shown = windows.window_of(person, thread, None, before=before, after=after)
    actions.note_read(thread, by=person)
    more = shown.newer_count if before is None else shown.older_count
    return Response(render_posts(shown.posts), headers={"X-More": str(more)})


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
        actions.note_read(thread, by=person)
    may_write = thread.closed_at is None and policy.can_post_in_thread(person, thread)
    headers = {"X-Last-Seq": str(thread.last_seq), "X-May-Write": "1" if may_write else "0"}
    return Response(render_posts(rows), headers=headers)


@bp.post("/threads/<int:thread_id>/posts")
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
    if form.is_statement.data:
        web.check(policy.can_make_statement(person))
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
            is_statement=form.is_statement.data,
            draft=web.form_number("draft_revision") or 0,
            by=person,
            render=render,
        )
        _refuse_other_words(post, form)
    except guard.Stopped as stopped:
        return _composer_again(thread, person, form, stopped.finds)
    except (Conflict, Invalid) as refused:
        form.body.errors = [refused.message]
        return _composer_again(thread, person, form, [])
    if web.is_fragment_request():
        # a post sent twice was rendered the first time; its answer is made anew
        return Response(fragments.get(person.language) or render_post(post), status=201, mimetype="text/html")
    return redirect(url_for("discussions.thread", thread_id=thread_id, _anchor=f"post-{post.id}"))


def _refuse_other_words(post: Post, form: PostForm | ThreadForm) -> None:
    """An answer was lost, the words were changed and the form was sent again: they must not count as stored. Raises `Conflict`."""
    title = getattr(form, "title", None)
    is_other = post.revision == 1 and post.body != form.body.data
    if is_other or (title is not None and post.thread.revision == 1 and post.thread.title != title.data):
        form.client_id.data = str(uuid.uuid4())  # sent once more, they are a post of their own
        raise Conflict(_("The post has been sent already, with other words. Load the page again and change it there."))


def _composer_again(thread: Thread, person: Person, form: PostForm, finds: Sequence[guard.Find]) -> ResponseReturnValue:
    """The form with what was typed and why it was not taken; nothing has been stored."""
    context = composer_of(thread, person, form, finds)
    if web.is_fragment_request():
        return render_template("discussions/_composer.html", **context), 422
    mark = policy.read_mark(person, thread)
    posts = _page_of_posts(person, thread, windows.window_of(person, thread, None), mark)
    actions.note_read(thread, by=person)
    return render_template("discussions/thread.html", **posts, **context), 422


@bp.route("/groups/<slug>/threads/new", methods=["GET", "POST"])
def new_thread(slug: str) -> ResponseReturnValue:
    """Start a thread."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    web.check(policy.can_start_thread(person, group))
    form, finds = ThreadForm(), []
    form.offer()
    if form.validate_on_submit():
        try:
            thread = actions.start_thread(
                group, title=form.title.data, body=form.body.data, kind=ThreadKind(form.kind.data),
                client_id=form.client_id.data, keep=web.kept(), counties=form.counties.data or [],
                topics=form.chosen_topics, by=person, render=render_for_all,
            )  # fmt: skip
            _refuse_other_words(
                db.session.scalars(sa.select(Post).where(Post.thread_id == thread.id, Post.seq == 1)).one(), form
            )
            return redirect(url_for("discussions.thread", thread_id=thread.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
        except (Conflict, Invalid) as refused:
            form.body.errors = [refused.message]
    if not form.client_id.data:
        form.client_id.data = str(uuid.uuid4())
    audience = _audience(group)
    page = render_template("discussions/new_thread.html", group=group, form=form, finds=finds, audience=audience)
    return page, 422 if form.errors or finds else 200
