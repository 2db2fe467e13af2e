"""What a search engine behind the portal must do. One contract; Whoosh is the embedded one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portal.search.query import Query


@dataclass(frozen=True, slots=True)
class Document:
    """What the index knows of a thing: enough to find it, never enough to show it."""

    type: str
    id: int
    group_id: int
    title: str
    body: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Hit:
    """A proposal of the engine: the database decides whether it may be shown."""

    type: str
    id: int


class Engine(Protocol):
    """A search engine."""

    def search(self, query: Query, *, group_ids: Collection[int], limit: int, type_: str | None = None) -> list[Hit]:
        """The best hits in these groups, all words first and any word if that finds nothing. No groups: no hits.

        `type_` keeps one type. Raises `SearchDown`.
        """

    def check(self) -> None:
        """Open the index as a search does. Raises `SearchDown`."""

    def exists(self) -> bool:
        """Whether there is an index of the present form: a lost or an old one is made anew from the database."""

    def write(self, documents: Iterable[Document], gone: Iterable[tuple[str, int]]) -> None:
        """Add or replace documents and take away those that are gone. Worker only. Raises `Busy` during a rebuild."""

    def rebuild(self, documents: Iterable[Document]) -> int:
        """Make a new index beside the old one and swap; returns the number of documents."""


class Busy(Exception):
    """Somebody else writes the index now; try again in a moment."""


class SearchDown(Exception):
    """The index is lost, damaged or of an older form. That nothing can be found is not to be taken for nothing being there."""
