"""Pinning an update to the top of an organisation's stream."""

from __future__ import annotations

import sqlalchemy as sa

from portal import audit, db
from portal.discussions.models import PinnedUpdate, Post
from portal.people.models import Person


def pin_update(post: Post, *, by: Person) -> None:
    """Let an update stand first among those of its organisation; it takes the place of the one before."""
    values = {"post_id": post.id, "pinned_by_id": by.id, "pinned_at": db.now()}
    row = db.insert_or(PinnedUpdate).values(organisation_id=post.organisation_id, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=["organisation_id"], set_=values))
    audit.record("update_pinned", by=by, on=post)


def unpin_update(post: Post, *, by: Person) -> None:
    """Let it stand among the others again."""
    pinned = sa.delete(PinnedUpdate).where(PinnedUpdate.post_id == post.id)
    if db.session.execute(pinned.returning(PinnedUpdate.post_id)).first() is not None:
        audit.record("update_unpinned", by=by, on=post)
