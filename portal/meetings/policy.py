"""Who may see and plan meetings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import contains_eager, joinedload

from portal import db
from portal.errors import Conflict, NotFound
from portal.meetings.models import (
    AgendaItem,
    Invitation,
    ItemKind,
    Meeting,
    MeetingSeries,
    MeetingState,
    Participants,
    Seat,
)
from portal.people.models import Group, Membership, Organisation, OrganisationKind, Person, PersonStatus, Role
from portal.people.policy import can_lead_group, readable_group_ids
from portal.times import local


def led_group_ids(person: Person) -> sa.Select[int]:
    """The ids of the groups that the person leads, as convener or secretary."""
    return sa.select(Membership.group_id).where(
        Membership.person_id == person.id,
        Membership.left_at.is_(None),
        Membership.role.in_([Role.CONVENER, Role.SECRETARY]),
    )


def visible_meetings(person: Person) -> sa.Select[Meeting]:
    """Meetings of the groups that the person may read; those still being planned only for the group's leaders."""
    return sa.select(Meeting).where(
        Meeting.group_id.in_(readable_group_ids(person)),
        (Meeting.state != MeetingState.PLANNING) | Meeting.group_id.in_(led_group_ids(person)),
    )


def can_plan_meeting(person: Person, group: Group) -> bool:
    """The group's convener and secretary."""
    return not group.is_archived and can_lead_group(person, group)


def groups_to_plan_for(person: Person) -> sa.Select[Group]:
    """The groups whose meetings the person may plan, by name."""
    led = sa.select(Membership.group_id).where(
        Membership.person_id == person.id,
        Membership.left_at.is_(None),
        Membership.role.in_([Role.CONVENER, Role.SECRETARY]),
    )
    return sa.select(Group).where(Group.id.in_(led), Group.is_archived.is_(False)).order_by(Group.name)


def can_write_minutes(person: Person, meeting: Meeting) -> bool:
    """The group's convener and secretary, once the meeting has been called."""
    return meeting.state is MeetingState.CALLED and can_lead_group(person, meeting.group)


def invitation_of(person: Person, meeting: Meeting) -> Invitation | None:
    """The person's own invitation to the meeting."""
    return db.session.scalar(
        sa.select(Invitation).where(Invitation.meeting_id == meeting.id, Invitation.person_id == person.id)
    )


def can_answer_invitation(person: Person, invitation: Invitation) -> bool:
    """The invited person, while the call stands, until the meeting is over or closed, unless it was cancelled."""
    meeting, stands = invitation.meeting, invitation.withdrawn_at is None
    is_to_come = meeting.state is MeetingState.CALLED and meeting.ends_at > db.now() and meeting.closed_at is None
    return stands and invitation.person_id == person.id and is_to_come


def unanswered_invitations(person: Person) -> Sequence[Invitation]:
    """What awaits the person's answer, the nearest meeting first."""
    visible = visible_meetings(person).with_only_columns(Meeting.id)
    return db.session.scalars(
        sa.select(Invitation)
        .join(Invitation.meeting)
        .options(contains_eager(Invitation.meeting))
        .where(
            Invitation.person_id == person.id,
            Invitation.answer.is_(None),
            Invitation.withdrawn_at.is_(None),
            Meeting.state == MeetingState.CALLED,
            Meeting.ends_at > db.now(),
            Meeting.closed_at.is_(None),
            Meeting.id.in_(visible),
        )
        .order_by(Meeting.starts_at)
    ).all()


def meetings_to_come(person: Person) -> sa.Select[Meeting]:
    """Called meetings that are not over, of the person's groups, nearest first."""
    return (
        visible_meetings(person)
        .where(Meeting.ends_at > db.now(), Meeting.state == MeetingState.CALLED, Meeting.closed_at.is_(None))
        .order_by(Meeting.starts_at)
    )


def next_meeting(person: Person, group: Group) -> Meeting | None:
    """The group's next meeting that the person may see."""
    return db.session.scalars(meetings_to_come(person).where(Meeting.group_id == group.id).limit(1)).first()


def called(meeting: Meeting) -> Sequence[Invitation]:
    """The invitations that stand, with their people."""
    return db.session.scalars(
        sa.select(Invitation)
        .where(Invitation.meeting_id == meeting.id, Invitation.withdrawn_at.is_(None))
        .options(joinedload(Invitation.person))
        .order_by(Invitation.id)
    ).all()


def substitute_of(invitation: Invitation) -> Invitation | None:
    """The call of the one who comes instead."""
    rows = sa.select(Invitation).where(Invitation.replaces_id == invitation.id, Invitation.withdrawn_at.is_(None))
    return db.session.scalars(rows.options(joinedload(Invitation.person))).first()


def hold_call(invitation: Invitation) -> None:
    """Hold a call and its meeting until the transaction ends: answers, substitutes and changes go one after the other."""
    db.lock(invitation.meeting)
    db.session.refresh(invitation)


def check_not_over(meeting: Meeting) -> None:
    """Raises `Conflict` for a meeting that was cancelled or has been closed: its agenda stands."""
    if meeting.state is MeetingState.CANCELLED:
        raise Conflict(_("The meeting is cancelled."))
    check_not_circulated(meeting)
    if meeting.closed_at is not None:
        raise Conflict(_("The meeting has been closed."))


