"""What every page's frame shows: own groups with what is unread, what waits, and the support line. Loaded when asked for."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, g, session

from portal import db
from portal.discussions.models import Thread
from portal.discussions.policy import unread_by_group, visible_threads
from portal.library.policy import count_materials
from portal.meetings.policy import count_meetings, unanswered_invitations
from portal.people.models import Group, Membership, Person
from portal.people.policy import own_groups, visible_members
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

    def tab_counts(self, group: Group) -> dict[str, int]:
        """The numbers beside a group's tabs."""
        if self._person is None:
            return {}
        threads = visible_threads(self._person).where(Thread.group_id == group.id).with_only_columns(Thread.id)
        members = visible_members(self._person, group).with_only_columns(Membership.id)
        return {
            "discussions": _count(threads),
            "meetings": count_meetings(self._person, group),
            "materials": count_materials(self._person, group),
            "members": _count(members),
        }

    @cached_property
    def support_line(self) -> Contact | None:
        """The national support line for professionals."""
        return support_line()


def _count(ids: sa.Select[int]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(ids.subquery())) or 0


def _context() -> dict[str, Any]:
    person = getattr(session, "person", None)
    if "navigation" not in g:
        g.navigation = Navigation(person)
    settings = current_app.config["SETTINGS"]
    return {
        "person": person,
        "nav": g.navigation,
        "theme": person.theme if person else "auto",
        "support_email": settings.support_email,
        "demo": settings.environment == "demo",
    }


def init_app(app: Flask) -> None:
    """Offer `person`, `nav` and `theme` to every template."""
    app.context_processor(_context)
