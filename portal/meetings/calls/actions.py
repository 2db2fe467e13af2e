"""Every write about calls that leave the portal."""

from __future__ import annotations

from portal import audit, db, guard, outbox
from portal.meetings.calls.models import CalendarFeed
from portal.meetings.models import Invitation
from portal.notifications.reminders import claim_once
from portal.people.models import Group, Person
from portal.secret_address import hash_token, make_room, new_token
from portal.times import today


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
    make_room(CalendarFeed, by.id)
    token = new_token()
    feed = CalendarFeed(person=by, group=group, name=name, token_hash=hash_token(token))
    db.session.add(feed)
    audit.record("calendar_feed_made", by=by, on=feed, group=group.id if group else None)
    return feed, token


def revoke_feed(feed: CalendarFeed, *, by: Person) -> None:
    """Let the address answer no longer."""
    feed.revoked_at = db.now()
    audit.record("calendar_feed_revoked", by=by, on=feed)
