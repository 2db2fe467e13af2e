"""Seats of people who are no longer there become vacant, and they are not called any more: at once where the portal sees them
go, or soon after.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import sqlalchemy as sa

from portal import audit, db, outbox
from portal.meetings.models import Seat
from portal.meetings.participants.actions import vacate_seats, withdraw_calls
from portal.meetings.policy import active_members
from portal.people import closing
from portal.people.models import Group, Person


@closing.also_end
def _leave_all(person_ids: Collection[int]) -> None:
    vacate_seats(set(person_ids), by=None)
    withdraw_calls(set(person_ids), by=None)


@closing.also_leave
def _leave_group(group: Group, person_id: int) -> None:
    vacate_seats({person_id}, group=group, by=None)
    withdraw_calls({person_id}, group=group, by=None)


@outbox.every(timedelta(minutes=30))
def vacate_what_nobody_holds() -> None:
    """Whoever has come out of the group or the organisation in a way that told nobody holds no seat there."""
    for group in db.session.scalars(sa.select(Group).where(Group.id.in_(sa.select(Seat.group_id)))).all():
        present = active_members(group).order_by(None).with_only_columns(Person.id)
        of_own = present.where(Person.organisation_id == Seat.organisation_id).correlate(Seat)
        for column in (Seat.ordinary_id, Seat.substitute_id):
            gone = sa.select(Seat).where(Seat.group_id == group.id, column.is_not(None), column.not_in(of_own))
            for seat in db.session.scalars(gone).all():
                setattr(seat, column.key, None)
                seat.changed_at = db.now()
                audit.record("seat_vacated", by=None, on=seat)
