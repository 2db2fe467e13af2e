"""What the right to listen hangs on, of all who have a page open in one process: five questions, however many they are.

Not the rules: those are asked when something here is another than before (portal/live_rights.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping

import sqlalchemy as sa

from portal import db
from portal.auth.models import BrowserSession, IdentityProvider
from portal.discussions.models import Thread
from portal.live_rights import PERSON, SESSION, Key, Watched
from portal.meetings.models import Meeting
from portal.meetings.polls.models import DatePoll
from portal.people.models import Group, Membership, Organisation, Person


def stamps(watched: Watched) -> Mapping[Key, Hashable]:
    """Of each watched thing its group and what that is now, of each person the standing there, of each session that it is."""
    found: dict[Key, Hashable] = {}
    groups: set[int] = set()
    for kind, number, group_id, handling_class, is_archived, state in db.session.execute(_things(watched)):
        found[kind, number] = (group_id, handling_class, is_archived, state)
        groups.add(group_id)
    present: dict[int, set[Hashable]] = defaultdict(set)
    memberships = sa.select(Membership.person_id, Membership.group_id, Membership.role).where(
        Membership.person_id.in_(watched.people), Membership.group_id.in_(groups), Membership.left_at.is_(None)
    )
    for person_id, group_id, role in db.session.execute(memberships):
        present[person_id].add((group_id, role))
    people = (
        sa.select(Person.id, Person.status, Organisation.is_active)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(Person.id.in_(watched.people))
    )
    for person_id, status, is_active in db.session.execute(people):
        found[PERSON, person_id] = (status, is_active, frozenset(present[person_id]))
    sessions = (
        sa.select(BrowserSession.id, IdentityProvider.is_active)
        .outerjoin(IdentityProvider, IdentityProvider.id == BrowserSession.provider_id)
        .where(BrowserSession.id.in_(watched.sessions))
    )
    found.update(((SESSION, row_id), (True, has_provider)) for row_id, has_provider in db.session.execute(sessions))
    return found


def _things(watched: Watched) -> sa.CompoundSelect[str, int, int, object, bool, object]:
    """The watched threads, meetings and polls with the state of their groups; of meetings their own too."""
    parts = []
    for kind, model, state in (
        ("thread", Thread, sa.literal("")),
        ("meeting", Meeting, sa.cast(Meeting.state, sa.String)),
        ("poll", DatePoll, sa.literal("")),
    ):
        parts.append(
            sa.select(sa.literal(kind), model.id, Group.id, Group.handling_class, Group.is_archived, state)
            .join(Group, Group.id == model.group_id)
            .where(model.id.in_(watched.numbers.get(kind, ())))
        )
    return sa.union_all(*parts)
