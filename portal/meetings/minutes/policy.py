"""Who may read and write minutes, and adjust them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal import db
from portal.errors import Conflict, Invalid
from portal.meetings.agenda.policy import visible_items
from portal.meetings.minutes.models import (
    Addendum,
    Adjuster,
    AdjusterState,
    Minutes,
    MinutesEdition,
    MinutesState,
    RecordNumber,
    Remark,
)
from portal.meetings.models import AgendaItem, ItemKind, Meeting, MeetingState, MinutesNote
from portal.meetings.policy import active_members, can_write_minutes, visible_meetings
from portal.people.models import Group, Membership, Person, Role
from portal.people.policy import can_write_in_group
from portal.times import local


def visible_notes(person: Person) -> sa.Select[MinutesNote]:
    """What the minutes of the visible meetings say."""
    items = visible_items(person).with_only_columns(AgendaItem.id)
    return (
        sa.select(MinutesNote)
        .where(MinutesNote.item_id.in_(items))
        .options(joinedload(MinutesNote.item).joinedload(AgendaItem.meeting))
    )


def visible_minutes(person: Person) -> sa.Select[Minutes]:
    """The circulated and the sealed minutes of the visible meetings."""
    meetings = visible_meetings(person).with_only_columns(Meeting.id)
    return (
        sa.select(Minutes)
        .join(Minutes.meeting)
        .where(Minutes.meeting_id.in_(meetings))
        .options(contains_eager(Minutes.meeting))
    )


def _of_visible(person: Person) -> sa.Select[int]:
    return visible_minutes(person).with_only_columns(Minutes.id)


def visible_adjusters(person: Person) -> sa.Select[Adjuster]:
    """Who adjusts the visible minutes and their addenda."""
    return sa.select(Adjuster).where(Adjuster.minutes_id.in_(_of_visible(person))).options(joinedload(Adjuster.person))


def visible_remarks(person: Person) -> sa.Select[Remark]:
    """The remarks on the visible minutes."""
    return sa.select(Remark).where(Remark.minutes_id.in_(_of_visible(person)))


def visible_addenda(person: Person) -> sa.Select[Addendum]:
    """The addenda of the visible minutes."""
    return sa.select(Addendum).where(Addendum.minutes_id.in_(_of_visible(person)))


def visible_record_numbers(person: Person) -> sa.Select[RecordNumber]:
    """The diary numbers of the person's own organisation."""
    return sa.select(RecordNumber).where(
        RecordNumber.minutes_id.in_(_of_visible(person)), RecordNumber.organisation_id == person.organisation_id
    )


def minutes_of(meeting: Meeting) -> Minutes | None:
    """The minutes of the meeting with all that their page shows, once they are circulated. Ask only where it may be seen."""
    people = joinedload(Adjuster.person), joinedload(Adjuster.organisation)
    return db.session.scalar(
        sa.select(Minutes)
        .where(Minutes.meeting_id == meeting.id)
        .options(
            selectinload(Minutes.editions).joinedload(MinutesEdition.made_by),
            selectinload(Minutes.adjusters).options(*people),
            selectinload(Minutes.remarks).options(
                joinedload(Remark.author), joinedload(Remark.organisation), selectinload(Remark.supports)
            ),
            selectinload(Minutes.addenda).options(
                joinedload(Addendum.made_by),
                joinedload(Addendum.item),
                selectinload(Addendum.adjusters).options(*people),
            ),
        )
    )


def can_remark(person: Person, minutes: Minutes) -> bool:
    """Everybody who may write in the group. Whether they are still open is a matter of their state."""
    return can_write_in_group(person, minutes.meeting.group)


def can_support(person: Person, remark: Remark) -> bool:
    """Whoever may remark, but not on the own remark."""
    return remark.author_id != person.id and can_remark(person, remark.minutes)


def can_adjust(person: Person, adjuster: Adjuster) -> bool:
    """The adjuster alone, as long as he or she may write in the group, unless somebody else was named instead."""
    is_named = adjuster.person_id == person.id and adjuster.replaced_at is None
    return is_named and can_write_in_group(person, adjuster.minutes.meeting.group)


def can_lead_minutes(person: Person, minutes: Minutes) -> bool:
    """The group's convener and secretary: new editions, answers to remarks, other adjusters, addenda."""
    return can_write_minutes(person, minutes.meeting)


