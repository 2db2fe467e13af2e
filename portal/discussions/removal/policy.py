"""Who may take a post out of its thread, and who may show it again."""

from __future__ import annotations

from portal.discussions.models import Gone, Post
from portal.discussions.policy import can_post_in_thread
from portal.discussions.states.policy import can_lead_thread
from portal.people.models import Person


def can_delete_post(person: Person, post: Post) -> bool:
    """Its author, as long as he may write there, and the group's leaders; what is gone cannot go again."""
    return can_withdraw_post(person, post) or can_hide_post(person, post)


def can_withdraw_post(person: Person, post: Post) -> bool:
    """Delete without a reason: one's own."""
    is_own = post.author_id == person.id and can_post_in_thread(person, post.thread)
    return is_own and post.gone is None and post.line is None


def can_hide_post(person: Person, post: Post) -> bool:
    """The group's leaders."""
    return post.gone is None and post.line is None and can_lead_thread(person, post.thread)


def can_show_post(person: Person, post: Post) -> bool:
    """The group's leaders, of what is hidden; nobody judges what he wrote himself."""
    is_others_act = post.author_id == person.id and post.gone_by_id != person.id
    return post.gone is Gone.HIDDEN and not is_others_act and can_lead_thread(person, post.thread)
