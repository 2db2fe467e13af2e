"""The part of a thread that a page shows: a thread of thousands of posts costs no more than one of fifty."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from portal import db, web
from portal.discussions.models import Post, ReadMark, Thread
from portal.discussions.policy import visible_posts
from portal.people.models import Person

POSTS_A_PAGE = 30
READ_BEFORE = 5  # shown above the first unread one, so that it is understood


@dataclass(frozen=True, slots=True)
class Window:
    """Posts that stand next to each other, how many there are on either side, and where the unread begin."""

    posts: list[Post]
    older_count: int
    newer_count: int
    unread_from_seq: int | None
    unread_count: int


def window_of(
    person: Person, thread: Thread, mark: ReadMark | None, *, before: int | None = None, after: int | None = None,
    at: int | None = None,
) -> Window:  # fmt: skip
    """The posts before or after a number, or around one; else those around the first that is unread, and the last ones if there
    is none or it is near the end."""
    query = visible_posts(person).where(Post.thread_id == thread.id)
    first_unread, unread_count = _unread(person, thread, mark)
    if before is not None:
        posts = _last(query.where(Post.seq < before), POSTS_A_PAGE)
    elif after is not None:
        posts = _first(query.where(Post.seq > after), POSTS_A_PAGE)
    elif at is not None:
        posts = _around(query, at, POSTS_A_PAGE // 2)
    elif unread_count > POSTS_A_PAGE - READ_BEFORE and first_unread is not None:
        posts = _around(query, first_unread, READ_BEFORE)
    else:
        posts = _last(query, POSTS_A_PAGE)
    numbers = sa.select(sa.func.count()).where(Post.thread_id == thread.id)
    older = newer = 0
    if posts:
        older = db.session.scalar(numbers.where(Post.seq < posts[0].seq)) or 0
        newer = db.session.scalar(numbers.where(Post.seq > posts[-1].seq)) or 0
    return Window(posts, older, newer, first_unread, unread_count)


def _unread(person: Person, thread: Thread, mark: ReadMark | None) -> tuple[int | None, int]:
    """The first post by others behind the read mark, and how many there are."""
    if mark is None or mark.seq >= thread.last_seq:
        return None, 0
    unread = sa.select(sa.func.min(Post.seq), sa.func.count()).where(
        Post.thread_id == thread.id, Post.seq > mark.seq, Post.author_id != person.id, Post.line.is_(None)
    )
    first, count = db.session.execute(unread).one()
    return first, count


def _last(query: sa.Select[Post], limit: int) -> list[Post]:
    return list(web.page(query.order_by(Post.seq.desc()), limit=limit))[::-1]


def _first(query: sa.Select[Post], limit: int) -> list[Post]:
    return list(web.page(query.order_by(Post.seq), limit=limit))


def _around(query: sa.Select[Post], seq: int, lead: int) -> list[Post]:
    """That post, some before it, and the rest of a page behind; near the end the page is filled from above."""
    above = _last(query.where(Post.seq < seq), POSTS_A_PAGE)
    below = _first(query.where(Post.seq >= seq), POSTS_A_PAGE - lead)
    return above[max(0, len(above) - (POSTS_A_PAGE - len(below))) :] + below
