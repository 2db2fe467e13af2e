"""Every write of adjusting: approvals, refusals, other adjusters, and addenda to what is sealed.

The meeting's row is locked first in all of them: whoever comes second sees what the first one did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard, outbox
from portal.discussions.actions import note_kept
from portal.errors import Conflict, Invalid
from portal.meetings.minutes.actions import seal
from portal.meetings.minutes.content import digest
from portal.meetings.minutes.models import (
    Addendum,
    Adjuster,
    AdjusterState,
    Minutes,
    MinutesState,
    RecordNumber,
)
from portal.meetings.minutes.policy import check_adjusters, is_sealed, possible_adjusters, readers, until_of, would_seal
from portal.meetings.models import AgendaItem
from portal.notifications.actions import notify
from portal.people.models import Person
from portal.people.policy import leaders

ADDENDUM_PDF_JOB = "minutes_addendum_pdf"


def _hold(minutes: Minutes, adjuster: Adjuster | None = None) -> None:
    """From here to the end of the transaction nobody else changes these minutes; what is known of them is read anew."""
    db.lock(minutes.meeting)
    db.session.refresh(minutes)
    if adjuster is not None:
        db.session.refresh(adjuster)
        if adjuster.addendum is not None:
            db.session.refresh(adjuster.addendum)


def _check_open(adjuster: Adjuster) -> None:
    if adjuster.replaced_at is not None:
        raise Conflict(_("Somebody else has been named instead of you."))
    if is_sealed(adjuster):
        raise Conflict(_("This is sealed already."))


def approve(adjuster: Adjuster, *, edition: int, may_seal: bool = True, by: Person) -> None:
    """Approve the newest edition, or an addendum. Twice is once. The last approval that is needed seals.

    Raises `Conflict` if that edition has been replaced by a newer one, or the adjuster has declined or been replaced, and,
    unless `may_seal`, if somebody else approved meanwhile so that this approval would seal.
    """
    _hold(adjuster.minutes, adjuster)
    minutes, newest = adjuster.minutes, adjuster.minutes.newest.number
    if adjuster.replaced_at is None and adjuster.has_approved(edition) and edition == newest:
        return
    _check_open(adjuster)
    if adjuster.state is AdjusterState.DECLINED:
        raise Conflict(_("You have declined. Ask the convener to name you again."))
    if adjuster.addendum is None and edition != newest:
        raise Conflict(
            _(
                "Edition %(old)s has been replaced by edition %(new)s. Read it before you approve.",
                old=edition,
                new=newest,
            )
        )
    if not may_seal and would_seal(adjuster, edition):
        raise Conflict(
            _("Everybody else has approved meanwhile: your approval seals it. Look at it and approve once more.")
        )
    adjuster.state, adjuster.edition, adjuster.decided_at = AdjusterState.APPROVED, newest, db.now()
    if minutes.state is MinutesState.CIRCULATED:
        minutes.state = MinutesState.ADJUSTING
    audit.record("minutes_approved", by=by, on=adjuster, edition=newest)
    db.session.flush()
    _seal_if_all_have_approved(adjuster, by=by)


def _named_with(adjuster: Adjuster) -> Sequence[Adjuster]:
    """All who were ever named for the same thing: the minutes, or one addendum."""
    return adjuster.addendum.adjusters if adjuster.addendum is not None else adjuster.minutes.adjusters


def _seal_if_all_have_approved(adjuster: Adjuster, *, by: Person) -> None:
    newest = adjuster.minutes.newest.number
    if not all(one.has_approved(newest) for one in _named_with(adjuster) if one.replaced_at is None):
        return
    if adjuster.addendum is not None:
        _seal_addendum(adjuster.addendum, by=by)
    else:
        seal(adjuster.minutes, by=by)


def decline(adjuster: Adjuster, *, reason: str, keep: Collection[str] = (), by: Person) -> None:
    """Say that one does not adjust, and why; the group's leaders are told and name somebody else. Raises `guard.Stopped`."""
    kept = guard.check({"reason": reason}, keep=keep)
    _hold(adjuster.minutes, adjuster)
    _check_open(adjuster)
    if adjuster.state is AdjusterState.DECLINED:
        return
    adjuster.state, adjuster.reason, adjuster.decided_at = AdjusterState.DECLINED, reason, db.now()
    audit.record("adjusting_declined", by=by, on=adjuster)
    note_kept(kept, on=adjuster, by=by)
    meeting = adjuster.minutes.meeting
    notify(
        leaders(meeting.group), "adjuster_declined", group=meeting.group, path=adjuster.minutes.path, by=by,
        title=meeting.title, name=adjuster.person.name,
    )  # fmt: skip


def replace_adjuster(adjuster: Adjuster, person: Person, *, by: Person) -> Adjuster:
    """Name somebody else, whatever the adjuster has said. Raises `Conflict` if it is sealed, `Invalid` if that may not be."""
    _hold(adjuster.minutes, adjuster)
    _check_replaceable(adjuster)
    minutes, addendum, others = adjuster.minutes, adjuster.addendum, _others(adjuster)
    if any(one.person_id == person.id for one in others):
        raise Conflict(_("%(name)s is an adjuster already.", name=person.name))
    staying = [one.person for one in others]
    check_adjusters(minutes.meeting, [person], writer=_writer(adjuster), staying=staying)
    adjuster.replaced_at = db.now()
    named = next((one for one in _named_with(adjuster) if one.person_id == person.id), None)
    if named is None:
        named = Adjuster(minutes=minutes, addendum=addendum, person=person, organisation_id=person.organisation_id)
        db.session.add(named)
    named.replaced_at, named.state, named.edition, named.decided_at = None, AdjusterState.WAITING, None, None
    named.reason, named.organisation_id = "", person.organisation_id
    audit.record("adjuster_replaced", by=by, on=adjuster, person=person.id)
    _ask([person], minutes, by=by)
    return named


