"""Telling those who follow of a post."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from portal import db, outbox
from portal.discussions.following import policy
from portal.discussions.models import Post
from portal.notifications.actions import notify
from portal.people.models import Person


@outbox.handler("post_told")
def tell(*, post_id: int, mentioned: Collection[int] = (), is_new: bool = True) -> None:
    """Tell those who follow of a post; of one that is not new, only those whom it mentions now. What a notice keeps of it is its
    place: words are read when they are sent.
    """
    post = db.session.get(Post, post_id)
    if post is None or post.gone is not None:
        return
    told = policy.to_be_told(post, mentioned=mentioned, is_new=is_new)
    people = {one.id: one for one in db.session.scalars(sa.select(Person).where(Person.id.in_(told))).unique()}
    for kind, is_mention in (("mentioned", True), ("posted", False)):
        notify(
            [people[one] for one, by_name in told.items() if by_name is is_mention], kind, group=post.thread.group,
            path=f"/posts/{post.id}", by=post.author, about=post.thread.topic,
            title=post.thread.title, organisation=post.organisation.short_name, post_id=post.id,
        )  # fmt: skip
