"""Who may react to a post."""

from __future__ import annotations

from portal.discussions.models import Post
from portal.people.models import Person


def can_react(person: Person, post: Post) -> bool:
    """Whoever may read it, as long as the group is in use: an observer too may say that it is seen."""
    return person.is_active and not post.thread.group.is_archived
