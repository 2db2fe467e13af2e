"""Every write to minutes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import sqlalchemy as sa

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict, NotFound
from portal.meetings.models import AgendaItem, MinutesNote, MinutesVersion
from portal.meetings.policy import check_not_sealed
from portal.people.models import Person

VERSION_EVERY = timedelta(minutes=5)  # an editor saves every second; what it says is kept as a version this often
MUCH = 200  # characters that go away at once are worth a version of their own


def save_note(
    item: AgendaItem, *, text: str, based_on: int, writer_key: str = "", keep: Collection[str] = (), by: Person
) -> MinutesNote:
    """Write what the minutes say on an item; what stood before stays as a version.

    `writer_key` names the editor: what it has saved since `based_on` without anybody between is no conflict with itself.
    Raises `guard.Stopped`, or `Conflict` when somebody else saved the same item since revision `based_on` (0: nothing stood
    there) or the minutes are sealed; then nothing is overwritten and the writer chooses.
    """
    kept = guard.check({"text": text}, keep=keep)
    # the item's row is the lock: two first writers meet here, where no note exists yet that could be locked
    if db.session.scalar(sa.select(AgendaItem.id).where(AgendaItem.id == item.id).with_for_update()) is None:
        raise NotFound  # taken away meanwhile
    db.session.refresh(item.meeting, ["sealed_at"])
    check_not_sealed(item.meeting)
    note = db.session.scalar(
        sa.select(MinutesNote).where(MinutesNote.item_id == item.id).execution_options(populate_existing=True)
    )
    if note is None:
        if based_on:
            raise Conflict
        note = MinutesNote(item=item, text=text, writer_key=writer_key, run_base=0, written_by=by)
        db.session.add(note)
        audit.record("minutes_saved", by=by, on=note, revision=note.revision)
    elif note.revision != based_on and not _is_own_run(note, based_on, writer_key, by):
        raise Conflict
    elif text != note.text:
        _write_over(note, text, writer_key, by)
    note_kept(kept, on=note, by=by)
    return note


def _is_own_run(note: MinutesNote, based_on: int, writer_key: str, by: Person) -> bool:
    """Whether every revision after `based_on` came from this very editor: an answer got lost on the way."""
    is_own = bool(writer_key) and note.writer_key == writer_key and note.written_by_id == by.id
    return is_own and note.run_base <= based_on < note.revision


def _write_over(note: MinutesNote, text: str, writer_key: str, by: Person) -> None:
    is_same_editor = bool(writer_key) and note.writer_key == writer_key and note.written_by_id == by.id
    last = sa.select(sa.func.max(MinutesVersion.written_at)).where(MinutesVersion.note_id == note.id)
    kept_at = db.session.scalar(last) if is_same_editor else None
    is_due = kept_at is None or db.now() - kept_at >= VERSION_EVERY or len(note.text) - len(text) >= MUCH
    if is_due:
        db.session.add(
            MinutesVersion(
                note_id=note.id, revision=note.revision, text=note.text, written_by_id=note.written_by_id,
                written_at=note.written_at,
            )
        )  # fmt: skip
        audit.record("minutes_saved", by=by, on=note, revision=note.revision + 1)
    if not is_same_editor:
        note.writer_key, note.run_base = writer_key, note.revision
    note.text, note.revision = text, note.revision + 1
    note.written_by, note.written_at = by, db.now()
