"""What is written about answers by mail beside the post itself."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from portal import audit, db, guard, outbox
from portal.discussions.models import Post, Thread
from portal.notifications.reminders import claim_once
from portal.people.models import Person
from portal.times import today

POSTED = "posted_by_mail"
LONGEST_LEFT_OUT = 10_000  # characters
ONCE_AN_HOUR = "often"  # about all threads: whoever writes by a program would answer each word of help
MOST_A_DAY = 3  # words of help to one person about one thread and reason


def note_posted(post: Post, *, by: Person) -> None:
    """Note that a post came by mail."""
    audit.record(POSTED, by=by, on=post)


def refuse(person: Person, thread: Thread, reason: str, *, by: Person | None) -> None:
    """Note that an answer by mail was not taken; never what it said."""
    audit.record("reply_by_mail_refused", by=by, on=thread, person=person.id, reason=reason)


def help_replying(
    person: Person, thread: Thread, reason: str, *, finds: Collection[str] = (), by: Person | None
) -> None:  # fmt: skip
    """Tell the person, at the own address, why an answer was not taken: for each reason a few times a day at most."""
    keys = [f"reply_help:{person.id}:{thread.id}:{reason}:{time}:{today()}" for time in range(MOST_A_DAY)]
    if reason == ONCE_AN_HOUR:
        keys = [f"reply_help:{person.id}:{reason}:{db.now():%Y-%m-%dT%H}"]
    for key in keys:
        if claim_once(key):
            outbox.enqueue(
                "reply_help", person_id=person.id, thread_id=thread.id, reason=reason, finds=sorted(set(finds))
            )
            return


def tell_left_out(person: Person, thread: Thread, text: str, *, by: Person | None) -> None:
    """Send the person what of an answer was not published, once: a signature is the same each time. What looks like personal data
    is not stored, so that it is masked in the mail.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    if not claim_once(f"left_out:{person.id}:{digest}"):
        return
    text = text[:LONGEST_LEFT_OUT]
    for find in reversed(guard.scan(text)):
        text = text[: find.start] + find.masked + text[find.end :]
    outbox.enqueue("left_out_mail", person_id=person.id, thread_id=thread.id, text=text)
