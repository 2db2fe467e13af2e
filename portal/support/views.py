"""The contacts page."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import guard, web
from portal.discussions.updates.policy import visible_sources
from portal.people.models import Organisation
from portal.support import actions, policy
from portal.support.forms import ContactForm
from portal.support.models import Contact

bp = Blueprint("support", __name__)

MOST_CONTACTS = 200


@bp.get("/contacts")
def contacts() -> ResponseReturnValue:
    """Whom to call."""
    person = web.current_person()
    rows = web.page(policy.visible_contacts(person), limit=MOST_CONTACTS)
    sources = web.page(visible_sources(person).order_by(Organisation.name), limit=MOST_CONTACTS)
    return render_template(
        "support/contacts.html", contacts=rows, sources=sources, may_edit=policy.can_edit_contacts(person)
    )


@bp.route("/contacts/<int:contact_id>/edit", methods=["GET", "POST"])
def edit_contact(contact_id: int) -> ResponseReturnValue:
    """Change a contact."""
    person = web.current_person()
    contact = web.find(policy.visible_contacts(person).where(Contact.id == contact_id))
    web.check(policy.can_edit_contacts(person))
    form = ContactForm(obj=contact)
    finds: list[guard.Find] = []
    if form.validate_on_submit():
        try:
            actions.edit_contact(
                contact,
                name=form.name.data,
                note=form.note.data or "",
                phone=form.phone.data or "",
                email=form.email.data or "",
                by=person,
            )
            flash(_("The contact is saved."), "done")
            return redirect(url_for("support.contacts"))
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template("support/edit.html", form=form, contact=contact, finds=finds)
    return page, 422 if form.errors or finds else 200