def drop_adjuster(adjuster: Adjuster, *, by: Person) -> None:
    """Go on without an adjuster who has declined or can no longer adjust: what the others approve is enough, and is sealed if
    they have.

    Raises `Conflict` if it is sealed or somebody else was named, and `Invalid` if the adjuster can still answer or nobody but
    the writer would be left.
    """
    _hold(adjuster.minutes, adjuster)
    _check_replaceable(adjuster)
    if adjuster.state is not AdjusterState.DECLINED and adjuster.person in possible_adjusters(
        adjuster.minutes.meeting.group
    ):
        raise Invalid(_("%(name)s can still answer. Name somebody else instead.", name=adjuster.person.name))
    staying = [one.person for one in _others(adjuster)]
    check_adjusters(adjuster.minutes.meeting, (), writer=_writer(adjuster), staying=staying)
    adjuster.replaced_at = db.now()
    audit.record("adjuster_dropped", by=by, on=adjuster)
    db.session.flush()
    _seal_if_all_have_approved(adjuster, by=by)


def _check_replaceable(adjuster: Adjuster) -> None:
    if is_sealed(adjuster):
        raise Conflict(_("This is sealed already."))
    if adjuster.replaced_at is not None:
        raise Conflict(_("Somebody else has named another adjuster meanwhile."))


def _others(adjuster: Adjuster) -> list[Adjuster]:
    """Who is required besides."""
    return [one for one in _named_with(adjuster) if one.replaced_at is None and one is not adjuster]


def _writer(adjuster: Adjuster) -> Person:
    return adjuster.addendum.made_by if adjuster.addendum is not None else adjuster.minutes.newest.made_by


def _ask(people: Iterable[Person], minutes: Minutes, *, by: Person) -> None:
    meeting = minutes.meeting
    notify(
        people, "adjusting_requested", group=meeting.group, path=minutes.path, by=by, title=meeting.title,
        until=until_of(minutes) if minutes.state is not MinutesState.SEALED else "",
    )  # fmt: skip


# --- what is added to sealed minutes ------------------------------------------------------------------------------------


def add_addendum(
    minutes: Minutes, *, text: str, item: AgendaItem | None, adjusters: Sequence[Person], keep: Collection[str] = (),
    by: Person,
) -> Addendum:  # fmt: skip
    """Correct sealed minutes: the next number, adjusted and sealed like them. Raises `guard.Stopped`, `Invalid`, `Conflict`."""
    kept = guard.check({"text": text}, keep=keep)
    _hold(minutes)
    if minutes.state is not MinutesState.SEALED:
        raise Conflict(_("The minutes are not sealed. Change them and send a new edition."))
    check_adjusters(minutes.meeting, adjusters, writer=by)
    last = sa.select(sa.func.max(Addendum.number)).where(Addendum.minutes_id == minutes.id)
    addendum = Addendum(minutes=minutes, number=(db.session.scalar(last) or 0) + 1, item=item, text=text, made_by=by)
    db.session.add(addendum)
    db.session.flush()
    for person in adjusters:
        db.session.add(
            Adjuster(minutes=minutes, addendum=addendum, person=person, organisation_id=person.organisation_id)
        )
    audit.record("addendum_made", by=by, on=addendum, number=addendum.number)
    note_kept(kept, on=addendum, by=by)
    _ask(adjusters, minutes, by=by)
    return addendum


def _seal_addendum(addendum: Addendum, *, by: Person) -> None:
    minutes = addendum.minutes
    addendum.sealed_at = db.now()
    addendum.sha256 = digest({
        "minutes": minutes.newest.sha256, "number": addendum.number, "text": addendum.text,
        "paragraph": minutes.paragraph_of(addendum.item_id), "made_at": addendum.made_at.isoformat(),
    })  # fmt: skip
    audit.record("addendum_sealed", by=by, on=addendum, number=addendum.number, sha256=addendum.sha256)
    outbox.enqueue(ADDENDUM_PDF_JOB, key=str(addendum.id), addendum_id=addendum.id)
    group, title = minutes.meeting.group, minutes.meeting.title
    notify(
        readers(minutes), "addendum_sealed", group=group, path=minutes.path, by=by, title=title, number=addendum.number
    )


def note_record_number(minutes: Minutes, *, number: str, by: Person) -> None:
    """Note the diary number under which the person's organisation keeps the minutes; empty takes it away. Raises `guard.Stopped`."""
    guard.check_numbers({"number": number})  # a diary number is made of digits: nobody is asked about those
    db.lock_name(f"record:{minutes.id}:{by.organisation_id}")
    noted = db.session.get(RecordNumber, (minutes.id, by.organisation_id), populate_existing=True)
    if noted is None and number:
        noted = RecordNumber(minutes_id=minutes.id, organisation_id=by.organisation_id, number=number)
        db.session.add(noted)
    if noted is not None:
        noted.number, noted.noted_by_id, noted.noted_at = number, by.id, db.now()
    audit.record("record_number_noted", by=by, on=minutes)
