"""Reading what mail servers send back (RFC 3464, and what comes from those that keep to no rule).

Whom a bounce is about stands in the signed address that it came to (VERP), never in the message itself: that is only asked
whether the mail failed for good, and why.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import uuid
from dataclasses import dataclass
from email.message import Message

from flufl.bounce import all_failures

from portal import db, mail
from portal.notifications.delivery import actions
from portal.notifications.receiving import readers
from portal.notifications.receiving.messages import BROKEN, Unreadable, decoded, leaves, read
from portal.people.models import Person
from portal.signed_addresses import address_with, is_signature, part_of, signature
from portal.web import LARGEST_NUMBER

log = logging.getLogger("portal.mail")

LARGEST = 5_000_000  # bytes: some servers send the whole mail back
MARK = 4  # characters of a letter's part of the address that say to which address it went
LONGEST_TEXT = 20_000  # characters of a bounce without a form of its own that are looked at
_CODE = re.compile(r"\b([45])(\d\d)[ -]+#?([45]\.\d{1,3}\.\d{1,3})?")
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_PLAIN = re.compile(r"\b[45]\d\d\b")
_SENDERS = re.compile(r"mailer-daemon|postmaster|mail delivery|bounce", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a mail server says about a mail of ours."""

    code: str
    is_final: bool
    is_dead: bool


def letter_key(name: str) -> str:
    """The name of one mail in the log: the same for one that goes out again under the same name."""
    return hashlib.sha256((name or str(uuid.uuid4())).encode()).hexdigest()[:16]


def bounce_address(person_id: int, letter: str) -> str:
    """Where a mail to the person's present address comes back; empty if the portal takes no mail (setting PORTAL_REPLY_TO)."""
    letter += _mark_of(db.session.get_one(Person, person_id).email)
    signed = signature(_bound_to(person_id, letter))
    return address_with(f"b{person_id}.{letter}-{signed}")


def _mark_of(email: str) -> str:
    """What tells one address of a person from another. Short: the part before the @ has at most 64 characters."""
    return hashlib.sha256(email.casefold().encode()).hexdigest()[:MARK]


def _bound_to(person_id: int, letter: str) -> str:
    return f"notifications.delivery.bounce:{person_id}:{letter}"


def letter_of_address(address: str) -> tuple[int, str, str] | None:
    """The person's id, the letter that came back to that address, and the mark of where it went; None if it was not made here."""
    part, _dash, signed = part_of(address).rpartition("-")
    number, _dot, letter = part.removeprefix("b").partition(".")
    if not part.startswith("b") or not (number.isascii() and number.isdigit()) or len(number) > 10:
        return None
    if int(number) > LARGEST_NUMBER or not is_signature(signed, _bound_to(int(number), letter)):
        return None
    return int(number), letter[:-MARK], letter[-MARK:]


def read_bounce(content: bytes) -> Bounce | None:
    """What the message says; None for one that is no bounce, such as an out-of-office note. Raises `Unreadable`."""
    message = read(content)
    try:
        return _by_form(message) or _by_words(message)
    except BROKEN as error:
        raise Unreadable("broken") from error


def _by_form(message: Message) -> Bounce | None:
    """From the part that RFC 3464 asks for, the gravest of what it says."""
    found = []
    for part in message.walk():
        if part.get_content_type() not in {"message/delivery-status", "message/global-delivery-status"}:
            continue
        for block in _blocks(part):
            action = str(block.get("Action", "")).partition("(")[0].strip().casefold()
            status = _STATUS.search(str(block.get("Status", "")))
            words = str(block.get("Diagnostic-Code", ""))[:2000]
            told = _STATUS.search(words) or _PLAIN.search(words)
            code = status[0] if status else told[0] if told else ""
            if told and code.endswith(".0.0"):
                code = told[0]  # the status that says nothing; the server beyond said more
            if action in {"failed", "delayed"} or (not action and code[:1] in {"4", "5"}):
                is_final = action == "failed" or (not action and code.startswith("5"))
                found.append(Bounce(code, is_final, is_final and mail.says_dead(code, words)))
    return max(found, key=lambda one: (one.is_dead, one.is_final)) if found else None


def _blocks(part: Message) -> list[Message]:
    """The blocks of fields of a delivery status; some servers send it as plain text."""
    payload = part.get_payload()
    is_packed = str(part.get("Content-Transfer-Encoding", "")).strip().casefold() == "base64"  # it must not be, and is
    if isinstance(payload, list) and not is_packed:
        return [block for block in payload if isinstance(block, Message)]
    text = "".join(str(block) for block in payload) if isinstance(payload, list) else str(payload)
    whole = decoded(base64.b64decode(text), "utf-8") if is_packed else text
    return [read(block.encode()) for block in re.split(r"\n\s*\n", whole.replace("\r\n", "\n").strip())]


def _by_words(message: Message) -> Bounce | None:
    """From what the older programs write (Mailman's collection knows them), or from a code in the words of a mailer."""
    if not message.get("From"):
        return None  # the collection falls over those
    temporary, permanent = all_failures(message)
    text = _text(message)
    is_of_mailer = _SENDERS.search(str(message.get("From", ""))[:500]) is not None
    if not (temporary or permanent or is_of_mailer):
        return None
    code = _CODE.search(text)
    status = (code[3] or f"{code[1]}{code[2]}") if code else ""
    if permanent or (not temporary and status.startswith("5")):
        is_full = status in {"552", "5.2.2"} or re.search(r"quota|mailbox (is )?full|over ?quota", text, re.IGNORECASE)
        answer = text[code.start() :].partition("\n")[0] if code else ""
        is_dead = not is_full and mail.says_dead(status, answer)
        return Bounce(status or "5.0.0", is_final=True, is_dead=is_dead)
    if temporary or status.startswith("4"):
        return Bounce(status or "4.0.0", is_final=False, is_dead=False)
    return None


def _text(message: Message) -> str:
    texts = []
    for part in leaves(message):
        content = part.get_payload(decode=True)
        if part.get_content_maintype() == "text" and isinstance(content, bytes):
            texts.append(decoded(content[:LONGEST_TEXT], part.get_content_charset() or "utf-8"))
    return "\n".join(texts)[:LONGEST_TEXT]


def take(content: bytes, address: str) -> Bounce | None:
    """Note what a mail server says of a mail of ours. What is no bounce, or cannot be read, changes nothing."""
    found = letter_of_address(address)
    person = db.session.get(Person, found[0]) if found is not None else None
    if found is None or person is None:
        return None
    try:
        bounce = read_bounce(content)
    except Unreadable:
        bounce = None
    if bounce is None:
        log.info("mail to the address of bounces of person %s says nothing of a delivery", found[0])
        return None
    actions.take_bounce(
        person, found[1], code=bounce.code, is_final=bounce.is_final, is_dead=bounce.is_dead,
        is_present=found[2] == _mark_of(person.email), by=None,
    )  # fmt: skip
    return bounce


def register() -> None:
    """Read what comes back."""
    readers.register(
        "bounces", is_ours=lambda address: letter_of_address(address) is not None, take=take, largest=LARGEST
    )
