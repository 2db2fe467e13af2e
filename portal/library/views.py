"""Pages of the library."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from portal import audit, db, files, guard, search, web
from portal.errors import Conflict, Forbidden, Invalid, NotFound
from portal.library import actions, policy
from portal.library.forms import KIND_NAMES, UploadForm
from portal.library.material import downloads
from portal.library.models import FileState, Resource, ResourceKind
from portal.people.models import Group, HandlingClass, Person
from portal.people.policy import readable_group_ids, visible_groups

bp = Blueprint("library", __name__)

A_PAGE = 20
MOST_PUBLISHERS = 8


@bp.get("/library")
def index() -> ResponseReturnValue:
    """All material that the person may see: searched, narrowed and in order."""
    person = web.current_person()
    may_add = db.session.scalar(policy.groups_to_add_to(person).with_only_columns(Group.id).limit(1)) is not None
    return _index(None, may_add, _listing(person, policy.visible_resources(person)))


@bp.get("/groups/<slug>/materials")
def group_materials(slug: str) -> ResponseReturnValue:
    """The material of one group."""
    person = web.current_person()
    group = web.find(visible_groups(person).where(Group.slug == slug))
    visible = policy.visible_resources(person).where(Resource.group_id == group.id)
    may_add = policy.can_add_material(person, group)
    return _index(group, may_add, _listing(person, visible, group))


def _index(group: Group | None, may_add: bool, listing: dict[str, Any]) -> ResponseReturnValue:
    """The page; 503 with what still works on it when the search does not."""
    page = render_template("library/index.html", group=group, may_add=may_add, **listing)
    return page, 503 if listing["is_search_down"] else 200


def _listing(person: Person, visible: sa.Select[Resource], group: Group | None = None) -> dict[str, Any]:
    """Facets with counts and a page of material. `?q=` searches, `?kind=`/`?publisher=` narrow, `?before=` goes on."""
    text, kind, publisher = (
        request.args.get("q", "")[:400],
        request.args.get("kind", ""),
        request.args.get("publisher", ""),
    )
    chosen = visible
    if kind in set(ResourceKind):
        chosen = chosen.where(Resource.kind == ResourceKind(kind))
    if publisher:
        chosen = chosen.where(Resource.publisher == publisher)
    context: dict[str, Any] = {
        "text": text, "kind": kind, "publisher": publisher, "kind_names": KIND_NAMES, "results": None, "is_search_down": False,
        "kinds": _facet(visible, Resource.kind), "publishers": _facet(visible, Resource.publisher)[:MOST_PUBLISHERS],
    }  # fmt: skip
    if text:
        return context | _searched(person, text, chosen, group)
    last = web.number_of("before")
    before = db.session.scalars(visible.where(Resource.id == last)).first() if last is not None else None
    query = chosen
    if before is not None:
        edge = sa.tuple_(sa.literal(before.changed_at, Resource.changed_at.type), before.id)
        query = query.where(sa.tuple_(Resource.changed_at, Resource.id) < edge)
    rows = web.page(query.order_by(Resource.changed_at.desc(), Resource.id.desc()), limit=A_PAGE + 1)
    return context | {"resources": rows[:A_PAGE], "has_more": len(rows) > A_PAGE}


def _searched(person: Person, text: str, chosen: sa.Select[Resource], group: Group | None) -> dict[str, Any]:
    page_number = max(web.number_of("page") or 1, 1)
    web.check(person.is_active)
    group_ids = [group.id] if group is not None else db.session.scalars(readable_group_ids(person)).all()
    ids = chosen.with_only_columns(Resource.id).order_by(None)
    try:
        results = search.query(
            text, person=person, group_ids=group_ids, type_="resource", narrow=Resource.id.in_(ids),
            offset=(page_number - 1) * A_PAGE, limit=A_PAGE,
        )  # fmt: skip
    except search.SearchDown:
        return {"is_search_down": True, "resources": [], "has_more": False}
    more = results.total > page_number * A_PAGE
    return {"results": results, "resources": [], "has_more": more, "page_number": page_number}


def _facet(visible: sa.Select[Resource], column: Any) -> list[tuple[Any, int]]:
    """The values of a column with their counts, the most frequent first."""
    ids = visible.with_only_columns(Resource.id).order_by(None)
    count = sa.func.count()
    query = sa.select(column, count).where(Resource.id.in_(ids)).group_by(column).order_by(count.desc(), column)
    return [(value, number) for value, number in db.session.execute(query) if value]


@bp.route("/library/upload", methods=["GET", "POST"])
@web.limiter.limit(web.write_limit, methods=["POST"])
def upload() -> ResponseReturnValue:
    """Add a file. What was filled in stays in the form when something stops it."""
    person = web.current_person()
    groups = web.page(policy.groups_to_add_to(person), limit=200)
    web.check(bool(groups))
    form = UploadForm()
    form.group.choices = [SelectChoice(group.slug, group.name) for group in groups]
    if request.method == "GET":
        form.group.data = request.args.get("group", groups[0].slug)
    finds: list[guard.Find] = []
    if form.validate_on_submit():
        group = next(group for group in groups if group.slug == form.group.data)
        try:
            return _add(form, group, person)
        except guard.Stopped as stopped:
            finds = stopped.finds
        except (Invalid, Conflict) as error:
            form.file.errors = [error.message]
    limit = files.human_size(current_app.config["SETTINGS"].max_upload_bytes)
    page = render_template("library/upload.html", form=form, finds=finds, limit=limit)
    return page, 422 if form.errors or finds else 200


def _add(form: UploadForm, group: Group, person: Person) -> ResponseReturnValue:
    """Store the content first, outside the transaction: a slow disk must hold up nobody."""
    db.pause()
    stored = files.store(form.file.data.stream, limit=current_app.config["SETTINGS"].max_upload_bytes)
    try:
        web.check(policy.can_add_material(person, group))  # again, in the transaction that writes
        resource = actions.add_resource(
            group, title=form.title.data, kind=ResourceKind(form.kind.data), publisher=form.publisher.data or "",
            published_on=form.published_on.data, file_name=form.file.data.filename or "", stored=stored,
            keep=request.form.getlist("guard_keep")[:100], by=person,
        )  # fmt: skip
        db.session.flush()
    except (guard.Stopped, Conflict, Forbidden):
        actions.discard_if_unused(stored.sha256)
        raise
    flash(_("The file has been received. It is read now; then the group sees it."), "done")
    return redirect(url_for("library.resource", resource_id=resource.id))


@bp.get("/resources/<int:resource_id>/file")
def download(resource_id: int) -> ResponseReturnValue:
    """The file itself, always as an attachment in a sandbox: nothing in it may run here (security.md, number 35)."""
    person = web.current_person()
    resource = web.find(policy.visible_resources(person).where(Resource.id == resource_id))
    if resource.state is not FileState.READY:
        raise NotFound
    version = resource.current
    path = files.path_of(version.sha256)
    if not path.exists():
        raise FileNotFoundError(f"the content of resource {resource_id} is gone")
    if resource.group.handling_class is HandlingClass.SENSITIVE:
        audit.record_read("resource_downloaded", by=person, on=resource)
    downloads.note(resource, by=person)
    answer: Response = send_file(
        path, mimetype=version.media_type, as_attachment=True, download_name=version.file_name, etag=False
    )
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return answer
