"""Pages of what follows from meetings: actions and decisions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload
from wtforms.fields.choices import SelectChoice

from portal import db, guard, search, web
from portal.errors import Conflict
from portal.meetings.followup import actions, policy
from portal.meetings.followup.forms import ActionChangeForm, ActionForm, ActionStateForm
from portal.meetings.followup.models import ActionEvent, ActionItem, ActionState, Decision
from portal.meetings.models import Meeting
from portal.people.models import Group, Membership, Organisation, Person
from portal.people.policy import visible_group, visible_members
from portal.people.traces import note_reading

bp = Blueprint("followup", __name__)

A_PAGE = 30
MOST_ACTIONS = 300


def _action(person: Person, action_id: int) -> ActionItem:
    return web.find(
        policy.visible_actions(person)
        .where(ActionItem.id == action_id)
        .options(
            selectinload(ActionItem.events).joinedload(ActionEvent.by),
            joinedload(ActionItem.meeting),
            joinedload(ActionItem.item),
        )
    )


Responsible = dict[str, tuple[Organisation, Person | None]]


def _who(person: Person, group: Group, action: ActionItem | None = None) -> tuple[list[SelectChoice], Responsible]:
    """Who may be responsible: the group's members, their organisations as such, and whoever is responsible now."""
    rows = visible_members(person, group).join(Membership.person).options(joinedload(Membership.person))
    members = [one.person for one in db.session.scalars(rows.order_by(Person.name)) if one.person.is_active]
    organisations = {one.organisation.id: one.organisation for one in members}
    if action is not None:
        organisations[action.organisation.id] = action.organisation
        if action.owner is not None and action.owner not in members:
            members.append(action.owner)
    found: Responsible = {f"p{one.id}": (one.organisation, one) for one in members}
    choices = [SelectChoice(f"p{one.id}", f"{one.name}, {one.organisation.short_name}") for one in members]
    for organisation in sorted(organisations.values(), key=lambda one: one.name):
        found[f"o{organisation.id}"] = (organisation, None)
        name = _("%(organisation)s (nobody by name)", organisation=organisation.name)
        choices.append(SelectChoice(f"o{organisation.id}", name))
    return choices, found


def _page(person: Person, action: ActionItem, form: ActionChangeForm | None = None, **given: Any) -> str:
    may_change = policy.can_change_action(person, action)
    if form is None and may_change:
        owner = f"p{action.owner.id}" if action.owner is not None else f"o{action.organisation_id}"
        form = ActionChangeForm(
            formdata=None,
            text=action.text,
            who=owner,
            due_on=action.due_on,
            due_asked=str(action.due_on or ""),
            based_on=action.revision,
        )
        form.who.choices = _who(person, action.group, action)[0]
    return render_template(
        "meetings/action.html", action=action, group=action.group, form=form, may_change=may_change,
        **{"finds": (), "conflict": "", "note": ""} | given,
    )  # fmt: skip


