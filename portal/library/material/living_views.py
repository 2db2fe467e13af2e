"""Reviewed, replaced, withdrawn, put back; and what is stale."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import db, guard, web
from portal.errors import Invalid
from portal.library import policy, uses
from portal.library.material import living_actions as living
from portal.library.material.forms import ReasonForm, ReportForm, ReviewForm
from portal.library.material.policy import possible_replacements, replaced_before, visible_stale
from portal.library.material.views import find_resource
from portal.library.models import FileState, Resource
from portal.library.validity import SOON
from portal.library.views import bp
from portal.people.models import Organisation, Person
from portal.people.policy import can_coordinate
from portal.times import today

MOST_FOUND, MOST_STALE = 20, 100
YEAR = timedelta(days=365)


def _changed(resource: Resource) -> ResponseReturnValue:
    return redirect(url_for("library.resource", resource_id=resource.id))


@bp.post("/resources/<int:resource_id>/review")
def review(resource_id: int) -> ResponseReturnValue:
    """Say that a material has been gone through, and until when it holds."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    web.check(policy.can_change_material(person, resource))
    form = ReviewForm()
    if not form.validate_on_submit():
        raise Invalid(_("Choose a day."))
    living.mark_reviewed(resource, until=form.review_by.data, by=person)
    flash(_("The material is reviewed."), "done")
    return _changed(resource)


@bp.post("/resources/<int:resource_id>/reports")
def report(resource_id: int) -> ResponseReturnValue:
    """Tell who is responsible that something no longer holds."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    form, finds = ReportForm(), []
    if form.validate_on_submit():
        try:
            keep = web.kept()
            living.report_outdated(resource, text=form.text.data, keep=keep, by=person)
            flash(_("Thank you. Who is responsible has been told."), "done")
            return _changed(resource)
        except guard.Stopped as stopped:
            finds = stopped.finds
    return render_template("library/report.html", resource=resource, form=form, finds=finds), 422


def _life(resource: Resource, person: Person, form: ReasonForm, finds: list[guard.Find]) -> str:
    words = request.args.get("q", "")[:100]
    rows = possible_replacements(person, resource).where(Resource.id.not_in(replaced_before(resource)))
    for word in words.split()[:6]:
        rows = rows.where(Resource.title.icontains(word, autoescape=True))
    found = web.page(rows.order_by(Resource.changed_at.desc(), Resource.id), limit=MOST_FOUND)
    replaced_by = None
    if resource.replaced_by_id is not None:
        seen = policy.visible_resources(person).where(Resource.id == resource.replaced_by_id)
        replaced_by = db.session.scalars(seen).unique().first()
    return render_template(
        "library/life.html",
        resource=resource,
        form=form,
        finds=finds,
        found=found,
        words=words,
        replaced_by=replaced_by,
    )


@bp.get("/resources/<int:resource_id>/life")
def life(resource_id: int) -> ResponseReturnValue:
    """Say that a material is replaced, or withdraw it. `?q=` are words of the title of what has replaced it."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    web.check(policy.can_change_material(person, resource))
    return _life(resource, person, ReasonForm(formdata=None), [])


@bp.post("/resources/<int:resource_id>/replacement")
def replacement(resource_id: int) -> ResponseReturnValue:
    """Say which material has taken its place; without one, that none has."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    web.check(policy.can_change_material(person, resource))
    number = web.form_number("other")
    other = None
    if number is not None:
        other = web.find(possible_replacements(person, resource).where(Resource.id == number))
    living.replace(resource, other, by=person)
    flash(_("The material counts as replaced.") if other else _("The material is in force again."), "done")
    return _changed(resource)


@bp.post("/resources/<int:resource_id>/withdrawal")
def withdrawal(resource_id: int) -> ResponseReturnValue:
    """Withdraw a material, or (`back`) put it back."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    web.check(policy.can_change_material(person, resource))
    if "back" in request.form:
        living.put_back(resource, by=person)
        flash(_("The material is in use again."), "done")
        return _changed(resource)
    form, finds = ReasonForm(), []
    if form.validate_on_submit():
        try:
            keep = web.kept()
            living.withdraw(resource, reason=form.reason.data, keep=keep, by=person)
            flash(_("The material is withdrawn. It is no longer shown in lists."), "done")
            return _changed(resource)
        except guard.Stopped as stopped:
            finds = stopped.finds
    return _life(resource, person, form, finds), 422


# --- what is stale ------------------------------------------------------------------------------------------------------


def _sections(person: Person) -> dict[str, Any]:
    """The kinds of stale material, each with its condition."""
    holds = Resource.replaced_by_id.is_(None)
    held = [Resource.id.in_(ids) for ids in uses.held_ids(person)]
    return {
        "overdue": holds & (Resource.review_by < today()),
        "soon": holds & Resource.review_by.between(today(), today() + SOON),
        "undated": holds & Resource.review_by.is_(None),
        "replaced": Resource.replaced_by_id.is_not(None) & sa.or_(sa.false(), *held),
    }


@bp.get("/library/stale")
def stale() -> ResponseReturnValue:
    """What the person's organisation has to care for; the coordinator sees how much there is of every organisation."""
    person = web.current_person()
    sections = _sections(person)
    rows = {
        name: web.page(
            visible_stale(person).where(condition).order_by(Resource.review_by, Resource.title), limit=MOST_STALE
        )
        for name, condition in sections.items()
    }
    counts = _per_organisation(person, sections) if can_coordinate(person) else []
    return render_template("library/stale.html", rows=rows, counts=counts, next_year=today() + YEAR)


def _per_organisation(person: Person, sections: dict[str, Any]) -> list[Any]:
    """Of each organisation how much is stale, among what the person can see."""
    ids = policy.visible_resources(person).with_only_columns(Resource.id).order_by(None)
    sums = [sa.func.sum(sa.case((condition, 1), else_=0)).label(name) for name, condition in sections.items()]
    query = (
        sa.select(Organisation, sa.func.count().label("total"), *sums)
        .join(Resource, Resource.organisation_id == Organisation.id)
        .where(Resource.id.in_(ids), Resource.state == FileState.READY, Resource.withdrawn_at.is_(None))
        .group_by(Organisation.id)
        .order_by(Organisation.name)
    )
    return list(db.session.execute(query).all())