def check_circulable(meeting: Meeting) -> None:
    """Raises `Conflict` unless minutes of the meeting can be circulated: it was called, is over, and had an agenda."""
    if meeting.state is not MeetingState.CALLED:
        raise Conflict(_("Only a meeting that was called has minutes."))
    if meeting.circulated_at is not None:
        raise Conflict(_("The minutes have been circulated already."))
    if not meeting.is_over:
        raise Conflict(_("The meeting is not over. Close it before you circulate its minutes."))
    if all(item.kind is ItemKind.BREAK for item in meeting.items):
        raise Conflict(_("There is nothing to circulate: the meeting has no agenda."))


def is_sealed(adjuster: Adjuster) -> bool:
    """Whether what the adjuster is to approve is closed already."""
    if adjuster.addendum is not None:
        return adjuster.addendum.sealed_at is not None
    return adjuster.minutes.state is MinutesState.SEALED


def would_seal(adjuster: Adjuster, edition: int) -> bool:
    """Whether to approve that edition now is the last approval that is needed."""
    newest = adjuster.minutes.newest.number
    is_open = adjuster.replaced_at is None and adjuster.state is not AdjusterState.DECLINED and not is_sealed(adjuster)
    is_new = (adjuster.addendum is not None or edition == newest) and not adjuster.has_approved(newest)
    named = adjuster.addendum.adjusters if adjuster.addendum is not None else adjuster.minutes.adjusters
    others = [one for one in named if one.replaced_at is None and one is not adjuster]
    return is_open and is_new and all(one.has_approved(newest) for one in others)


# --- who is concerned ---------------------------------------------------------------------------------------------------


def possible_adjusters(group: Group) -> Sequence[Person]:
    """The active members of a group who may write there, by name."""
    members = active_members(group).where(Membership.role != Role.OBSERVER).order_by(None)
    return db.session.scalars(members.order_by(Person.name, Person.id)).unique().all()


def check_adjusters(
    meeting: Meeting, people: Collection[Person], *, writer: Person, staying: Collection[Person] = ()
) -> None:
    """Raises `Invalid` unless these are active members of the group who may write there, and not the writer alone.

    `staying` are named already: one who has approved and left the group since is no obstacle.
    """
    if not {person.id for person in (*people, *staying)} - {writer.id}:
        raise Invalid(_("Name at least one adjuster who does not write the minutes."), field="adjusters")
    if not {person.id for person in people} <= {person.id for person in possible_adjusters(meeting.group)}:
        raise Invalid(_("Adjusters are members of the group."), field="adjusters")


def readers(minutes: Minutes) -> Sequence[Person]:
    """The present members of the group: whom news of the minutes concern."""
    return db.session.scalars(active_members(minutes.meeting.group)).unique().all()


def until_of(minutes: Minutes) -> str:
    """The deadline as a date for notices, or nothing."""
    return local(minutes.adjust_by).date().isoformat() if minutes.adjust_by is not None else ""


def unapproved() -> sa.Select[Adjuster]:
    """Who has something to approve and has not: never, or an earlier edition only. With the minutes and their meeting."""
    newest = (
        sa.select(sa.func.max(MinutesEdition.number)).where(MinutesEdition.minutes_id == Minutes.id).scalar_subquery()
    )
    lapsed = Adjuster.addendum_id.is_(None) & (Adjuster.state == AdjusterState.APPROVED) & (Adjuster.edition < newest)
    is_open = sa.or_(
        Adjuster.addendum_id.is_(None) & (Minutes.state != MinutesState.SEALED),
        Adjuster.addendum.has(Addendum.sealed_at.is_(None)),
    )
    return (
        sa.select(Adjuster)
        .join(Adjuster.minutes)
        .join(Minutes.meeting)
        .where(Adjuster.replaced_at.is_(None), is_open, (Adjuster.state == AdjusterState.WAITING) | lapsed)
        .options(contains_eager(Adjuster.minutes).contains_eager(Minutes.meeting))
    )


def awaiting(person: Person) -> Sequence[Adjuster]:
    """The minutes and addenda that the person is to approve."""
    rows = unapproved().where(Adjuster.person_id == person.id, Adjuster.minutes_id.in_(_of_visible(person)))
    rows = rows.options(joinedload(Adjuster.addendum)).order_by(Minutes.adjust_by, Adjuster.id)
    return db.session.scalars(rows).unique().all()
