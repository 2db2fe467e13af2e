"""Whose updates a person may see, and who may pin one."""

from __future__ import annotations

import sqlalchemy as sa

from portal import db
from portal.discussions.models import PinnedUpdate, Post, PostKind
from portal.discussions.policy import can_post_in_thread, visible_posts
from portal.people.models import Organisation, Person


def visible_updates(person: Person) -> sa.Select[Post]:
    """The updates in the threads that the person may read."""
    return visible_posts(person).where(Post.kind == PostKind.UPDATE, Post.gone.is_(None))


def visible_sources(person: Person) -> sa.Select[Organisation]:
    """The organisations that have told something the person may read, and one's own. Others are not named."""
    ids = visible_updates(person).with_only_columns(Post.organisation_id)
    return sa.select(Organisation).where(Organisation.id.in_(ids) | (Organisation.id == person.organisation_id))


def pinned_update(person: Person, organisation: Organisation) -> Post | None:
    """The update that the organisation has pinned, if the person may read it."""
    pinned = sa.select(PinnedUpdate.post_id).where(PinnedUpdate.organisation_id == organisation.id)
    return db.session.scalars(visible_updates(person).where(Post.id.in_(pinned))).first()


def can_pin_update(person: Person, post: Post) -> bool:
    """Whoever may write for the organisation that told it, where it was told."""
    is_own = post.kind is PostKind.UPDATE and post.organisation_id == person.organisation_id
    return is_own and can_post_in_thread(person, post.thread)
