"""Who hears of a call, who may answer it without signing in, and what a calendar feed shows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import db
from portal.meetings.calls.models import CalendarFeed
from portal.meetings.models import Invitation, Meeting, MeetingState
from portal.meetings.policy import visible_meetings
from portal.people.models import Group, Membership, Person
from portal.people.policy import group_ids, readable_group_ids
from portal.secret_address import address_of

MOST_MEETINGS = 2000  # of a feed, the newest


def may_hear(invitation: Invitation) -> bool:
    """Whether mail about the meeting may go to the invited: guests, and people with an account who have not left the group."""
    person = invitation.person
    if person is None:
        return True
    return person.is_active and not _has_left(person, invitation.meeting.group_id)


def may_lose(invitation: Invitation) -> bool:
    """Whether a mail may take the meeting out of the calendar of the invited: of those who have left the group too."""
    return invitation.person is None or invitation.person.is_active


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
        and meeting.closed_at is None
        and meeting.ends_at > db.now()
        and invitation.withdrawn_at is None
        and may_hear(invitation)
    )


def visible_feeds(person: Person) -> sa.Select[CalendarFeed]:
    """The person's own feeds that have not been revoked."""
    own = (CalendarFeed.person_id == person.id) & CalendarFeed.revoked_at.is_(None)
    return sa.select(CalendarFeed).where(own).options(joinedload(CalendarFeed.group)).order_by(CalendarFeed.id)


def feed_of(token: str) -> CalendarFeed | None:
    """The feed of a secret address; None if it was revoked or its person may not be signed in any longer."""
    feed = address_of(CalendarFeed, token)
    return feed if feed is not None and feed.person.is_active else None


def feed_meetings(feed: CalendarFeed) -> sa.Select[Meeting]:
    """What the feed shows: meetings of the person's own groups, or of the one group, and those that the person is called to;
    only as long as the person may see them, and not before they are called.
    """
    person = feed.person
    called_to = sa.select(Invitation.meeting_id).where(
        Invitation.person_id == person.id, Invitation.withdrawn_at.is_(None)
    )
    if feed.group_id is not None:
        wanted = Meeting.group_id == feed.group_id
    else:
        wanted = Meeting.group_id.in_(group_ids(person)) | Meeting.id.in_(called_to)
    return (
        visible_meetings(person)
        .where(wanted, Meeting.state != MeetingState.PLANNING)
        .order_by(Meeting.starts_at.desc(), Meeting.id)
        .limit(MOST_MEETINGS)
    )
