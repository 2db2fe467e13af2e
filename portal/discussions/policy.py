"""Who may see and write threads and posts, and what is unread."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal import db
from portal.discussions.following.models import GroupFollow, Level, ThreadFollow
from portal.discussions.models import Gone, Mention, Post, PostVersion, Reaction, ReadMark, Thread
from portal.discussions.moderation.standing import suspension_of
from portal.people.models import (
    Group,
    HandlingClass,
    Membership,
    Organisation,
    OrganisationKind,
    Person,
    PersonStatus,
)
from portal.people.policy import can_lead_group, can_write_in_group, readable_group_ids

MOST_COUNTED = 1_000  # unread posts of one thread: of more nobody needs the number, and to count them takes long


def visible_threads(person: Person) -> sa.Select[Thread]:
    """The threads of the groups that the person may read."""
    return sa.select(Thread).where(Thread.group_id.in_(readable_group_ids(person)))


def visible_posts(person: Person) -> sa.Select[Post]:
    """The posts of the visible threads."""
    return (
        sa.select(Post)
        .join(Post.thread)
        .where(Thread.group_id.in_(readable_group_ids(person)))
        .options(
            contains_eager(Post.thread),
            joinedload(Post.author),
            joinedload(Post.organisation),
            selectinload(Post.gone_by),
            selectinload(Post.mentions).options(
                joinedload(Mention.person), joinedload(Mention.organisation), joinedload(Mention.group)
            ),
            selectinload(Post.reactions).joinedload(Reaction.person),
        )
    )


def visible_versions(person: Person, post: Post) -> sa.Select[PostVersion]:
    """What a post said before, for those who may read it; of one that is gone only the few who may still read that."""
    ids = visible_posts(person).with_only_columns(Post.id)
    if not can_read_versions(person, post):
        ids = ids.where(sa.false())
    return (
        sa.select(PostVersion)
        .where(PostVersion.post_id == post.id, PostVersion.post_id.in_(ids))
        .order_by(PostVersion.revision)
    )


def can_read_versions(person: Person, post: Post) -> bool:
    """Every reader; of a deleted post the group's leaders, of a hidden one its author too."""
    if post.gone is None:
        return True
    return can_lead_group(person, post.thread.group) or (post.gone is Gone.HIDDEN and post.author_id == person.id)


def can_start_thread(person: Person, group: Group) -> bool:
    """Whoever may write in the group and is not suspended from that."""
    return can_write_in_group(person, group) and suspension_of(person, group) is None


def can_post_in_thread(person: Person, thread: Thread) -> bool:
    """Whoever may write in the group's threads."""
    return can_start_thread(person, thread.group)


def can_edit_post(person: Person, post: Post) -> bool:
    """The author, as long as he may still write there, the post is there, and he still speaks for the organisation if it does."""
    is_own = post.author_id == person.id and post.gone is None and can_post_in_thread(person, post.thread)
    return is_own and (not post.is_statement or can_make_statement(person))


def can_make_statement(person: Person) -> bool:
    """Who has that right from an administrator of the organisation, read at use."""
    return person.is_speaker and person.is_active


def can_post_update(person: Person) -> bool:
    """Updates that stand out are the NGOs' own form (domain.md)."""
    return person.organisation.kind in {OrganisationKind.NGO, OrganisationKind.INTERNATIONAL}


def audience(group: Group) -> tuple[int, int] | None:
    """How many people in how many organisations can read what is written in the group; None: everybody who is signed in.

    Whoever may not sign in is not counted.
    """
    if group.handling_class is HandlingClass.OPEN:
        return None
    members = (
        sa.select(sa.func.count(), sa.func.count(Person.organisation_id.distinct()))
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(
            Membership.group_id == group.id,
            Membership.left_at.is_(None),
            Person.status == PersonStatus.ACTIVE,
            Organisation.is_active,
        )
    )
    people, organisations = db.session.execute(members).one()
    return people, organisations


