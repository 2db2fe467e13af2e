"""Every write to the text of minutes: notes while they are drafted, circulation, new editions, and what sealing does."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload

from portal import audit, db, guard, outbox
from portal.discussions.actions import add_post, note_kept
from portal.discussions.models import Post, PostKind, Thread, ThreadKind
from portal.discussions.states.actions import accept_answer
from portal.errors import Conflict
from portal.meetings.followup.actions import settle_decision
from portal.meetings.followup.models import Decision
from portal.meetings.minutes.content import Content, assemble, digest, named, renewed
from portal.meetings.minutes.models import Adjuster, AdjusterState, Minutes, MinutesEdition, MinutesState
from portal.meetings.minutes.policy import check_adjusters, check_circulable, readers, until_of
from portal.meetings.models import AgendaItem, Meeting, MinutesNote, MinutesVersion
from portal.meetings.numbering import hold, number_anew
from portal.meetings.policy import hold_item, hold_unsealed
from portal.notifications.actions import notify
from portal.people.models import Person
from portal.times import moment

VERSION_EVERY = timedelta(minutes=5)  # an editor saves every second; what it says is kept as a version this often
PDF_JOB = "minutes_circulated_pdf"
SEALED_PDF_JOB = "minutes_sealed_pdf"
EXCERPT = 600  # characters of a note that answer a lifted question where nothing was decided
_THREAD_ANSWERS = uuid.UUID("6d1f0c5e-0d0a-4a53-9a55-5f2a3c1b7e10")  # each item answers its thread once
Render = Callable[[Post], Mapping[str, str]]
MUCH = 200  # characters that go away at once are worth a version of their own


def save_note(
    item: AgendaItem, *, text: str, based_on: int, writer_key: str = "", keep: Collection[str] = (), by: Person
) -> MinutesNote:
    """Write what the minutes say on an item; what stood before stays as a version.

    `writer_key` names the editor: what it has saved since `based_on` without anybody between is no conflict with itself.
    Raises `guard.Stopped`, or `Conflict` when somebody else saved the same item since revision `based_on` (0: nothing stood
    there) or the minutes are sealed; then nothing is overwritten and the writer chooses.
    """
    asked = guard.kept_in({"text": item.note.text}) if item.note is not None else set()
    kept = [find for find in guard.check({"text": text}, keep={*keep, *asked}) if find.key not in asked]
    hold_item(item)
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


# --- circulating --------------------------------------------------------------------------------------------------------


def circulate(
    meeting: Meeting, *, adjusters: Sequence[Person], adjust_by: datetime, render: Render, by: Person
) -> Minutes:
    """Send the first edition to the group: the paragraph numbers are fixed, the adjusters are asked, lifted questions answered.

    Raises `Conflict` if the meeting is not over, has no agenda, or the minutes have been circulated, and `Invalid` if the
    adjusters are nobody, not of the group, or the writer alone.
    """
    hold(meeting)
    _hold_threads(meeting)
    check_circulable(meeting)
    check_adjusters(meeting, adjusters, writer=by)
    number_anew(meeting.series, meeting.starts_at)  # what is shown is right already unless the series was changed
    meeting.circulated_at, meeting.closed_at = db.now(), meeting.closed_at or meeting.ends_at
    minutes = Minutes(meeting=meeting, state=MinutesState.CIRCULATED, adjust_by=adjust_by)
    db.session.add(minutes)
    db.session.flush()
    for person in adjusters:
        db.session.add(Adjuster(minutes=minutes, person=person, organisation_id=person.organisation_id))
    edition = _add_edition(minutes, assemble(meeting, adjusters=adjusters, by=by), number=1, reason="", by=by)
    audit.record("minutes_circulated", by=by, on=minutes, sha256=edition.sha256)
    _tell(minutes, edition, adjusters, by=by)
    _answer_threads(meeting, edition.content, render, by=by)
    return minutes


def _hold_threads(meeting: Meeting) -> None:
    """Hold the threads that will be answered before anything is audited, in order: every post holds its thread first and then the
    log, and whoever goes the other way round waits for it on PostgreSQL as it waits for them.
    """
    ids = [item.thread_id for item in meeting.items if item.thread_id is not None]
    threads = sa.select(Thread).where(Thread.id.in_(ids), Thread.group_id == meeting.group_id).order_by(Thread.id)
    for thread in db.session.scalars(threads).all():
        db.lock(thread)


def _add_edition(minutes: Minutes, content: Content, *, number: int, reason: str, by: Person) -> MinutesEdition:
    edition = MinutesEdition(
        minutes=minutes, number=number, content=content, sha256=digest(content), reason=reason, made_by=by
    )
    db.session.add(edition)
    db.session.flush()
    outbox.enqueue(PDF_JOB, key=str(edition.id), edition_id=edition.id)
    return edition


def make_edition(
    minutes: Minutes, *, reason: str, based_on: int, keep: Collection[str] = (), render: Render, by: Person
) -> MinutesEdition:
    """Send what the minutes say now as a new edition. Approvals of earlier ones lapse; lifted questions are answered anew where the
    answer is another one.

    Raises `guard.Stopped`, or `Conflict` if they are sealed, nothing has changed, or somebody else sent one since `based_on`.
    """
    kept = guard.check({"reason": reason}, keep=keep)
    hold_unsealed(minutes.meeting)
    _hold_threads(minutes.meeting)
    db.session.refresh(minutes)
    newest = minutes.newest
    if newest.number != based_on:
        raise Conflict(_("Somebody else has sent edition %(number)s meanwhile.", number=newest.number))
    content = renewed(minutes.meeting, newest.content)
    if digest(content) == newest.sha256:
        raise Conflict(_("Nothing has changed since edition %(number)s.", number=newest.number))
    adjusters = [
        one.person for one in minutes.adjusters if one.replaced_at is None and one.state is not AdjusterState.DECLINED
    ]
    content["adjusters"] = [named(person) for person in adjusters]
    edition = _add_edition(minutes, content, number=newest.number + 1, reason=reason, by=by)
    minutes.revision += 1
    audit.record("minutes_edition_made", by=by, on=minutes, number=edition.number, sha256=edition.sha256)
    note_kept(kept, on=minutes, by=by)
    _tell(minutes, edition, adjusters, by=by)
    _answer_threads(minutes.meeting, content, render, number=edition.number, before=newest.content, by=by)
    return edition


def _tell(minutes: Minutes, edition: MinutesEdition, adjusters: Iterable[Person], *, by: Person) -> None:
    asked = {person.id for person in adjusters}
    others = [person for person in readers(minutes) if person.id not in asked]
    group, path, title = minutes.meeting.group, minutes.path, minutes.meeting.title
    notify(others, "minutes_circulated", group=group, path=path, by=by, title=title, edition=edition.number)
    notify(adjusters, "adjusting_requested", group=group, path=path, by=by, title=title, until=until_of(minutes))


def _answer_threads(
    meeting: Meeting, content: Content, render: Render, *, number: int = 1, before: Content | None = None, by: Person
) -> None:  # fmt: skip
    """Answer the lifted questions of the agenda in their threads, never in another group: once each, and again when an edition
    answers otherwise than the one `before` it. What was said first stays in the thread.
    """
    threads = {item.id: item.thread_id for item in meeting.items if item.thread_id is not None}
    said, earlier = ({item["id"]: item for item in one["items"]} if one else {} for one in (content, before))
    for item_id, thread_id in threads.items():
        thread = db.session.get_one(Thread, thread_id)
        if thread.group_id != meeting.group_id or item_id not in said:
            continue
        is_again = item_id in earlier
        if is_again and _outcome(meeting, earlier[item_id]) == _outcome(meeting, said[item_id]):
            continue
        body = "\n\n".join([_opening(meeting, number if is_again else 1), *_outcome(meeting, said[item_id])])
        keep = [find.key for find in guard.scan(body, field="body") if find.verdict is not guard.Verdict.BLOCK]
        key = str(uuid.uuid5(_THREAD_ANSWERS, f"item:{item_id}:{number}" if is_again else f"item:{item_id}"))
        post = add_post(
            thread, body=body, kind=PostKind.REPLY, client_id=key, keep=keep, even_closed=True, by=by, render=render
        )
        if thread.kind is ThreadKind.LIFTED:
            accept_answer(post, by=by, render=render)


def _opening(meeting: Meeting, number: int) -> str:
    """Where it was dealt with, or which edition of the minutes says it otherwise."""
    words = {"title": meeting.title, "when": moment(meeting.starts_at)}
    if number == 1:
        return str(_("**Dealt with at %(title)s**, %(when)s.", **words))
    return str(_("**Changed in edition %(number)s of the minutes of %(title)s**, %(when)s.", number=number, **words))


def _outcome(meeting: Meeting, said: dict[str, object]) -> list[str]:
    """What the meeting came to: its decisions, else the beginning of the note, and where the minutes are."""
    decisions: list[dict[str, str]] = said["decisions"]  # type: ignore[assignment]  # as content.py makes them
    note = str(said["note"])
    parts = [str(_("**Decision %(number)s:** %(text)s", **one)) for one in decisions]
    if note and not decisions:
        parts.append(note if len(note) <= EXCERPT else note[:EXCERPT].rsplit(None, 1)[0] + " …")
    address = f"{meeting.path}/minutes#item-{said['id']}"
    return [
        *parts,
        str(_("[§ %(paragraph)s in the minutes](%(address)s)", paragraph=said["paragraph"], address=address)),
    ]


# --- sealing ------------------------------------------------------------------------------------------------------------


def seal(minutes: Minutes, *, by: Person) -> None:
    """Close the minutes for good: the newest edition is what they say. Called when all adjusters have approved it."""
    edition, at = minutes.newest, db.now()
    _put_back(minutes.meeting, edition.content, by=by)
    minutes.state, minutes.sealed_at, minutes.meeting.sealed_at = MinutesState.SEALED, at, at
    audit.record("minutes_sealed", by=by, on=minutes, edition=edition.number, sha256=edition.sha256)
    outbox.enqueue(SEALED_PDF_JOB, key=str(minutes.id), minutes_id=minutes.id)
    group, title = minutes.meeting.group, minutes.meeting.title
    notify(readers(minutes), "minutes_sealed", group=group, path=minutes.path, by=by, title=title)


def _put_back(meeting: Meeting, content: Content, *, by: Person) -> None:
    """Let notes and decisions say what the sealed edition says: what was changed since and never sent stays as a version."""
    said = {item["id"]: item for item in content["items"]}
    for item in meeting.items:
        text = said[item.id]["note"] if item.id in said else ""
        if item.note is not None and item.note.text != text:
            _write_over(item.note, text, "", by)
    wanted = {
        (item["id"], int(one["number"].rpartition(":")[2])): one["text"]
        for item in content["items"] for one in item["decisions"]
    }  # fmt: skip
    rows = sa.select(Decision).where(Decision.meeting_id == meeting.id).options(selectinload(Decision.versions))
    for decision in db.session.scalars(rows).unique():
        settle_decision(decision, wanted.get((decision.item_id, decision.number)), by=by)
