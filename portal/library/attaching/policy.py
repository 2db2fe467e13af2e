"""Who may put files to a post."""

from __future__ import annotations

from portal.discussions.models import Post
from portal.discussions.policy import can_edit_post
from portal.library.policy import can_add_material
from portal.people.models import Person


def can_attach(person: Person, post: Post) -> bool:
    """The author, who may add material to the group."""
    return post.line is None and can_edit_post(person, post) and can_add_material(person, post.thread.group)
