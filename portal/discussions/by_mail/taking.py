"""Which answers by mail become posts, and what happens to the others.

An answer counts only if it came to the signed address of one person and thread, from that person's own address, and our own mail
server found that it truly is from there. What is forged or written by programs is dropped without a word; a word of help goes
to the person's address in the portal, never to a sender.
"""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from email.message import Message
from enum import StrEnum

import sqlalchemy as sa
from flask import current_app

from portal import audit, db, guard
from portal.discussions import actions as discussions
from portal.discussions.by_mail import actions, senders, tokens
from portal.discussions.by_mail.reading import name_of, words_of
from portal.discussions.fragments import render_for_all
from portal.discussions.models import Post, PostKind, Thread
from portal.discussions.policy import can_post_in_thread, visible_threads
from portal.errors import Conflict, Invalid, TooSoon
from portal.notifications.receiving import readers
from portal.notifications.receiving.messages import Unreadable, plain_address, read
from portal.people.models import HandlingClass, Person

security_log = logging.getLogger("portal.security")

LARGEST = 30_000_000  # bytes
MOST_AN_HOUR = 30  # of one person: a program that answers by itself and does not say so
LEFT_OUT_LINES, LEFT_OUT_CHARACTERS = 6, 300  # no more than a signature


class Refusal(StrEnum):
    """Why an answer was not taken, beside what `reading.Fault` knows."""

    UNREADABLE = "unreadable"
    AUTOMATIC = "automatic"
    FORGED = "forged"
    GONE = "gone"  # may no longer sign in, or read the thread
    SENSITIVE = "sensitive"
    SILENT = "may_not_write"
    GUARD = "guard"
    LONG = "long"
    OFTEN = "often"
    SLOW = "slow"  # slow mode: not so soon after the one before
    CLOSED = "closed"  # or whatever else the thread does not take now


_WITHOUT_A_WORD = frozenset({Refusal.AUTOMATIC, Refusal.FORGED, Refusal.GONE})


def take(content: bytes, address: str) -> Post | str:
    """Make a post of a message to one address, or say why not. Broken messages raise nothing."""
    found = tokens.whose(address)
    if found is None:
        security_log.warning("mail to an address without a valid signature")
        return Refusal.FORGED
    person, thread = found
    try:
        message = read(content)
    except Unreadable:
        return _refuse(person, thread, Refusal.FORGED)  # nobody knows whose it is
    refusal = _judge(person, thread, message)
    return _refuse(person, thread, refusal) if refusal is not None else _post(person, thread, message, content)


def _judge(person: Person, thread: Thread, message: Message) -> Refusal | None:
    """Why this person may not answer here by this message; None if nothing is in the way."""
    if senders.is_automatic(message):
        return Refusal.AUTOMATIC
    if senders.sender(message) != plain_address(person.email) or not senders.is_checked(message):
        return Refusal.FORGED
    if not person.is_active:
        return Refusal.GONE
    if db.session.scalar(visible_threads(person).where(Thread.id == thread.id)) is None:
        return Refusal.GONE
    if thread.group.handling_class is HandlingClass.SENSITIVE:
        return Refusal.SENSITIVE
    if not can_post_in_thread(person, thread):
        return Refusal.SILENT
    return Refusal.OFTEN if _posted_lately(person) >= MOST_AN_HOUR else None


def _posted_lately(person: Person) -> int:
    rows = sa.select(sa.func.count(audit.AuditEntry.id)).where(
        audit.AuditEntry.person_id == person.id, audit.AuditEntry.action == actions.POSTED,
        audit.AuditEntry.at > db.now() - timedelta(hours=1),
    )  # fmt: skip
    return db.session.scalar(rows) or 0


def _post(person: Person, thread: Thread, message: Message, content: bytes) -> Post | str:
    """The same write as from the web; handed in twice, it stays one post."""
    written = words_of(message)
    if written.fault is not None:
        return _refuse(person, thread, written.fault)
    if len(written.text) > current_app.config["SETTINGS"].max_text_chars:
        return _refuse(person, thread, Refusal.LONG)
    client_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"mail:{thread.id}:{name_of(message, content)}"))
    before = thread.last_seq
    try:
        # addresses in what all readers get are made as on a page
        with current_app.test_request_context(base_url=current_app.config["SETTINGS"].base_url):
            post = discussions.add_post(
                thread, body=written.text, kind=PostKind.REPLY, client_id=client_id, by=person, render=render_for_all
            )  # fmt: skip
    except guard.Stopped as stopped:
        return _refuse(person, thread, Refusal.GUARD, finds=[find.kind.value for find in stopped.finds])
    except TooSoon:
        return _refuse(person, thread, Refusal.SLOW)
    except (Conflict, Invalid):
        db.rollback()  # the thread's next number was taken for it
        return _refuse(*_anew(person.id, thread.id), Refusal.CLOSED)
    if post.seq > before:
        actions.note_posted(post, by=person)
        if len(written.left_out) > LEFT_OUT_CHARACTERS or written.left_out.count("\n") >= LEFT_OUT_LINES:
            actions.tell_left_out(person, thread, written.left_out, by=None)
    return post


def _anew(person_id: int, thread_id: int) -> tuple[Person, Thread]:
    return db.session.get_one(Person, person_id), db.session.get_one(Thread, thread_id)


def _refuse(person: Person, thread: Thread, reason: StrEnum, *, finds: list[str] | None = None) -> str:
    security_log.warning("answer by mail refused thread=%s person=%s reason=%s", thread.id, person.id, reason.value)
    actions.refuse(person, thread, reason.value, by=None)
    if reason not in _WITHOUT_A_WORD:
        actions.help_replying(person, thread, reason.value, finds=finds or (), by=None)
    return reason.value


def register() -> None:
    """Read what comes to the addresses of threads."""
    readers.register("posts", is_ours=lambda address: tokens.whose(address) is not None, take=take, largest=LARGEST)
