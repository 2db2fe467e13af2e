"""The numbers of what happens in a thread: posts, lines and changes, in one order for everybody."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm.attributes import set_committed_value

from portal import db
from portal.discussions.models import Thread
from portal.errors import Conflict

# of the table: the object is told by hand, and a live thread takes a hundred numbers a second
_TAKE_SEQ = (
    sa.update(cast(sa.Table, Thread.__table__))
    .where(Thread.id == sa.bindparam("thread_id"))
    .values(last_seq=Thread.last_seq + 1)
    .returning(Thread.last_seq, Thread.closed_at, Thread.group_id)
)
_ADD_POST = _TAKE_SEQ.values(post_count=Thread.post_count + 1, last_post_at=sa.bindparam("at"))


def next_seq(thread: Thread, *, post_at: datetime | None = None) -> int:
    """Take the thread's next number, for a post that is written at `post_at` or for a change: one statement, so that two writers
    never get the same. Raises `Conflict` if the thread has been moved to another group since it was read: who may write there, and
    what all its readers may see, is not known.
    """
    given: dict[str, Any] = {"thread_id": thread.id}
    if post_at is not None:
        given["at"] = post_at
    taken = db.session.execute(_TAKE_SEQ if post_at is None else _ADD_POST, given)
    seq, closed_at, group_id = taken.one()
    if group_id != thread.group_id:
        raise Conflict(_("The thread has been moved. Load the page again."))
    db.session.expire(thread, ["last_seq", "post_count", "last_post_at"])
    set_committed_value(thread, "closed_at", closed_at)  # somebody may have closed it a moment ago
    return seq
