"""The live topic of a meeting: its numbers, and word to those who look that something is to be fetched anew."""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa

from portal import db, live
from portal.i18n import LANGUAGES
from portal.meetings.models import Meeting


def next_seq(meeting: Meeting) -> int:
    """Take the topic's next number: one statement, so that two writers never get the same."""
    db.session.flush()
    statement = sa.update(Meeting).where(Meeting.id == meeting.id).values(last_seq=Meeting.last_seq + 1)
    statement = statement.execution_options(synchronize_session=False)
    seq = cast(int, db.session.scalar(statement.returning(Meeting.last_seq)))
    db.session.expire(meeting, ["last_seq"])
    return seq


def say_agenda_changed(meeting: Meeting) -> None:
    """Let all who have the meeting open fetch its agenda: each sees his own marks and tools in it."""
    marker = '<i data-stale="agenda"></i>'
    live.publish(meeting.topic, seq=next_seq(meeting), html=dict.fromkeys(LANGUAGES, marker))
