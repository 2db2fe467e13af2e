"""Topics, and the tables of things that have topics."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal import db


class Topic(db.Base):
    """A subject that things are about. The controlled ones are kept by the national coordinator, others by who needs them."""

    __tablename__ = "topic"

    id: Mapped[db.pk]
    name: Mapped[str] = mapped_column(sa.String(80))
    folded: Mapped[str] = mapped_column(sa.String(80), unique=True)  # the name as it is compared
    is_controlled: Mapped[bool] = mapped_column(default=False)


@dataclass(frozen=True, slots=True)
class Bearing:
    """A table that joins things to their topics, by `owner` and `topic_id`, and what is to be done when a topic of theirs changes."""

    table: sa.Table
    owner: str
    changed: Callable[[Collection[int]], None]


bearings: list[Bearing] = []


def bear_topics(table: sa.Table, owner: str, changed: Callable[[Collection[int]], None]) -> None:
    """Let things have topics: `owner` is their column in `table`, `changed` is told the ids of those whose topic changed."""
    bearings.append(Bearing(table, owner, changed))
