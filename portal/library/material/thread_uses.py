"""Where material is used in threads: posts that link to its page."""

from __future__ import annotations

import re

from flask_babel import gettext as _

from portal import db
from portal.discussions.models import Post
from portal.discussions.policy import visible_posts
from portal.library import uses
from portal.library.models import Resource
from portal.library.uses import Use
from portal.people.models import Person

MOST_POSTS = 100  # looked at, the latest first


@uses.register
def links(resource: Resource, person: Person) -> list[Use]:
    """The threads in which somebody links to the material, the latest post first."""
    path = f"/resources/{resource.id}"
    rows = visible_posts(person).where(Post.body.contains(path, autoescape=True)).order_by(Post.id.desc())
    is_meant = re.compile(re.escape(path) + r"(?!\d)")
    found: dict[int, Use] = {}
    for post in db.session.scalars(rows.limit(MOST_POSTS)).unique():
        if is_meant.search(post.body):
            meta = _("thread in %(group)s", group=post.thread.group.name)
            found.setdefault(post.thread_id, Use(post.thread.title, f"/threads/{post.thread_id}#post-{post.id}", meta))
    return list(found.values())[: uses.MOST]
