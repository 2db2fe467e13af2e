"""Whose notices they are."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from portal import db
from portal.notifications.kinds import all_kinds
from portal.notifications.kinds import kind as kind_of
from portal.notifications.models import Channel, Notice, Preference
from portal.people.models import Person
from portal.people.policy import readable_group_ids


def visible_notices(person: Person) -> sa.Select[Notice]:
    """The person's own, newest first; of groups only as long as the person may read them."""
    return (
        sa.select(Notice)
        .where(
            Notice.person_id == person.id,
            Notice.group_id.is_(None) | Notice.group_id.in_(readable_group_ids(person)),
        )
        .order_by(Notice.id.desc())
    )


def unread_count(person: Person) -> int:
    """How many the person has not seen."""
    unread = visible_notices(person).where(Notice.read_at.is_(None)).order_by(None).with_only_columns(Notice.id)
    return db.session.scalar(sa.select(sa.func.count()).select_from(unread.subquery())) or 0


def channels(person: Person) -> dict[str, Channel]:
    """How the person hears of each kind: the own choice, or the kind's default."""
    chosen = dict(
        db.session.execute(
            sa.select(Preference.kind, Preference.channel).where(Preference.person_id == person.id)
        ).all()
    )
    return {kind.name: chosen.get(kind.name, kind.default) for kind in all_kinds()}


def channels_of(person_ids: Collection[int], kind: str) -> dict[int, Channel]:
    """How each of the people hears of one kind."""
    chosen = dict(
        db.session.execute(
            sa.select(Preference.person_id, Preference.channel).where(
                Preference.kind == kind, Preference.person_id.in_(person_ids)
            )
        ).all()
    )
    default = kind_of(kind).default
    return {person_id: chosen.get(person_id, default) for person_id in person_ids}
