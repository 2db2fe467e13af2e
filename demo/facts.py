"""What the demo's materials are: description, review, for whom, topics, and with whom they are shared."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from demo import backdate
from demo.content import read_toml
from demo.when import Calendar
from portal import db
from portal.library.material import sharing_actions
from portal.library.models import Licence, Resource, ResourceVersion
from portal.people.models import Group
from portal.topics import keeping as topics


def add_facts(calendar: Calendar) -> None:
    """Write down what the materials are, once they are there. Done again, it changes nothing."""
    about = read_toml("facts.toml")
    for topic in topics.find_or_make(about.pop("topics")):
        topic.is_controlled = True
    for file_name, facts in about.items():
        rows = sa.select(Resource).join(Resource.versions).where(ResourceVersion.file_name == file_name)
        resource = db.session.scalars(rows).unique().one()
        added = resource.changed_at
        _describe(resource, facts, calendar)
        for slug in facts.get("share", []):
            group = db.session.scalars(sa.select(Group).where(Group.slug == slug)).one()
            sharing_actions.share(resource, group, by=resource.created_by)
        db.session.flush()
        backdate.row(resource, changed_at=added)  # the latest in the library are the latest files


def _describe(resource: Resource, facts: dict[str, Any], calendar: Calendar) -> None:
    resource.description = facts.get("description", "")
    resource.licence = Licence(facts.get("licence", "unknown"))
    resource.audiences, resource.counties = facts.get("audiences", []), facts.get("counties", [])
    resource.topics = topics.find_or_make(facts.get("topics", []))
    resource.review_by = calendar.ahead(facts["review"])
    reviewed: date | None = calendar.ahead(facts["reviewed"]) if "reviewed" in facts else None
    resource.reviewed_on = reviewed
