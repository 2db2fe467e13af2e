"""Reminders that are given once, and how long notices stay."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from portal import db, outbox
from portal.notifications.delivery.actions import forget_old_deliveries
from portal.notifications.models import Notice, Once
from portal.times import local

FIRST_HOUR, LAST_HOUR = 7, 20  # in Sweden: nobody is reminded at night
KEPT = timedelta(days=180)
ONCE_KEPT = timedelta(days=800)  # longer than any reminder can be due


def is_daytime() -> bool:
    """Whether people may be reminded now."""
    return FIRST_HOUR <= local(db.now()).hour < LAST_HOUR


def claim_once(key: str) -> bool:
    """Whether the reminder of this name is to be given now: True once, then never again. Part of the present transaction."""
    db.lock_name(f"reminder:{key}")  # two workers may ask at once
    if db.session.get(Once, key) is not None:
        return False
    db.session.add(Once(key=key))
    db.session.flush()
    return True


@outbox.every(timedelta(hours=12))
def forget_old() -> None:
    """Notices are not a record: what they told of stays where it is."""
    forget_old_deliveries(by=None)
    db.session.execute(sa.delete(Notice).where(Notice.created_at < db.now() - KEPT))
    db.session.execute(sa.delete(Once).where(Once.at < db.now() - ONCE_KEPT))
