"""How a person is shown to others on the live edge."""

from __future__ import annotations

from typing import Any

from portal import db
from portal.people.models import Person


def card(person_id: int) -> dict[str, Any]:
    """Name, organisation and its mark; nothing that the members' page does not show."""
    person = db.session.get_one(Person, person_id)
    return {
        "id": person.id,
        "name": person.name,
        "organisation": person.organisation.name,
        "mark": person.organisation.mark,
        "kind": person.organisation.kind.value,
    }
