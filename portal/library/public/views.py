"""Making and revoking public addresses."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import web
from portal.library.collections.models import Collection
from portal.library.collections.policy import visible_collections
from portal.library.models import Resource
from portal.library.policy import visible_resources
from portal.library.public import actions, policy
from portal.library.public.models import PublicLink
from portal.people.models import Person

bp = Blueprint("public", __name__)


@bp.post("/resources/<int:resource_id>/public-links")
def publish_material(resource_id: int) -> ResponseReturnValue:
    """Give a material a public address."""
    person = web.current_person()
    return _publish(person, web.find(visible_resources(person).where(Resource.id == resource_id)))


@bp.post("/collections/<int:collection_id>/public-links")
def publish_collection(collection_id: int) -> ResponseReturnValue:
    """Give a collection a public address."""
    person = web.current_person()
    return _publish(person, web.find(visible_collections(person).where(Collection.id == collection_id)))


def _publish(person: Person, thing: Resource | Collection) -> ResponseReturnValue:
    web.check(policy.can_manage_link(person, thing))
    actions.make_link(thing, by=person)
    flash(_("There is a public address now. Anybody who has it can read without signing in."), "done")
    return redirect(_page_of(thing))


@bp.post("/public-links/<int:link_id>/revocation")
def revoke_link(link_id: int) -> ResponseReturnValue:
    """Let a public address answer no more."""
    person = web.current_person()
    link = web.find(policy.visible_links(person).where(PublicLink.id == link_id))
    thing = policy.thing_of(link)
    web.check(policy.can_manage_link(person, thing))
    actions.revoke_link(link, by=person)
    flash(_("The public address no longer answers."), "done")
    return redirect(_page_of(thing))


def _page_of(thing: Resource | Collection) -> str:
    if isinstance(thing, Resource):
        return url_for("library.resource", resource_id=thing.id, _anchor="public")
    return url_for("collections.collection", collection_id=thing.id, _anchor="public")
