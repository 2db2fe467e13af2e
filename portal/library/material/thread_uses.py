"""Where material is used in threads: posts that link to its page."""

from __future__ import annotations

import re

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import db
from portal.discussions.models import Post, Thread
from portal.discussions.policy import visible_posts
from portal.library import uses
from portal.library.models import Resource
from portal.library.uses import Use
from portal.people.models import Group, Person

MOST_POSTS = 100  # looked at, the latest first


@uses.register
def links(resource: Resource, person: Person) -> list[Use]:
    """The threads in which somebody links to the material, the latest post first."""
    path = f"/resources/{resource.id}"
    seen = visible_posts(person).where(Post.gone.is_(None), Post.body.contains(path, autoescape=True))
    rows = (
        sa.select(Post.id, Post.body, Post.thread_id, Thread.title, Group.name)
        .join(Post.thread)
        .join(Thread.group)
        .where(Post.id.in_(seen.with_only_columns(Post.id)))
        .order_by(Post.id.desc())
    )
    is_meant = re.compile(re.escape(path) + r"(?!\d)")
    found: dict[int, Use] = {}
    for post_id, body, thread_id, title, group in db.session.execute(rows.limit(MOST_POSTS)):
        if is_meant.search(body):
            meta = _("thread in %(group)s", group=group)
            found.setdefault(thread_id, Use(title, f"/posts/{post_id}", meta))
    return list(found.values())[: uses.MOST]
