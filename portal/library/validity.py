"""Whether a material still holds: one answer for badges, lists, facets and reminders.

Withdrawn goes before replaced, and replaced before the review: who reads must know first that there is something better.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

SOON = timedelta(days=30)  # before the day of review (design.md, section 4: warn from 30 days before)


class Validity(StrEnum):
    """Where a material stands."""

    IN_FORCE = "in_force"
    SOON = "soon"  # to be reviewed within 30 days
    OVERDUE = "overdue"  # its day of review has passed
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


def validity_of(
    *, withdrawn_at: datetime | None, replaced_by_id: int | None, review_by: date | None, on: date
) -> Validity:
    """Where a material stands on a day. The day of review itself is still in time."""
    if withdrawn_at is not None:
        return Validity.WITHDRAWN
    if replaced_by_id is not None:
        return Validity.REPLACED
    if review_by is None or review_by > on + SOON:
        return Validity.IN_FORCE
    return Validity.OVERDUE if review_by < on else Validity.SOON
