"""Who can read a material, in numbers and kinds, and why the one who asks can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from portal import db
from portal.library.models import Resource, ResourceShare
from portal.people.models import Group, HandlingClass, Membership, Organisation, OrganisationKind, Person, PersonStatus


@dataclass(frozen=True, slots=True)
class Readers:
    """How many people of how many organisations of which kinds; everybody who is signed in, or the members of groups."""

    people: int
    organisations: int
    kinds: frozenset[OrganisationKind]
    is_everybody: bool


def _counted(chosen: sa.Select[int, int, OrganisationKind]) -> tuple[int, int, frozenset[OrganisationKind]]:
    rows = chosen.subquery()
    by_kind = sa.select(
        rows.c.kind, sa.func.count(rows.c.id.distinct()), sa.func.count(rows.c.organisation_id.distinct())
    ).group_by(rows.c.kind)
    found = db.session.execute(by_kind).all()
    kinds = frozenset(OrganisationKind(kind) for kind, _people, _organisations in found)
    return sum(row[1] for row in found), sum(row[2] for row in found), kinds


def readers_of(groups: sa.Select[int], *, is_everybody: bool) -> Readers:
    """The readers of these groups (ids): whoever can sign in, if one of them is open, else their members."""
    active = (
        sa.select(Person.id, Person.organisation_id, Organisation.kind)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(Person.status == PersonStatus.ACTIVE, Organisation.is_active.is_(True))
    )
    if not is_everybody:
        active = active.join(Membership, Membership.person_id == Person.id).where(
            Membership.group_id.in_(groups), Membership.left_at.is_(None)
        )
    people, organisations, kinds = _counted(active)
    return Readers(people, organisations, kinds, is_everybody)


def _group_ids(resource: Resource) -> sa.Select[int]:
    shared = sa.select(ResourceShare.group_id).where(ResourceShare.resource_id == resource.id)
    here = (Group.id == resource.group_id) | Group.id.in_(shared)
    return sa.select(Group.id).where(here, Group.is_archived.is_(False))


def readers_of_material(resource: Resource) -> Readers:
    """Who can read the material: through its own group and those that it is shared with."""
    ids = _group_ids(resource)
    is_open = sa.select(Group.id).where(Group.id.in_(ids), Group.handling_class == HandlingClass.OPEN)
    return readers_of(ids, is_everybody=db.session.scalar(is_open.limit(1)) is not None)


def readers_of_group(group: Group) -> Readers:
    """Who reads in a group."""
    ids = sa.select(Group.id).where(Group.id == group.id)
    return readers_of(ids, is_everybody=group.handling_class is HandlingClass.OPEN)


def reason_of(person: Person, groups: Sequence[Group]) -> Group | None:
    """The group through which the person reads a material: one whose member the person is, else an open one."""
    own = set(
        db.session.scalars(
            sa.select(Membership.group_id).where(
                Membership.person_id == person.id,
                Membership.left_at.is_(None),
                Membership.group_id.in_([group.id for group in groups]),
            )
        )
    )
    return next((group for group in groups if group.id in own), None) or next(
        (group for group in groups if group.handling_class is HandlingClass.OPEN), None
    )
