"""Who may see and change decisions and actions."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import db
from portal.meetings.followup.models import ActionItem, ActionState, Decision
from portal.meetings.models import Meeting
from portal.meetings.policy import led_group_ids, visible_meetings
from portal.people.models import Group, Membership, Person, PersonStatus, Role
from portal.people.policy import can_lead_group, can_write_in_group, readable_group_ids, role_in


def _decisions(person: Person) -> sa.Select[Decision]:
    meetings = visible_meetings(person).with_only_columns(Meeting.id)
    return (
        sa.select(Decision)
        .where(Decision.meeting_id.in_(meetings))
        .options(joinedload(Decision.meeting), joinedload(Decision.item), joinedload(Decision.group))
    )


def visible_decisions(person: Person) -> sa.Select[Decision]:
    """The decisions of the visible meetings that have not been taken back."""
    return _decisions(person).where(Decision.withdrawn_at.is_(None))


def visible_decision_records(person: Person) -> sa.Select[Decision]:
    """The same, and to the group's leaders those that were taken back too."""
    return _decisions(person).where(Decision.withdrawn_at.is_(None) | Decision.group_id.in_(led_group_ids(person)))


def visible_actions(person: Person) -> sa.Select[ActionItem]:
    """The actions of the groups that the person may read."""
    return (
        sa.select(ActionItem)
        .where(ActionItem.group_id.in_(readable_group_ids(person)))
        .options(joinedload(ActionItem.owner), joinedload(ActionItem.organisation), joinedload(ActionItem.group))
    )


def by_due(query: sa.Select[ActionItem]) -> sa.Select[ActionItem]:
    """The earliest due first, so that the overdue come first; without a day last."""
    return query.order_by(ActionItem.due_on.is_(None), ActionItem.due_on, ActionItem.id)


def own_open_actions(person: Person) -> sa.Select[ActionItem]:
    """What the person has undertaken and not done, and for administrators what their organisation has without a name."""
    mine = ActionItem.owner_id == person.id
    if person.is_organisation_admin:
        mine |= ActionItem.owner_id.is_(None) & (ActionItem.organisation_id == person.organisation_id)
    return by_due(visible_actions(person).where(mine, ActionItem.state == ActionState.OPEN))


def open_actions(person: Person, group: Group) -> sa.Select[ActionItem]:
    """What the group has left to do."""
    return by_due(visible_actions(person).where(ActionItem.group_id == group.id, ActionItem.state == ActionState.OPEN))


def responsible_people(action: ActionItem) -> Sequence[Person]:
    """Whom a reminder goes to: the owner; where there is none, the organisation's people in the group, its administrators if
    there are any among them.
    """
    if action.owner is not None:
        return [action.owner] if action.owner.is_active else []
    rows = sa.select(Person).join(Membership).where(
        Membership.group_id == action.group_id, Membership.left_at.is_(None), Person.status == PersonStatus.ACTIVE,
        Person.organisation_id == action.organisation_id,
    )  # fmt: skip
    people = db.session.scalars(rows.order_by(Person.id)).unique().all()
    return [person for person in people if person.is_organisation_admin] or people


def can_change_action(person: Person, action: ActionItem) -> bool:
    """Whoever is responsible, everybody but observers of the organisation that answers for it, and the group's leaders."""
    role = role_in(person, action.group)
    of_organisation = person.organisation_id == action.organisation_id and role is not Role.OBSERVER
    return action.owner_id == person.id or of_organisation or role in {Role.CONVENER, Role.SECRETARY}


def can_add_action(person: Person, group: Group) -> bool:
    """Everybody who may write in the group."""
    return can_write_in_group(person, group)


def can_make_anybody_responsible(person: Person, group: Group) -> bool:
    """The group's leaders; everybody else speaks for the own organisation alone."""
    return can_lead_group(person, group)


def decisions_of(meeting: Meeting) -> dict[int, list[Decision]]:
    """The meeting's decisions by agenda item, in the order of their numbers. Ask only for a meeting that may be seen."""
    rows = sa.select(Decision).where(Decision.meeting_id == meeting.id, Decision.withdrawn_at.is_(None))
    found: dict[int, list[Decision]] = {}
    for decision in db.session.scalars(rows.order_by(Decision.item_id, Decision.number)):
        found.setdefault(decision.item_id, []).append(decision)
    return found


def changed_decisions_of(meeting: Meeting) -> dict[int, list[Decision]]:
    """The meeting's decisions that have earlier wordings or were taken back, by item: for the group's leaders."""
    rows = sa.select(Decision).where(
        Decision.meeting_id == meeting.id, Decision.withdrawn_at.is_not(None) | Decision.versions.any()
    )  # fmt: skip
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
