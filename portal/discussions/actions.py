"""Every write to threads and posts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from portal import audit, db, guard, live
from portal.county_codes import in_order
from portal.discussions.drafting.actions import forget_draft
from portal.discussions.following.actions import notify_named, notify_posted
from portal.discussions.mentioning.actions import store_mentions
from portal.discussions.models import (
    LineKind,
    Post,
    PostKind,
    PostVersion,
    ReadMark,
    Thread,
    ThreadCounty,
    ThreadKind,
)
from portal.discussions.moderation.standing import pace_of, paces
from portal.discussions.numbering import next_seq
from portal.errors import Conflict, TooSoon
from portal.notifications.actions import read_about, read_now
from portal.notifications.models import Notice
from portal.people.models import Group, Person
from portal.people.traces import note_reading
from portal.topics.models import Topic

Render = Callable[[Post], Mapping[str, str]]  # the fragment of a post for all readers, once per language

# also in another thread of the group: it may have been split off before the answer arrived
_TWIN = (
    sa.select(Post.id)
    .join(Post.thread)
    .where(
        Thread.group_id == sa.bindparam("group_id"), Post.author_id == sa.bindparam("author_id"), Post.client_id == sa.bindparam("client_id")
    )
)  # fmt: skip


def lock_post(post: Post) -> None:
    """Hold a post and, always before it, its thread: two who do something with a post go one after the other, and none waits for the
    other for ever.
    """
    db.lock(post.thread)
    db.lock(post)


def note_kept(finds: list[guard.Find], *, on: db.Base, by: Person) -> None:
    """Keep a trace of what the author chose to publish in spite of a question; the find itself is never logged."""
    if finds:
        audit.record("guard_kept", by=by, on=on, kinds=sorted({find.kind.value for find in finds}), count=len(finds))


def start_thread(
    group: Group, *, title: str, body: str, kind: ThreadKind, client_id: str, keep: Collection[str] = (),
    counties: Collection[str] = (), topics: Sequence[Topic] = (), by: Person, render: Render,
) -> Thread:  # fmt: skip
    """Open a thread with its first post. Raises `guard.Stopped` if the text may not be published, `Invalid` if it names too many,
    and `TooSoon` in slow mode;
    then nothing is stored.

    Sent twice with the same `client_id`, it makes one thread.
    """
    kept = guard.check({"title": title, "body": body}, keep=keep)
    db.lock_name(f"thread:{client_id}")  # the same form sent twice at once
    twin = (
        sa.select(Thread)
        .join(Post, Post.thread_id == Thread.id)
        .where(Thread.group_id == group.id, Post.author_id == by.id, Post.client_id == client_id, Post.seq == 1)
    )
    if (existing := db.session.scalar(twin)) is not None:
        return existing
    _mind_pace(group, None, by=by)
    thread = Thread(
        group=group, title=title, kind=kind, created_by=by, organisation_id=by.organisation_id, topics=list(topics),
        counties=[ThreadCounty(code=code) for code in in_order(counties)],
        lifted_at=db.now() if kind is ThreadKind.LIFTED else None,
    )  # fmt: skip
    db.session.add(thread)
    post_kind = PostKind.UPDATE if kind is ThreadKind.UPDATE else PostKind.REPLY
    post, html, named = _store_post(thread, body=body, kind=post_kind, client_id=client_id, by=by, render=render)
    audit.record("thread_started", by=by, on=thread)
    note_kept(kept, on=thread, by=by)
    _announce(post, html, named, by=by)
    return thread


def add_post(
    thread: Thread, *, body: str, kind: PostKind, client_id: str, keep: Collection[str] = (), even_closed: bool = False,
    is_statement: bool = False, draft: int = 0, by: Person, render: Render,
) -> Post:  # fmt: skip
    """Write a post. Raises `guard.Stopped` if the text may not be published, `Invalid` if it names too many, `Conflict` in a
    closed thread, and `TooSoon` in slow mode; then nothing is stored.

    Sent twice with the same `client_id` (a retry after a lost answer), it stays one post. The draft of revision `draft` is
    forgotten with it; what another device has written since is not. `render` makes the fragment that
    all readers get, once per language.
    """
    kept = guard.check({"body": body}, keep=keep)
    db.lock_name(f"post:{client_id}")  # the same form sent twice at once
    existing = db.session.scalar(_TWIN, {"group_id": thread.group_id, "author_id": by.id, "client_id": client_id})
    if existing is not None:
        return db.session.get_one(Post, existing)
    _mind_pace(thread.group, thread, by=by)
    post, html, named = _store_post(
        thread, body=body, kind=kind, client_id=client_id, by=by, render=render, even_closed=even_closed,
        is_statement=is_statement,
    )  # fmt: skip
    _announce(post, html, named, by=by)
    forget_draft(thread, revision=draft, by=by)
    note_kept(kept, on=post, by=by)
    return post


def _mind_pace(group: Group, thread: Thread | None, *, by: Person) -> None:
    """Slow mode. Raises `TooSoon`."""
    if not any(paces(group, thread)):
        return
    db.lock_name(f"pace:{by.id}")  # two posts at once are one too many
    wait = pace_of(by, group, thread).wait
    if wait:
        raise TooSoon(_("Slow mode is on here."), seconds=wait)


def _store_post(
    thread: Thread,
    *,
    body: str,
    kind: PostKind,
    client_id: str,
    by: Person,
    render: Render,
    even_closed: bool = False,
    is_statement: bool = False,
) -> tuple[Post, Mapping[str, str], set[int]]:
    """The post, its fragments and whom it names. The fragments are made before anything is audited: writers of the whole portal queue up for that
    on PostgreSQL.
    """
    at = db.now()
    db.session.flush()
    seq = next_seq(thread, post_at=at)
    if thread.closed_at is not None and not even_closed:
        raise Conflict(_("The thread is closed. Nothing more can be written in it."))
    post = Post(
        thread=thread, seq=seq, change_seq=seq, kind=kind, author=by, organisation=by.organisation, client_id=client_id,
        body=body, created_at=at, is_statement=is_statement,
    )  # fmt: skip
    db.session.add(post)
    db.session.flush()
    set_committed_value(post, "mentions", [])
    set_committed_value(post, "reactions", [])
    named = store_mentions(post, by=by)
    post.is_new = True
    html = render(post)
    post.is_new = False
    return post, html, named


def _announce(post: Post, html: Mapping[str, str], named: Collection[int], *, by: Person) -> None:
    audit.record("post_added", by=by, on=post)
    notify_posted(post, mentioned=named, by=by)
    live.publish(post.thread.topic, seq=post.seq, html=html)


def edit_post(
    post: Post,
    *,
    body: str,
    based_on: int,
    keep: Collection[str] = (),
    by: Person,
    render: Render,
) -> Post:
    """Change a post; the words before stay as a version.

    Raises `guard.Stopped`, `Invalid` if it names too many, or `Conflict` if the post has been changed since revision `based_on`.
    Whom it names only now is told of it.
    """
    kept = guard.check({"body": body}, keep=keep)
    lock_post(post)
    if post.revision != based_on or post.gone is not None:
        raise Conflict
    if body == post.body:
        return post
    written_at = post.edited_at or post.created_at
    db.session.add(PostVersion(post=post, revision=post.revision, body=post.body, written_at=written_at))
    post.body, post.edited_at, post.revision = body, db.now(), post.revision + 1
    notify_named(post, mentioned=store_mentions(post, by=by), by=by)
    html = _show_anew(post, render)
    audit.record("post_edited", by=by, on=post, revision=post.revision)
    note_kept(kept, on=post, by=by)
    live.publish_change(post.thread.topic, item_id=f"post-{post.id}", seq=post.change_seq, html=html)
    return post


def _show_anew(post: Post, render: Render) -> Mapping[str, str]:
    """Give a changed post the thread's next number, and make its fragments."""
    post.change_seq = next_seq(post.thread)
    return render(post)


