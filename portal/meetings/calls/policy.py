"""Who hears of a call, who may answer it without signing in, and what a calendar feed shows."""

from __future__ import annotations

import sqlalchemy as sa

from portal import db
from portal.meetings.models import Invitation, MeetingState
from portal.people.models import Group, Membership, Person
from portal.people.policy import readable_group_ids


def may_hear(invitation: Invitation) -> bool:
    """Whether mail about the meeting may go to the invited: guests, and people with an account who have not left the group."""
    person = invitation.person
    if person is None:
        return True
    return person.is_active and not _has_left(person, invitation.meeting.group_id)


def _has_left(person: Person, group_id: int) -> bool:
    readable = readable_group_ids(person).where(Group.id == group_id)
    if db.session.scalar(readable) is not None:
        return False
    ended = sa.select(Membership.id).where(Membership.person_id == person.id, Membership.group_id == group_id)
    return db.session.scalar(ended.limit(1)) is not None  # somebody from outside who was called has none


def can_answer_unsigned(invitation: Invitation) -> bool:
    """Whether the answer links and the mail program's button still work: as long as the call stands."""
    meeting = invitation.meeting
    return (
        meeting.state is MeetingState.CALLED
        and meeting.ends_at > db.now()
        and invitation.withdrawn_at is None
        and may_hear(invitation)
    )
