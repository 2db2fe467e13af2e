"""Who may see, add and change material."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import db
from portal.library.models import FileState, Resource, ResourceShare
from portal.people.models import Group, Membership, Person, Role
from portal.people.policy import can_lead_group, can_write_in_group, own_groups, readable_group_ids


def visible_resources(person: Person) -> sa.Select[Resource]:
    """Ready material of the groups that the person may read or that is shared with them, and what the person added there and
    is not ready yet."""
    readable = readable_group_ids(person)
    shared = sa.select(ResourceShare.resource_id).where(ResourceShare.group_id.in_(readable))
    return (
        sa.select(Resource)
        .where(
            Resource.group_id.in_(readable) | Resource.id.in_(shared),
            (Resource.state == FileState.READY) | (Resource.created_by_id == person.id),
        )
        .options(selectinload(Resource.versions))
    )


def visible_in_group(person: Person, group: Group) -> sa.Select[Resource]:
    """Those of a group, and those that are shared with it."""
    shared = sa.select(ResourceShare.resource_id).where(ResourceShare.group_id == group.id)
    return visible_resources(person).where((Resource.group_id == group.id) | Resource.id.in_(shared))


def successors(person: Person, resources: Iterable[Resource]) -> dict[int, Resource]:
    """What has replaced some materials, by its id, as far as the person may read it."""
    ids = {resource.replaced_by_id for resource in resources} - {None}
    rows = db.session.scalars(visible_resources(person).where(Resource.id.in_(ids))).unique() if ids else ()
    return {resource.id: resource for resource in rows}


def groups_to_add_to(person: Person) -> sa.Select[Group]:
    """The groups whose library the person may add to: the own ones, but not as an observer."""
    writing = sa.select(Membership.group_id).where(
        Membership.person_id == person.id, Membership.left_at.is_(None), Membership.role != Role.OBSERVER
    )
    return own_groups(person).where(Group.id.in_(writing))


def can_add_material(person: Person, group: Group) -> bool:
    """Whoever may write in the group."""
    return can_write_in_group(person, group)


def can_change_material(person: Person, resource: Resource) -> bool:
    """The organisation that owns it keeps it alive: its people who may write in the group, and the group's conveners and
    secretaries."""
    if not can_write_in_group(person, resource.group):
        return False
    return person.organisation_id == resource.organisation_id or can_lead_group(person, resource.group)


def changeable_resources(person: Person) -> sa.Select[Resource]:
    """What the person sees and may change: the same rule as `can_change_material`, as a query."""
    own = sa.select(Membership.group_id).where(Membership.person_id == person.id, Membership.left_at.is_(None))
    active = sa.select(Group.id).where(Group.is_archived.is_(False))
    writing = own.where(Membership.role != Role.OBSERVER)
    leading = own.where(Membership.role.in_([Role.CONVENER, Role.SECRETARY]))
    owned = (Resource.organisation_id == person.organisation_id) & Resource.group_id.in_(writing)
    return visible_resources(person).where(Resource.group_id.in_(active), owned | Resource.group_id.in_(leading))
