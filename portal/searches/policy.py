"""Whose saved searches they are, and what may still be shown of what they found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import db
from portal.people.models import Person
from portal.people.policy import can_coordinate
from portal.search.engine import Key
from portal.search.kinds import kinds
from portal.search.synonyms import Synonyms
from portal.searches.models import SavedSearch, SearchFeed
from portal.secret_address import address_of


def own_searches(person: Person) -> sa.Select[SavedSearch]:
    """The person's own, by name. Nobody else sees them, not even that they exist."""
    mine = sa.select(SavedSearch).where(SavedSearch.person_id == person.id)
    return mine.options(joinedload(SavedSearch.group)).order_by(SavedSearch.name, SavedSearch.id)


def own_feeds(person: Person) -> sa.Select[SearchFeed]:
    """The person's own feeds that have not been revoked."""
    own = (SearchFeed.person_id == person.id) & SearchFeed.revoked_at.is_(None)
    return sa.select(SearchFeed).where(own).options(joinedload(SearchFeed.search)).order_by(SearchFeed.id)


def feed_of(token: str) -> SearchFeed | None:
    """The feed of a secret address; None if it was revoked or its person may not be signed in any longer."""
    feed = address_of(SearchFeed, token)
    return feed if feed is not None and feed.person.is_active else None


def still_visible(person: Person, keys: Collection[Key]) -> set[Key]:
    """Which of the things the person may see now, by the queries that guard their pages."""
    ids: defaultdict[str, list[int]] = defaultdict(list)
    for type_, number in keys:
        ids[type_].append(number)
    seen: set[Key] = set()
    for type_ in ids.keys() & kinds.keys():
        model = kinds[type_].model
        visible = kinds[type_].visible(person).with_only_columns(model.id).order_by(None)
        seen |= {(type_, number) for number in db.session.scalars(visible.where(model.id.in_(ids[type_])))}
    return seen


def visible_synonyms(person: Person) -> sa.Select[Synonyms]:
    """All rows, for the national coordinator; others meet them only in what they find."""
    rows = sa.select(Synonyms).order_by(Synonyms.words)
    return rows if can_coordinate(person) else rows.where(sa.false())
