"""The pages that need no sign-in: a material, a collection, their files, and the open-data catalogue.

They name organisations and no persons. An address that is unknown, revoked, or of something that is not open any more answers
with the same page.
"""

from __future__ import annotations

from flask import Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from portal import db, files, web
from portal.errors import NotFound
from portal.library.collections.models import CollectionItem
from portal.library.collections.policy import without_empty_chapters
from portal.library.forms import KIND_NAMES
from portal.library.languages import language_name
from portal.library.models import Resource
from portal.library.previews.views import send_drawn
from portal.library.public import actions, catalogue, policy
from portal.library.public.models import PublicLink
from portal.library.public.views import bp


def _link(token: str) -> PublicLink:
    link = policy.link_of_token(token)
    if link is None:
        raise NotFound
    return link


def _material(link: PublicLink, resource_id: int | None) -> Resource:
    resource = db.session.scalars(policy.material_in(link, resource_id)).first()
    if resource is None:
        raise NotFound
    return resource


def _hidden(answer: Response) -> Response:
    """Not to be listed by search engines: an address is given away on purpose, not found."""
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


@bp.get("/public/<public_token>")
@web.public
@web.limiter.limit(web.public_limit)
def page(public_token: str) -> ResponseReturnValue:
    """What the address opens: a material, or a collection with those of its materials that anybody may see."""
    link = _link(public_token)
    actions.note_public_visit(link, "visits")
    if link.collection is not None:
        items = without_empty_chapters(db.session.scalars(policy.public_items(link.collection)).all())
        shown = render_template(
            "library/public/collection.html", token=public_token, collection=link.collection, items=items,
            kind_names=KIND_NAMES, has_cover=_cover_of(link, items) is not None,
        )  # fmt: skip
    else:
        resource = _material(link, None)
        shown = render_template(
            "library/public/material.html", token=public_token, resource=resource, version=resource.current,
            kind_name=KIND_NAMES[resource.kind], language=language_name(resource.language),
            size=files.human_size(resource.current.size),
        )  # fmt: skip
    return _hidden(Response(shown, mimetype="text/html"))


def _cover_of(link: PublicLink, items: list[CollectionItem]) -> Resource | None:
    """The material on the cover, if anybody may see it and there is a picture of it."""
    cover_id = link.collection.cover_id if link.collection is not None else None
    shown = (item.resource for item in items if item.resource is not None and item.resource_id == cover_id)
    return next((resource for resource in shown if resource.current.thumbnail_sha256), None)


@bp.get("/public/<public_token>/picture")
@web.public
@web.limiter.limit(web.public_limit)
def picture(public_token: str) -> ResponseReturnValue:
    """The first page of the material, or the cover of the collection."""
    link = _link(public_token)
    if link.collection is not None:
        cover = _cover_of(link, list(db.session.scalars(policy.public_items(link.collection))))
        return _hidden(send_drawn(cover.current.thumbnail_sha256 if cover is not None else None))
    return _hidden(send_drawn(_material(link, None).current.picture_sha256))


@bp.get("/public/<public_token>/file")
@web.public
@web.limiter.limit(web.public_limit)
def file(public_token: str) -> ResponseReturnValue:
    """The material's file."""
    link = _link(public_token)
    return _send(link, _material(link, None))


@bp.get("/public/<public_token>/materials/<int:resource_id>/file")
@web.public
@web.limiter.limit(web.public_limit)
def file_of(public_token: str, resource_id: int) -> ResponseReturnValue:
    """The file of one of the collection's materials."""
    link = _link(public_token)
    if link.collection is None:
        raise NotFound
    return _send(link, _material(link, resource_id))


def _send(link: PublicLink, resource: Resource) -> Response:
    version = resource.current
    actions.note_public_visit(link, "downloads")
    return _hidden(web.send_content(version.sha256, media_type=version.media_type, name=version.file_name))


@bp.get("/public/catalogue.<any(rdf, jsonld, ttl):form>")
@web.public
@web.limiter.limit(web.public_limit)
def open_data(form: str) -> ResponseReturnValue:
    """All public material as a DCAT-AP catalogue, for data portals to harvest."""
    payload = catalogue.facts(current_app.config["SETTINGS"])
    db.pause()  # to write it takes a process of its own
    answer = Response(mimetype=catalogue.FORMS[form].media_type)
    answer.set_etag(catalogue.etag(payload, form))
    answer.headers["Cache-Control"] = web.KEPT_PRIVATELY
    answer.make_conditional(request)
    if answer.status_code != 304:
        answer.data = catalogue.made(payload, form)
    return answer