@bp.route("/groups/<slug>/actions/new", methods=["GET", "POST"])
def new_action(slug: str) -> ResponseReturnValue:
    """Note something that is to be done, outside a meeting. Members make their own organisation responsible."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    web.check(policy.can_add_action(person, group))
    form, finds = ActionForm(), []
    choices, found = _who(person, group)
    if not policy.can_make_anybody_responsible(person, group):
        found = {key: one for key, one in found.items() if one[0].id == person.organisation_id}
    form.who.choices = [choice for choice in choices if choice.value in found]
    if request.method == "GET":
        form.client_id.data, form.who.data = str(uuid.uuid4()), f"p{person.id}"
    elif form.validate():
        organisation, owner = found[form.who.data]
        task = actions.Task(form.text.data, organisation, owner, form.due_on.data)
        try:
            actions.add_action(group, task, client_id=form.client_id.data, keep=web.kept(), by=person)
            flash(_("The action is added."), "done")
            return redirect(url_for("followup.group_actions", slug=slug))
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template("meetings/action_new.html", group=group, form=form, finds=finds)
    return page, 422 if form.errors or finds else 200


@bp.route("/actions/<int:action_id>", methods=["GET", "POST"])
def action(action_id: int) -> ResponseReturnValue:
    """An action with its history; who may changes it here. If somebody else did meanwhile, both are shown."""
    person = web.current_person()
    action = _action(person, action_id)
    note_reading("action_read", action.group, on=action, by=person)
    if request.method == "GET":
        return _page(person, action)
    web.check(policy.can_change_action(person, action))
    form = ActionChangeForm()
    form.who.choices, found = _who(person, action.group, action)
    if not form.validate():
        return _page(person, action, form), 422
    organisation, owner = found[form.who.data]
    try:
        actions.change_action(
            action, actions.Task(form.text.data, organisation, owner, form.due_on.data), based_on=form.based_on.data,
            note=form.note.data or "", keep=web.kept(), by=person,
        )  # fmt: skip
    except guard.Stopped as stopped:
        return _page(person, action, form, finds=stopped.finds), 422
    except Conflict as error:
        form.based_on.data = action.revision
        return _page(person, action, form, conflict=error.message), 409
    flash(_("The action is changed."), "done")
    return redirect(url_for("followup.action", action_id=action_id))


@bp.post("/actions/<int:action_id>/state")
def set_state(action_id: int) -> ResponseReturnValue:
    """Say that an action is done, dropped, or open again."""
    person = web.current_person()
    action = _action(person, action_id)
    web.check(policy.can_change_action(person, action))
    form = ActionStateForm()
    if not form.validate():
        return _page(
            person, action, conflict=_("Say what happened in at most 1,000 characters."), note=form.note.data
        ), 422
    try:
        actions.set_action_state(
            action, ActionState(form.state.data), based_on=form.based_on.data, note=form.note.data or "", keep=web.kept(), by=person
        )  # fmt: skip
    except guard.Stopped as stopped:
        return _page(person, action, finds=stopped.finds, note=form.note.data), 422
    except Conflict as error:
        return _page(person, action, conflict=error.message, note=form.note.data), 409
    flash(_("It is noted."), "done")
    return redirect(url_for("followup.action", action_id=action_id))


@bp.get("/groups/<slug>/actions")
def group_actions(slug: str) -> ResponseReturnValue:
    """A group's actions: `?show=open|done`, `?organisation=<id>`; the overdue first, the done newest first (`?before=<id>`)."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    note_reading("actions_read", group, on=group, by=person)
    is_done, chosen = request.args.get("show") == "done", web.number_of("organisation")
    rows = _done_actions(person, group) if is_done else policy.open_actions(person, group)
    if chosen is not None:
        rows = rows.where(ActionItem.organisation_id == chosen)
    organisations = sa.select(Organisation).where(
        Organisation.id.in_(policy.visible_actions(person).where(ActionItem.group_id == group.id).with_only_columns(ActionItem.organisation_id))
    ).order_by(Organisation.name)  # fmt: skip
    found = web.page(rows, limit=MOST_ACTIONS + 1)
    return render_template(
        "meetings/actions.html", group=group, actions=found[:MOST_ACTIONS], has_more=len(found) > MOST_ACTIONS, is_done=is_done, chosen=chosen,
        organisations=db.session.scalars(organisations).all(), may_add=policy.can_add_action(person, group),
    )  # fmt: skip


def _done_actions(person: Person, group: Group) -> sa.Select[ActionItem]:
    rows = policy.visible_actions(person).where(ActionItem.group_id == group.id, ActionItem.state != ActionState.OPEN)
    edge = web.number_of("before")
    before = db.session.scalars(rows.where(ActionItem.id == edge)).first() if edge is not None else None
    if before is not None:
        last = sa.literal(before.changed_at, ActionItem.changed_at.type)
        rows = rows.where(sa.tuple_(ActionItem.changed_at, ActionItem.id) < sa.tuple_(last, before.id))
    return rows.order_by(ActionItem.changed_at.desc(), ActionItem.id.desc())


@bp.get("/groups/<slug>/decisions")
def decisions(slug: str) -> ResponseReturnValue:
    """What a group has decided, newest first (`?before=<id>` for older ones), or what is found of it (`?q=`)."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    note_reading("decisions_read", group, on=group, by=person)
    text = request.args.get("q", "")[:400].strip()
    found, results, is_down = _found(text, group, person) if text else (_latest(group, person), None, False)
    numbers = {
        item.id: number for one in found[:A_PAGE] for item, _at, number in one.meeting.timetable() if item.id == one.item_id
    }  # fmt: skip
    return render_template(
        "meetings/decisions.html", group=group, decisions=found[:A_PAGE], has_older=len(found) > A_PAGE and not text, text=text,
        results=results, is_down=is_down, numbers=numbers,
    ), 503 if is_down else 200  # fmt: skip


def _latest(group: Group, person: Person) -> Sequence[Decision]:
    rows = policy.visible_decisions(person).where(Decision.group_id == group.id)
    edge = web.number_of("before")
    before = db.session.scalars(rows.where(Decision.id == edge)).first() if edge is not None else None
    if before is not None:
        rows = rows.where(
            sa.tuple_(Decision.written_at, Decision.id)
            < sa.tuple_(sa.literal(before.written_at, Decision.written_at.type), before.id)
        )
    rows = rows.options(joinedload(Decision.meeting).selectinload(Meeting.items))
    return web.page(rows.order_by(Decision.written_at.desc(), Decision.id.desc()), limit=A_PAGE + 1)


def _found(text: str, group: Group, person: Person) -> tuple[Sequence[Decision], search.Results | None, bool]:
    try:
        results = search.query(
            text,
            person=person,
            group_ids=[group.id],
            type_="decision",
            limit=A_PAGE,
        )
    except search.SearchDown:
        return [], None, True
    found = [one.obj for one in results.found]
    meetings = sa.select(Meeting).where(Meeting.id.in_([one.meeting_id for one in found]))
    db.session.scalars(meetings.options(selectinload(Meeting.items))).all()
    return found, results, False
