"""What pages of other areas include: the collections that a material stands in, its public address, and whether anybody can
read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Flask

from portal import db, files
from portal.library.collections.models import Collection
from portal.library.collections.policy import collections_with, collections_without
from portal.library.models import FileState, Resource
from portal.library.public.policy import is_public, link_shown
from portal.people.models import Person

MOST = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """The collections that a material stands in, and those that the person may put it into."""

    with_it: Sequence[Collection]
    without_it: Sequence[Collection]


def collections_of(person: Person, resource: Resource) -> Standing:
    """For templates/library/_in_collections.html."""
    with_it = db.session.scalars(collections_with(person, resource).limit(MOST)).unique().all()
    if resource.state is not FileState.READY or resource.withdrawn_at is not None:
        return Standing(with_it, ())
    return Standing(with_it, db.session.scalars(collections_without(person, resource).limit(MOST)).unique().all())


def init_app(app: Flask) -> None:
    """Offer them to templates."""
    app.add_template_global(collections_of)
    app.add_template_global(link_shown, "public_link")
    app.add_template_global(is_public)
    app.add_template_global(app.config["SETTINGS"].base_url, "portal_address")
    app.add_template_filter(files.human_size)
