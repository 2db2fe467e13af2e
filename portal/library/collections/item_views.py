"""The rows of a collection: putting in, moving, changing the line, taking away."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import db, guard, web
from portal.errors import Conflict
from portal.library.collections import actions, policy
from portal.library.collections.forms import HeadingForm, LineForm
from portal.library.collections.models import Collection, CollectionItem
from portal.library.collections.views import bp, collection_page, visible_collection
from portal.library.models import FileState, Resource
from portal.library.policy import visible_resources
from portal.people.models import Person

FOUND = 20


@bp.route("/collections/<int:collection_id>/materials", methods=["GET", "POST"])
def materials(collection_id: int) -> ResponseReturnValue:
    """Look materials up by the words of their titles, and put them in one after the other."""
    person = web.current_person()
    found = visible_collection(person, collection_id)
    web.check(policy.can_change_collection(person, found))
    words = request.values.get("q", "").strip()[:100]
    if request.method == "POST":
        wanted = web.form_number("resource")
        readable = visible_resources(person).where(Resource.state == FileState.READY, Resource.withdrawn_at.is_(None))
        chosen = web.find(readable.where(Resource.id == wanted))
        actions.add_material(found, chosen, by=person)
        flash(_("”%(title)s” is in the collection.", title=chosen.title), "done")
        return redirect(url_for("collections.materials", collection_id=collection_id, q=words or None))
    choice = policy.materials_to_add(person, found)
    for word in words.split()[:10]:
        choice = choice.where(Resource.title.icontains(word, autoescape=True))
    rows = web.page(choice.order_by(Resource.changed_at.desc(), Resource.id.desc()), limit=FOUND)
    return render_template("library/collections/add.html", collection=found, group=found.group, found=rows, words=words)


@bp.post("/resources/<int:resource_id>/collections")
def add_to_collection(resource_id: int) -> ResponseReturnValue:
    """From the material's page: put it into the chosen collection."""
    person = web.current_person()
    resource = web.find(visible_resources(person).where(Resource.id == resource_id))
    chosen = web.find(policy.visible_collections(person).where(Collection.id == web.form_number("collection")))
    web.check(policy.can_change_collection(person, chosen))
    if resource.state is not FileState.READY or resource.withdrawn_at is not None:
        raise Conflict(_("This material cannot be put into a collection now."))
    actions.add_material(chosen, resource, by=person)
    flash(_("The material is in ”%(title)s”.", title=chosen.title), "done")
    return redirect(url_for("library.resource", resource_id=resource_id))


@bp.post("/collections/<int:collection_id>/headings")
def add_heading(collection_id: int) -> ResponseReturnValue:
    """Put a heading last."""
    person = web.current_person()
    found = visible_collection(person, collection_id)
    web.check(policy.can_change_collection(person, found))
    form = HeadingForm()
    if not form.validate():
        return collection_page(person, collection_id, heading=form)
    try:
        item = actions.add_heading(found, text=form.text.data, keep=web.kept(), by=person)
    except guard.Stopped as stopped:
        return collection_page(person, collection_id, heading=form, finds=stopped.finds)
    db.session.flush()
    return redirect(url_for("collections.collection", collection_id=collection_id, _anchor=f"row-{item.id}"))


def _changeable_item(item_id: int) -> tuple[Person, CollectionItem]:
    person = web.current_person()
    item = web.find(policy.visible_items(person).where(CollectionItem.id == item_id))
    web.check(policy.can_change_collection(person, item.collection))
    return person, item


@bp.route("/collection-items/<int:row_id>/edit", methods=["GET", "POST"])
def edit_item(row_id: int) -> ResponseReturnValue:
    """Change a heading, or the line about a material."""
    person, item = _changeable_item(row_id)
    kind, finds, conflict, status = HeadingForm if item.is_heading else LineForm, [], "", 200
    form = kind() if request.method == "POST" else kind(formdata=None, text=item.text, based_on=item.revision)
    if request.method == "POST" and not form.validate():
        status = 422
    elif request.method == "POST":
        try:
            text, based_on = form.text.data or "", form.based_on.data or 0
            actions.change_item(item, text=text, based_on=based_on, keep=web.kept(), by=person)
            return redirect(
                url_for("collections.collection", collection_id=item.collection_id, _anchor=f"row-{row_id}")
            )
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Conflict as error:
            conflict, status = error.message, 409
            form.based_on.data = item.revision
    page = render_template(
        "library/collections/item.html", collection=item.collection, group=item.collection.group, item=item, form=form,
        finds=finds, conflict=conflict,
    )  # fmt: skip
    return page, status


@bp.post("/collection-items/<int:row_id>/place")
def move_item(row_id: int) -> ResponseReturnValue:
    """`direction`: one step up or down among the rows that the person sees; or `before`: the row it was dragged to (0: last).

    The page that comes has its focus on the button that was pressed; an address with an anchor would take it away.
    """
    person, item = _changeable_item(row_id)
    collection_id, before, direction = item.collection_id, web.form_number("before"), request.form.get("direction", "")
    if before is None:
        before = _beside(person, item, direction)
    actions.place_item(item, before_id=before or None, by=person)
    where = url_for("collections.collection", collection_id=collection_id, moved=row_id, direction=direction or None)
    return redirect(where)


def _beside(person: Person, item: CollectionItem, direction: str) -> int:
    """The row that the item comes to stand before, one step up or down; 0: it comes last."""
    if direction not in {"up", "down"}:
        abort(400)
    ids = [
        row.id for row in db.session.scalars(
            policy.visible_items(person).where(CollectionItem.collection_id == item.collection_id)
        ).unique()
    ]  # fmt: skip
    place = ids.index(item.id)
    if direction == "up":
        return ids[max(place - 1, 0)]
    return ids[place + 2] if place + 2 < len(ids) else 0


@bp.route("/collection-items/<int:row_id>/removal", methods=["GET", "POST"])
def remove_item(row_id: int) -> ResponseReturnValue:
    """Ask, then take a row away."""
    person, item = _changeable_item(row_id)
    collection_id, name = item.collection_id, item.name
    if request.method == "GET":
        return render_template("library/collections/remove_item.html", item=item, collection=item.collection)
    actions.remove_item(item, by=person)
    flash(_("”%(title)s” is taken out of the collection.", title=name), "done")
    return redirect(url_for("collections.collection", collection_id=collection_id, _anchor="rows"))
