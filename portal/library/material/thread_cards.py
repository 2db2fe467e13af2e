"""What is shown of material under a post that links to it."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import db
from portal.discussions import cards
from portal.discussions.cards import Card
from portal.library.models import FileState, Resource, ResourceShare
from portal.library.validity import Validity
from portal.people.models import Group
from portal.people.policy import read_by_all_readers
from portal.times import date_text


@cards.register("resources")
def materials(numbers: Collection[int], group: Group) -> dict[int, Card]:
    """Ready material of the group, shared with it, or of open groups."""
    read = read_by_all_readers(group)
    shared = sa.select(ResourceShare.resource_id).where(ResourceShare.group_id.in_(read))
    query = sa.select(Resource).where(
        Resource.id.in_(numbers),
        Resource.state == FileState.READY,
        Resource.group_id.in_(read) | Resource.id.in_(shared),
    )
    return {
        one.id: Card("resources", str(_("Material")), one.title, one.path, _state(one))
        for one in db.session.scalars(query).unique()
    }


def _state(resource: Resource) -> str:
    words = {
        Validity.WITHDRAWN: _("withdrawn"),
        Validity.REPLACED: _("replaced"),
        Validity.OVERDUE: _("review overdue"),
    }
    if resource.validity in words:
        return str(words[resource.validity])
    return str(_("review by %(day)s", day=date_text(resource.review_by))) if resource.review_by is not None else ""
