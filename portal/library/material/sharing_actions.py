"""Sharing a material with further groups, and moving it to another: nothing is copied."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db
from portal.errors import Conflict, Invalid
from portal.library.actions import find_twin
from portal.library.material.living_actions import hand_over
from portal.library.material.policy import is_wider, possible_responsible
from portal.library.models import FileState, Resource, ResourceShare
from portal.people.models import Group, Person


class Wider(Invalid):
    """The group is more open than the material's own; who shares must say that this is meant."""

    def __init__(self, group: Group) -> None:
        super().__init__(_("More people than now will be able to read this. Say that you mean it."), field="sure")
        self.group = group


def _check(resource: Resource, group: Group, *, is_sure: bool) -> None:
    if resource.state is not FileState.READY:
        raise Conflict(_("The material has not been read yet."))
    if group.is_archived:
        raise Conflict(_("%(group)s is archived.", group=group.name))
    if is_wider(group, resource) and not is_sure:
        raise Wider(group)


def share(resource: Resource, group: Group, *, is_sure: bool = False, by: Person) -> None:
    """Show a material to a further group. Done twice, it is done once.

    Raises `Wider` if the group is more open than the own one and nobody has said that this is meant, `Conflict` for a material
    that is not ready or belongs to that group already.
    """
    db.lock(resource)
    _check(resource, group, is_sure=is_sure)
    if resource.group_id == group.id:
        raise Conflict(_("The material belongs to %(group)s.", group=group.name))
    there = sa.select(ResourceShare).where(ResourceShare.resource_id == resource.id, ResourceShare.group_id == group.id)
    if db.session.scalar(there) is not None:
        return
    db.session.add(ResourceShare(resource=resource, group=group, shared_by_id=by.id))
    resource.changed_at = db.now()
    audit.record("resource_shared", by=by, on=resource, group=group.id)


def unshare(share: ResourceShare, *, by: Person) -> None:
    """Show the material to that group no more."""
    resource = share.resource
    resource.changed_at = db.now()
    audit.record("resource_unshared", by=by, on=resource, group=share.group_id)
    db.session.delete(share)
    db.session.flush()
    db.session.expire(resource, ["shares"])


def move(resource: Resource, group: Group, *, is_sure: bool = False, by: Person) -> None:
    """Let a material belong to another group. Those whom it is shared with keep it.

    Raises `Wider` as `share` does, and `Conflict` if the group has a material with the same content already.
    """
    db.lock(resource)
    if resource.group_id == group.id:
        return
    _check(resource, group, is_sure=is_sure)
    other = find_twin(group, resource.current.sha256)
    if other is not None:
        raise Conflict(_("This file is already in the library: %(title)s.", title=other.title))
    before = resource.group_id
    db.session.execute(
        sa.delete(ResourceShare).where(ResourceShare.resource_id == resource.id, ResourceShare.group_id == group.id)
    )
    resource.group, resource.changed_at = group, db.now()
    db.session.flush()
    db.session.expire(resource, ["shares"])
    audit.record("resource_moved", by=by, on=resource, before=before, to=group.id)
    may = possible_responsible(resource).with_only_columns(Person.id).order_by(None)
    if resource.responsible_id is None or db.session.scalar(may.where(Person.id == resource.responsible_id)) is None:
        hand_over(resource, by=by)
