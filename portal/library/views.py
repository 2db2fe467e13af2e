"""Pages of the library."""

from __future__ import annotations

import contextlib
from typing import Any

import sqlalchemy as sa
from flask import (
    Blueprint,
    Response,
    render_template,
)
from flask.typing import ResponseReturnValue

from portal import db, refine, search, web
from portal.errors import NotFound
from portal.library import facets, policy
from portal.library.material import downloads
from portal.library.models import FileState, Resource, ResourceVersion
from portal.people.models import Group, Person
from portal.people.policy import readable_group_ids, visible_group
from portal.people.traces import note_reading
from portal.refine import Refinement

bp = Blueprint("library", __name__)

A_PAGE = 20


@bp.get("/library")
def index() -> ResponseReturnValue:
    """All material that the person may see: searched, narrowed and in order."""
    person = web.current_person()
    may_add = db.session.scalar(policy.groups_to_add_to(person).with_only_columns(Group.id).limit(1)) is not None
    return _index(None, may_add, person, policy.visible_resources(person))


@bp.get("/groups/<slug>/materials")
def group_materials(slug: str) -> ResponseReturnValue:
    """The material of one group, and what is shared with it."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    return _index(group, policy.can_add_material(person, group), person, policy.visible_in_group(person, group))


def _index(group: Group | None, may_add: bool, person: Person, visible: sa.Select[Resource]) -> ResponseReturnValue:
    """The page; 503 with what still works on it when the search does not."""
    web.check(person.is_active)
    asked = Refinement.of_request((*facets.OF_MATERIALS, "group"))
    results = _asked(asked, person, group)
    listed: dict[str, Any] = {"resources": [], "older": None}
    if asked.is_plain:
        listed = _latest(visible)
    shown = [found.obj for found in results.found] if results and not asked.is_plain else listed["resources"]
    titles = {key: title for key, title in facets.titles(person).items() if group is None or key != "group"}
    page = render_template(
        "library/index.html", group=group, may_add=may_add, asked=asked, results=results, a_page=A_PAGE,
        facets=refine.facets(asked, results.facets if results else {}, titles), successors=policy.successors(person, shown), **listed,
    )  # fmt: skip
    return page, 200 if results is not None or asked.is_plain else 503


def _asked(asked: Refinement, person: Person, group: Group | None) -> search.Results | None:
    """What the search answers, for the list or for the facets beside the latest; None when it does not work.

    What was withdrawn is found only by who asks for it.
    """
    readable = [group.id] if group is not None else db.session.scalars(readable_group_ids(person)).all()
    chosen = dict(asked.chosen)
    chosen.setdefault("state", facets.FOUND)
    with contextlib.suppress(search.SearchDown):
        return search.query(
            asked.text, person=person, group_ids=readable, type_="resource", chosen=chosen,
            counted=[*facets.OF_MATERIALS, *(["group"] if group is None else [])], newest_first=asked.newest_first,
            as_written=asked.as_written, offset=(asked.page - 1) * A_PAGE, limit=0 if asked.is_plain else A_PAGE,
        )  # fmt: skip
    return None


def _latest(visible: sa.Select[Resource]) -> dict[str, Any]:
    """The latest, from the database itself: what is being read still is among them. `?before=` goes on."""
    last = web.number_of("before")
    before = db.session.scalars(visible.where(Resource.id == last)).first() if last is not None else None
    query = visible.where(Resource.withdrawn_at.is_(None))
    if before is not None:
        edge = sa.tuple_(sa.literal(before.changed_at, Resource.changed_at.type), before.id)
        query = query.where(sa.tuple_(Resource.changed_at, Resource.id) < edge)
    rows = web.page(query.order_by(Resource.changed_at.desc(), Resource.id.desc()), limit=A_PAGE + 1)
    return {"resources": rows[:A_PAGE], "older": rows[A_PAGE - 1].id if len(rows) > A_PAGE else None}


@bp.get("/resources/<int:resource_id>/file")
def download(resource_id: int) -> ResponseReturnValue:
    """The file itself, always as an attachment in a sandbox: nothing in it may run here (security.md, number 35)."""
    person = web.current_person()
    resource = web.find(policy.visible_resources(person).where(Resource.id == resource_id))
    if resource.state is not FileState.READY:
        raise NotFound
    return sent(resource, resource.current, person)


def sent(resource: Resource, version: ResourceVersion, person: Person) -> Response:
    """The file of a version as an answer, counted for the organisation, and noted where the group is sensitive."""
    note_reading("resource_downloaded", resource.group, on=resource, by=person)
    downloads.note(resource, by=person)
    return web.send_content(version.sha256, media_type=version.media_type, name=version.file_name)
