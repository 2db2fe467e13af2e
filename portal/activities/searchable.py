"""How activities are found: by their title, their text, their sectors and their result."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import search
from portal.activities.models import Activity
from portal.activities.policy import visible_activities


def _document(activity: Activity) -> search.Document:
    sectors = ", ".join(sector.name for sector in activity.sectors)
    words = "\n".join(part for part in (activity.text, sectors, activity.result) if part)
    return search.Document(
        "activity", activity.id, (activity.group_id,), activity.title, words, activity.changed_at,
        {"year": [str(activity.starts_on.year)], "county": activity.codes},
    )  # fmt: skip


def register() -> None:
    """Let activities be found. One is indexed anew when `changed_at` is set."""
    loaded = [selectinload(Activity.sectors), selectinload(Activity.counties)]
    search.register(
        "activity",
        Activity,
        document=_document,
        visible=visible_activities,
        all_rows=lambda: sa.select(Activity).options(*loaded),
        text=loaded,
    )
