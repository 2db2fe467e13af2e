"""Every write about calls that leave the portal."""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal import audit, db, guard, outbox
from portal.errors import Conflict
from portal.meetings.calls.models import CalendarFeed, hash_token
from portal.meetings.models import Invitation
from portal.notifications.reminders import claim_once
from portal.people.models import Group, Person
from portal.times import today

MOST_FEEDS = 20
READ_NOTED_EVERY = timedelta(hours=1)


def note_mailed(invitation: Invitation, revision: int | None, *, method: str, by: Person | None) -> None:
    """Note which revision of the meeting stands in the invited person's calendar; None once it was taken out of it."""
    invitation.mailed_revision = revision
    audit.record("invitation_mailed", by=by, on=invitation, method=method, revision=revision)


def refuse_reply(invitation: Invitation, reason: str, *, by: Person | None) -> None:
    """Note that an answer by mail was not taken over; never what it said."""
    audit.record("answer_by_mail_refused", by=by, on=invitation, reason=reason)


def call_again(invitation: Invitation, *, by: Person | None) -> None:
    """Send the call as it stands now once more, since the answer was to an older date; a few times a day at most."""
    if _once_a_day(f"call_again:{invitation.id}:{invitation.meeting.revision}"):
        outbox.enqueue("invitation_mail", key=f"again:{invitation.id}", invitation_id=invitation.id, is_again=True)
        audit.record("called_again", by=by, on=invitation)


def help_answering(invitation: Invitation, reason: str, *, by: Person | None) -> None:
    """Tell the invited person why an answer by mail was not taken over; once a day, so that nobody can have her flooded."""
    if _once_a_day(f"answer_help:{invitation.id}:{reason}"):
        outbox.enqueue("answer_help", invitation_id=invitation.id, reason=reason)
        audit.record("answer_help_sent", by=by, on=invitation, reason=reason)


def _once_a_day(key: str) -> bool:
    return claim_once(f"{key}:{today()}")


def make_feed(name: str, *, group: Group | None, by: Person) -> tuple[CalendarFeed, str]:
    """A feed of one's own with its secret, which is told this once. Raises `guard.Stopped`, or `Conflict` if one has many."""
    guard.check({"name": name})
    db.lock_name(f"feeds of {by.id}")
    own = (CalendarFeed.person_id == by.id) & CalendarFeed.revoked_at.is_(None)
    if (db.session.scalar(sa.select(sa.func.count()).select_from(CalendarFeed).where(own)) or 0) >= MOST_FEEDS:
        raise Conflict(_("You have %(number)s addresses. Revoke one that you no longer use.", number=MOST_FEEDS))
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed(person=by, group=group, name=name, token_hash=hash_token(token))
    db.session.add(feed)
    audit.record("calendar_feed_made", by=by, on=feed, group=group.id if group else None)
    return feed, token


def revoke_feed(feed: CalendarFeed, *, by: Person) -> None:
    """Let the address answer no longer."""
    feed.revoked_at = db.now()
    audit.record("calendar_feed_revoked", by=by, on=feed)


def note_feed_read(feed: CalendarFeed) -> None:
    """Leave a trace of when the feed was last asked for, so that its person sees which addresses are in use."""
    feed_id, now = feed.id, db.now()
    if feed.read_at is not None and now - feed.read_at < READ_NOTED_EVERY:
        return

    def write(session: Session) -> None:
        session.execute(sa.update(CalendarFeed).where(CalendarFeed.id == feed_id).values(read_at=now))

    db.leave_trace(write)
