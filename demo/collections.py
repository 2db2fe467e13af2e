"""The demo's collections, and what of its library is open to anybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from demo import backdate
from demo.content import read_toml
from portal import db
from portal.library.collections import actions
from portal.library.collections.actions import CollectionPlan
from portal.library.collections.models import Collection
from portal.library.models import Resource, ResourceVersion
from portal.library.public.actions import make_link
from portal.people.models import Group, Person

MADE = timedelta(days=12)  # before the demo is loaded
CHANGED = timedelta(days=3)


def add_collections(emails: dict[str, str]) -> None:
    """Gather materials that have been taken in. `emails`: of the people by nickname."""
    content = read_toml("collections.toml")
    for about in content["collection"]:
        by = _person(emails[about["by"]])
        made = _gather(about, by)
        if about.get("public"):
            make_link(made, by=by)
    for about in content["public"]:
        make_link(_material(about["material"]), by=_person(emails[about["by"]]))


def _gather(about: dict[str, Any], by: Person) -> Collection:
    group = db.session.scalars(sa.select(Group).where(Group.slug == about["group"])).one()
    made = actions.make_collection(group, CollectionPlan(about["title"], about["description"].strip()), by=by)
    db.session.flush()
    for row in about["rows"]:
        if "heading" in row:
            actions.add_heading(made, text=row["heading"], by=by)
        else:
            actions.add_material(made, _material(row["material"]), text=row.get("text", ""), by=by)
    backdate.row(made, created_at=db.now() - MADE, changed_at=db.now() - CHANGED)
    return made


def _material(stem: str) -> Resource:
    named = ResourceVersion.file_name.startswith(f"{stem}.", autoescape=True)
    return db.session.scalars(sa.select(Resource).join(Resource.versions).where(named)).one()


def _person(email: str) -> Person:
    return db.session.scalars(sa.select(Person).where(Person.email == email)).one()
