"""Secrets that stand for one invitation: in the links of a mail, and in the address to which mail programs answer.

Each is bound to its purpose, to the meeting and to who is invited, and dies with any of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from flask import current_app
from itsdangerous import BadSignature, Signer

from portal import db
from portal.meetings.models import Invitation
from portal.web import LARGEST_NUMBER

_ADDRESS_BYTES = 15  # 24 letters: the part before the @ has at most 64


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
    message = f"{_bound_to('reply', invitation)}:{invitation.id}".encode()
    digest = hmac.digest(_secret().encode(), message, "sha256")[:_ADDRESS_BYTES]
    return (
        f"{invitation.id}-{base64.b32encode(digest).decode().lower()}"  # mail servers may change upper and lower case
    )


def reply_address(invitation: Invitation) -> str:
    """Where mail programs send the answer; empty if the portal takes no mail (setting PORTAL_REPLY_TO)."""
    address: str = current_app.config["SETTINGS"].reply_to
    local, _at, domain = address.rpartition("@")
    return f"{local}+{_address_part(invitation)}@{domain}" if address else ""


def invitation_of_address(address: str) -> Invitation | None:
    """The invitation whose answers go to that address, None for any other address."""
    own: str = current_app.config["SETTINGS"].reply_to
    own_local, _at, own_domain = own.casefold().rpartition("@")
    local, _at, domain = address.strip().strip("<>").casefold().rpartition("@")
    if not own or domain != own_domain or not local.startswith(f"{own_local}+"):
        return None
    part = local.removeprefix(f"{own_local}+")
    invitation = _invitation(part.partition("-")[0])
    if invitation is None or not hmac.compare_digest(_address_part(invitation).encode(), part.encode()):
        return None
    return invitation
