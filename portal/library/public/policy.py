"""What is open to anybody, and who may make it so.

A material is public only by an act: somebody who may has made a link. The class of its own group decides, not that of groups
it is shared with; when the group is no longer open, or the material is withdrawn, the link does not answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import db
from portal.library.collections.models import Collection, CollectionItem
from portal.library.collections.policy import visible_collections
from portal.library.models import FileState, Resource
from portal.library.policy import visible_resources
from portal.library.public.models import PublicDay, PublicLink
from portal.people.models import Group, HandlingClass, Person
from portal.people.policy import can_lead_group, can_write_in_group


def _is_open() -> sa.ColumnElement[bool]:
    return (Group.handling_class == HandlingClass.OPEN) & Group.is_archived.is_(False)


def _shown_materials() -> sa.Select[Resource]:
    """Ready material of open groups that has not been withdrawn."""
    return (
        sa.select(Resource)
        .join(Resource.group)
        .where(_is_open(), Resource.state == FileState.READY, Resource.withdrawn_at.is_(None))
        .options(selectinload(Resource.versions))
    )


def _active(*wanted: sa.ColumnElement[bool]) -> sa.Select[PublicLink]:
    return sa.select(PublicLink).where(PublicLink.revoked_at.is_(None), *wanted)


def link_of_token(token: str) -> PublicLink | None:
    """The link with this token, if it answers now."""
    materials = _shown_materials().with_only_columns(Resource.id).order_by(None)
    collections = sa.select(Collection.id).join(Collection.group).where(_is_open())
    query = _active(
        PublicLink.token == token,
        PublicLink.resource_id.in_(materials) | PublicLink.collection_id.in_(collections),
    )
    return db.session.scalars(query.limit(1)).first()


def public_materials() -> sa.Select[Resource]:
    """All material that has a public address of its own."""
    linked = _active(PublicLink.resource_id.is_not(None)).with_only_columns(PublicLink.resource_id)
    return _shown_materials().where(Resource.id.in_(linked))


def public_items(collection: Collection) -> sa.Select[CollectionItem]:
    """The rows of a collection that anybody may see: headings, its own group's materials, and others that have a public
    address of their own. Nobody makes public what another group answers for.
    """
    own = _shown_materials().where(Resource.group_id == collection.group_id).with_only_columns(Resource.id)
    others = public_materials().with_only_columns(Resource.id)
    return (
        sa.select(CollectionItem)
        .where(
            CollectionItem.collection_id == collection.id,
            CollectionItem.resource_id.is_(None)
            | CollectionItem.resource_id.in_(own)
            | CollectionItem.resource_id.in_(others),
        )
        .options(selectinload(CollectionItem.resource).selectinload(Resource.versions))
        .order_by(CollectionItem.position, CollectionItem.id)
    )


def material_in(link: PublicLink, resource_id: int | None = None) -> sa.Select[Resource]:
    """The material that the link opens: its own, or the one with the number among those of its collection."""
    if link.collection is None:
        return _shown_materials().where(Resource.id == link.resource_id)
    rows = public_items(link.collection).with_only_columns(CollectionItem.resource_id).order_by(None)
    return _shown_materials().where(Resource.id == resource_id, Resource.id.in_(rows))


def thing_of(link: PublicLink) -> Resource | Collection:
    """What the link opens."""
    thing = link.resource if link.resource is not None else link.collection
    assert thing is not None  # a rule of the table
    return thing


# --- who may ----------------------------------------------------------------------------------------------------------


def is_open_to_anybody(thing: Resource | Collection) -> bool:
    """Whether a link to it would answer now."""
    group = thing.group
    if group.handling_class is not HandlingClass.OPEN or group.is_archived:
        return False
    return isinstance(thing, Collection) or (thing.state is FileState.READY and thing.withdrawn_at is None)


def is_public(resource: Resource) -> bool:
    """Whether anybody can read it now, at an address of its own or in a collection of its group that has one."""
    if not is_open_to_anybody(resource):
        return False
    linked = _active(PublicLink.collection_id.is_not(None)).with_only_columns(PublicLink.collection_id)
    rows = sa.select(CollectionItem.id).join(CollectionItem.collection)
    rows = rows.where(
        CollectionItem.resource_id == resource.id, Collection.group_id == resource.group_id, Collection.id.in_(linked)
    )
    return active_link(resource) is not None or db.session.scalar(rows.limit(1)) is not None


def can_manage_link(person: Person, thing: Resource | Collection) -> bool:
    """The group's leaders, and those of the owner organisation who may write in the group.

    Of an archived group its leaders alone, to revoke what was made; it does not answer any more.
    """
    is_owner = person.organisation_id == thing.organisation_id and can_write_in_group(person, thing.group)
    return is_owner or can_lead_group(person, thing.group)


def visible_links(person: Person) -> sa.Select[PublicLink]:
    """The links to what the person may read here, signed in."""
    materials = visible_resources(person).with_only_columns(Resource.id).order_by(None)
    collections = visible_collections(person).with_only_columns(Collection.id)
    return sa.select(PublicLink).where(
        PublicLink.resource_id.in_(materials) | PublicLink.collection_id.in_(collections)
    )


def active_link(thing: Resource | Collection) -> PublicLink | None:
    """The address that the thing has now, whether it answers or not."""
    column = PublicLink.resource_id if isinstance(thing, Resource) else PublicLink.collection_id
    return db.session.scalars(_active(column == thing.id)).first()


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page of a material or a collection says of its public address."""

    link: PublicLink | None
    answers: bool
    visits: int
    downloads: int


def link_shown(person: Person, thing: Resource | Collection) -> Shown | None:
    """The public address with its figures, for those who may make and revoke it; None for all others, and for what has none
    and cannot have one.
    """
    if not can_manage_link(person, thing):
        return None
    link, answers = active_link(thing), is_open_to_anybody(thing)
    if link is None:
        return Shown(None, answers, 0, 0) if answers else None
    sums = sa.select(sa.func.sum(PublicDay.visits), sa.func.sum(PublicDay.downloads))
    visits, downloads = db.session.execute(sums.where(PublicDay.link_id == link.id)).one()
    return Shown(link, answers, visits or 0, downloads or 0)
