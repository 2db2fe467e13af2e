"""How trainings are found: by their title and their text."""

from __future__ import annotations

import sqlalchemy as sa

from portal import search
from portal.trainings.models import Training
from portal.trainings.policy import visible_trainings


def _document(training: Training) -> search.Document:
    return search.Document(
        "training", training.id, (training.group_id,), training.title, training.text, training.changed_at,
        {"year": [str(training.created_at.year)]},
    )  # fmt: skip


def register() -> None:
    """Let trainings be found. One is indexed anew when `changed_at` is set."""
    search.register(
        "training", Training, document=_document, visible=visible_trainings, all_rows=lambda: sa.select(Training)
    )
