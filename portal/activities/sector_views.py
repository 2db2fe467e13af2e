"""The list of sectors, which the national coordinator keeps."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import guard, web
from portal.activities import policy, sector_actions
from portal.activities.forms import SectorForm
from portal.activities.models import Sector
from portal.activities.views import bp
from portal.errors import Conflict


def _page(form: SectorForm, message: str = "") -> str:
    return render_template("activities/sectors.html", sectors=policy.sectors_to_choose(), form=form, message=message)


@bp.route("/activities/sectors", methods=["GET", "POST"])
def sectors() -> ResponseReturnValue:
    """The list, with a form for one more."""
    person = web.current_person()
    web.check(policy.can_keep_sectors(person))
    form = SectorForm()
    if form.validate_on_submit():
        try:
            sector_actions.add_sector(form.name.data, by=person)
            flash(_("”%(name)s” is on the list.", name=form.name.data), "done")
            return redirect(url_for("activities.sectors"))
        except (Conflict, guard.Stopped) as error:
            form.name.errors = [error.message]
    return _page(form), 422 if form.errors else 200


@bp.post("/activities/sectors/<int:sector_id>")
def change_sector(sector_id: int) -> ResponseReturnValue:
    """Rename a sector (`name`) or take it off the list (`retire`)."""
    person = web.current_person()
    web.check(policy.can_keep_sectors(person))
    sector = web.find(sa.select(Sector).where(Sector.id == sector_id, Sector.retired_at.is_(None)))
    form, message = SectorForm(), ""
    if "retire" in request.form:
        sector_actions.retire_sector(sector, by=person)
    elif form.validate_on_submit():
        try:
            sector_actions.rename_sector(sector, form.name.data, by=person)
        except (Conflict, guard.Stopped) as error:
            message = error.message
    else:
        message = next(iter(form.errors.values()))[0]
    if message:
        return _page(SectorForm(formdata=None), message), 422
    flash(_("The sectors are saved."), "done")
    return redirect(url_for("activities.sectors"))
