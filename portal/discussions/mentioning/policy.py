"""Who can be named in a thread, or in one that begins in a group: those who can read it and whom the writer may know of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from portal import db
from portal.discussions.models import Post, Thread
from portal.people.models import Group, HandlingClass, Membership, Organisation, Person, PersonStatus

MOST_NAMES = 5_000


@dataclass(frozen=True, slots=True)
class Name:
    """Somebody who can be named: what is written after the @, and who hears of it."""

    words: str
    thing: Person | Organisation | Group
    person_ids: frozenset[int]


def readers_known_to(person: Person, group: Group, thread: Thread | None) -> sa.Select[Person]:
    """The members of the group; in an open one, which everybody can read, also who has written in the thread and one's own
    colleagues.
    """
    members = sa.select(Membership.person_id).where(Membership.group_id == group.id, Membership.left_at.is_(None))
    is_reader: sa.ColumnElement[bool] = Person.id.in_(members)
    if group.handling_class is HandlingClass.OPEN:
        is_reader |= Person.organisation_id == person.organisation_id
        if thread is not None:
            is_reader |= Person.id.in_(sa.select(Post.author_id).where(Post.thread_id == thread.id))
    return (
        sa.select(Person)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(is_reader, Person.status == PersonStatus.ACTIVE, Organisation.is_active)
        .order_by(Person.name, Person.id)
    )


def names(person: Person, group: Group, thread: Thread | None = None) -> list[Name]:
    """All that can be named in a thread of the group, None for one that begins: one query. People of the same name are told apart by their organisation; named without
    it, all of them are meant.
    """
    people = db.session.scalars(readers_known_to(person, group, thread).limit(MOST_NAMES)).unique().all()
    same = Counter(one.name.lower() for one in people)
    found = [Name(one.name, one, frozenset({one.id})) for one in people]
    found += [
        Name(f"{one.name} ({one.organisation.short_name})", one, frozenset({one.id}))
        for one in people
        if same[one.name.lower()] > 1
    ]
    organisations = {one.organisation_id: one.organisation for one in people}
    for number, organisation in sorted(organisations.items(), key=lambda pair: pair[1].name):
        ids = frozenset(one.id for one in people if one.organisation_id == number)
        found += [
            Name(words, organisation, ids) for words in dict.fromkeys((organisation.short_name, organisation.name))
        ]
    return [*found, Name(group.name, group, frozenset(one.id for one in people))]


def beginning_with(found: Iterable[Name], typed: str, *, most: int) -> list[Name]:
    """Those of whose words one begins so; people first who must be told apart are offered with their organisation."""
    wanted, chosen, listed = typed.lower(), [], list(found)
    apart = {one.thing.id for one in listed if isinstance(one.thing, Person) and one.words != one.thing.name}
    for one in listed:
        if isinstance(one.thing, Person) and one.words == one.thing.name and one.thing.id in apart:
            continue
        if isinstance(one.thing, Organisation) and one.words != one.thing.short_name:
            continue
        full = one.thing.name.lower()
        words = [full, *full.split(), one.words.lower()]
        if any(word.startswith(wanted) for word in words):
            chosen.append(one)
    return chosen[:most]
