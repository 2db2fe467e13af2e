"""The log of what leaders do, which each act writes into."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from portal import db
from portal.discussions.models import Post, Thread
from portal.discussions.moderation.models import ActKind, ModerationAct, PostReport
from portal.people.models import Group, Person


def note_act(
    kind: ActKind, *, group: Group, thread: Thread | None = None, post: Post | None = None, person: Person | None = None,
    reason: str = "", until_on: date | None = None, seconds: int | None = None, by: Person,
) -> ModerationAct:  # fmt: skip
    """Add a row; `reason` has been checked by the guard."""
    act = ModerationAct(
        group_id=group.id, kind=kind, thread_id=thread.id if thread else None, post_id=post.id if post else None,
        person_id=person.id if person else None, reason=reason, until_on=until_on, seconds=seconds, by_id=by.id,
    )  # fmt: skip
    db.session.add(act)
    db.session.flush()
    return act


def is_reported(post: Post) -> bool:
    """Whether a report of the post waits for an answer."""
    waiting = sa.select(PostReport.post_id).where(PostReport.post_id == post.id, PostReport.act_id.is_(None))
    return db.session.scalar(waiting.limit(1)) is not None


def answer_reports(post: Post, act: ModerationAct) -> None:
    """The act answers all that is open about the post."""
    waiting = sa.update(PostReport).where(PostReport.post_id == post.id, PostReport.act_id.is_(None))
    db.session.execute(waiting.values(act_id=act.id).execution_options(synchronize_session=False))
