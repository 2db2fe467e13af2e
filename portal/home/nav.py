"""What every page's frame shows: own groups with what is unread, what waits, and the support line. Loaded when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, g, has_request_context, session

from portal import db
from portal.counties.rounds.models import Round
from portal.counties.rounds.policy import awaited_rounds
from portal.discussions.models import Thread
from portal.discussions.policy import unread, visible_threads
from portal.library.models import Resource
from portal.library.policy import visible_in_group
from portal.meetings.followup.models import ActionItem
from portal.meetings.followup.policy import own_open_actions
from portal.meetings.minutes.models import Adjuster
from portal.meetings.minutes.policy import awaiting
from portal.meetings.models import Invitation, Meeting
from portal.meetings.policy import unanswered_invitations, visible_meetings
from portal.meetings.polls.models import DatePoll
from portal.meetings.polls.policy import unanswered_polls
from portal.notifications.policy import unread_count
from portal.people.models import Group, Membership, Person
from portal.people.policy import county_of, newcomers, own_groups, readable_group_ids, visible_members
from portal.support.models import Contact
from portal.support.policy import support_line

MOST_ACTIONS = 100


class Navigation:
    """The frame of a page, for one person or for nobody. A fragment that shows no frame costs no query.

    Idag and the group's page show the same things in full: they take them from here, so that each is asked for once.
    """

    def __init__(self, person: Person | None) -> None:
        self._person = person

    @cached_property
    def unread(self) -> dict[tuple[int, int], int]:
        """Unread posts per (group id, thread id), the latest thread first."""
        return unread(self._person) if self._person is not None else {}

    def unread_but(self, thread_id: int | None = None) -> int:
        """How many posts are unread, those of the thread that is being read not counted: the number in the page's title."""
        return sum(count for (_group, thread), count in self.unread.items() if thread != thread_id)

    @cached_property
    def invitations(self) -> Sequence[Invitation]:
        """The calls that await the person's answer, the nearest meeting first."""
        return unanswered_invitations(self._person) if self._person is not None else ()

    @cached_property
    def polls(self) -> Sequence[DatePoll]:
        """The date polls that await the person's answer, the nearest deadline first."""
        return unanswered_polls(self._person) if self._person is not None else ()

    @cached_property
    def rounds(self) -> Sequence[Round]:
        """The rounds of situation reports that await the person's county, the nearest deadline first."""
        return awaited_rounds(self._person) if self._person is not None else ()

    @property
    def county(self) -> str:
        """The letter of the county that the person answers for; empty for others."""
        return (county_of(self._person) or "") if self._person is not None else ""

    @cached_property
    def groups(self) -> list[tuple[Group, int]]:
        """The person's groups by name, each with its number of unread posts."""
        if self._person is None:
            return []
        counts: dict[int, int] = {}
        for (group_id, _thread), count in self.unread.items():
            counts[group_id] = counts.get(group_id, 0) + count
        return [(group, counts.get(group.id, 0)) for group in db.session.scalars(own_groups(self._person))]

    @cached_property
    def _readable(self) -> frozenset[int]:
        return (
            frozenset(db.session.scalars(readable_group_ids(self._person))) if self._person is not None else frozenset()
        )

    def may_read(self, group_id: int) -> bool:
        """Whether the person may look into the group: the name of another one stands nowhere, whatever is shared from it."""
        return group_id in self._readable

    @cached_property
    def newcomers(self) -> Sequence[Person]:
        """Who waits to be let in by the person, as an administrator of the own organisation."""
        if self._person is None or not self._person.is_organisation_admin:
            return ()
        return db.session.scalars(newcomers(self._person)).unique().all()

    @cached_property
    def notices(self) -> int:
        """How many notices the person has not seen."""
        return unread_count(self._person) if self._person is not None else 0

    @cached_property
    def adjusting(self) -> Sequence[Adjuster]:
        """The minutes and addenda that await the person's approval."""
        return awaiting(self._person) if self._person is not None else ()

    @cached_property
    def actions(self) -> Sequence[ActionItem]:
        """What the person has undertaken and not done, the overdue first."""
        if self._person is None:
            return ()
        return db.session.scalars(own_open_actions(self._person).limit(MOST_ACTIONS)).unique().all()

    @property
    def waiting(self) -> int:
        """How many things wait for the person."""
        waiting = (self.invitations, self.newcomers, self.adjusting, self.actions, self.polls, self.rounds)
        return sum(map(len, waiting))

    def tab_counts(self, group: Group) -> dict[str, int]:
        """The numbers beside a group's tabs: one question to the database."""
        person = self._person
        if person is None:
            return {}
        ids = {
            "discussions": visible_threads(person).where(Thread.group_id == group.id).with_only_columns(Thread.id),
            "meetings": visible_meetings(person).where(Meeting.group_id == group.id).with_only_columns(Meeting.id),
            "materials": visible_in_group(person, group).with_only_columns(Resource.id),
            "members": visible_members(person, group).with_only_columns(Membership.id),
        }
        counts = [sa.select(sa.func.count()).select_from(some.subquery()).scalar_subquery() for some in ids.values()]
        return dict(zip(ids, db.session.execute(sa.select(*counts)).one(), strict=True))

    @cached_property
    def support_line(self) -> Contact | None:
        """The national support line for professionals."""
        return support_line()


def navigation() -> Navigation:
    """The frame of the present request."""
    if "navigation" not in g:
        g.navigation = Navigation(getattr(session, "person", None))
    made: Navigation = g.navigation
    return made


def _context() -> dict[str, Any]:
    if not has_request_context():
        return {}  # a mail, made by the worker
    person = getattr(session, "person", None)
    settings = current_app.config["SETTINGS"]
    return {
        "person": person,
        "nav": navigation(),
        "theme": getattr(session, "theme", "auto"),
        "support_email": settings.support_email,
        "demo": settings.environment == "demo",
    }


def init_app(app: Flask) -> None:
    """Offer `person`, `nav` and `theme` to every template."""
    app.context_processor(_context)
