"""Every write about devices."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.errors import Conflict
from portal.notifications.push.models import PushChoice, PushDevice
from portal.people.models import Person

MOST_DEVICES = 20


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a browser says of itself."""

    endpoint: str
    key: str
    auth: str


def add_device(person: Person, subscription: Subscription, *, name: str, by: Person) -> PushDevice:
    """Send notices to this browser too. The same browser is noted once, for whoever chose it last.

    Raises `guard.Stopped`, and `Conflict` if the person has many devices.
    """
    guard.check({"name": name})
    hashed = hashlib.sha256(subscription.endpoint.encode()).hexdigest()
    db.lock_name(f"push:{hashed}")
    row = db.session.scalar(sa.select(PushDevice).where(PushDevice.endpoint_hash == hashed))
    if row is None:
        count = db.session.scalar(sa.select(sa.func.count(PushDevice.id)).where(PushDevice.person_id == person.id)) or 0
        if count >= MOST_DEVICES:
            raise Conflict(_("You have many devices already. Remove one first."))
        row = PushDevice(endpoint=subscription.endpoint, endpoint_hash=hashed)
        db.session.add(row)
    row.person_id, row.name, row.key, row.auth = person.id, name, subscription.key, subscription.auth
    audit.record("device_added", by=by, on=row)
    return row


def remove_device(device: PushDevice, *, by: Person) -> None:
    """Send nothing more there."""
    audit.record("device_removed", by=by, on=device)
    db.session.delete(device)


def note_pushed(used: Collection[int], gone: Collection[int], *, by: Person | None) -> None:
    """Note which devices were reached; those that are no longer there are forgotten."""
    reached = sa.update(PushDevice).where(PushDevice.id.in_(used)).values(used_at=db.now())
    db.session.execute(reached.execution_options(synchronize_session=False))
    for number in gone:
        device = db.session.get(PushDevice, number)
        if device is not None:
            audit.record("device_gone", by=by, on=device)
            db.session.delete(device)


def forget_devices(person_ids: Collection[int], *, by: Person | None) -> None:
    """Send nothing more to people whose accounts are closed; `by` closed them, which is what is noted."""
    rows = sa.delete(PushDevice).where(PushDevice.person_id.in_(person_ids))
    db.session.execute(rows.execution_options(synchronize_session=False))


def choose(person: Person, chosen: Mapping[str, bool | None], *, by: Person) -> None:
    """Store what the person hears of on devices, by kind and group; None: as without a choice."""
    for sort, is_on in chosen.items():
        if is_on is not None:
            db.session.merge(PushChoice(person_id=person.id, sort=sort, is_on=is_on))
        elif (row := db.session.get(PushChoice, (person.id, sort))) is not None:
            db.session.delete(row)
    audit.record("push_chosen", by=by, on=person)
