"""Who holds which seat, who may change that, and what each organisation has answered to a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.base import ExecutableOption

from portal import db
from portal.meetings.models import Answer, Invitation, Meeting, Seat
from portal.meetings.policy import active_members, can_answer_invitation, can_plan_meeting
from portal.people.models import Group, Organisation, Person, PersonStatus
from portal.people.policy import can_administer_organisation, readable_group_ids

_WORSE_TO_BETTER: tuple[Answer | None, ...] = (Answer.DECLINED, None, Answer.TENTATIVE, Answer.ONLINE, Answer.ON_SITE)


# --- seats ------------------------------------------------------------------------------------------------------------


def visible_seats(person: Person) -> sa.Select[Seat]:
    """The seats of the groups that the person may read; an administrator sees where the own organisation has one."""
    of_groups = Seat.group_id.in_(readable_group_ids(person))
    if not person.is_organisation_admin:
        return sa.select(Seat).where(of_groups)
    return sa.select(Seat).where(of_groups | (Seat.organisation_id == person.organisation_id))


def seats_of(group: Group) -> Sequence[Seat]:
    """The group's seats by organisation. Ask only for a group that may be seen."""
    rows = sa.select(Seat).join(Seat.organisation).where(Seat.group_id == group.id).order_by(Organisation.name)
    return db.session.scalars(rows.options(*_holders())).unique().all()


def _holders() -> tuple[ExecutableOption, ...]:
    return joinedload(Seat.organisation), joinedload(Seat.ordinary), joinedload(Seat.substitute)


def with_holders(seats: sa.Select[Seat]) -> sa.Select[Seat]:
    """Load what a row of seats shows together with it."""
    return seats.options(*_holders())


def can_change_seat(person: Person, seat: Seat, group: Group) -> bool:
    """The group's leaders, and the administrators of the organisation whose seat it is."""
    return can_plan_meeting(person, group) or (
        not group.is_archived and can_administer_organisation(person, seat.organisation)
    )


def candidates(seat: Seat, group: Group, *, also_outside: bool) -> Sequence[Person]:
    """Who can hold a seat: active people of its organisation who are in the group; leaders can take others of it in."""
    people = (
        sa.select(Person).where(Person.status == PersonStatus.ACTIVE) if also_outside else active_members(group)
    ).where(Person.organisation_id == seat.organisation_id)
    return db.session.scalars(people.order_by(None).order_by(Person.name, Person.id)).unique().all()


def organisations_without_seat(group: Group) -> Sequence[Organisation]:
    """The active organisations that could be given a seat."""
    taken = sa.select(Seat.organisation_id).where(Seat.group_id == group.id)
    rows = sa.select(Organisation).where(Organisation.is_active, Organisation.id.not_in(taken))
    return db.session.scalars(rows.order_by(Organisation.name)).all()


def vacancies(group: Group) -> int:
    """How many seats have no ordinary holder."""
    rows = sa.select(sa.func.count()).select_from(Seat).where(Seat.group_id == group.id, Seat.ordinary_id.is_(None))
    return db.session.scalar(rows) or 0


# --- who comes instead ------------------------------------------------------------------------------------------------


def can_name_substitute(person: Person, invitation: Invitation) -> bool:
    """Whoever is called, as long as the call can be answered."""
    return can_answer_invitation(person, invitation)


def substitutes_for(invitation: Invitation) -> Sequence[Person]:
    """Who can come instead: the seat's substitute first, then others of the organisation who are in the group. Nobody who
    comes instead of somebody already, and not the one whom one replaces oneself: she says it by her own answer.
    """
    group = invitation.meeting.group
    seat = db.session.scalar(
        sa.select(Seat).where(Seat.group_id == group.id, Seat.organisation_id == invitation.organisation_id)
    )
    first = seat.substitute_id if seat is not None else None
    people = active_members(group).where(
        Person.organisation_id == invitation.organisation_id, Person.id != invitation.person_id
    )
    taken = sa.select(Invitation.person_id).where(
        Invitation.meeting_id == invitation.meeting_id, Invitation.person_id.is_not(None), Invitation.withdrawn_at.is_(None),
        Invitation.replaces_id.is_not(None) | (Invitation.id == invitation.replaces_id),
    )  # fmt: skip
    people = people.where(Person.id.not_in(taken))
    found = db.session.scalars(people.order_by(None).order_by(Person.name, Person.id)).unique().all()
    return sorted(found, key=lambda one: one.id != first)


def not_called(meeting: Meeting) -> sa.Select[Person]:
    """The people of the group who are not called: they came into it after the call, or were taken off."""
    standing = sa.select(Invitation.person_id).where(
        Invitation.meeting_id == meeting.id, Invitation.person_id.is_not(None), Invitation.withdrawn_at.is_(None)
    )
    return (
        active_members(meeting.group).where(Person.id.not_in(standing)).order_by(None).order_by(Person.name, Person.id)
    )


# --- answers per organisation -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Represented:
    """How one organisation (or a guest) is represented at a meeting: by its best answer."""

    name: str
    organisation: Organisation | None
    answer: Answer | None
    person: str = ""
    is_substitute: bool = False
    is_vacant: bool = False  # it has a seat that nobody holds, and nobody of it is called


@dataclass(frozen=True, slots=True)
class Representation:
    """All organisations of a meeting: those with a seat, or else those of which somebody is called."""

    rows: list[Represented]

    @property
    def counts(self) -> dict[Answer | None, int]:
        """How many organisations give each answer; a vacancy has none."""
        found = Counter(row.answer for row in self.rows)
        return {answer: found[answer] for answer in (*Answer, None)}

    @property
    def vacancies(self) -> int:
        """How many seats nobody holds."""
        return sum(row.is_vacant for row in self.rows)


def representation(meeting: Meeting, invitations: Sequence[Invitation]) -> Representation:
    """What each organisation answers to the call: on site before online, maybe, no answer and cannot."""
    seats = {seat.organisation_id: seat for seat in seats_of(meeting.group)}
    best: dict[int, Invitation] = {}
    guests = []
    for invitation in invitations:
        if invitation.organisation_id is None:
            guests.append(Represented(invitation.name, None, invitation.answer))
            continue
        held = best.get(invitation.organisation_id)
        if held is None or _WORSE_TO_BETTER.index(invitation.answer) > _WORSE_TO_BETTER.index(held.answer):
            best[invitation.organisation_id] = invitation
    rows = [_represented(invitation, seats.get(key)) for key, invitation in best.items()]
    rows += [
        Represented(seat.organisation.short_name, seat.organisation, None, is_vacant=seat.ordinary_id is None)
        for key, seat in seats.items()
        if key not in best
    ]
    rows.sort(key=lambda row: (-_WORSE_TO_BETTER.index(row.answer), row.name))
    return Representation(rows + guests)


def _represented(invitation: Invitation, seat: Seat | None) -> Represented:
    organisation = invitation.organisation
    assert organisation is not None  # only guests have none
    is_substitute = invitation.replaces_id is not None or (
        seat is not None and seat.substitute_id == invitation.person_id and seat.ordinary_id != invitation.person_id
    )
    return Represented(organisation.short_name, organisation, invitation.answer, invitation.name, is_substitute)
