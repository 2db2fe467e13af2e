"""What a search engine behind the portal must do. One contract, held by one set of tests: Whoosh is the embedded engine,
PostgreSQL the one for several machines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from portal.search.query import Query

# What hits can be narrowed down by. Every engine keeps one value or several of each with a document.
FACETS = ("type", "group", "kind", "audience", "publisher", "county", "topic", "language", "year", "state")

Key = tuple[str, int]  # type and id of a thing


@dataclass(frozen=True, slots=True)
class Document:
    """What the index knows of a thing: enough to find it, never enough to show it.

    `group_ids` are the groups whose readers may find it. `facets` holds values by the names in FACETS (not type and group).
    `weight` scales its rank: below 1 for what has been replaced.
    """

    type: str
    id: int
    group_ids: tuple[int, ...]
    title: str
    body: str
    changed_at: datetime
    facets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    weight: float = 1.0

    @property
    def key(self) -> Key:
        """Its type and id."""
        return self.type, self.id


@dataclass(frozen=True, slots=True)
class Hit:
    """A proposal of the engine: the database decides whether it may be shown."""

    type: str
    id: int

    @property
    def key(self) -> Key:
        """Its type and id."""
        return self.type, self.id


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to an engine.

    `group_ids` is the fence: what lies in none of them is not hit, not counted and not suggested; no groups, nothing.
    `chosen` narrows down: any of the values of a facet, and all of the facets. `is_loose`: any word will do, not all.
    `refused` are things that the database has said no to: they are as if they were not there. `counted` names the facets
    whose values are counted. A query without words asks for everything.
    """

    query: Query
    group_ids: Collection[int]
    chosen: Mapping[str, Collection[str]] = field(default_factory=dict)
    is_loose: bool = False
    newest_first: bool = False
    refused: Collection[Key] = ()
    counted: Collection[str] = ()
    offset: int = 0
    limit: int = 20

    def __post_init__(self) -> None:
        """Of groups only those inside the fence can be chosen: what else lies in a foreign group, nobody is told."""
        if "group" in self.chosen:
            inside = {str(group_id) for group_id in self.group_ids}.intersection(self.chosen["group"])
            object.__setattr__(self, "chosen", {**self.chosen, "group": inside})


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of hits in order, how many there are in all, and of each counted facet its values with their numbers.

    A facet is counted as if nothing were chosen in itself, so that a second value can be chosen beside the first.
    """

    hits: Sequence[Hit] = ()
    total: int = 0
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class Engine(Protocol):
    """A search engine."""

    def search(self, ask: Ask) -> Answer:
        """The best hits, or the newest. Raises `SearchDown`."""

    def words_like(self, beginnings: Collection[str]) -> list[str]:
        """Written forms in the index that begin so: what a misspelt word may have meant. Whether somebody may know that they
        are there, a search must say. Raises `SearchDown`."""

    def check(self) -> None:
        """Open the index as a search does. Raises `SearchDown`."""

    def exists(self) -> bool:
        """Whether there is an index of the present form: a lost or an old one is made anew from the database."""

    def is_worn(self) -> bool:
        """Whether it is time to make the index anew: too many pieces, or too much in it that was replaced."""

    def write(self, documents: Iterable[Document], gone: Iterable[Key]) -> None:
        """Add or replace documents and take away those that are gone, which are both asked for, in this order, when nobody else can
        write any more: what was looked up earlier may be older than what is there. Worker only. Raises `Busy`.
        """

    def rebuild(self, documents: Iterable[Document], again: Renewed) -> int:
        """Make a new index beside the old one and swap; returns the number of documents.

        Writing goes on meanwhile: `again` answers the documents of what was written since, and which of it is gone.
        Raises `Busy` if somebody else rebuilds.
        """

    def close(self) -> None:
        """Let go of files and connections."""


class Renewed(Protocol):
    """Looks things up again: the documents of those that are there, and the keys of those that are not."""

    def __call__(self, keys: Collection[Key], /) -> tuple[list[Document], set[Key]]:
        """The documents and what is gone."""


class Busy(Exception):
    """Somebody else writes the index now; try again in a moment."""


class SearchDown(Exception):
    """The index is lost, damaged or of an older form. That nothing can be found is not to be taken for nothing being there."""
