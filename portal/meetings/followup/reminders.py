"""Reminders of actions, and what becomes of them when their owner is gone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import db, outbox
from portal.meetings.followup.actions import fall_to_organisation
from portal.meetings.followup.models import ActionItem, ActionState
from portal.meetings.followup.policy import responsible_people
from portal.notifications.actions import notify
from portal.notifications.reminders import claim_once
from portal.people.closing import also_end
from portal.people.models import Group, Membership, Organisation, Person, PersonStatus
from portal.times import as_date, today

DAYS_BEFORE = (7, 1)
EVERY = 7  # days, once it is overdue


@also_end
def release_actions(person_ids: Collection[int]) -> None:
    """Let the open actions of people whose accounts are closed fall to their organisations."""
    rows = sa.select(ActionItem).where(ActionItem.owner_id.in_(person_ids), ActionItem.state == ActionState.OPEN)
    for action in db.session.scalars(rows.order_by(ActionItem.id)).all():
        fall_to_organisation(action, by=None)


@outbox.every(timedelta(hours=1))
def release_left() -> None:
    """The same for those who have left the organisation or the group: what they can no longer see they cannot do."""
    is_member = (
        sa.select(Membership.id)
        .where(
            Membership.group_id == ActionItem.group_id,
            Membership.person_id == ActionItem.owner_id,
            Membership.left_at.is_(None),
        )
        .exists()
    )
    rows = (
        sa.select(ActionItem)
        .join(ActionItem.owner)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(
            ActionItem.state == ActionState.OPEN,
            sa.or_(
                Person.organisation_id != ActionItem.organisation_id,
                Person.status != PersonStatus.ACTIVE,
                sa.not_(Organisation.is_active),
                sa.not_(is_member),
            ),
        )
    )
    for action in db.session.scalars(rows.order_by(ActionItem.id)).unique().all():
        fall_to_organisation(action, by=None)


def _step(action: ActionItem) -> tuple[str, str] | None:
    """Which reminder is due: its kind, and a name for the step so that it is given once."""
    assert action.due_on is not None
    left = (action.due_on - today()).days
    if left < 0:
        return "action_overdue", f"week {(-left - 1) // EVERY}"
    for days in reversed(DAYS_BEFORE):
        if left <= days:
            is_new = as_date(action.changed_at) > action.due_on - timedelta(days=days)
            return None if is_new else ("action_due", f"{days} days")
    return None


@outbox.every(timedelta(hours=1))
def remind_of_actions() -> None:
    """A week and a day before an action is due, and every week after: to its owner, else to the organisation's people."""
    rows = (
        sa.select(ActionItem)
        .join(ActionItem.group)
        .where(
            ActionItem.state == ActionState.OPEN,
            ActionItem.due_on <= today() + timedelta(days=max(DAYS_BEFORE)),
            Group.is_archived.is_(False),
        )
        .options(joinedload(ActionItem.owner), joinedload(ActionItem.group))
        .order_by(ActionItem.id)
    )
    for action in db.session.scalars(rows).unique().all():
        step = _step(action)
        if step is not None and claim_once(f"{step[0]}:{action.id}:{action.due_on}:{step[1]}"):
            notify(
                responsible_people(action), step[0], group=action.group, path=action.path, by=None, action=action.text[:200],
                on=str(action.due_on),
            )  # fmt: skip
