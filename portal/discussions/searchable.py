"""How threads and posts are found."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from portal import markup, search
from portal.discussions import policy
from portal.discussions.models import Post, Thread


def _thread_document(thread: Thread) -> search.Document:
    return search.Document(
        "thread", thread.id, (thread.group_id,), thread.title, "", thread.created_at, search.of_year(thread.created_at)
    )


def _post_document(post: Post) -> search.Document | None:
    if post.line is not None or post.gone is not None:
        return None  # nobody wrote it, or nobody may read it
    body = markup.plain(post.body)
    return search.Document(
        "post", post.id, (post.thread.group_id,), "", body, _changed_at(post), search.of_year(post.created_at)
    )


def _changed_at(post: Post) -> datetime:
    return post.edited_at or post.created_at


def register() -> None:
    """Let threads and posts be found."""
    search.register(
        "thread",
        Thread,
        document=_thread_document,
        visible=policy.visible_threads,
        all_rows=lambda: sa.select(Thread),
        changed_at=attrgetter("created_at"),
    )
    search.register(
        "post",
        Post,
        document=_post_document,
        visible=policy.visible_posts,
        all_rows=lambda: sa.select(Post).join(Post.thread).options(contains_eager(Post.thread)),
        group=attrgetter("thread.group"),
        changed_at=_changed_at,
    )