def is_open(meeting: Meeting) -> bool:
    """Whether its agenda can still change: not cancelled, not closed, not circulated."""
    return meeting.state is not MeetingState.CANCELLED and meeting.closed_at is None and meeting.circulated_at is None


def check_not_circulated(meeting: Meeting) -> None:
    """Raises `Conflict` once the minutes have been circulated: the agenda's numbers and who was there are fixed."""
    if meeting.circulated_at is not None:
        raise Conflict(_("The minutes have been circulated. What was on the agenda stands."))


def check_not_sealed(meeting: Meeting) -> None:
    """Raises `Conflict` for a meeting whose minutes are sealed: they are corrected by an addendum only."""
    if meeting.sealed_at is not None:
        raise Conflict(_("The minutes are sealed. They can only be corrected by an addendum."))


def hold_unsealed(meeting: Meeting) -> None:
    """Hold the meeting until the transaction ends, so that nobody seals its minutes meanwhile. Raises `Conflict` if they are."""
    db.lock(meeting)
    check_not_sealed(meeting)


def hold_item(item: AgendaItem) -> None:
    """Hold an item on which something is to be written, and its meeting: two first writers meet here.

    Raises `Conflict` for a break, which minutes leave out, or if they are sealed, and `NotFound` if the item was taken away.
    """
    item_id = item.id
    hold_unsealed(item.meeting)
    if db.session.scalar(sa.select(AgendaItem.id).where(AgendaItem.id == item_id).with_for_update()) is None:
        raise NotFound
    db.session.refresh(item)
    if item.kind is ItemKind.BREAK:
        raise Conflict(_("This is a break. Make an item of it before you write on it."))


# --- series and who their meetings are for ----------------------------------------------------------------------------


def visible_series(person: Person) -> sa.Select[MeetingSeries]:
    """The series of the groups that the person may read."""
    return sa.select(MeetingSeries).where(MeetingSeries.group_id.in_(readable_group_ids(person)))


def year_of(at: datetime) -> tuple[datetime, datetime]:
    """The year of an instant in Sweden, from its first moment to the next year's."""
    first = local(at).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, first.replace(year=first.year + 1)


def _of_year(series: MeetingSeries, at: datetime) -> sa.ColumnElement[bool]:
    first, last = year_of(at)
    return sa.and_(Meeting.series_id == series.id, Meeting.starts_at >= first, Meeting.starts_at < last)


def next_number(series: MeetingSeries, at: datetime) -> int:
    """What number the next meeting of the series has, in the year of that time."""
    return (db.session.scalar(sa.select(sa.func.max(Meeting.number)).where(_of_year(series, at))) or 0) + 1


def is_usual_title(series: MeetingSeries, title: str) -> bool:
    """Whether a title is the series' name with a number and a year, which follow the meeting's date."""
    return re.fullmatch(rf"{re.escape(series.name)} \d{{1,4}}/\d{{4}}", title) is not None


def suggested_title(series: MeetingSeries, at: datetime) -> str:
    """`LAMP-möte 3/2026`."""
    return f"{series.name} {next_number(series, at)}/{local(at).year}"


def active_members(group: Group) -> sa.Select[Person]:
    """The people who are in the group now and may sign in."""
    return (
        sa.select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(
            Membership.group_id == group.id,
            Membership.left_at.is_(None),
            Person.status == PersonStatus.ACTIVE,
            Organisation.is_active,
        )
        .order_by(Person.id)
    )


def county_board_people(group: Group) -> sa.Select[Person]:
    """Those of them who write for a county: the people of the county administrative boards, but for observers."""
    return active_members(group).where(
        Membership.role != Role.OBSERVER,
        Organisation.kind == OrganisationKind.COUNTY_BOARD,
        Organisation.county_code.is_not(None),
    )


def is_member_address(group: Group, email: str) -> bool:
    """Whether an address is that of somebody in the group. Of people outside it nothing is told."""
    rows = active_members(group).order_by(None).where(sa.func.lower(Person.email) == email.lower())
    return db.session.scalar(rows.with_only_columns(Person.id).limit(1)) is not None


def conveners_of(group: Group) -> Sequence[Person]:
    """Who leads the group's meetings: whoever plans them is reminded of what is left to do."""
    convenes = (Membership.role == Role.CONVENER) & (Membership.group_id == group.id)
    return db.session.scalars(active_members(group).where(convenes)).unique().all()


def participants_of(group: Group, series: MeetingSeries | None) -> Sequence[Person]:
    """Whom a call goes to: the group's members, or those who hold its seats if the series says so."""
    by_seats = series is not None and series.participants is Participants.SEATS
    return seat_holders(group) if by_seats else db.session.scalars(active_members(group)).unique().all()


def seat_holders(group: Group) -> Sequence[Person]:
    """One person for each seat: the ordinary, or the substitute while nobody is; and the group's leaders, who prepare."""
    held = sa.select(sa.func.coalesce(Seat.ordinary_id, Seat.substitute_id)).where(Seat.group_id == group.id)
    leads = Membership.role.in_([Role.CONVENER, Role.SECRETARY])
    return db.session.scalars(active_members(group).where(Person.id.in_(held) | leads)).unique().all()
