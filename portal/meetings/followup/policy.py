"""Who may see and change decisions and actions."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import db
from portal.meetings.followup.models import ActionItem, ActionState, Decision
from portal.meetings.models import Meeting
from portal.meetings.policy import visible_meetings
from portal.people.models import Person
from portal.people.policy import can_lead_group, readable_group_ids


def visible_decisions(person: Person) -> sa.Select[Decision]:
    """The decisions of the visible meetings that have not been taken back."""
    meetings = visible_meetings(person).with_only_columns(Meeting.id)
    return sa.select(Decision).where(Decision.meeting_id.in_(meetings), Decision.withdrawn_at.is_(None))


def visible_actions(person: Person) -> sa.Select[ActionItem]:
    """The actions of the groups that the person may read."""
    return (
        sa.select(ActionItem)
        .where(ActionItem.group_id.in_(readable_group_ids(person)))
        .options(joinedload(ActionItem.owner), joinedload(ActionItem.organisation), joinedload(ActionItem.group))
    )


def own_open_actions(person: Person) -> sa.Select[ActionItem]:
    """What the person has undertaken and not done, the earliest due first."""
    return (
        visible_actions(person)
        .where(ActionItem.owner_id == person.id, ActionItem.state == ActionState.OPEN)
        .order_by(ActionItem.due_on.is_(None), ActionItem.due_on, ActionItem.id)
    )


def can_change_action(person: Person, action: ActionItem) -> bool:
    """Whoever is responsible, everybody of the organisation that answers for it, and the group's leaders."""
    return person.organisation_id == action.organisation_id or can_lead_group(person, action.group)


def decisions_of(meeting: Meeting) -> dict[int, list[Decision]]:
    """The meeting's decisions by agenda item, in the order of their numbers. Ask only for a meeting that may be seen."""
    rows = sa.select(Decision).where(Decision.meeting_id == meeting.id, Decision.withdrawn_at.is_(None))
    found: dict[int, list[Decision]] = {}
    for decision in db.session.scalars(rows.order_by(Decision.item_id, Decision.number)):
        found.setdefault(decision.item_id, []).append(decision)
    return found


def actions_of(meeting: Meeting) -> dict[int, list[ActionItem]]:
    """The actions that were undertaken at the meeting, by agenda item. Ask only for a meeting that may be seen."""
    rows = (
        sa.select(ActionItem)
        .where(ActionItem.meeting_id == meeting.id, ActionItem.item_id.is_not(None))
        .options(joinedload(ActionItem.owner), joinedload(ActionItem.organisation))
    )
    found: dict[int, list[ActionItem]] = {}
    for action in db.session.scalars(rows.order_by(ActionItem.id)):
        found.setdefault(action.item_id or 0, []).append(action)
    return found
