"""Changing what a material is, and what stands beside it."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import db, guard, web
from portal.errors import Conflict, Invalid
from portal.library import policy
from portal.library.material import actions, facts, related
from portal.library.material.forms import MaterialForm
from portal.library.material.policy import possible_responsible
from portal.library.material.views import find_resource
from portal.library.models import FileState, Resource
from portal.library.views import bp
from portal.people.models import Person
from portal.topics import keeping as topics

MOST_PEOPLE, MOST_FOUND = 300, 20


def _form(resource: Resource) -> MaterialForm:
    form = MaterialForm()
    people = [(one.id, f"{one.name}, {one.organisation.short_name}") for one in _people(resource)]
    form.offer([topic.name for topic in topics.all_topics()], people)
    return form


def _people(resource: Resource) -> list[Person]:
    found = list(db.session.scalars(possible_responsible(resource).limit(MOST_PEOPLE)).unique())
    if resource.responsible is not None and resource.responsible not in found:
        found.append(resource.responsible)
    return found


@bp.route("/resources/<int:resource_id>/edit", methods=["GET", "POST"])
def edit_resource(resource_id: int) -> ResponseReturnValue:
    """Change what a material is. If somebody else has changed it meanwhile, both are shown and nothing is lost."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    web.check(policy.can_change_material(person, resource))
    form = _form(resource)
    if request.method == "GET":
        form.show(facts.facts_of(resource))
        form.based_on.data = facts.stamp(resource)
    finds: list[guard.Find] = []
    is_conflict = False
    if form.validate_on_submit():
        try:
            keep = web.kept()
            actions.change_material(resource, form.facts(), based_on=form.based_on.data or "", keep=keep, by=person)
            flash(_("The material is saved."), "done")
            return redirect(url_for("library.resource", resource_id=resource.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
        except Invalid as error:
            form[error.field or "title"].errors = [error.message]
        except Conflict:
            is_conflict = True
    return _page(resource, form, finds, is_conflict=is_conflict)


def _page(resource: Resource, form: MaterialForm, finds: list[guard.Find], *, is_conflict: bool) -> ResponseReturnValue:
    change, stored = None, None
    if is_conflict:  # what is stored now is shown beside; saved again, the form takes its place on purpose
        change, stored = facts.last_change(resource), _form(resource)
        stored.show(facts.facts_of(resource))
        form.based_on.data = facts.stamp(resource)
    page = render_template(
        "library/edit.html",
        resource=resource,
        form=form,
        finds=finds,
        is_conflict=is_conflict,
        change=change,
        stored=stored,
    )
    return page, 409 if is_conflict else (422 if form.errors or finds else 200)


@bp.get("/resources/<int:resource_id>/related")
def related_resources(resource_id: int) -> ResponseReturnValue:
    """Choose other materials to stand beside this one: `?q=` are words of their titles."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    web.check(policy.can_change_material(person, resource))
    words = request.args.get("q", "")[:100]
    beside = related.chosen(resource, person)
    taken = [resource.id, *(other.id for other in beside)]
    rows = policy.visible_resources(person).where(
        Resource.id.not_in(taken), Resource.state == FileState.READY, Resource.withdrawn_at.is_(None)
    )
    for word in words.split()[:6]:
        rows = rows.where(Resource.title.icontains(word, autoescape=True))
    found = web.page(rows.order_by(Resource.changed_at.desc(), Resource.id), limit=MOST_FOUND)
    return render_template("library/related.html", resource=resource, beside=beside, found=found, words=words)


@bp.post("/resources/<int:resource_id>/related")
def relate(resource_id: int) -> ResponseReturnValue:
    """Put another material beside this one, or (`remove`) take it away again."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    web.check(policy.can_change_material(person, resource))
    remove = web.form_number("remove")
    wanted = web.form_number("other") if remove is None else remove
    other = web.find(policy.visible_resources(person).where(Resource.id == (wanted or 0)))
    if remove is not None:
        actions.unrelate(resource, other, by=person)
    else:
        actions.relate(resource, other, by=person)
    return redirect(url_for("library.related_resources", resource_id=resource.id))
