"""Whose drafts they are."""

from __future__ import annotations

import sqlalchemy as sa

from portal import db
from portal.discussions.drafting.models import ThreadDraft
from portal.discussions.models import Thread
from portal.people.models import Person


def own_draft(person: Person, thread: Thread) -> ThreadDraft | None:
    """What the person has begun to write in the thread."""
    return db.session.scalar(
        sa.select(ThreadDraft)
        .where(ThreadDraft.person_id == person.id, ThreadDraft.thread_id == thread.id)
        .execution_options(populate_existing=True)  # written by statements
    )
