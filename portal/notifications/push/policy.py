"""Whose devices they are, and what goes there."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from portal import db
from portal.notifications.kinds import all_kinds
from portal.notifications.kinds import kind as kind_of
from portal.notifications.models import Channel
from portal.notifications.push.models import PushChoice, PushDevice
from portal.people.models import Group, Person


def visible_devices(person: Person) -> sa.Select[PushDevice]:
    """The person's own, the latest first."""
    return sa.select(PushDevice).where(PushDevice.person_id == person.id).order_by(PushDevice.id.desc())


def _is_on(chosen: dict[str, bool], kind: str, group_id: int | None) -> bool:
    """What was chosen for the group, else for the kind, else as for mail: what comes at once by mail comes to devices too."""
    by_default = chosen.get(f"kind-{kind}", kind_of(kind).default is Channel.MAIL)
    return chosen.get(f"group-{group_id}", by_default)


def wishers(person_ids: Collection[int], kind: str, *, group: Group | None) -> set[int]:
    """Who of these people has a device and wishes to hear of this kind there: one query."""
    sorts = [f"kind-{kind}", *([f"group-{group.id}"] if group is not None else [])]
    rows = (
        sa.select(PushDevice.person_id, PushChoice.sort, PushChoice.is_on)
        .outerjoin(PushChoice, (PushChoice.person_id == PushDevice.person_id) & PushChoice.sort.in_(sorts))
        .where(PushDevice.person_id.in_(person_ids))
        .distinct()
    )
    chosen: dict[int, dict[str, bool]] = {}
    for person_id, sort, is_on in db.session.execute(rows):
        mine = chosen.setdefault(person_id, {})
        if sort is not None:
            mine[sort] = is_on
    group_id = group.id if group is not None else None
    return {person_id for person_id, mine in chosen.items() if _is_on(mine, kind, group_id)}


def choices(person: Person) -> dict[str, bool]:
    """What the person hears of on devices: each kind, and the groups for which something else was chosen."""
    rows = sa.select(PushChoice.sort, PushChoice.is_on).where(PushChoice.person_id == person.id)
    chosen = dict(db.session.execute(rows).all())
    kinds = {f"kind-{kind.name}": _is_on(chosen, kind.name, None) for kind in all_kinds()}
    return kinds | {sort: is_on for sort, is_on in chosen.items() if sort.startswith("group-")}
