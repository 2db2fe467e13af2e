"""What the demo's people have written to each other, and how far each of them has read."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa

from demo import backdate
from demo.content import Said, Talk, read_talks
from demo.network import Cast
from demo.when import Calendar
from portal import db
from portal.discussions import actions
from portal.discussions.models import Post, PostKind, PostVersion, Reaction, ReadMark, Thread
from portal.discussions.reacting import actions as reacting
from portal.files import Stored
from portal.library.attaching.actions import attach_file
from portal.library.models import Resource
from portal.people.models import Membership, Person, PersonStatus

FEWEST_UNREAD, MOST_UNREAD = 5, 14


def _nothing_to_send(_post: Post) -> dict[str, str]:
    """Nobody watches while the demo is loaded: no fragment is rendered."""
    return {}


def _client_id(*parts: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, parts))))


def add_threads(cast: Cast, calendar: Calendar) -> None:
    """Write all threads and their posts."""
    for talk in read_talks():
        dice = random.Random(f"{talk.group}/{talk.title}")
        moments = calendar.spread(talk.first_day, talk.last_day, len(talk.posts), dice)
        _add_thread(talk, cast, calendar, moments)


def _add_thread(talk: Talk, cast: Cast, calendar: Calendar, moments: list[datetime]) -> None:
    thread: Thread | None = None
    for number, (said, moment) in enumerate(zip(talk.posts, moments, strict=True)):
        by, client_id = cast.people[said.nick], _client_id(talk.group, talk.title, number)
        body = calendar.fill(said.first_body or said.body, moment.date())
        if thread is None:
            title = calendar.fill(talk.title, moment.date())
            thread = actions.start_thread(
                cast.groups[talk.group], title=title, body=body, kind=talk.kind, client_id=client_id, by=by,
                render=_nothing_to_send,
            )  # fmt: skip
            post = db.session.scalars(sa.select(Post).where(Post.thread_id == thread.id)).one()
        else:
            kind = PostKind.UPDATE if said.is_update else PostKind.REPLY
            post = actions.add_post(thread, body=body, kind=kind, client_id=client_id, by=by, render=_nothing_to_send)
        backdate.row(post, created_at=moment)
        if said.first_body is not None:
            _edit(post, said, calendar, moment)
        _react(post, said, cast, moment)
    assert thread is not None  # a talk without posts is refused when it is read
    backdate.row(thread, created_at=moments[0], last_post_at=moments[-1])
    if thread.lifted_at is not None:
        backdate.row(thread, lifted_at=moments[0])


def _edit(post: Post, said: Said, calendar: Calendar, written: datetime) -> None:
    """The author changes the post a little later."""
    changed = min(written + timedelta(minutes=17), calendar.latest + timedelta(minutes=1))
    body = calendar.fill(said.body, written.date())
    actions.edit_post(post, body=body, based_on=post.revision, by=post.author, render=_nothing_to_send)
    backdate.row(post, edited_at=changed)
    version = db.session.scalars(sa.select(PostVersion).where(PostVersion.post_id == post.id)).one()
    backdate.row(version, written_at=written)


def _react(post: Post, said: Said, cast: Cast, written: datetime) -> None:
    """Others react in the hour after it was written."""
    for kind, nicks in said.reactions.items():
        for nick in nicks:
            reacting.add_reaction(post, kind, by=cast.people[nick], render=_nothing_to_send)
    at = written + timedelta(minutes=41)
    db.session.execute(sa.update(Reaction).where(Reaction.post_id == post.id).values(at=at))


def add_files() -> None:
    """Put the material of the group to the posts that came with it; done twice, it is done once."""
    for talk in read_talks():
        for number, said in enumerate(talk.posts):
            for title in said.files:
                client_id = _client_id(talk.group, talk.title, number)
                post = db.session.scalars(sa.select(Post).where(Post.client_id == client_id)).one()
                of_group = sa.select(Resource).where(Resource.group_id == post.thread.group_id)
                resource = db.session.scalars(of_group.where(Resource.title == title)).unique().one()
                stored = Stored(resource.current.sha256, resource.current.size)
                attach_file(
                    post, file_name=resource.current.file_name, stored=stored, by=post.author, render=_nothing_to_send
                )


def set_read_marks() -> None:
    """Let everybody have read all but the last few posts of others, and have been here last just before those."""
    active = sa.select(Person).where(Person.status == PersonStatus.ACTIVE).order_by(Person.id)
    for person in db.session.scalars(active).all():
        wanted = random.Random(person.email).randint(FEWEST_UNREAD, MOST_UNREAD)
        _mark(person, wanted)


def _mark(person: Person, wanted: int) -> None:
    own = sa.select(Membership.group_id).where(Membership.person_id == person.id, Membership.left_at.is_(None))
    posts = db.session.execute(
        sa.select(Post.thread_id, Post.seq, Post.author_id, Post.created_at)
        .join(Post.thread)
        .where(Thread.group_id.in_(own))
        .order_by(Post.created_at.desc(), Post.id.desc())
    ).all()
    read: dict[int, int] = {}  # thread -> the last post there that the person has seen
    last_visit: datetime | None = None
    for thread_id, seq, author_id, created_at in posts:
        if author_id == person.id or wanted == 0:
            read[thread_id] = max(read.get(thread_id, 0), seq)
        elif read.get(thread_id, 0) < seq:
            wanted -= 1
            last_visit = created_at - timedelta(minutes=4)
    if last_visit is None:
        return
    marks = [{"person_id": person.id, "thread_id": t, "seq": seq, "at": last_visit} for t, seq in read.items()]
    if marks:  # all at once: a mark is neither audited nor indexed, and there are over a thousand
        db.session.execute(sa.insert(ReadMark), marks)
    backdate.row(person, visited_at=last_visit)
