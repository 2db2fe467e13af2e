"""Signed links by which guests answer a date poll without an account. A link is of use for one guest of one open poll."""

from __future__ import annotations

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import joinedload, selectinload

from portal import db
from portal.meetings.polls.models import PollInvitee
from portal.meetings.polls.policy import is_open

PURPOSE = "date poll, answer of a guest"
LONGEST = 300
LARGEST = 2**31 - 1


def _signer() -> URLSafeSerializer:
    secret: str = current_app.config["SETTINGS"].secret_key.get_secret_value()
    return URLSafeSerializer(secret, salt=PURPOSE)


def guest_token(invitee: PollInvitee) -> str:
    """What stands in a guest's link."""
    return str(_signer().dumps([invitee.poll_id, invitee.id]))


def guest_of_token(token: str) -> PollInvitee | None:
    """The guest whose link it is; None if it is no link of ours, or its poll takes no answers any more."""
    try:
        poll_id, invitee_id = _signer().loads(token[:LONGEST])
    except (BadSignature, ValueError, TypeError):
        return None
    if not all(isinstance(number, int) and 0 < number <= LARGEST for number in (poll_id, invitee_id)):
        return None
    options = (joinedload(PollInvitee.poll), selectinload(PollInvitee.answers))
    invitee = db.session.get(PollInvitee, invitee_id, options=options)
    if invitee is None or invitee.person_id is not None or invitee.poll_id != poll_id:
        return None
    return invitee if is_open(invitee.poll) else None
