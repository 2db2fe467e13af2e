"""Secrets that stand for one invitation: in the links of a mail, and in the address to which mail programs answer.

Each is bound to its purpose, to the meeting and to who is invited, and dies with any of them.
"""

from __future__ import annotations

import hashlib

from flask import current_app
from itsdangerous import BadSignature, Signer

from portal import db
from portal.meetings.models import Invitation
from portal.signed_addresses import address_with, is_signature, part_of, signature
from portal.web import LARGEST_NUMBER


def _bound_to(purpose: str, invitation: Invitation) -> str:
    return f"meetings.calls.{purpose}:{invitation.meeting.uid}:{invitation.person_id or invitation.guest_email}"


def _secret() -> str:
    secret: str = current_app.config["SETTINGS"].secret_key.get_secret_value()
    return secret


def _signer(invitation: Invitation) -> Signer:
    return Signer(_secret(), salt=_bound_to("answer", invitation), digest_method=hashlib.sha256)


def answer_token(invitation: Invitation) -> str:
    """What stands in the addresses of the page where the invitation is answered without signing in."""
    return _signer(invitation).sign(str(invitation.id)).decode()


def _invitation(number: str) -> Invitation | None:
    if (
        not (number.isascii() and number.isdigit())
        or len(number) > len(str(LARGEST_NUMBER))
        or int(number) > LARGEST_NUMBER
    ):
        return None
    return db.session.get(Invitation, int(number))


def invitation_of_token(token: str) -> Invitation | None:
    """The invitation that the token stands for, None if it was not made here for it."""
    invitation = _invitation(token.partition(".")[0])
    if invitation is None:
        return None
    try:
        _signer(invitation).unsign(token)
    except BadSignature:
        return None
    return invitation


def _address_part(invitation: Invitation) -> str:
    signed = signature(f"{_bound_to('reply', invitation)}:{invitation.id}")
    return f"{invitation.id}-{signed}"


def reply_address(invitation: Invitation) -> str:
    """Where mail programs send the answer; empty if the portal takes no mail (setting PORTAL_REPLY_TO)."""
    return address_with(_address_part(invitation))


def invitation_of_address(address: str) -> Invitation | None:
    """The invitation whose answers go to that address, None for any other address."""
    number, _dash, signed = part_of(address).partition("-")
    invitation = _invitation(number)
    if invitation is None or not is_signature(signed, f"{_bound_to('reply', invitation)}:{invitation.id}"):
        return None
    return invitation
