"""Every write to the list of sectors."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.activities.models import Sector
from portal.errors import Conflict
from portal.people.models import Person
from portal.topics.keeping import fold

MOST_SECTORS = 60  # more than anybody can choose from


def _named(name: str) -> Sector | None:
    db.lock_name(f"sector:{fold(name)}")
    return db.session.scalar(sa.select(Sector).where(Sector.folded == fold(name)))


def add_sector(name: str, *, by: Person | None) -> Sector:
    """Put a sector on the list; one that was taken off it comes back.

    Raises `Conflict` if it is there or if the list is full, `guard.Stopped`.
    """
    guard.check_numbers({"name": name})
    found = _named(name)
    if found is not None and found.retired_at is None:
        raise Conflict(_("”%(name)s” is on the list already.", name=found.name))
    number = db.session.scalar(sa.select(sa.func.count()).select_from(Sector).where(Sector.retired_at.is_(None))) or 0
    if number >= MOST_SECTORS:
        raise Conflict(_("The list has at most %(number)s sectors.", number=MOST_SECTORS))
    if found is None:
        found = Sector(name=name, folded=fold(name))
        db.session.add(found)
    found.retired_at = None
    audit.record("sector_added", by=by, on=found)
    return found


def rename_sector(sector: Sector, name: str, *, by: Person) -> None:
    """Call a sector something else, wherever it stands. Raises `Conflict` if another has that name, `guard.Stopped`."""
    guard.check_numbers({"name": name})
    other = _named(name)
    if other is not None and other.id != sector.id:
        raise Conflict(_("”%(name)s” is there already.", name=other.name))
    audit.record("sector_renamed", by=by, on=sector, before=sector.name)
    sector.name, sector.folded = name, fold(name)


def retire_sector(sector: Sector, *, by: Person) -> None:
    """Take a sector off the list: no new activity can choose it, and those that have it keep it. Twice is once."""
    if sector.retired_at is None:
        sector.retired_at = db.now()
        audit.record("sector_retired", by=by, on=sector)
