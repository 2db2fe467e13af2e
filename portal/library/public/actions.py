"""Every write to public addresses."""

from __future__ import annotations

import secrets
from typing import Literal

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal import audit, db, times
from portal.errors import Conflict
from portal.library.collections.models import Collection
from portal.library.models import Resource
from portal.library.public.models import PublicDay, PublicLink
from portal.library.public.policy import active_link, is_open_to_anybody
from portal.people.models import Person

TOKEN_BYTES = 24  # 192 bits: nobody finds one by trying


def make_link(thing: Resource | Collection, *, by: Person) -> PublicLink:
    """Give a material or a collection a public address, or answer the one that it has.

    Raises `Conflict` unless its group is open, and for a material that is not ready or has been withdrawn.
    """
    db.lock(thing)
    if not is_open_to_anybody(thing):
        raise Conflict(_("Only what belongs to an open group, and is not withdrawn, can have a public address."))
    link = active_link(thing)
    if link is None:
        link = PublicLink(token=secrets.token_urlsafe(TOKEN_BYTES), made_by_id=by.id)
        if isinstance(thing, Resource):
            link.resource = thing
        else:
            link.collection = thing
        db.session.add(link)
        audit.record("public_link_made", by=by, on=link, of=thing.__tablename__, number=thing.id)
    return link


def revoke_link(link: PublicLink, *, by: Person) -> None:
    """Let the address answer no more, for good; a new one gets another token. Twice is once."""
    db.lock(link)
    if link.revoked_at is None:
        link.revoked_at, link.revoked_by_id = db.now(), by.id
        audit.record("public_link_revoked", by=by, on=link)


def note_public_visit(link: PublicLink, what: Literal["visits", "downloads"]) -> None:
    """Count a visit or a download of today once the answer is on its way. Nothing about the visitor is kept."""
    row = {"link_id": link.id, "visited_on": times.today(), "visits": 0, "downloads": 0, what: 1}

    def write(session: Session) -> None:
        column = PublicDay.__table__.c[what]
        more = db.insert_or(PublicDay).values(row).on_conflict_do_update(
            index_elements=["link_id", "visited_on"], set_={what: column + 1}
        )  # fmt: skip
        session.execute(more)

    db.leave_trace(write)
