"""The words that mean the same: a page of the national coordinator."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import guard, web
from portal.errors import Conflict, Invalid
from portal.people.policy import can_coordinate
from portal.search.synonyms import Synonyms
from portal.searches import synonym_actions as actions
from portal.searches.forms import SynonymsForm
from portal.searches.policy import visible_synonyms

bp = Blueprint("synonyms", __name__)


@bp.route("/synonyms", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    """All rows, and a form for a new one."""
    person = web.current_person()
    web.check(can_coordinate(person))
    form, finds, status = SynonymsForm(), [], 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                actions.add_synonyms(form.words.data, by=person)
                flash(_("The row is saved. It works from the next search on."), "done")
                return redirect(url_for("synonyms.index"))
            except guard.Stopped as stopped:
                finds = stopped.finds
            except Invalid as error:
                form.words.errors = [error.message]
            except Conflict as error:
                form.words.errors, status = [error.message], 409
    rows = web.page(visible_synonyms(person), limit=actions.MOST_ROWS)
    return render_template("searches/synonyms.html", form=form, rows=rows, finds=finds), status


@bp.route("/synonyms/<int:synonyms_id>/edit", methods=["GET", "POST"])
def edit(synonyms_id: int) -> ResponseReturnValue:
    """Other words in a row. What was typed stays when somebody else was first, beside the row as it is now."""
    person = web.current_person()
    web.check(can_coordinate(person))
    row = web.find(visible_synonyms(person).where(Synonyms.id == synonyms_id))
    form, finds, conflict, status = SynonymsForm(obj=row), [], "", 200
    if request.method == "GET":
        form.was.data = row.words
    else:
        status = 422
        if form.validate():
            try:
                actions.change_synonyms(row, form.words.data, was=form.was.data or "", by=person)
                flash(_("The row is saved. It works from the next search on."), "done")
                return redirect(url_for("synonyms.index"))
            except guard.Stopped as stopped:
                finds = stopped.finds
            except Invalid as error:
                form.words.errors = [error.message]
            except Conflict as error:
                conflict, status = error.message, 409
                form.was.data = row.words  # who saves again has seen it
    page = render_template("searches/synonyms_edit.html", form=form, row=row, finds=finds, conflict=conflict)
    return page, status


@bp.post("/synonyms/<int:synonyms_id>/deletion")
def remove(synonyms_id: int) -> ResponseReturnValue:
    """Take a row away, as it was seen."""
    person = web.current_person()
    web.check(can_coordinate(person))
    row = web.find(visible_synonyms(person).where(Synonyms.id == synonyms_id))
    try:
        actions.remove_synonyms(row, was=request.form.get("was", ""), by=person)
        flash(_("The row is removed."), "done")
    except Conflict as error:
        flash(error.message, "conflict")
    return redirect(url_for("synonyms.index"))
