"""Whose notices they are."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from portal import db
from portal.notifications.habits import Hours
from portal.notifications.kinds import all_kinds
from portal.notifications.kinds import kind as kind_of
from portal.notifications.models import Channel, GroupPreference, Habit, Notice, Preference
from portal.people.models import Group, Person
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


def unseen_of(person_ids: Collection[int]) -> dict[int, int]:
    """How many notices each of the people has not seen, whether or not their groups may still be read: what says that the
    number may have changed."""
    rows = (
        sa.select(Notice.person_id, sa.func.count(Notice.id))
        .where(Notice.person_id.in_(person_ids), Notice.read_at.is_(None))
        .group_by(Notice.person_id)
    )
    return dict.fromkeys(person_ids, 0) | dict(db.session.execute(rows).all())


def channels(person: Person) -> dict[str, Channel]:
    """How the person hears of each kind: the own choice, or the kind's default."""
    chosen = dict(
        db.session.execute(
            sa.select(Preference.kind, Preference.channel).where(Preference.person_id == person.id)
        ).all()
    )
    return {kind.name: chosen.get(kind.name, kind.default) for kind in all_kinds()}


def channels_of(person_ids: Collection[int], kind: str, *, group: Group | None = None) -> dict[int, Channel]:
    """How each of the people hears of one kind, in a group if one is given: what was chosen for it goes before."""
    chosen = dict(
        db.session.execute(
            sa.select(Preference.person_id, Preference.channel).where(
                Preference.kind == kind, Preference.person_id.in_(person_ids)
            )
        ).all()
    )
    if group is not None:
        in_group = sa.select(GroupPreference.person_id, GroupPreference.channel).where(
            GroupPreference.group_id == group.id, GroupPreference.person_id.in_(person_ids)
        )
        chosen |= dict(db.session.execute(in_group).all())
    default = kind_of(kind).default
    return {person_id: chosen.get(person_id, default) for person_id in person_ids}


def group_channels(person: Person) -> dict[int, Channel]:
    """What the person has chosen for whole groups, by the group's id."""
    chosen = sa.select(GroupPreference.group_id, GroupPreference.channel).where(GroupPreference.person_id == person.id)
    return dict(db.session.execute(chosen).all())


def hours_of(person_ids: Collection[int]) -> dict[int, Hours]:
    """When each of the people wishes to be written to."""
    rows = db.session.scalars(sa.select(Habit).where(Habit.person_id.in_(person_ids)))
    chosen = {row.person_id: Hours(row.hour, row.weekday, row.quiet_from, row.quiet_to) for row in rows}
    return {person_id: chosen.get(person_id, Hours()) for person_id in person_ids}
