"""Moving a thread to another group, and splitting one: nothing written is lost, and a line tells where it went."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard, live, search
from portal.discussions.actions import Render, add_line, note_kept
from portal.discussions.following.models import ThreadFollow
from portal.discussions.models import LineKind, Post, ReadMark, Thread, ThreadCounty, ThreadKind
from portal.discussions.states.policy import is_wider
from portal.errors import Conflict, Invalid
from portal.notifications.actions import regroup, tell_of
from portal.notifications.models import Notice
from portal.people.models import Group, HandlingClass, Membership, Person


class Wider(Invalid):
    """The group is more open than the thread's own; who moves it must say that this is meant."""

    def __init__(self, group: Group) -> None:
        super().__init__(_("More people than now will be able to read this. Say that you mean it."), field="sure")
        self.group = group


def move_thread(thread: Thread, group: Group, *, is_sure: bool = False, by: Person, render: Render) -> None:
    """Let a thread belong to another group, with all its posts; a line in it says so. Done twice, it is done once.

    Raises `Wider` if the group is more open and nobody has said that this is meant, `Conflict` for an archived group.
    """
    db.lock(thread)
    if thread.group_id == group.id:
        return
    if group.is_archived:
        raise Conflict(_("%(group)s is archived.", group=group.name))
    if is_wider(group, thread) and not is_sure:
        raise Wider(group)
    before = thread.group
    thread.group, thread.pinned_at = group, None
    db.session.flush()
    audit.record("thread_changed_group", by=by, on=thread, before=before.id, to=group.id)
    regroup([thread.topic, thread.told_of_posts], group, by=by)
    add_line(thread, LineKind.MOVED, by=by, render=render)
    search.look_again("post", db.session.scalars(sa.select(Post.id).where(Post.thread_id == thread.id)).all())
    _send_away(before, group)


def _send_away(before: Group, group: Group) -> None:
    """Whoever listens and may no longer read is sent away; the others come back by themselves."""
    if group.handling_class is HandlingClass.OPEN:
        return
    staying = sa.select(Membership.person_id).where(Membership.group_id == group.id, Membership.left_at.is_(None))
    leaving = sa.select(Person.id).where(Person.id.not_in(staying))
    if before.handling_class is not HandlingClass.OPEN:
        leaving = leaving.where(Person.id.in_(sa.select(Membership.person_id).where(Membership.group_id == before.id)))
    live.drop_people(db.session.scalars(leaving).all())


def split_thread(
    thread: Thread, *, from_seq: int, title: str, keep: Collection[str] = (), by: Person, render: Render
) -> Thread:
    """Let the posts from a number on stand in a thread of their own, in their order; a line in both tells of the other.

    Who wrote the first of them, and his organisation, own the new thread; how far everybody has read goes with it.
    Raises `guard.Stopped`, and `Conflict` for the first post (then nothing would be left) and for a number that has no post.
    """
    kept = guard.check({"title": title}, keep=keep)
    db.lock(thread)
    first = _first_of(thread, from_seq)
    new = Thread(
        group=thread.group, title=title, kind=ThreadKind.DISCUSSION, created_by_id=first.author_id,
        organisation_id=first.organisation_id, created_at=first.created_at, topics=list(thread.topics),
        counties=[ThreadCounty(code=county.code) for county in thread.counties],
    )  # fmt: skip
    db.session.add(new)
    db.session.flush()
    moved = db.session.scalars(sa.select(Post.id).where(Post.thread_id == thread.id, Post.seq >= from_seq)).all()
    add_line(new, LineKind.SPLIT_IN, other=thread, by=by, render=render)
    _renumber(thread, new, from_seq, by=by)
    add_line(thread, LineKind.SPLIT_OUT, other=new, from_seq=from_seq, by=by, render=render)
    search.look_again("post", moved)
    audit.record("thread_split", by=by, on=thread, into=new.id, posts=len(moved))
    note_kept(kept, on=new, by=by)
    return new


def _first_of(thread: Thread, from_seq: int) -> Post:
    """The post at that number. Raises `Conflict`."""
    posts = sa.select(Post).where(Post.thread_id == thread.id, Post.line.is_(None))
    first = db.session.scalar(posts.where(Post.seq == from_seq))
    if first is None:
        raise Conflict(_("The post does not stand in this thread any more. Load the page again."))
    if db.session.scalar(posts.where(Post.seq < from_seq).limit(1)) is None:
        raise Conflict(_("The first post cannot be taken out: nothing would be left. Move the whole thread instead."))
    return first


def _take_notices(thread: Thread, new: Thread, *, by: Person) -> None:
    """Notices of the posts that went are about the new thread."""
    told = db.session.execute(sa.select(Notice.id, Notice.details).where(Notice.about == thread.topic)).all()
    gone = set(db.session.scalars(sa.select(Post.id).where(Post.thread_id == new.id)))
    ids = [notice_id for notice_id, details in told if details.get("post_id") in gone]
    if ids:
        tell_of(ids, new.topic, by=by)


def _renumber(thread: Thread, new: Thread, from_seq: int, *, by: Person) -> None:
    """Put the posts behind the line of the new thread, and take them out of what the two threads say of themselves."""
    shift = from_seq - 2  # the first of them comes behind the line, which has number 1
    taken = sa.update(Post).where(Post.thread_id == thread.id, Post.seq >= from_seq)
    db.session.execute(
        taken.values(
            thread_id=new.id, seq=Post.seq - shift, change_seq=Post.seq - shift, line_seq=Post.line_seq - shift
        ).execution_options(synchronize_session=False)
    )
    if thread.answer_seq is not None and thread.answer_seq >= from_seq:
        thread.answer_seq = thread.answered_at = None
        audit.record("answer_withdrawn", by=by, on=thread)
    for one in (thread, new):
        posts = sa.select(sa.func.count(Post.id), sa.func.max(Post.created_at)).where(
            Post.thread_id == one.id, Post.line.is_(None)
        )
        one.post_count, one.last_post_at = db.session.execute(posts).one()
    new.last_seq = db.session.scalar(sa.select(sa.func.max(Post.seq)).where(Post.thread_id == new.id)) or 1
    marks = sa.select(ReadMark.person_id, sa.literal(new.id), ReadMark.seq - shift, ReadMark.at).where(
        ReadMark.thread_id == thread.id, ReadMark.seq >= from_seq
    )
    db.session.execute(sa.insert(ReadMark).from_select(["person_id", "thread_id", "seq", "at"], marks))
    follows = sa.select(ThreadFollow.person_id, sa.literal(new.id), ThreadFollow.level).where(
        ThreadFollow.thread_id == thread.id
    )
    db.session.execute(sa.insert(ThreadFollow).from_select(["person_id", "thread_id", "level"], follows))
    _take_notices(thread, new, by=by)
    db.session.flush()
    db.session.expire_all()
