"""Every write to minutes."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict, NotFound
from portal.meetings.models import AgendaItem, MinutesNote, MinutesVersion
from portal.people.models import Person


def save_note(
    item: AgendaItem, *, text: str, decision: str, based_on: int, keep: Collection[str] = (), by: Person
) -> MinutesNote:
    """Write what the minutes say on an item; what stood before stays as a version.

    Raises `guard.Stopped`, or `Conflict` when somebody saved the same item since revision `based_on` (0: nothing stood
    there); then nothing is overwritten and the writer chooses.
    """
    kept = guard.check({"text": text, "decision": decision}, keep=keep)
    # the item's row is the lock: two first writers meet here, where no note exists yet that could be locked
    if db.session.scalar(sa.select(AgendaItem.id).where(AgendaItem.id == item.id).with_for_update()) is None:
        raise NotFound  # taken away meanwhile
    note = db.session.scalar(
        sa.select(MinutesNote).where(MinutesNote.item_id == item.id).execution_options(populate_existing=True)
    )
    if (note.revision if note is not None else 0) != based_on:
        raise Conflict
    if note is None:
        note = MinutesNote(item=item, text=text, decision=decision, written_by=by)
        db.session.add(note)
    elif (text, decision) != (note.text, note.decision):
        db.session.add(
            MinutesVersion(
                note_id=note.id,
                revision=note.revision,
                text=note.text,
                decision=note.decision,
                written_by_id=note.written_by_id,
                written_at=note.written_at,
            )
        )
        note.text, note.decision, note.revision = text, decision, note.revision + 1
        note.written_by, note.written_at = by, db.now()
    audit.record("minutes_saved", by=by, on=note, revision=note.revision)
    note_kept(kept, on=note, by=by)
    return note
