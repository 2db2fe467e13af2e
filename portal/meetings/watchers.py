"""The live topic of a meeting: its numbers, and word to those who look that something is to be fetched anew."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa

from portal import db, live
from portal.i18n import LANGUAGES
from portal.meetings.models import Meeting


def next_seq(thing: db.Base) -> int:
    """Take the next number of the topic of a meeting or poll: one statement, so that two writers never get the same."""
    db.session.flush()
    model, (number,) = cast(Any, type(thing)), cast(tuple[int], sa.inspect(thing).identity)
    statement = sa.update(model).where(model.id == number).values(last_seq=model.last_seq + 1)
    statement = statement.execution_options(synchronize_session=False)
    seq = cast(int, db.session.scalar(statement.returning(model.last_seq)))
    db.session.expire(thing, ["last_seq"])
    return seq


def say_agenda_changed(meeting: Meeting) -> None:
    """Let all who have the meeting open fetch its agenda: each sees his own marks and tools in it."""
    marker = '<i data-stale="agenda"></i>'
    live.publish(meeting.topic, seq=next_seq(meeting), html=dict.fromkeys(LANGUAGES, marker))
