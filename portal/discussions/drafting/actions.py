"""Keeping drafts and throwing them away. They are not published, and no log tells of them; what the guard stops whatever its writer
says is not stored even so (security.md, number 33): such words stay in the browser.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlalchemy as sa

from portal import db, guard, outbox
from portal.discussions.drafting.models import ThreadDraft
from portal.discussions.drafting.policy import own_draft
from portal.discussions.models import Thread
from portal.errors import Conflict
from portal.people.models import Person

KEPT = timedelta(days=30)
LARGEST_FIRST = 2**30  # half of what the column holds: there is room for saving again


class Newer(Conflict):
    """Another device has saved the draft meanwhile: `draft` is what it holds."""

    def __init__(self, draft: ThreadDraft) -> None:
        super().__init__()
        self.draft = draft


def save_draft(thread: Thread, body: str, *, based_on: int = 0, by: Person) -> ThreadDraft | None:
    """Keep what the person has written so far, in the place of the draft of the revision `based_on` (0: there was none). An
    empty text throws that draft away. Answers the draft that is kept now, None if there is none.

    Raises `Newer` if the draft is another one by now, and `guard.Stopped` for a personal number; then nothing is stored. The same
    text sent twice is no conflict.
    """
    guard.check_numbers({"body": body})
    if not body.strip():
        forget_draft(thread, revision=based_on, by=by)
        if (newer := own_draft(by, thread)) is not None:
            raise Newer(newer)
        return None
    values = {"body": body, "changed_at": db.now()}
    own = sa.update(ThreadDraft).where(*_whose(thread, by), ThreadDraft.revision == based_on)
    own = own.values(revision=ThreadDraft.revision + 1, **values).execution_options(synchronize_session=False)
    if db.session.execute(own.returning(ThreadDraft.revision)).first() is None:
        # a first revision that no draft before had: who still knows that one must not overwrite this
        first = secrets.randbelow(LARGEST_FIRST) + 1
        row = db.insert_or(ThreadDraft).values(person_id=by.id, thread_id=thread.id, revision=first, **values)
        inserted = db.session.execute(row.on_conflict_do_nothing().returning(ThreadDraft.revision)).first()
        if inserted is None and (newer := own_draft(by, thread)) is not None and newer.body != body:
            raise Newer(newer)
    return own_draft(by, thread)


def forget_draft(thread: Thread, *, revision: int, by: Person) -> None:
    """Throw the draft of that revision away: it was sent, or emptied. A newer one stays; 0: there was none."""
    if not revision:
        return
    own = sa.delete(ThreadDraft).where(*_whose(thread, by), ThreadDraft.revision == revision)
    db.session.execute(own.execution_options(synchronize_session=False))


def _whose(thread: Thread, person: Person) -> tuple[sa.ColumnElement[bool], ...]:
    return ThreadDraft.person_id == person.id, ThreadDraft.thread_id == thread.id


@outbox.every(timedelta(days=1))
def sweep_drafts() -> None:
    """Throw away what nobody has written on for a month."""
    db.session.execute(sa.delete(ThreadDraft).where(ThreadDraft.changed_at < db.now() - KEPT))