def note_changed(post: Post, *, by: Person | None) -> None:
    """Something about a post has changed where no page can be made (in the worker): who looks asks for it in a moment."""
    post.change_seq = next_seq(post.thread)
    audit.record("post_changed", by=by, on=post)


def show_anew(post: Post, *, by: Person, render: Render) -> None:
    """Let all who look see a post in its new form: something about it has changed that is not its text."""
    html = _show_anew(post, render)
    audit.record("post_shown_anew", by=by, on=post)
    live.publish_change(post.thread.topic, item_id=f"post-{post.id}", seq=post.change_seq, html=html)


def add_line(
    thread: Thread, line: LineKind, *, other: Thread | None = None, from_seq: int | None = None, by: Person, render: Render
) -> Post:  # fmt: skip
    """Tell in the thread, at its end, what was done to it. It is no post: it counts nowhere and makes the thread no newer."""
    db.session.flush()
    seq = next_seq(thread)
    post = Post(
        thread=thread, seq=seq, change_seq=seq, kind=PostKind.LINE, author=by, organisation=by.organisation, body="",
        client_id=str(uuid.uuid4()), line=line, line_seq=from_seq, other_thread_id=other.id if other else None,
    )  # fmt: skip
    db.session.add(post)
    db.session.flush()
    html = render(post)
    audit.record(f"thread_{line.value}", by=by, on=thread, other=other.id if other else None)
    live.publish(thread.topic, seq=seq, html=html)
    return post


