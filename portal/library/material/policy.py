"""Who may do what to a material beyond reading it, and who reads it."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import db
from portal.library.models import FileState, Resource, ResourceShare
from portal.library.policy import can_change_material, groups_to_add_to, visible_resources
from portal.people.models import Group, HandlingClass, Membership, Organisation, Person, PersonStatus, Role
from portal.people.policy import can_coordinate, can_lead_group, leaders, readable_group_ids, visible_groups

OPENNESS = {HandlingClass.SENSITIVE: 0, HandlingClass.NETWORK: 1, HandlingClass.OPEN: 2}
WRITING = (Role.CONVENER, Role.SECRETARY, Role.MEMBER)


def can_edit_topics(person: Person) -> bool:
    """The controlled list is the national coordinator's."""
    return can_coordinate(person)


def can_see_downloads(person: Person, resource: Resource) -> bool:
    """Only the organisation that owns it sees which organisations have fetched it."""
    return person.organisation_id == resource.organisation_id


def can_unshare(person: Person, share: ResourceShare) -> bool:
    """Whoever may change the material, and who leads the group that it was shared with."""
    return can_change_material(person, share.resource) or can_lead_group(person, share.group)


def led_group_ids(person: Person) -> set[int]:
    """The ids of the groups that the person leads: for `can_unshare` of many."""
    leading = sa.select(Membership.group_id).where(
        Membership.person_id == person.id,
        Membership.left_at.is_(None),
        Membership.role.in_([Role.CONVENER, Role.SECRETARY]),
    )
    return set(db.session.scalars(leading))


def groups_to_share_with(person: Person, resource: Resource) -> sa.Select[Group]:
    """The groups that the person may write in and that do not have the material yet."""
    shared = sa.select(ResourceShare.group_id).where(ResourceShare.resource_id == resource.id)
    return groups_to_add_to(person).where(Group.id != resource.group_id, Group.id.not_in(shared))


def groups_to_move_to(person: Person, resource: Resource) -> sa.Select[Group]:
    """The other groups that the person may write in."""
    return groups_to_add_to(person).where(Group.id != resource.group_id)


def visible_shares(person: Person, resource: Resource) -> sa.Select[ResourceShare]:
    """The further groups of a material, as far as the person may know of them."""
    return sa.select(ResourceShare).where(
        ResourceShare.resource_id == resource.id, ResourceShare.group_id.in_(readable_group_ids(person))
    )


def groups_of(person: Person, resource: Resource) -> list[Group]:
    """The groups whose readers read the material, the own one first: those that the person may know of."""
    shared = sa.select(ResourceShare.group_id).where(ResourceShare.resource_id == resource.id)
    rows = visible_groups(person).where((Group.id == resource.group_id) | Group.id.in_(shared))
    found = db.session.scalars(rows.order_by(Group.name)).all()
    return sorted(found, key=lambda group: group.id != resource.group_id)


def is_wider(group: Group, resource: Resource) -> bool:
    """Whether the group is more open than the material's own: then somebody must say that this is meant."""
    return OPENNESS[group.handling_class] > OPENNESS[resource.group.handling_class]


def possible_replacements(person: Person, resource: Resource) -> sa.Select[Resource]:
    """Ready material, in force, of the groups that the person may write in. What makes a ring is refused when it is chosen."""
    groups = groups_to_add_to(person).with_only_columns(Group.id).order_by(None)
    return visible_resources(person).where(
        Resource.group_id.in_(groups), Resource.id != resource.id, Resource.state == FileState.READY,
        Resource.withdrawn_at.is_(None),
    )  # fmt: skip


def replaced_before(resource: Resource) -> sa.Select[int]:
    """The ids of what the material has replaced, also by way of others: none of them can replace it in turn."""
    before = sa.select(Resource.id).where(Resource.replaced_by_id == resource.id).cte("replaced", recursive=True)
    return sa.select(before.union(sa.select(Resource.id).join(before, Resource.replaced_by_id == before.c.id)).c.id)


def active_writers(group: Group) -> sa.Select[Person]:
    """The people who may write in the group and can sign in."""
    return (
        sa.select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(
            Membership.group_id == group.id,
            Membership.left_at.is_(None),
            Membership.role.in_(WRITING),
            Person.status == PersonStatus.ACTIVE,
            Organisation.is_active.is_(True),
        )
    )


def possible_responsible(resource: Resource) -> sa.Select[Person]:
    """Who can be responsible: who may change the material, by name."""
    leads = sa.select(Membership.person_id).where(
        Membership.group_id == resource.group_id,
        Membership.left_at.is_(None),
        Membership.role.in_([Role.CONVENER, Role.SECRETARY]),
    )
    own = Person.organisation_id == resource.organisation_id
    return active_writers(resource.group).where(own | Person.id.in_(leads)).order_by(Person.name, Person.id)


def visible_stale(person: Person) -> sa.Select[Resource]:
    """Material of the person's organisation that may need care: all of it that the person can see."""
    return (
        visible_resources(person)
        .where(
            Resource.organisation_id == person.organisation_id,
            Resource.state == FileState.READY,
            Resource.withdrawn_at.is_(None),
        )
        .options(joinedload(Resource.responsible))
    )


def heir(resource: Resource, *, without: Collection[int] = ()) -> Person | None:
    """Who becomes responsible when nobody is: of the owner organisation's people in the group an administrator, else another;
    else the group's convener, else its secretary. They must be able to read it. None if there is nobody.
    """
    own = active_writers(resource.group).where(
        Person.organisation_id == resource.organisation_id, Person.id.not_in(without)
    )
    first = db.session.scalars(own.order_by(Person.is_organisation_admin.desc(), Person.id).limit(1)).unique().first()
    if first is not None:
        return first
    leading = [
        person for person in leaders(resource.group) if person.id not in without and person.organisation.is_active
    ]
    return leading[0] if leading else None
