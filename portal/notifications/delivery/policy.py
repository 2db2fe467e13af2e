"""Who may know who was not reached, and whose addresses no longer work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload

from portal import db
from portal.notifications.delivery.models import FAILED, AddressTrouble, Delivery, State
from portal.notifications.models import Notice
from portal.people.models import Group, Membership, Person, Role
from portal.people.policy import can_coordinate
from portal.times import local

SHOWN = timedelta(days=30)
MOST_COUNTED = 20_000


def led_group_ids(person: Person) -> sa.Select[int]:
    """The groups whose convener or secretary the person is: these administer the group."""
    return (
        sa.select(Membership.group_id)
        .join(Group)
        .where(
            Membership.person_id == person.id,
            Membership.left_at.is_(None),
            Membership.role.in_([Role.CONVENER, Role.SECRETARY]),
            Group.is_archived.is_(False),
        )
    )


def _not_reached() -> sa.ColumnElement[bool]:
    """Failed, and neither seen in the portal nor sent another way since."""
    other = aliased(Delivery)
    arrived = sa.exists().where(other.notice_id == Delivery.notice_id, other.state.in_([State.SENT, State.SEEN]))
    seen = sa.exists().where(Notice.id == Delivery.notice_id, Notice.read_at.is_not(None))
    return Delivery.state.in_(FAILED) & (Delivery.made_at > db.now() - SHOWN) & ~arrived & ~seen


def visible_unreached(person: Person) -> sa.Select[Delivery]:
    """What did not arrive: to members of the groups that the person leads, and for the administrators of an organisation to
    its own people. Newest first.
    """
    members = sa.select(Membership.person_id).where(
        Membership.group_id == Delivery.group_id,
        Membership.left_at.is_(None),
        Membership.person_id == Delivery.person_id,
    )
    in_led = Delivery.group_id.in_(led_group_ids(person)) & members.exists()
    own = sa.select(Person.id).where(Person.organisation_id == person.organisation_id)
    of_own = Delivery.person_id.in_(own) if person.is_organisation_admin else sa.false()
    return (
        sa.select(Delivery)
        .where(_not_reached(), in_led | of_own)
        .options(joinedload(Delivery.person).joinedload(Person.organisation), joinedload(Delivery.group))
        .order_by(Delivery.made_at.desc(), Delivery.id.desc())
    )


def can_see_unreached(person: Person) -> bool:
    """Whoever leads a group, an organisation's administrators, and so the coordinator."""
    return person.is_organisation_admin or db.session.scalar(led_group_ids(person).limit(1)) is not None


@dataclass(frozen=True, slots=True)
class Count:
    """How many people were not reached about one kind of thing on one day."""

    on: date
    kind: str
    people: int


def unreached_counts(person: Person) -> list[Count]:
    """Numbers of the whole network, per day and kind, for the coordinator alone; no names, no groups."""
    if not can_coordinate(person):
        return []
    rows = sa.select(Delivery.made_at, Delivery.kind, Delivery.person_id).where(_not_reached())
    found: dict[tuple[date, str], set[int]] = {}
    made: datetime
    for made, kind, person_id in db.session.execute(rows.order_by(Delivery.made_at.desc()).limit(MOST_COUNTED)):
        found.setdefault((local(made).date(), kind), set()).add(person_id)
    return [Count(on, kind, len(people)) for (on, kind), people in found.items()]


def has_dead_address(person: Person) -> bool:
    """Whether mail to the present address of the person is of no use."""
    trouble = own_trouble(person)
    return trouble is not None and trouble.dead_at is not None


def own_trouble(person: Person) -> AddressTrouble | None:
    """What is known against the person's present address."""
    row = db.session.get(AddressTrouble, person.id)
    return row if row is not None and row.email == person.email else None


def dead_addresses(people: Sequence[Person], *, asked_by: Person) -> Collection[int]:
    """Of these people, the ids of those whose address no longer works: only for the administrators of their organisation."""
    ids = [one.id for one in people if one.organisation_id == asked_by.organisation_id]
    if not asked_by.is_organisation_admin or not ids:
        return ()
    rows = (
        sa.select(AddressTrouble.person_id)
        .join(Person, (Person.id == AddressTrouble.person_id) & (Person.email == AddressTrouble.email))
        .where(AddressTrouble.person_id.in_(ids), AddressTrouble.dead_at.is_not(None))
    )
    return set(db.session.scalars(rows))
