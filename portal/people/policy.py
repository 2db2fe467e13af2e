"""Who may see and change organisations, people and groups."""

from __future__ import annotations

from functools import lru_cache

import sqlalchemy as sa

from portal import db
from portal.people.models import (
    Group,
    HandlingClass,
    Membership,
    Organisation,
    OrganisationKind,
    Person,
    PersonStatus,
    Role,
)

LEADING = frozenset({Role.CONVENER, Role.SECRETARY})
STATEMENTS = 2_000  # kept: a page asks with the same ones many times, and to make them takes longer than to run them


def group_ids(person: Person) -> sa.Select[int]:
    """The ids of the groups that the person is a member of now."""
    return _group_ids(person.id)


@lru_cache(maxsize=STATEMENTS)
def _group_ids(person_id: int) -> sa.Select[int]:
    """The question, not its answer: that is read from the database at each use."""
    return (
        sa.select(Membership.group_id)
        .join(Group)
        .where(Membership.person_id == person_id, Membership.left_at.is_(None), Group.is_archived.is_(False))
    )


def led_group_ids(person: Person) -> sa.Select[int]:
    """The ids of the groups that the person leads."""
    return group_ids(person).where(Membership.role.in_(LEADING))


def own_groups(person: Person) -> sa.Select[Group]:
    """The groups that the person is a member of, by name."""
    return sa.select(Group).where(Group.id.in_(group_ids(person))).order_by(Group.name)


def readable_group_ids(person: Person) -> sa.Select[int]:
    """The ids of the groups whose content the person may read: the own ones, and those that are open to everybody here."""
    return _readable_group_ids(person.id)


@lru_cache(maxsize=STATEMENTS)
def _readable_group_ids(person_id: int) -> sa.Select[int]:
    is_open = (Group.handling_class == HandlingClass.OPEN) & Group.is_archived.is_(False)
    return sa.select(Group.id).where(Group.id.in_(_group_ids(person_id)) | is_open)


def read_by_all_readers(group: Group) -> sa.Select[int]:
    """The ids of the groups whose content every reader of this group may read: itself, and those that are open to everybody."""
    return _read_by_all_readers(group.id)


@lru_cache(maxsize=STATEMENTS)
def _read_by_all_readers(group_id: int) -> sa.Select[int]:
    is_open = Group.handling_class == HandlingClass.OPEN
    return sa.select(Group.id).where(Group.is_archived.is_(False), (Group.id == group_id) | is_open)


def visible_groups(person: Person) -> sa.Select[Group]:
    """The groups that the person may look into. Others are not even named."""
    return sa.select(Group).where(Group.id.in_(readable_group_ids(person)))


def visible_group(person: Person, slug: str) -> sa.Select[Group]:
    """The group of an address, if the person may look into it."""
    return visible_groups(person).where(Group.slug == slug)


def visible_members(person: Person, group: Group) -> sa.Select[Membership]:
    """The present members of a group, for those who may look into it."""
    return sa.select(Membership).where(
        Membership.group_id == group.id,
        Membership.left_at.is_(None),
        Membership.group_id.in_(readable_group_ids(person)),
    )


def visible_people_of_county(person: Person, code: str) -> sa.Select[Person]:
    """Who from a county's organisations is in a group that the person may read, by organisation and name."""
    members = sa.select(Membership.person_id).where(
        Membership.left_at.is_(None), Membership.group_id.in_(readable_group_ids(person))
    )
    return (
        sa.select(Person)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(
            Organisation.county_code == code,
            Organisation.is_active,
            Person.status == PersonStatus.ACTIVE,
            Person.id.in_(members),
        )
        .order_by(Organisation.name, Person.name)
    )


def county_of(person: Person) -> str | None:
    """The county that the person answers for: that of the own county administrative board."""
    own = person.organisation
    return own.county_code if own.kind is OrganisationKind.COUNTY_BOARD and own.is_active else None


def visible_colleagues(person: Person) -> sa.Select[Person]:
    """The people of the person's own organisation."""
    return sa.select(Person).where(Person.organisation_id == person.organisation_id)


def newcomers(person: Person) -> sa.Select[Person]:
    """Who waits for approval: only for the administrators of the organisation."""
    pending = visible_colleagues(person).where(Person.status == PersonStatus.PENDING).order_by(Person.created_at)
    return pending if person.is_organisation_admin else pending.where(sa.false())


_ROLE = sa.select(Membership.role).where(
    Membership.person_id == sa.bindparam("person_id"), Membership.group_id == sa.bindparam("group_id"), Membership.left_at.is_(None)
)  # fmt: skip


def role_in(person: Person, group: Group) -> Role | None:
    """The person's role in the group, or None for an outsider. Read from the database at use (security.md, number 30)."""
    return db.session.scalar(_ROLE, {"person_id": person.id, "group_id": group.id})


def can_lead_group(person: Person, group: Group) -> bool:
    """Convener or secretary: plans meetings, writes minutes, manages members."""
    return role_in(person, group) in LEADING


def leaders(group: Group) -> list[Person]:
    """The group's active conveners and secretaries."""
    rows = (
        sa.select(Person)
        .join(Membership)
        .where(
            Membership.group_id == group.id,
            Membership.left_at.is_(None),
            Person.status == PersonStatus.ACTIVE,
            Membership.role.in_(LEADING),
        )
        .order_by(Person.id)
    )
    return list(db.session.scalars(rows).unique())


def can_write_in_group(person: Person, group: Group) -> bool:
    """Everybody in the group but observers, while the group is not archived."""
    return not group.is_archived and role_in(person, group) in {Role.CONVENER, Role.SECRETARY, Role.MEMBER}


def can_administer_organisation(person: Person, organisation: Organisation) -> bool:
    """Its own administrators and nobody else, not even the coordinator. They let newcomers in (security.md, number 9)."""
    return person.is_organisation_admin and person.organisation_id == organisation.id


def can_disable_person(person: Person, other: Person) -> bool:
    """An administrator closes accounts of the own organisation, but not the own account."""
    return can_administer_organisation(person, other.organisation) and other.id != person.id


def can_coordinate(person: Person) -> bool:
    """The role of national coordinator belongs to an organisation; its administrators exercise it."""
    return person.organisation.is_coordinator and person.is_organisation_admin
