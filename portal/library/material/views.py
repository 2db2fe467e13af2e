"""The page of a material."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from portal import county_codes, db, files, web
from portal.library import policy, uses
from portal.library.extract import Reason
from portal.library.file_types import PDF
from portal.library.file_types import message as reason_text
from portal.library.forms import KIND_NAMES
from portal.library.languages import language_name
from portal.library.material import downloads, readers, related
from portal.library.material.compare import PageDifference, compare
from portal.library.material.forms import AUDIENCE_NAMES, LICENCE_NAMES, ReportForm, ReviewForm
from portal.library.material.policy import can_see_downloads, groups_of
from portal.library.models import Audience, FileState, Resource, ResourcePage, ResourceVersion
from portal.library.views import bp
from portal.people.models import OrganisationKind, Person
from portal.people.traces import note_reading

PAGES_SHOWN = 3  # of the text, at a time
LONGEST_SHOWN = 20_000  # characters of one page
MOST_VERSIONS = 100
WORDS = 200  # characters of what is looked for in the document

PUBLIC_BODIES = {
    OrganisationKind.AUTHORITY,
    OrganisationKind.COUNTY_BOARD,
    OrganisationKind.REGION,
    OrganisationKind.MUNICIPALITY,
}


def find_resource(person: Person, resource_id: int) -> Resource:
    """The material of an address, if the person may see it; else 404."""
    rows = policy.visible_resources(person).where(Resource.id == resource_id)
    return web.find(
        rows.options(
            joinedload(Resource.responsible), joinedload(Resource.created_by), selectinload(Resource.topics),
            selectinload(Resource.versions).joinedload(ResourceVersion.added_by),
        )
    )  # fmt: skip


@bp.get("/resources/<int:resource_id>")
def resource(resource_id: int) -> ResponseReturnValue:
    """A material: what it looks like, what it is, who can read it and why, and where it is used."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    note_reading("resource_read", resource.group, on=resource, by=person)
    return render_template("library/resource.html", **_context(resource, person))


def _context(resource: Resource, person: Person) -> dict[str, Any]:
    version = resource.current
    reason = version.reason
    groups = groups_of(person, resource)
    put_beside = related.chosen(resource, person)
    gathered = related.gathered(resource, person, without=put_beside)
    return {
        "resource": resource, "version": version, "kind_name": KIND_NAMES[resource.kind],
        "size": files.human_size(version.size), "facts": facts_for_show(resource), **_text(version),
        "reason": reason_text(Reason(reason)) if resource.state in (FileState.READY, FileState.UNREADABLE) and reason else "",
        "has_pdf": version.media_type == PDF or version.pdf_sha256 is not None,
        "is_picture": version.media_type.startswith("image/"), "words": request.args.get("q", "")[:WORDS],
        "groups": groups, "readers": readers.readers_of_material(resource), "reason_group": readers.reason_of(person, groups),
        "public_bodies": PUBLIC_BODIES, "replacement": related.replacement(resource, person),
        "replaces": related.replaced_here(resource, person), "related": put_beside,
        "gathered": gathered,
        "alike": related.alike(resource, person, without=[*put_beside, *gathered]), "uses": list(uses.uses_of(resource, person)),
        "may_change": policy.can_change_material(person, resource), "may_see_downloads": can_see_downloads(person, resource),
        "review_form": ReviewForm(formdata=None), "report_form": ReportForm(formdata=None),
    }  # fmt: skip


def _text(version: ResourceVersion) -> dict[str, Any]:
    """A few pages of the text, from `?page=` on."""
    first = min(max(web.number_of("page") or 1, 1), max(version.page_count, 1))
    rows = (
        sa.select(ResourcePage.number, sa.func.substr(ResourcePage.text, 1, LONGEST_SHOWN + 1).label("text"))
        .where(ResourcePage.version_id == version.id, ResourcePage.number >= first)
        .order_by(ResourcePage.number)
        .limit(PAGES_SHOWN)
    )
    shown = db.session.execute(rows).all()
    return {
        "shown": shown,
        "first_page": first,
        "last_page": shown[-1].number if shown else first,
        "longest": LONGEST_SHOWN,
    }


def facts_for_show(resource: Resource) -> dict[str, Any]:
    """What is said of a material, in words."""
    return {
        "language": language_name(resource.language),
        "licence": LICENCE_NAMES[resource.licence],
        "audiences": [AUDIENCE_NAMES[audience] for audience in Audience if audience.value in resource.audiences],
        "counties": [county_codes.county_name(code) for code in county_codes.in_order(resource.counties)],
    }


@bp.get("/resources/<int:resource_id>/comparison")
def comparison(resource_id: int) -> ResponseReturnValue:
    """What differs between the texts of two versions: `?earlier=` and `?later=` are their numbers."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    note_reading("resource_read", resource.group, on=resource, by=person)
    ready = [version for version in resource.versions if version.state is FileState.READY]
    numbers = {version.number: version for version in ready}
    later = numbers.get(web.number_of("later") or 0, ready[-1] if ready else None)
    before = [version for version in ready if later is not None and version.number < later.number]
    earlier = numbers.get(web.number_of("earlier") or 0, before[-1] if before else None)
    pages: list[PageDifference] = []
    is_cut = False
    if earlier is not None and later is not None:
        pages, is_cut = compare(_pages(earlier), _pages(later))
    return render_template(
        "library/comparison.html",
        resource=resource,
        ready=ready,
        earlier=earlier,
        later=later,
        pages=pages,
        is_cut=is_cut,
    )


def _pages(version: ResourceVersion) -> list[str]:
    rows = sa.select(sa.func.substr(ResourcePage.text, 1, 60_001)).where(ResourcePage.version_id == version.id)
    return list(db.session.scalars(rows.order_by(ResourcePage.number).limit(500)))


@bp.get("/resources/<int:resource_id>/downloads")
def fetched(resource_id: int) -> ResponseReturnValue:
    """Which organisations have fetched a material, for the organisation that owns it."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    web.check(can_see_downloads(person, resource))
    return render_template("library/downloads.html", resource=resource, counts=downloads.counts(resource))
