"""The kinds of things that can be found. Features register theirs; nothing else is indexed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from portal.search.engine import Document
from portal.search.snippets import Text
from portal.times import local

Texts = Callable[[Sequence[Any], Collection[str]], Mapping[int, Sequence[Text]]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing that can be found."""

    name: str
    model: type[Any]
    document: Callable[[Any], Document | None]  # None: no longer to be found
    visible: Callable[[Any], sa.Select[Any]]
    all_rows: Callable[[], sa.Select[Any]]
    text: Sequence[Any]
    texts: Texts | None
    group: Callable[[Any], Any]
    changed_at: Callable[[Any], datetime]


kinds: dict[str, Kind] = {}
types: dict[type[Any], str] = {}


def register(
    type_: str,
    model: type[Any],
    *,
    document: Callable[[Any], Document | None],
    visible: Callable[[Any], sa.Select[Any]],
    all_rows: Callable[[], sa.Select[Any]],
    text: Sequence[Any] = (),
    texts: Texts | None = None,
    group: Callable[[Any], Any] = attrgetter("group"),
    changed_at: Callable[[Any], datetime] = attrgetter("changed_at"),
) -> None:
    """Let things of a model be found. `all_rows` selects them with what `document` needs already joined.

    `text` are the loader options with which a page of results loads, in one query, the text that passages are made of.
    `texts` answers that text by the things' ids instead, where it has pages or is long: its beginning, or (with beginnings of
    words) the beginning of those pages that have one of them. `group` answers the group that a thing belongs to, and
    `changed_at` when it was last changed.
    """
    kinds[type_] = Kind(type_, model, document, visible, all_rows, text, texts, group, changed_at)
    types[model] = type_


def of_year(moment: datetime) -> dict[str, list[str]]:
    """The facet that every thing has: its year, as people here count it."""
    return {"year": [str(local(moment).year)]}


def _as_it_is(value: str) -> list[str]:
    return [value]


# What the values of a facet are called: answers the values that a name means ("beslut" as a type: decision).
value_names: defaultdict[str, Callable[[str], Sequence[str]]] = defaultdict(lambda: _as_it_is)


def name_values(facet: str, values_of: Callable[[str], Sequence[str]]) -> None:
    """Let people type the names of a facet's values (typ:beslut, län:örebro). `values_of` answers those that a name means."""
    value_names[facet] = values_of
