"""Where one can go by name: groups, people, organisations and counties, for the search window."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _

from portal import db, search
from portal.county_codes import COUNTIES
from portal.i18n import in_every_language
from portal.people.models import Group, Membership, Organisation, Person
from portal.people.policy import readable_group_ids, visible_groups
from portal.search.folding import fold
from portal.searches.types import TYPE_NAMES

OF_EACH = 3
SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Place:
    """A place to go to."""

    name: str
    kind: str
    url: str
    is_named: bool = False  # its name, or a word of it, begins as it was typed


def places(person: Person, text: str) -> list[Place]:
    """The groups, people, organisations and counties whose name has the text in it; a few of each, of those that the person
    may know of."""
    if len(text) < SHORTEST:
        return []
    groups = db.session.scalars(
        visible_groups(person).where(_has(Group.name, text)).order_by(Group.name).limit(OF_EACH)
    )
    found = [
        Place(group.name, _("Group"), url_for("home.group", slug=group.slug), _begins(text, group.name))
        for group in groups
    ]
    found += [Place(f"{name}, {organisation}", _("Person"), url_for("people.members", slug=slug), _begins(text, name)) for name, organisation, slug
              in db.session.execute(_people(person, text))]  # fmt: skip
    named = sa.select(Organisation.name, Organisation.short_name).where(
        Organisation.is_active, _has(Organisation.name, text) | _has(Organisation.short_name, text)
    )
    found += [Place(name, _("Organisation"), url_for("library.index", publisher=name), _begins(text, name, short)) for name, short
              in db.session.execute(named.order_by(Organisation.name).limit(OF_EACH))]  # fmt: skip
    counties = [code for code, name in COUNTIES.items() if fold(name).startswith(fold(text))][:OF_EACH]
    return found + [
        Place(COUNTIES[code], _("County"), url_for("library.index", county=code), is_named=True) for code in counties
    ]


def _begins(text: str, *names: str | None) -> bool:
    """Whether one of the names, or a word in it, begins so."""
    return any(f" {fold(text)}" in f" {fold(name)}" for name in names if name)


def _people(person: Person, text: str) -> sa.Select[str, str, str]:
    """People of the groups that the person may look into, with one such group each."""
    return (
        sa.select(Person.name, Organisation.name, sa.func.min(Group.slug))
        .join(Membership, Membership.person_id == Person.id)
        .join(Group, Group.id == Membership.group_id)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(Membership.left_at.is_(None), Group.id.in_(readable_group_ids(person)), _has(Person.name, text))
        .group_by(Person.id, Person.name, Organisation.name)
        .order_by(Person.name)
        .limit(OF_EACH)
    )


def _has(column: Any, text: str) -> sa.ColumnElement[bool]:
    """Whether a name has the text in it. SQLite knows capitals only of a to z, so the likeliest spellings are asked for."""
    spellings = dict.fromkeys((text, text.lower(), text.capitalize(), text.title()))
    return sa.or_(*(column.icontains(spelling, autoescape=True) for spelling in spellings))


def register() -> None:
    """Let types be typed by their names: typ:beslut."""

    def types(typed: str) -> list[str]:
        start = fold(typed)
        names = {key: in_every_language(partial(str, name)) for key, name in TYPE_NAMES.items()}
        return [
            key for key, some in names.items() if key == start or any(fold(name).startswith(start) for name in some)
        ]

    search.name_values("type", types)
