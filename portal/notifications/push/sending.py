"""Notices on their way to devices. What one says follows the group's handling class (house rule 9), as in mail."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from portal import db, i18n, outbox
from portal.notifications.delivery import actions as deliveries
from portal.notifications.delivery.models import State, Via
from portal.notifications.kinds import text_of
from portal.notifications.letters import says_nothing
from portal.notifications.models import Notice
from portal.notifications.policy import visible_notices
from portal.notifications.push import actions, keys
from portal.notifications.push.policy import visible_devices
from portal.outbound import Outbound, OutboundError, OutboundReason
from portal.people import closing

log = logging.getLogger("portal.push")
security_log = logging.getLogger("portal.security")

LIFE = 24 * 3600  # seconds that a service keeps what it cannot hand over
PADDED = 512  # all are as long as the longest few: a length says nothing
LONGEST = 300  # characters
GONE = frozenset({404, 410})
NEVER = frozenset(
    {OutboundReason.NOT_PUBLIC, OutboundReason.NOT_HTTPS, OutboundReason.BAD_URL, OutboundReason.REDIRECT}
)


class NotNow(RuntimeError):
    """No service took it; it is tried again."""


@dataclass(frozen=True, slots=True)
class _Target:
    id: int
    endpoint: str
    key: str
    auth: str


def payload(notice: Notice) -> bytes:
    """What the device shows, in the present language: of a sensitive group no names, no group and no words."""
    hides = says_nothing(notice)
    body = str(_("There is something new.")) if hides else text_of(notice.kind, notice.details)
    shown = {
        "title": "Samverkansportalen", "body": body[:LONGEST], "path": "/notices" if hides else notice.path,
        "tag": "new" if hides else hashlib.sha256((notice.about or str(notice.id)).encode()).hexdigest()[:16],
    }  # fmt: skip
    made = json.dumps(shown, ensure_ascii=False).encode()
    return made.ljust(-(-len(made) // PADDED) * PADDED)


@outbox.handler("notice_push")
def push_notice(*, notice_id: int) -> None:
    """Send one notice to the person's devices. Raises `NotNow` if none was reached and one may be later."""
    notice = db.session.get(Notice, notice_id)
    if notice is None:
        return
    if notice.read_at is not None:
        _note(notice_id, State.SEEN)
        return
    if (
        not notice.person.is_active
        or db.session.scalar(visible_notices(notice.person).where(Notice.id == notice_id)) is None
    ):
        _note(notice_id, State.DROPPED)
        return
    rows = db.session.scalars(visible_devices(notice.person)).all()
    targets = [_Target(row.id, row.endpoint, row.key, row.auth) for row in rows]
    with force_locale(i18n.known(notice.person.language)):
        content = payload(notice)
    db.pause()
    results = {target.id: _push(target, content) for target in targets}
    sent = [number for number, state in results.items() if state == "sent"]
    gone = [number for number, state in results.items() if state == "gone"]
    actions.note_pushed(sent, gone, by=None)
    if not sent and "later" in results.values():
        raise NotNow
    _note(notice_id, State.SENT if sent else State.DROPPED if not targets else State.REFUSED)


@outbox.handler("notice_push" + outbox.GIVEN_UP)
def note_given_up(*, notice_id: int) -> None:
    """The services were away for longer than anything is tried."""
    deliveries.note_state([notice_id], State.REFUSED, via=Via.PUSH, code="given up", by=None)


def _note(notice_id: int, state: State) -> None:
    deliveries.note_state([notice_id], state, via=Via.PUSH, by=None)


def _push(target: _Target, content: bytes) -> str:
    """Send to one device; what came of it: sent, gone (never again), later, or refused."""
    parts = urlsplit(target.endpoint)
    headers = {
        "Content-Type": "application/octet-stream", "Content-Encoding": "aes128gcm", "TTL": str(LIFE), "Urgency": "normal",
        "Authorization": keys.proof(f"{parts.scheme}://{parts.netloc}", now=int(db.now().timestamp())),
    }  # fmt: skip
    way_out = Outbound(allow_loopback=current_app.config["SETTINGS"].admits_loopback)
    try:
        status = way_out.post_bytes(
            target.endpoint, encrypted(content, key=target.key, auth=target.auth), headers=headers
        ).status
    except OutboundError as error:
        if error.reason in NEVER:
            security_log.warning("push device %s has an address that is not asked: %s", target.id, error.reason)
            return "gone"
        log.warning("push device %s was not reached: %s", target.id, error.reason)
        return "later"
    if 200 <= status < 300:
        return "sent"
    if status in GONE:
        return "gone"
    log.warning("push device %s: the service answered %s", target.id, status)
    return "later" if status == 429 or status >= 500 else "refused"


def encrypted(content: bytes, *, key: str, auth: str) -> bytes:
    """The content as only that browser can read it (RFC 8291)."""
    made: bytes = http_ece.encrypt(
        content, salt=os.urandom(16), private_key=ec.generate_private_key(ec.SECP256R1()), dh=unpacked(key),
        auth_secret=unpacked(auth), version="aes128gcm",
    )  # fmt: skip
    return made


def unpacked(text: str) -> bytes:
    """Bytes from base64 as browsers write it. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


@closing.also_end
def forget_devices(person_ids: Collection[int]) -> None:
    """Nothing goes to devices of closed accounts."""
    actions.forget_devices(person_ids, by=None)
