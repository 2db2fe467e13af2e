"""Who is in the demo: organisations, their people, groups and contacts."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from demo import backdate
from demo.content import read_toml
from demo.when import Calendar
from portal import db
from portal.people import actions as people
from portal.people.models import (
    Group,
    HandlingClass,
    Membership,
    Organisation,
    OrganisationKind,
    Person,
    PersonStatus,
    Role,
)
from portal.searches import synonym_actions
from portal.support import actions as support

FOUNDED_DAYS_AGO = 760


@dataclass(slots=True)
class Cast:
    """Everybody by nickname, and the groups by slug."""

    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)


def email_of(name: str, domain: str) -> str:
    """`Åsa Öström` at `orebro.lansstyrelsen.example` has asa.ostrom@…"""
    plain = unicodedata.normalize("NFD", name.casefold())
    local = "".join(char if char.isascii() else "" for char in plain).replace(" ", ".")
    return f"{local}@{domain}"


def add_organisations(cast: Cast) -> None:
    """Take in the organisations and their people; the first of each is its administrator."""
    for slug, about in read_toml("organisations.toml").items():
        organisation = people.add_organisation(
            slug, about["name"], short_name=about["short"], mark=about["mark"], kind=OrganisationKind(about["kind"]),
            domains=[about["domain"]], county_code=about.get("county"), is_coordinator=about.get("coordinator", False),
            by=None,
        )  # fmt: skip
        for place, one in enumerate(about["people"]):
            cast.people[one["nick"]] = _add_person(organisation, one, about["domain"], is_admin=place == 0)


def _add_person(organisation: Organisation, one: dict[str, Any], domain: str, *, is_admin: bool) -> Person:
    status = PersonStatus.PENDING if one.get("pending") else PersonStatus.ACTIVE
    name = one["name"]
    return people.add_person(
        organisation, name, email_of(name, domain), by=None, status=status, is_organisation_admin=is_admin
    )


def add_groups(cast: Cast, calendar: Calendar) -> None:
    """Open the groups and take their members in."""
    founded = calendar.latest - timedelta(days=FOUNDED_DAYS_AGO)
    for slug, about in read_toml("groups.toml").items():
        group = people.add_group(
            slug,
            calendar.fill(about["name"], calendar.today),
            description=about["description"],
            handling_class=HandlingClass(about["class"]),
            by=None,
        )
        cast.groups[slug] = group
        roles = {about["convener"]: Role.CONVENER, about["secretary"]: Role.SECRETARY}
        roles |= dict.fromkeys(about["members"], Role.MEMBER) | dict.fromkeys(about.get("observers", []), Role.OBSERVER)
        for nick, role in roles.items():
            people.add_member(group, cast.people[nick], role=role, by=None)
    _found(founded)


def _found(founded: datetime) -> None:
    backdate.rows(Group, sa.true(), created_at=founded)
    backdate.rows(Person, Person.status == PersonStatus.ACTIVE, created_at=founded)
    backdate.rows(Membership, sa.true(), joined_at=founded)


def add_synonyms() -> None:
    """Put the coordinator's words that mean the same into the search."""
    coordinator = (Organisation.is_coordinator, Person.is_organisation_admin)
    by = db.session.scalars(sa.select(Person).join(Organisation).where(*coordinator).order_by(Person.id).limit(1)).one()
    for words in read_toml("synonyms.toml")["rows"]:
        synonym_actions.add_synonyms(words, by=by)


def add_contacts() -> None:
    """Put the contacts into the register."""
    for position, about in enumerate(read_toml("contacts.toml")["contact"]):
        support.add_contact(
            about["name"], note=about["note"], phone=about.get("phone", ""), email=about.get("email", ""), position=position,
            is_support_line=about.get("support_line", False), by=None,
        )  # fmt: skip