def note_read(thread: Thread, *, by: Person) -> None:
    """Note that a person reads a thread of a sensitive group; what cannot be noted is not shown."""
    note_reading("thread_read", thread.group, on=thread, by=by)


def note_watch(thread_id: int, *, by: Person) -> None:
    """Note that a person listens to a thread: whatever is written there from now on is read too."""
    note_read(db.session.get_one(Thread, thread_id), by=by)


def mark_read(session: Session, *, person_id: int, thread_id: int, seq: int) -> None:
    """Note how far a person has read; a mark never goes back."""
    statement = db.insert_or(ReadMark).values(person_id=person_id, thread_id=thread_id, seq=seq, at=db.now())
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id", "thread_id"],
            set_={"seq": statement.excluded.seq, "at": statement.excluded.at},
            where=ReadMark.seq < statement.excluded.seq,
        )
    )
    _read_notices(session, person_id=person_id, thread_id=thread_id, seq=seq)


def _read_notices(session: Session, *, person_id: int, thread_id: int, seq: int) -> None:
    """Whoever has read up to a number has read what was told of the posts up to it, and not of those that come later."""
    about = f"thread:{thread_id}"
    mine = sa.select(Notice.id, Notice.details).where(
        Notice.person_id == person_id, Notice.about == about, Notice.read_at.is_(None)
    )
    of_post = {notice_id: details.get("post_id") for notice_id, details in session.execute(mine)}
    if not of_post:
        return
    later = sa.select(Post.id).where(Post.id.in_(set(of_post.values())), Post.thread_id == thread_id, Post.seq > seq)
    unseen = set(session.scalars(later))
    seen = [notice_id for notice_id, post_id in of_post.items() if post_id not in unseen]
    read_now(session, seen)


def mark_all_read(person: Person, thread_ids: Collection[int]) -> None:
    """Note that a person wants to hear no more of what is new in these threads."""
    at = sa.literal(db.now(), db.UTCDateTime)
    read = sa.select(sa.literal(person.id), Thread.id, Thread.last_seq, at).where(Thread.id.in_(thread_ids))
    statement = db.insert_or(ReadMark).from_select(["person_id", "thread_id", "seq", "at"], read)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id", "thread_id"],
            set_={"seq": statement.excluded.seq, "at": statement.excluded.at},
            where=ReadMark.seq < statement.excluded.seq,
        ).execution_options(synchronize_session=False)
    )
    read_about(db.session(), person_id=person.id, about=[f"thread:{thread_id}" for thread_id in thread_ids])
