"""How decisions and actions are found."""

from __future__ import annotations

from operator import attrgetter

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import markup, search
from portal.meetings.followup.models import ActionItem, Decision
from portal.meetings.followup.policy import visible_actions, visible_decisions


def _decision_document(decision: Decision) -> search.Document | None:
    if decision.withdrawn_at is not None:
        return None
    body = markup.plain(decision.text)
    return search.Document(
        "decision",
        decision.id,
        (decision.group_id,),
        decision.item.title,
        body,
        decision.written_at,
        search.of_year(decision.meeting.starts_at),
    )


def _action_document(action: ActionItem) -> search.Document:
    return search.Document(
        "action", action.id, (action.group_id,), action.text, "", action.changed_at, search.of_year(action.created_at)
    )


def register() -> None:
    """Let decisions and actions be found."""
    search.register(
        "decision",
        Decision,
        document=_decision_document,
        visible=visible_decisions,
        all_rows=lambda: sa.select(Decision).options(joinedload(Decision.item), joinedload(Decision.meeting)),
        changed_at=attrgetter("written_at"),
    )
    search.register(
        "action", ActionItem, document=_action_document, visible=visible_actions, all_rows=lambda: sa.select(ActionItem)
    )
