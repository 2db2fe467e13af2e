"""Calendar feeds: what a calendar program gets, and by what it sees that nothing has changed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

import sqlalchemy as sa
from flask import current_app
from flask_babel import force_locale
from sqlalchemy.orm import selectinload

from portal import calendar, db, i18n
from portal.calendar import Entry, Party, Status
from portal.meetings.calls.models import CalendarFeed
from portal.meetings.calls.policy import feed_meetings
from portal.meetings.entries import entry, says_nothing
from portal.meetings.models import Answer, Invitation, Meeting
from portal.people.models import Group, HandlingClass

FORM = 2  # to be raised when the same meetings are written in another way
REFRESH = timedelta(hours=1)


def _own_invitation(feed: CalendarFeed) -> sa.ColumnElement[bool]:
    return (
        (Invitation.meeting_id == Meeting.id)
        & (Invitation.person_id == feed.person_id)
        & Invitation.withdrawn_at.is_(None)
    )


def etag(feed: CalendarFeed) -> str:
    """Changes with all that the feed shows: meetings, whether they may be seen, the group's handling class and one's answers."""
    rows = (
        feed_meetings(feed)
        .with_only_columns(
            Meeting.id,
            Meeting.revision,
            Meeting.changed_at,
            Group.handling_class,
            Group.name,
            Invitation.id,
            Invitation.answer,
        )
        .join(Group, Group.id == Meeting.group_id)
        .outerjoin(Invitation, _own_invitation(feed))
    )
    told = [FORM, feed.token_hash, feed.person.language, feed.person.email, current_app.config["SETTINGS"].base_url]
    digest = hashlib.sha256(repr(told).encode())
    for row in db.session.execute(rows):
        digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()[:32]


def body(feed: CalendarFeed, tag: str) -> bytes:
    """The feed's calendar as it is with that etag: made once."""
    return _body(feed.id, tag)


@lru_cache(maxsize=64)  # by the etag, which changes with the content
def _body(feed_id: int, _tag: str) -> bytes:
    return make(db.session.get_one(CalendarFeed, feed_id))


def make(feed: CalendarFeed) -> bytes:
    """Write the feed's calendar anew."""
    meetings = db.session.scalars(feed_meetings(feed).options(selectinload(Meeting.items))).all()
    own = sa.select(Invitation.meeting_id, Invitation.answer).where(
        Invitation.person_id == feed.person_id, Invitation.withdrawn_at.is_(None)
    )
    answers: dict[int, Answer | None] = dict(db.session.execute(own).all())
    with force_locale(i18n.known(feed.person.language)):
        name = _name(feed.group)
        return calendar.entries([_entry(meeting, answers) for meeting in meetings], name=name, refresh=REFRESH)


def _name(group: Group | None) -> str:
    hides = group is None or group.handling_class is HandlingClass.SENSITIVE
    return "Samverkansportalen" if hides or group is None else f"Samverkansportalen: {group.name}"


def _entry(meeting: Meeting, answers: dict[int, Answer | None]) -> Entry:
    """A meeting with one's own answer, told by its status and whether it takes time: what is published has an ORGANIZER and no
    ATTENDEE (RFC 5546, 3.2.1). The feed has no alarms, which the programs set as their users wish.
    """
    made, answer = replace(entry(meeting), has_alarm=False), answers.get(meeting.id)
    status = Status.TENTATIVE if answer is Answer.TENTATIVE and made.status is Status.CONFIRMED else made.status
    made = replace(made, status=status, is_free=answer is Answer.DECLINED)
    name = "Samverkansportalen" if says_nothing(meeting) else meeting.group.name
    return replace(made, organizer=Party(current_app.config["SETTINGS"].mail_from, name))
