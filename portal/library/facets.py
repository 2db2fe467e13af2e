"""What the facets of the search are called, and what their values are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import db, search
from portal.county_codes import COUNTIES, county_name
from portal.i18n import in_every_language
from portal.library.forms import KIND_NAMES
from portal.library.languages import CODES, language_name
from portal.library.material.forms import AUDIENCE_NAMES
from portal.library.models import Resource
from portal.people.models import Group, Organisation, Person
from portal.people.policy import visible_groups
from portal.refine import Names
from portal.search.folding import fold
from portal.topics.models import Topic

STATE_NAMES = {
    "in_force": _l("In force"),
    "overdue": _l("Review overdue"),
    "replaced": _l("Replaced"),
    "withdrawn": _l("Withdrawn"),
}
FOUND = ("in_force", "overdue", "replaced")  # what was withdrawn is found only by who asks for it
LONGEST_NUMBER = 10  # digits: a greater one could not even be asked for
OF_MATERIALS = ("kind", "audience", "publisher", "county", "topic", "language", "year", "state")


def _of(known: Mapping[Any, Any]) -> Names:
    return lambda values: {str(key): str(name) for key, name in known.items() if str(key) in values}


def _themselves(values: Collection[str]) -> dict[str, str]:
    return {value: value for value in values}


def _languages(values: Collection[str]) -> dict[str, str]:
    return {code: language_name(code).capitalize() for code in values}


def _counties(values: Collection[str]) -> dict[str, str]:
    return {code: county_name(code) for code in values}


def row_numbers(values: Collection[str]) -> list[int]:
    """Those of the values that can be the number of a row."""
    return [int(value) for value in values if value.isascii() and value.isdigit() and len(value) < LONGEST_NUMBER]


def groups_seen_by(person: Person) -> Names:
    """The names of groups, of those that this person may look into."""

    def names(values: Collection[str]) -> dict[str, str]:
        ids = row_numbers(values)
        groups = db.session.scalars(visible_groups(person).where(Group.id.in_(ids))) if ids else ()
        return {str(group.id): group.name for group in groups}

    return names


def titles(person: Person) -> dict[str, tuple[Any, Names]]:
    """The facets of materials in the order in which they are shown, and how to call their values."""
    return {
        "kind": (_("Kind"), _of(KIND_NAMES)),
        "audience": (_("For whom"), _of(AUDIENCE_NAMES)),
        "publisher": (_("Publisher"), _themselves),
        "state": (_("In force or not"), _of(STATE_NAMES)),
        "topic": (_("Topic"), _themselves),
        "county": (_("County"), _counties),
        "language": (_("Language"), _languages),
        "group": (_("Group"), groups_seen_by(person)),
        "year": (_("Year"), _themselves),
    }


def _named(known: Collection[Any], name_of: Callable[[Any], Any], typed: str) -> list[str]:
    """The values whose name begins as it was typed, in any language, or that were typed themselves."""
    start = fold(typed)
    named = {key: [fold(name) for name in in_every_language(partial(name_of, key))] for key in known}
    return [
        str(key)
        for key, names in named.items()
        if fold(str(key)) == start or any(name.startswith(start) for name in names)
    ]


def _groups(typed: str) -> list[str]:
    """By address or by name; who may read them is for the search to say."""
    groups = db.session.execute(sa.select(Group.id, Group.slug, Group.name))
    return [str(number) for number, slug, name in groups if slug == fold(typed) or fold(name).startswith(fold(typed))]


def _topics(typed: str) -> list[str]:
    return list(db.session.scalars(sa.select(Topic.name).where(Topic.folded == fold(typed)))) or [typed]


def _publishers(typed: str) -> list[str]:
    named = set(db.session.scalars(sa.select(Resource.publisher).distinct())) | set(
        db.session.scalars(sa.select(Organisation.name))
    )
    return [name for name in named if fold(name) == fold(typed)] or [typed]


def register() -> None:
    """Let the names of values be typed: slag:manual, län:örebro, språk:engelska."""
    search.name_values("kind", lambda typed: _named(KIND_NAMES, KIND_NAMES.get, typed))
    search.name_values("county", lambda typed: _named(COUNTIES, COUNTIES.get, typed))
    search.name_values("language", lambda typed: _named(CODES, language_name, typed))
    search.name_values("topic", _topics)
    search.name_values("publisher", _publishers)
    search.name_values("group", _groups)
