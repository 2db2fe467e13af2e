"""Who may send files, and what of the library may be named beside one."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import db
from portal.library.intake.models import Upload
from portal.library.models import FileState, Resource, ResourceVersion
from portal.library.policy import changeable_resources, groups_to_add_to, visible_resources
from portal.people.models import Group, Person


def visible_uploads(person: Person) -> sa.Select[Upload]:
    """Only what the person has sent, in the order in which it was begun."""
    return sa.select(Upload).where(Upload.person_id == person.id).order_by(Upload.id)


def can_send_files(person: Person) -> bool:
    """Whoever may add material to some group."""
    return db.session.scalar(groups_to_add_to(person).with_only_columns(Group.id).limit(1)) is not None


def visible_twins(person: Person, sha256s: Collection[str]) -> sa.Select[str, Resource]:
    """Material with one of these very contents, beside its checksum: only what the person may see. What stands in a group
    that is closed to her is not even hinted at."""
    came = sa.func.coalesce(ResourceVersion.came_as, ResourceVersion.sha256)
    seen = visible_resources(person).with_only_columns(Resource.id).order_by(None)
    return (
        sa.select(came, Resource)
        .join(ResourceVersion.resource)
        .where(
            ResourceVersion.sha256.in_(sha256s) | ResourceVersion.came_as.in_(sha256s),
            ResourceVersion.state.in_([FileState.READY, FileState.CHECKING]),
            Resource.id.in_(seen),
        )
        .options(selectinload(Resource.versions))
        .order_by(Resource.id)
    )


def namesakes(person: Person, titles: Collection[str]) -> sa.Select[Resource]:
    """Material that is called the same and that the person may give a new version."""
    lowered = {title.lower() for title in titles}
    return (
        changeable_resources(person)
        .where(Resource.state == FileState.READY, Resource.title.in_(titles) | sa.func.lower(Resource.title).in_(lowered))
        .order_by(Resource.id)
    )  # fmt: skip
