"""Pages of collections: lists of them, one of them, and what it says of itself. Its rows: item_views.py."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from portal import db, guard, web
from portal.errors import Conflict, NotFound
from portal.library.collections import actions, policy
from portal.library.collections.forms import DRAWN, CollectionForm, HeadingForm
from portal.library.collections.models import Collection, CollectionItem
from portal.library.forms import KIND_NAMES
from portal.library.models import Resource
from portal.library.policy import groups_to_add_to, successors, visible_resources
from portal.library.previews.views import send_drawn
from portal.people.models import Group, Person
from portal.people.policy import visible_group
from portal.people.traces import note_reading

bp = Blueprint("collections", __name__)

A_PAGE = 30


def visible_collection(person: Person, collection_id: int) -> Collection:
    """The collection; 404 if it may not be seen."""
    return web.find(policy.visible_collections(person).where(Collection.id == collection_id))


@bp.get("/collections")
def index() -> ResponseReturnValue:
    """All collections that the person may read, the newest change first."""
    person = web.current_person()
    groups = db.session.scalars(groups_to_add_to(person)).all()
    return _list(person, policy.visible_collections(person), None, groups)


@bp.get("/groups/<slug>/collections")
def group_collections(slug: str) -> ResponseReturnValue:
    """The collections of one group."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    may_make = policy.can_make_collection(person, group)
    visible = policy.visible_collections(person).where(Collection.group_id == group.id)
    return _list(person, visible, group, [group] if may_make else [])


def _list(
    person: Person, visible: sa.Select[Collection], group: Group | None, groups: Sequence[Group]
) -> ResponseReturnValue:
    """A page of collections; `?before=` goes on."""
    last = web.number_of("before")
    before = db.session.scalars(visible.where(Collection.id == last)).first() if last is not None else None
    if before is not None:
        edge = sa.tuple_(sa.literal(before.changed_at, Collection.changed_at.type), before.id)
        visible = visible.where(sa.tuple_(Collection.changed_at, Collection.id) < edge)
    rows = web.page(visible.order_by(Collection.changed_at.desc(), Collection.id.desc()), limit=A_PAGE + 1)
    shown = rows[:A_PAGE]
    return render_template(
        "library/collections/index.html", group=group, collections=shown, has_more=len(rows) > A_PAGE, groups=groups,
        counts=policy.counts(person, shown), covers=policy.covers(person, shown),
    )  # fmt: skip


@bp.get("/collections/<int:collection_id>")
def collection(collection_id: int) -> ResponseReturnValue:
    """A collection: its cover, what it is for, and its materials in order."""
    return collection_page(web.current_person(), collection_id)


def collection_page(
    person: Person, collection_id: int, *, heading: HeadingForm | None = None, finds: Sequence[guard.Find] = ()
) -> ResponseReturnValue:
    """The page, with the form for a heading as it was sent if it could not be taken."""
    found = visible_collection(person, collection_id)
    note_reading("collection_read", found.group, on=found, by=person)
    may_change = policy.can_change_collection(person, found)
    rows = web.page(
        policy.visible_items(person).where(CollectionItem.collection_id == found.id), limit=actions.MOST_ITEMS
    )
    items = list(rows) if may_change else policy.without_empty_chapters(rows)
    status = 422 if heading is not None and (heading.errors or finds) else 200
    page = render_template(
        "library/collections/collection.html", collection=found, group=found.group, items=items, kind_names=KIND_NAMES,
        successors=successors(person, (item.resource for item in items if item.resource is not None)), has_cover=bool(policy.covers(person, [found])), may_change=may_change,
        may_delete=policy.can_delete_collection(person, found), heading=heading or HeadingForm(formdata=None), finds=finds,
    )  # fmt: skip
    return page, status


@bp.get("/collections/<int:collection_id>/cover")
def cover(collection_id: int) -> ResponseReturnValue:
    """The picture on the cover, for those who may read the material that it shows."""
    person = web.current_person()
    found = visible_collection(person, collection_id)
    if found.cover_id is None:
        raise NotFound
    resource = web.find(visible_resources(person).where(Resource.id == found.cover_id))
    return send_drawn(resource.current.thumbnail_sha256)


# --- making and changing ----------------------------------------------------------------------------------------------


@bp.route("/groups/<slug>/collections/new", methods=["GET", "POST"])
def new_collection(slug: str) -> ResponseReturnValue:
    """Begin a collection."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    web.check(policy.can_make_collection(person, group))
    form, finds = CollectionForm(), []
    if form.validate_on_submit():
        try:
            made = actions.make_collection(group, form.plan(), keep=web.kept(), by=person)
            db.session.flush()
            flash(_("The collection is there. Add materials to it."), "done")
            return redirect(url_for("collections.collection", collection_id=made.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template(
        "library/collections/edit.html", group=group, collection=None, form=form, finds=finds, conflict=""
    )
    return page, 422 if form.errors or finds else 200


@bp.route("/collections/<int:collection_id>/edit", methods=["GET", "POST"])
def edit_collection(collection_id: int) -> ResponseReturnValue:
    """Change title, description and cover. If somebody else changed them meanwhile, both are shown."""
    person = web.current_person()
    found = visible_collection(person, collection_id)
    web.check(policy.can_change_collection(person, found))
    form, finds, conflict, status = CollectionForm(), [], "", 200
    if request.method == "GET":
        form = CollectionForm(
            formdata=None, title=found.title, description=found.description, cover=found.cover_id or DRAWN,
            based_on=found.revision,
        )  # fmt: skip
    form.cover.choices = _cover_choices(person, found)
    if request.method == "POST" and not form.validate():
        status = 422
    elif request.method == "POST":
        try:
            actions.change_collection(found, form.plan(), based_on=form.based_on.data or 0, keep=web.kept(), by=person)
            return redirect(url_for("collections.collection", collection_id=collection_id))
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Conflict as error:
            conflict, status = error.message, 409
            form.based_on.data = found.revision
    page = render_template(
        "library/collections/edit.html", group=found.group, collection=found, form=form, finds=finds, conflict=conflict
    )
    return page, status


def _cover_choices(person: Person, found: Collection) -> list[SelectChoice]:
    """A drawn cover, or the first page of a material that has a picture of it; what the cover is now stays a choice."""
    rows = db.session.scalars(policy.visible_items(person).where(CollectionItem.collection_id == found.id)).unique()
    materials = [item.resource for item in rows if item.resource is not None]
    pictures = [one for one in materials if one.current.thumbnail_sha256 or one.id == found.cover_id]
    return [
        SelectChoice(DRAWN, _("A drawn one")),
        *(SelectChoice(one.id, _("First page of %(title)s", title=one.title)) for one in pictures),
    ]


@bp.route("/collections/<int:collection_id>/removal", methods=["GET", "POST"])
def delete_collection(collection_id: int) -> ResponseReturnValue:
    """Ask, and delete the collection; its materials stay."""
    person = web.current_person()
    found = visible_collection(person, collection_id)
    web.check(policy.can_delete_collection(person, found))
    if request.method == "POST":
        slug, title = found.group.slug, found.title
        actions.delete_collection(found, by=person)
        flash(_("”%(title)s” is deleted. Its materials are still in the library.", title=title), "done")
        return redirect(url_for("collections.group_collections", slug=slug))
    return render_template("library/collections/remove.html", collection=found, group=found.group)
