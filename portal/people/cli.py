"""People on the command line."""

from __future__ import annotations

import click
import sqlalchemy as sa

from portal import db
from portal.people.models import Person, PersonStatus


def find_person(email: str) -> Person:
    """The one active person with this address. Ends the command with exit code 2 if there is none, or more than one."""
    people = db.session.scalars(
        sa.select(Person).where(Person.email == email.casefold(), Person.status == PersonStatus.ACTIVE)
    ).all()
    if len(people) != 1:
        raise click.UsageError(f"{len(people)} active people have the address {email}.")
    return people[0]
