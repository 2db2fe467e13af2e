"""Where material is used: the features above say it here, each only what the person may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from portal.library.models import Resource
from portal.people.models import Person

MOST = 20  # shown of one feature


@dataclass(frozen=True, slots=True)
class Use:
    """One place: a line, its address, and what stands below in small letters."""

    title: str
    path: str
    meta: str


Finder = Callable[[Resource, Person], list[Use]]
Holder = Callable[[Person], "sa.Select[int]"]

_finders: list[Finder] = []
_holders: list[Holder] = []


def register(finder: Finder) -> Finder:
    """Add a place where material is used: a function of the material and the reader, with a constant number of queries."""
    _finders.append(finder)
    return finder


def register_holder(holder: Holder) -> Holder:
    """Add a place that points at material which ought to be in force (a collection, the agenda of a meeting to come).

    The function answers the ids of the materials that stand there, as far as the person may see the place.
    """
    _holders.append(holder)
    return holder


def uses_of(resource: Resource, person: Person) -> Iterator[Use]:
    """Everywhere that the material is used, as far as the person may see it."""
    for finder in _finders:
        yield from finder(resource, person)


def held_ids(person: Person) -> list[sa.Select[int]]:
    """The ids of materials that some place points at as being in force: one query for each feature that has such places."""
    return [holder(person) for holder in _holders]
