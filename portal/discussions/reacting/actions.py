"""Reacting to a post, and taking it back."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db
from portal.discussions.actions import Render, lock_post, show_anew
from portal.discussions.models import Post, Reaction, ReactionKind
from portal.errors import Conflict
from portal.people.models import Person


def add_reaction(post: Post, kind: ReactionKind, *, by: Person, render: Render) -> None:
    """React to a post. Done twice, also at once, it is done once. Raises `Conflict` for a post that is gone, and for a line."""
    lock_post(post)  # what is hidden meanwhile must not go out again
    if post.gone is not None or post.line is not None:
        raise Conflict(_("The post is not there any more."))
    row = db.insert_or(Reaction).values(post_id=post.id, person_id=by.id, kind=kind, at=db.now())
    made = row.on_conflict_do_nothing(index_elements=["post_id", "person_id", "kind"])
    if db.session.execute(made.returning(Reaction.post_id)).first() is not None:
        audit.record("reaction_added", by=by, on=post, kind=kind.value)
        _show(post, by=by, render=render)


def take_reaction_back(post: Post, kind: ReactionKind, *, by: Person, render: Render) -> None:
    """Take a reaction back. Done twice, it is done once."""
    lock_post(post)
    own = sa.delete(Reaction).where(
        Reaction.post_id == post.id, Reaction.person_id == by.id, Reaction.kind == kind
    )  # fmt: skip
    if db.session.execute(own.returning(Reaction.post_id)).first() is not None:
        audit.record("reaction_taken_back", by=by, on=post, kind=kind.value)
        _show(post, by=by, render=render)


def _show(post: Post, *, by: Person, render: Render) -> None:
    db.session.expire(post, ["reactions"])
    show_anew(post, by=by, render=render)
