"""Pages of the common template: its versions, and changing it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload

from portal import guard, web
from portal.counties.plans import actions, policy
from portal.counties.plans.forms import EMPTY_ROWS, TemplateForm
from portal.counties.plans.models import PlanTemplate
from portal.counties.plans.views import MOST_VERSIONS, bp, group_of
from portal.errors import Conflict


@bp.get("/groups/<slug>/plan-template")
def template(slug: str) -> ResponseReturnValue:
    """The newest version of the template, or `?version=` an older one."""
    person = web.current_person()
    group = group_of(person, slug)
    rows = policy.visible_templates(person).where(PlanTemplate.group_id == group.id)
    number = web.number_of("version")
    chosen = rows.where(PlanTemplate.number == number) if number is not None else rows
    ordered = PlanTemplate.number.desc()
    shown = web.find(chosen.order_by(ordered).options(selectinload(PlanTemplate.sections)))
    versions = web.page(rows.order_by(ordered).options(joinedload(PlanTemplate.made_by)), limit=MOST_VERSIONS)
    return render_template(
        "plans/template.html",
        group=group,
        shown=shown,
        versions=versions,
        may_edit=policy.can_edit_template(person, group),
    )


def _rows_of(newest: PlanTemplate | None) -> list[dict[str, Any]]:
    """What the form begins with: the sections, then empty rows."""
    sections = newest.sections if newest is not None else []
    present = [
        {"key": one.key, "heading": one.heading, "guidance": one.guidance, "place": place}
        for place, one in enumerate(sections, 1)
    ]
    return [*present, *({} for _row in range(EMPTY_ROWS))]


@bp.route("/groups/<slug>/plan-template/edit", methods=["GET", "POST"])
def edit_template(slug: str) -> ResponseReturnValue:
    """Change the template: what is published is its next version."""
    person = web.current_person()
    group = group_of(person, slug)
    web.check(policy.can_edit_template(person, group))
    newest = policy.newest_template(group)
    form = TemplateForm(
        rows=_rows_of(newest) if request.method == "GET" else None, based_on=newest.number if newest is not None else 0
    )
    finds: list[guard.Find] = []
    conflict = ""
    if form.validate_on_submit():
        try:
            actions.publish_template(
                group, form.section_plans, based_on=form.based_on.data or 0, keep=web.kept(), by=person
            )
            flash(_("The template is published. Plans that follow an older version show what has changed."), "done")
            return redirect(url_for("plans.template", slug=slug))
        except guard.Stopped as stopped:
            finds = stopped.finds
        except Conflict as error:
            conflict = error.message
            newest = policy.newest_template(group)
            form.based_on.data = newest.number if newest is not None else 0
    page = render_template(
        "plans/edit_template.html", group=group, form=form, newest=newest, finds=finds, conflict=conflict,
        labels={f"rows-{place}-{part}": one.heading for place, one in enumerate(form.section_plans) for part in ("heading", "guidance")},
    )  # fmt: skip
    return page, 409 if conflict else 422 if form.errors or finds else 200
