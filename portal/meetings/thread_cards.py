"""What is shown of meetings and decisions under a post that links to them."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal import db
from portal.discussions import cards
from portal.discussions.cards import Card
from portal.meetings.followup.models import Decision
from portal.meetings.models import Meeting, MeetingState
from portal.people.models import Group
from portal.people.policy import read_by_all_readers
from portal.times import day


@cards.register("meetings")
def meetings(numbers: Collection[int], group: Group) -> dict[int, Card]:
    """Meetings that have been called, of the group and of open ones."""
    query = sa.select(Meeting).where(Meeting.id.in_(numbers), *_shown_to_all(group))
    return {
        one.id: Card("meetings", str(_("Meeting")), one.title, one.path, _state(one))
        for one in db.session.scalars(query).unique()
    }


@cards.register("decisions")
def decisions(numbers: Collection[int], group: Group) -> dict[int, Card]:
    """Decisions of such meetings that have not been taken back."""
    query = (
        sa.select(Decision)
        .join(Decision.meeting)
        .where(Decision.id.in_(numbers), Decision.withdrawn_at.is_(None), *_shown_to_all(group))
        .options(joinedload(Decision.item), joinedload(Decision.meeting))
    )
    return {
        one.id: Card(
            "decisions", str(_("Decision")), one.item.title, f"/meetings/{one.meeting_id}/minutes#item-{one.item_id}",
            f"{one.meeting.title}, {day(one.meeting.starts_at)}",
        )
        for one in db.session.scalars(query).unique()
    }  # fmt: skip


def _shown_to_all(group: Group) -> tuple[sa.ColumnElement[bool], ...]:
    return (Meeting.group_id.in_(read_by_all_readers(group)), Meeting.state != MeetingState.PLANNING)


def _state(meeting: Meeting) -> str:
    return str(_("cancelled")) if meeting.state is MeetingState.CANCELLED else str(day(meeting.starts_at))
