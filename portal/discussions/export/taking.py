"""The posts of a thread, written one piece after the other: the web process's loop is never held up for more than one piece.

A piece is loaded and put into words here; it is written aside, when no transaction is open (house rule 8).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from portal import db
from portal.discussions.export.documents import Said, in_json, in_markdown, said
from portal.discussions.models import Post
from portal.search.aside import aside

A_PIECE = 50  # posts


@dataclass(frozen=True, slots=True)
class Form:
    """How posts are written, and what a file can hold: a PDF has to be made with the memory that its process has."""

    write: Callable[[Sequence[Said]], list[bytes]]
    most_posts: int
    most_bytes: int


MARKDOWN = Form(in_markdown, most_posts=20_000, most_bytes=20_000_000)
PDF = Form(in_json, most_posts=4_000, most_bytes=4_000_000)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of the posts, how many these are (lines are none), and of how many."""

    parts: list[bytes]
    number: int
    total: int


def write_posts(posts: sa.Select[Post], form: Form) -> Written:
    """The first posts of a `visible_posts` query, as many as the form can hold. Ends the transaction."""
    query = posts.order_by(Post.seq)
    parts: list[bytes] = []
    number = size = 0
    seq, total = -1, _number_of(posts)
    while piece := db.session.scalars(query.where(Post.seq > seq).limit(A_PIECE)).unique().all():
        seq, words = piece[-1].seq, said(piece)
        db.pause()
        for one, part in zip(words, aside(form.write, words), strict=True):
            size += len(part)
            if size > form.most_bytes or (number == form.most_posts and not one.line):
                return Written(parts, number, total)
            parts.append(part)
            number += not one.line
    return Written(parts, number, max(number, total))  # fewer: they were moved, or the right ended meanwhile


def _number_of(posts: sa.Select[Post]) -> int:
    ids = posts.with_only_columns(Post.id).where(Post.line.is_(None)).order_by(None).subquery()
    number = db.session.scalar(sa.select(sa.func.count()).select_from(ids)) or 0
    db.pause()
    return number
