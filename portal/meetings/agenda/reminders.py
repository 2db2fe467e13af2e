"""Reminders about papers that are still missing."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from portal import db, outbox
from portal.meetings.agenda.models import ItemPaper
from portal.meetings.models import AgendaItem, Meeting, MeetingState
from portal.notifications.actions import notify
from portal.notifications.reminders import claim_once
from portal.people.models import Group, Membership

DAYS_BEFORE = (7, 2)


@outbox.every(timedelta(hours=1))
def remind_of_papers() -> None:
    """Tell who is responsible for an item that its paper is missing, a week and two days before a called meeting."""
    now = db.now()
    members = sa.select(Membership.person_id).where(
        Membership.group_id == Meeting.group_id, Membership.left_at.is_(None)
    ).correlate(Meeting)  # fmt: skip
    rows = (
        sa.select(AgendaItem)
        .join(AgendaItem.meeting)
        .where(
            AgendaItem.wants_paper.is_(True),
            AgendaItem.owner_id.in_(members),  # who has left hears nothing more of the group
            ~sa.exists().where(ItemPaper.item_id == AgendaItem.id),
            Meeting.state == MeetingState.CALLED,
            Meeting.group.has(Group.is_archived.is_(False)),
            Meeting.starts_at > now,
            Meeting.starts_at <= now + timedelta(days=max(DAYS_BEFORE)),
        )
        .options(contains_eager(AgendaItem.meeting), joinedload(AgendaItem.owner))
    )
    for item in db.session.scalars(rows.order_by(AgendaItem.id)).all():
        meeting = item.meeting
        step = min(days for days in DAYS_BEFORE if meeting.starts_at <= now + timedelta(days=days))
        if (
            item.owner is not None
            and item.owner.is_active
            and claim_once(f"paper:{item.id}:{meeting.starts_at:%Y%m%d}:{step}")
        ):
            notify(
                [item.owner],
                "paper_missing",
                group=meeting.group,
                path=meeting.path,
                by=None,
                item=item.title,
                **meeting.told,
            )
