"""Every write to seats, and the naming of substitutes."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db
from portal.errors import Conflict, Invalid
from portal.meetings.actions import answer_invitation, invite, release_substitute, withdraw_invitation
from portal.meetings.models import Answer, Invitation, Meeting, MeetingState, Seat
from portal.meetings.participants.policy import substitutes_for
from portal.meetings.policy import active_members, check_not_over, hold_call, substitute_of
from portal.people.actions import add_member
from portal.people.models import Group, Organisation, Person


def add_seat(group: Group, organisation: Organisation, *, by: Person) -> Seat:
    """Give an organisation a seat in the group; nobody holds it yet. Raises `Conflict` if it has one."""
    db.lock_name(f"seats:{group.id}")
    rows = sa.select(Seat.id).where(Seat.group_id == group.id, Seat.organisation_id == organisation.id)
    if db.session.scalar(rows) is not None:
        raise Conflict(_("%(organisation)s has a seat already.", organisation=organisation.name))
    seat = Seat(group_id=group.id, organisation=organisation)
    db.session.add(seat)
    audit.record("seat_added", by=by, on=seat, organisation=organisation.slug)
    return seat


def remove_seat(seat: Seat, *, by: Person) -> None:
    """Take the seat away; its holders stay in the group."""
    audit.record("seat_removed", by=by, on=seat, organisation=seat.organisation.slug)
    db.session.delete(seat)


def fill_seat(
    seat: Seat, group: Group, *, ordinary: Person | None, substitute: Person | None, takes_in: bool, by: Person
) -> None:
    """Say who holds the seat and who comes instead; None leaves it vacant. `takes_in`: whoever is not in the group comes in.

    Raises `Invalid` for somebody of another organisation, for one person in both places, and without `takes_in` for
    somebody who is not in the group.
    """
    db.lock(seat)
    chosen = [person for person in (ordinary, substitute) if person is not None]
    if len({person.id for person in chosen}) < len(chosen):
        raise Invalid(_("Choose two different people."), field="substitute")
    present = set(db.session.scalars(active_members(group).order_by(None).with_only_columns(Person.id)))
    for person in chosen:
        if person.organisation_id != seat.organisation_id or not person.is_active:
            raise Invalid(_("%(name)s cannot hold the seat.", name=person.name))
        if person.id not in present:
            if not takes_in:
                raise Invalid(_("%(name)s is not in the group. Ask its convener.", name=person.name))
            add_member(group, person, by=by)
    seat.ordinary, seat.substitute, seat.changed_at = ordinary, substitute, db.now()
    audit.record("seat_filled", by=by, on=seat, ordinary=seat.ordinary_id, substitute=seat.substitute_id)


def vacate_seats(person_ids: Collection[int], *, group: Group | None = None, by: Person | None) -> None:
    """Leave vacant the seats of people who are no longer there: all of theirs, or those in one group."""
    rows = sa.select(Seat).where(Seat.ordinary_id.in_(person_ids) | Seat.substitute_id.in_(person_ids))
    if group is not None:
        rows = rows.where(Seat.group_id == group.id)
    for seat in db.session.scalars(rows.with_for_update()).all():
        if seat.ordinary_id in person_ids:
            seat.ordinary_id = None
        if seat.substitute_id in person_ids:
            seat.substitute_id = None
        seat.changed_at = db.now()
        audit.record("seat_vacated", by=by, on=seat)


def withdraw_calls(person_ids: Collection[int], *, group: Group | None = None, by: Person | None) -> None:
    """Call people who are no longer there no longer to meetings to come: to any, or to those of one group."""
    rows = (
        sa.select(Invitation)
        .join(Invitation.meeting)
        .where(
            Invitation.person_id.in_(person_ids), Invitation.withdrawn_at.is_(None), Meeting.state == MeetingState.CALLED,
            Meeting.ends_at > db.now(), Meeting.closed_at.is_(None), Meeting.circulated_at.is_(None),
        )
        .order_by(Meeting.id)
    )  # fmt: skip
    if group is not None:
        rows = rows.where(Meeting.group_id == group.id)
    for invitation in db.session.scalars(rows).all():
        withdraw_invitation(invitation, by=by)


def name_substitute(invitation: Invitation, person: Person, *, by: Person) -> Invitation:
    """Let somebody of the same organisation come instead: one's own answer is no, the other is called and told.

    Raises `Conflict` if the meeting is over or somebody comes instead already, `Invalid` for somebody who cannot.
    """
    hold_call(invitation)
    check_not_over(invitation.meeting)
    if substitute_of(invitation) is not None:
        raise Conflict(_("Somebody comes instead of you already."))
    if person.id not in {one.id for one in substitutes_for(invitation)}:
        raise Invalid(_("Choose somebody of your organisation who is in the group."))
    substitute = invite(invitation.meeting, person, replaces=invitation, by=by)
    if substitute.answer is Answer.DECLINED:
        substitute.answer, substitute.answered_at, substitute.answered_via = None, None, None  # asked anew
    answer_invitation(invitation, Answer.DECLINED, by=by)
    audit.record("substitute_named", by=by, on=substitute, replaces=invitation.id)
    return substitute


def recall_substitute(invitation: Invitation, *, by: Person) -> None:
    """Nobody is to come instead any more, and one has not answered oneself: the substitute is told.

    Raises `Conflict` if nobody comes instead, or the meeting is over.
    """
    hold_call(invitation)
    check_not_over(invitation.meeting)
    if release_substitute(invitation, by=by) is None:
        raise Conflict(_("Nobody comes instead of you."))
    invitation.answer, invitation.answered_at, invitation.answered_via = None, None, None
