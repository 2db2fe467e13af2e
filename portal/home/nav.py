"""What every page's frame shows: own groups with what is unread, what waits, and the support line. Loaded when asked for."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from flask import Flask, g, session

from portal import db
from portal.discussions.policy import unread_by_group
from portal.meetings.policy import unanswered_invitations
from portal.people.models import Group, Person
from portal.people.policy import own_groups
from portal.support.models import Contact
from portal.support.policy import support_line


class Navigation:
    """The frame of a page, for one person or for nobody. A fragment that shows no frame costs no query."""

    def __init__(self, person: Person | None) -> None:
        self._person = person

    @cached_property
    def groups(self) -> list[tuple[Group, int]]:
        """The person's groups by name, each with its number of unread posts."""
        if self._person is None:
            return []
        unread = unread_by_group(self._person)
        return [(group, unread.get(group.id, 0)) for group in db.session.scalars(own_groups(self._person))]

    @cached_property
    def waiting(self) -> int:
        """How many things wait for the person."""
        return len(unanswered_invitations(self._person)) if self._person is not None else 0

    @cached_property
    def support_line(self) -> Contact | None:
        """The national support line for professionals."""
        return support_line()


def _context() -> dict[str, Any]:
    person = getattr(session, "person", None)
    if "navigation" not in g:
        g.navigation = Navigation(person)
    return {"person": person, "nav": g.navigation, "theme": person.theme if person else "auto"}


def init_app(app: Flask) -> None:
    """Offer `person`, `nav` and `theme` to every template."""
    app.context_processor(_context)
