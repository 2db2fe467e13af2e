"""Every write to remarks on circulated minutes."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict, Invalid
from portal.meetings.minutes.models import Minutes, MinutesState, Remark, RemarkState, RemarkSupport
from portal.meetings.models import AgendaItem
from portal.meetings.policy import hold_unsealed
from portal.notifications.actions import notify
from portal.people.models import Person
from portal.people.policy import leaders


def add_remark(
    minutes: Minutes, item: AgendaItem, *, text: str, client_id: str, keep: Collection[str] = (), by: Person
) -> Remark:
    """Remark on a paragraph of the newest edition. Sent twice with the same `client_id` it is one remark.

    Raises `guard.Stopped`, or `Conflict` if the minutes are sealed.
    """
    kept = guard.check({"text": text}, keep=keep)
    db.lock(minutes.meeting)
    twin = sa.select(Remark).where(
        Remark.minutes_id == minutes.id, Remark.author_id == by.id, Remark.client_id == client_id
    )
    if (existing := db.session.scalar(twin)) is not None:
        return existing
    hold_unsealed(minutes.meeting)
    db.session.refresh(minutes)
    last = db.session.scalar(sa.select(sa.func.max(Remark.number)).where(Remark.minutes_id == minutes.id)) or 0
    remark = Remark(
        minutes=minutes, item=item, edition=minutes.newest.number, number=last + 1, author=by,
        organisation_id=by.organisation_id, client_id=client_id, text=text,
    )  # fmt: skip
    db.session.add(remark)
    if minutes.state is MinutesState.CIRCULATED:
        minutes.state = MinutesState.ADJUSTING
    audit.record("remark_made", by=by, on=remark, number=remark.number)
    note_kept(kept, on=remark, by=by)
    meeting = minutes.meeting
    notify(
        leaders(meeting.group), "remark_made", group=meeting.group, path=minutes.path, by=by, title=meeting.title,
        paragraph=minutes.paragraph_of(item.id),
    )  # fmt: skip
    return remark


def support_remark(remark: Remark, *, by: Person) -> None:
    """Agree with a remark; twice is once. Raises `Conflict` if the minutes are sealed."""
    hold_unsealed(remark.minutes.meeting)
    if db.session.get(RemarkSupport, (remark.id, by.id), populate_existing=True) is None:
        db.session.add(RemarkSupport(remark_id=remark.id, person_id=by.id))
        audit.record("remark_supported", by=by, on=remark)


def answer_remark(
    remark: Remark, state: RemarkState, *, answer: str = "", keep: Collection[str] = (), by: Person
) -> None:
    """Say what became of a remark; who made it is told. Raises `guard.Stopped`, `Invalid` for a rejection without reason,
    or `Conflict` if somebody has answered it or the minutes are sealed.
    """
    kept = guard.check({"answer": answer}, keep=keep)
    if state is RemarkState.REJECTED and not answer.strip():
        raise Invalid(_("Say why the remark is rejected."), field="answer")
    hold_unsealed(remark.minutes.meeting)
    db.session.refresh(remark)
    if remark.state is not RemarkState.WAITING:
        raise Conflict(_("Somebody has answered the remark already."))
    remark.state, remark.answer, remark.answered_by, remark.answered_at = state, answer, by, db.now()
    audit.record("remark_answered", by=by, on=remark, state=state.value)
    note_kept(kept, on=remark, by=by)
    minutes, meeting = remark.minutes, remark.minutes.meeting
    notify(
        [remark.author], "remark_answered", group=meeting.group, path=minutes.path, by=by, title=meeting.title,
        paragraph=minutes.paragraph_of(remark.item_id),
    )  # fmt: skip
