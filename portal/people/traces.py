"""Who read what: the trace that everything of a sensitive group leaves when it is shown."""

from __future__ import annotations

from portal import audit, db
from portal.people.models import Group, HandlingClass, Person


def note_reading(action: str, group: Group, *, on: db.Base, by: Person) -> None:
    """Note that somebody reads a thing of a group, if the group is sensitive (security.md, number 42). What cannot be noted is not shown."""
    if group.handling_class is HandlingClass.SENSITIVE:
        audit.record_read(action, by=by, on=on)
