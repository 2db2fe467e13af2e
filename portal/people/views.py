"""Pages about groups, their members, one's own organisation and one's own account."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal import db, web
from portal.people import actions, policy
from portal.people.forms import PreferencesForm
from portal.people.models import Group, Membership, Organisation, Person

bp = Blueprint("people", __name__)

MOST_MEMBERS = 500
MOST_GROUPS = 200


@bp.get("/groups")
def groups() -> ResponseReturnValue:
    """All groups that the person may look into."""
    person = web.current_person()
    rows = web.page(policy.visible_groups(person).order_by(Group.name), limit=MOST_GROUPS)
    own = set(db.session.scalars(policy.group_ids(person)))
    count = sa.func.count(Membership.id)
    counts = dict(
        db.session.execute(
            sa.select(Membership.group_id, count)
            .where(Membership.left_at.is_(None), Membership.group_id.in_([group.id for group in rows]))
            .group_by(Membership.group_id)
        ).all()
    )
    return render_template("people/groups.html", groups=rows, own=own, counts=counts)


@bp.get("/groups/<slug>/members")
def members(slug: str) -> ResponseReturnValue:
    """Who is in the group, by organisation."""
    person = web.current_person()
    group = web.find(policy.visible_group(person, slug))
    query = (
        policy.visible_members(person, group)
        .join(Membership.person)
        .join(Person.organisation)
        .options(joinedload(Membership.person))
        .order_by(Organisation.name, Person.name)
    )
    return render_template("people/members.html", group=group, memberships=web.page(query, limit=MOST_MEMBERS))


@bp.get("/organisation")
def organisation() -> ResponseReturnValue:
    """The people of one's own organisation; its administrators approve and close accounts here."""
    person = web.current_person()
    people = web.page(policy.visible_colleagues(person).order_by(Person.status.desc(), Person.name), limit=MOST_MEMBERS)
    return render_template(
        "people/organisation.html",
        organisation=person.organisation,
        people=people,
        may_administer=policy.can_administer_organisation(person, person.organisation),
    )


@bp.post("/people/<int:person_id>/approval")
def approve(person_id: int) -> ResponseReturnValue:
    """Let a newcomer of one's own organisation in."""
    me = web.current_person()
    other = web.find(policy.visible_colleagues(me).where(Person.id == person_id))
    web.check(policy.can_administer_organisation(me, other.organisation))
    actions.approve_person(other, by=me)
    flash(_("%(name)s can sign in now.", name=other.name), "done")
    return redirect(url_for("people.organisation"))


@bp.post("/people/<int:person_id>/closing")
def disable(person_id: int) -> ResponseReturnValue:
    """Close an account of one's own organisation."""
    me = web.current_person()
    other = web.find(policy.visible_colleagues(me).where(Person.id == person_id))
    web.check(policy.can_disable_person(me, other))
    actions.disable_person(other, by=me)
    flash(_("%(name)s can no longer sign in.", name=other.name), "done")
    return redirect(url_for("people.organisation"))


@bp.post("/people/<int:person_id>/speaking")
def set_speaker(person_id: int) -> ResponseReturnValue:
    """Let a person of one's own organisation make official statements of it; `step` withdraw: no longer."""
    me = web.current_person()
    other = web.find(policy.visible_colleagues(me).where(Person.id == person_id))
    web.check(policy.can_administer_organisation(me, other.organisation))
    actions.set_speaker(other, is_speaker=request.form.get("step") != "withdraw", by=me)
    flash(_("Saved."), "done")
    return redirect(url_for("people.organisation"))


@bp.route("/account", methods=["GET", "POST"])
def account() -> ResponseReturnValue:
    """One's own settings."""
    person = web.current_person()
    web.check(person.is_active)
    form = PreferencesForm(obj=person)
    if form.validate_on_submit():
        actions.set_preferences(person, language=form.language.data, theme=form.theme.data, by=person)
        flash(_("Your settings are saved."), "done")
        return redirect(url_for("people.account"))
    return render_template("people/account.html", form=form)