def read_mark(person: Person, thread: Thread) -> ReadMark | None:
    """How far the person has read the thread."""
    return db.session.get(ReadMark, (person.id, thread.id))


def unread(person: Person) -> dict[tuple[int, int], int]:
    """Unread posts per (group id, thread id) of the person's own groups, the latest first; only threads that have some."""
    return unread_of([person.id])[person.id]


def unread_of(person_ids: Collection[int]) -> dict[int, dict[tuple[int, int], int]]:
    """The same of many people, by their ids: one question to the database.

    Unread are posts by others, later than joining and than the read mark, in what the person has not chosen to hear nothing of.
    Of each thread at most MOST_COUNTED are counted.
    """
    found: dict[int, dict[tuple[int, int], int]] = {person_id: {} for person_id in person_ids}
    for person_id, group_id, thread_id, count in db.session.execute(_unread_query(person_ids)):
        found[person_id][group_id, thread_id] = count
    return found


def _unread_query(person_ids: Collection[int]) -> sa.Select[int, int, int, int]:
    """(person id, group id, thread id, number of unread posts), only where there are some."""
    mark, whose = sa.func.coalesce(ReadMark.seq, 0), Membership.person_id
    some = (
        sa.select(Post.id)
        .where(
            Post.thread_id == Thread.id,
            Post.seq > mark,
            Post.created_at > Membership.joined_at,
            Post.author_id != whose,
            Post.line.is_(None),
        )
        .correlate(Thread, ReadMark, Membership)
        .limit(MOST_COUNTED)
        .subquery()
    )
    number = sa.select(sa.func.count()).select_from(some).scalar_subquery()
    threads = (
        sa.select(
            whose.label("person_id"),
            Thread.group_id,
            Thread.id.label("thread_id"),
            Thread.last_post_at,
            number.label("number"),
        )
        .join(Thread, Thread.group_id == Membership.group_id)
        .outerjoin(ReadMark, (ReadMark.thread_id == Thread.id) & (ReadMark.person_id == whose))
        .outerjoin(ThreadFollow, (ThreadFollow.thread_id == Thread.id) & (ThreadFollow.person_id == whose))
        .outerjoin(GroupFollow, (GroupFollow.group_id == Thread.group_id) & (GroupFollow.person_id == whose))
        .where(
            whose.in_(person_ids),
            Membership.left_at.is_(None),
            sa.func.coalesce(ThreadFollow.level, GroupFollow.level, sa.literal(Level.ALL, GroupFollow.level.type))
            != Level.NONE,
            Thread.last_seq > mark,
            Thread.last_post_at > Membership.joined_at,
        )
        .subquery()
    )
    columns = threads.c
    return (
        sa.select(columns.person_id, columns.group_id, columns.thread_id, columns.number)
        .where(columns.number > 0)
        .order_by(columns.last_post_at.desc(), columns.thread_id.desc())
    )


def unread_by_thread(person: Person) -> dict[int, int]:
    """Unread posts per thread, only threads that have some."""
    return {thread_id: count for (_group, thread_id), count in unread(person).items()}


def may_watch_thread(person_id: int, thread_id: int) -> bool:
    """Whether this person may listen to this thread: the same query that guards its page."""
    person = db.session.get(Person, person_id)
    if person is None or not person.is_active:
        return False
    return (
        db.session.scalar(visible_threads(person).where(Thread.id == thread_id).with_only_columns(Thread.id))
        is not None
    )


def last_seq(thread_id: int) -> int:
    """The number of the last thing that happened in the thread."""
    return db.session.scalar(sa.select(Thread.last_seq).where(Thread.id == thread_id)) or 0


def last_seqs(thread_ids: Collection[int]) -> dict[int, int]:
    """The same of many threads."""
    rows = sa.select(Thread.id, Thread.last_seq).where(Thread.id.in_(thread_ids))
    return dict(db.session.execute(rows).all())
