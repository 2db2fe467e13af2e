"""Putting files to a post."""

from __future__ import annotations

from pathlib import PurePosixPath

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, files
from portal.discussions.actions import Render, lock_post, note_changed, show_anew
from portal.discussions.models import Post
from portal.errors import Conflict
from portal.library.actions import add_resource, find_twin
from portal.library.attaching.models import Attachment
from portal.library.models import Resource, ResourceKind
from portal.library.settling import on_settled
from portal.people.models import Person

MOST_ATTACHED = 10  # to one post


def attach_file(
    post: Post, *, file_name: str, stored: files.Stored, keep: list[str] | None = None, by: Person, render: Render
) -> Resource:
    """Take a file in as material of the group and put it to the post; if the group has this very content already, that.

    It is read as any other file, and shown with where it stands until then. Raises `guard.Stopped` for its name, and `Conflict`
    for a post that is gone or has enough.
    """
    lock_post(post)
    if post.gone is not None or post.line is not None:
        raise Conflict(_("The post is not there any more."))
    number = sa.select(sa.func.count()).where(Attachment.post_id == post.id)
    if (db.session.scalar(number) or 0) >= MOST_ATTACHED:
        raise Conflict(_("A post has room for %(most)s files.", most=MOST_ATTACHED))
    group = post.thread.group
    resource = find_twin(group, stored.sha256, is_current=True) or add_resource(
        group, title=_title_of(file_name), kind=ResourceKind.OTHER, publisher="", published_on=None, file_name=file_name,
        stored=stored, keep=keep, by=by,
    )  # fmt: skip
    db.session.flush()
    row = db.insert_or(Attachment).values(post_id=post.id, resource_id=resource.id, attached_at=db.now())
    db.session.execute(row.on_conflict_do_nothing(index_elements=["post_id", "resource_id"]))
    audit.record("file_attached", by=by, on=post, resource=resource.id)
    show_anew(post, by=by, render=render)
    return resource


def _title_of(file_name: str) -> str:
    stem = PurePosixPath(file_name.replace("\\", "/")).stem.replace("_", " ")
    return " ".join(stem.split())[:200] or str(_("file"))


@on_settled
def _show_state(resource: Resource) -> None:
    """The file has been read, or refused: who looks at its posts gets them anew."""
    posts = sa.select(Post).join(Attachment, Attachment.post_id == Post.id).where(Attachment.resource_id == resource.id)
    for post in db.session.scalars(posts.order_by(Post.thread_id, Post.id)).unique():
        note_changed(post, by=None)
