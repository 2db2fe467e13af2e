"""What is shown of the files of a post: their state too, until they have been read."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePath

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import contains_eager, selectinload

from portal import db, files
from portal.discussions import cards
from portal.discussions.cards import Card
from portal.discussions.models import Post, Thread
from portal.library.attaching.models import Attachment
from portal.library.models import FileState, Resource
from portal.people.models import Group
from portal.people.policy import read_by_all_readers

MOST_BESIDE = 20  # beside a thread; all of them stand at their posts

_SOME = sa.select(Attachment.post_id).where(Attachment.post_id.in_(sa.bindparam("post_ids", expanding=True))).limit(1)


@cards.register_attached
def attached(post_ids: Collection[int], group: Group) -> dict[int, list[Card]]:
    """The files of posts, of what every reader of the group may see; one that is not ready leads nowhere."""
    if (
        db.session.scalar(_SOME, {"post_ids": list(post_ids)}) is None
    ):  # as nearly always; asked for each post that goes out
        return {}
    query = (
        sa.select(Attachment)
        .join(Attachment.resource)
        .where(Attachment.post_id.in_(post_ids), Resource.group_id.in_(read_by_all_readers(group)), Resource.withdrawn_at.is_(None))
        .options(contains_eager(Attachment.resource), selectinload(Attachment.resource, Resource.versions))
        .order_by(Attachment.attached_at, Attachment.resource_id)
    )  # fmt: skip
    found: dict[int, list[Card]] = {}
    for row in db.session.scalars(query).unique():
        found.setdefault(row.post_id, []).append(_card(row.resource))
    return found


@cards.register_in_thread
def in_thread(thread: Thread) -> list[Card]:
    """The files of a thread that can be opened, the latest first."""
    here = sa.select(Attachment.resource_id).join(Post, Post.id == Attachment.post_id)
    query = (
        sa.select(Resource)
        .where(
            Resource.id.in_(here.where(Post.thread_id == thread.id, Post.gone.is_(None))), Resource.state == FileState.READY,
            Resource.group_id.in_(read_by_all_readers(thread.group)), Resource.withdrawn_at.is_(None),
        )
        .options(selectinload(Resource.versions))
        .order_by(Resource.id.desc())
        .limit(MOST_BESIDE)
    )  # fmt: skip
    return [_beside(resource) for resource in db.session.scalars(query).unique()]


def _beside(resource: Resource) -> Card:
    version = resource.current
    state = [
        PurePath(version.file_name).suffix[1:].upper(),
        resource.organisation.short_name,
        _("version %(number)s", number=version.number),
    ]
    return Card("files", str(_("File")), resource.title, resource.path, " · ".join(str(part) for part in state))


def _card(resource: Resource) -> Card:
    is_ready = resource.state is FileState.READY
    states = {
        FileState.CHECKING: _("is being checked"), FileState.READY: files.human_size(resource.current.size),
        FileState.STOPPED: _("stopped: personal data was found, the file has not been kept"),
        FileState.UNREADABLE: _("could not be read, and has not been kept"),
    }  # fmt: skip
    return Card("files", str(_("File")), resource.title, resource.path if is_ready else "", str(states[resource.state]))
