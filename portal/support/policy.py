"""Who may see and change the contacts."""

from __future__ import annotations

import sqlalchemy as sa

from portal import db
from portal.people.models import Person
from portal.people.policy import can_coordinate
from portal.support.models import Contact


def visible_contacts(person: Person) -> sa.Select[Contact]:
    """Everybody who is signed in sees all contacts."""
    return sa.select(Contact).order_by(Contact.position, Contact.name)


def support_line() -> Contact | None:
    """The support line: public, and shown on every page, also to those who are not signed in."""
    return db.session.scalar(sa.select(Contact).where(Contact.is_support_line).limit(1))


def can_edit_contacts(person: Person) -> bool:
    """The coordinator's administrators."""
    return can_coordinate(person)
