"""Meeting mode: what is written down on an item: decisions, actions, and words to the secretary."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal import db, guard, web
from portal.errors import Conflict, Invalid
from portal.meetings.agenda.policy import visible_items
from portal.meetings.followup import actions as followup
from portal.meetings.followup.forms import ActionForm
from portal.meetings.followup.models import Decision
from portal.meetings.followup.policy import visible_decision_records
from portal.meetings.mode import actions, policy
from portal.meetings.mode.forms import CommentForm, DecisionChangeForm, DecisionForm
from portal.meetings.mode.views import bp, done, item_context, led_item, who_may_answer
from portal.meetings.models import AgendaItem, Meeting
from portal.meetings.views import note_read, visible_meeting
from portal.people.models import Organisation, Person

Form = DecisionForm | ActionForm | CommentForm


def _again(
    meeting: Meeting, item: AgendaItem, person: Person, name: str, form: Form, finds: Sequence[guard.Find]
) -> ResponseReturnValue:
    """The middle of the page with a form that was refused: its text stays."""
    context = item_context(meeting, item, person, **{name: form, "finds": finds, "refused": name})
    template = f"meetings/mode/_{name}.html" if web.is_fragment_request() else "meetings/mode/room.html"
    return render_template(template, **context), 422


@bp.post("/agenda-items/<int:item_id>/decisions")
def add_decision(item_id: int) -> ResponseReturnValue:
    """Write down a decision."""
    person, meeting, item = led_item(item_id)
    form = DecisionForm()
    if not form.validate():
        return _again(meeting, item, person, "decision_form", form, ())
    try:
        followup.add_decision(item, text=form.text.data, client_id=form.client_id.data, keep=web.kept(), by=person)
    except guard.Stopped as stopped:
        return _again(meeting, item, person, "decision_form", form, stopped.finds)
    return done(meeting, ["rows", "totals"], item)


def _decision(decision_id: int) -> tuple[Person, Meeting, Decision]:
    person = web.current_person()
    visible = visible_decision_records(person).where(Decision.id == decision_id)
    decision = web.find(visible.options(joinedload(Decision.item)))
    return person, visible_meeting(person, decision.meeting_id), decision


def _decision_page(person: Person, meeting: Meeting, decision: Decision, form: DecisionChangeForm, **given: Any) -> str:
    may_change = policy.can_lead_meeting(person, meeting)
    return render_template(
        "meetings/decision.html", meeting=meeting, group=meeting.group, decision=decision, form=form, may_change=may_change,
        paragraph=next((number for item, _at, number in meeting.timetable() if item.id == decision.item_id), None),
        **{"finds": (), "conflict": ""} | given,
    )  # fmt: skip


@bp.get("/decisions/<int:decision_id>")
def decision(decision_id: int) -> ResponseReturnValue:
    """A decision; to the group's leaders with its earlier wordings, also one that was taken back."""
    person, meeting, found = _decision(decision_id)
    note_read("decision_read", meeting, person)
    form = DecisionChangeForm(formdata=None, text=found.text, based_on=found.revision)
    return _decision_page(person, meeting, found, form)


@bp.post("/decisions/<int:decision_id>")
def change_decision(decision_id: int) -> ResponseReturnValue:
    """Reword a decision, take it back (`withdraw`) or let it stand again (`restore`), before the minutes are sealed.

    In meeting mode many decisions stand in one form: there the text is `text-<number of the decision>`.
    """
    person, meeting, found = _decision(decision_id)
    web.check(policy.can_lead_meeting(person, meeting))
    if request.form.get("withdraw") or request.form.get("restore"):
        act = followup.withdraw_decision if request.form.get("withdraw") else followup.restore_decision
        act(found, by=person)
        return done(meeting, ["rows", "totals"], found.item)
    sent = request.form.copy()
    sent["text"] = sent.get(f"text-{decision_id}", sent.get("text", ""))
    form = DecisionChangeForm(formdata=sent)
    if not form.validate():
        return _decision_refused(
            person, meeting, found, form, Invalid(_("A decision has between 1 and 5,000 characters."))
        )
    try:
        followup.change_decision(
            found, text=form.text.data, based_on=form.based_on.data or 0, keep=web.kept(), by=person
        )
    except guard.Stopped as stopped:
        what = ", ".join(find.masked for find in stopped.finds)
        error = Invalid(_("The decision cannot be saved: it contains personal data (%(what)s).", what=what))
        return _decision_refused(person, meeting, found, form, error, finds=stopped.finds)
    except Conflict as conflict:
        form.based_on.data = found.revision
        return _decision_refused(person, meeting, found, form, conflict, conflict=conflict.message)
    return done(meeting, ["rows"], found.item)


def _decision_refused(
    person: Person, meeting: Meeting, found: Decision, form: DecisionChangeForm, error: Conflict | Invalid, **given: Any
) -> ResponseReturnValue:
    """A script keeps the text and needs the sentence; without one the page of the decision keeps it."""
    if web.is_fragment_request():
        raise error
    return _decision_page(person, meeting, found, form, **given), 409 if isinstance(error, Conflict) else 422


@bp.post("/agenda-items/<int:item_id>/actions")
def add_action(item_id: int) -> ResponseReturnValue:
    """Note that somebody undertakes something."""
    person, meeting, item = led_item(item_id)
    form = ActionForm()
    form.who.choices = who_may_answer(meeting)
    if not form.validate():
        return _again(meeting, item, person, "action_form", form, ())
    try:
        followup.add_action(
            meeting.group, _task(form.text.data, form.who.data, form.due_on.data), client_id=form.client_id.data,
            meeting=meeting, item=item, keep=web.kept(), by=person,
        )  # fmt: skip
    except guard.Stopped as stopped:
        return _again(meeting, item, person, "action_form", form, stopped.finds)
    return done(meeting, ["rows", "totals"], item)


def _task(text: str, who: str, due_on: date | None) -> followup.Task:
    """From the form's choice: `p12` is a person, `o3` an organisation as such; both were among the choices."""
    if who.startswith("p"):
        owner = db.session.get_one(Person, int(who[1:]))
        return followup.Task(text, owner.organisation, owner, due_on)
    return followup.Task(text, db.session.get_one(Organisation, int(who[1:])), None, due_on)


@bp.post("/agenda-items/<int:item_id>/comments")
def add_comment(item_id: int) -> ResponseReturnValue:
    """Say something to the secretary."""
    person = web.current_person()
    item = web.find(visible_items(person).where(AgendaItem.id == item_id))
    meeting = visible_meeting(person, item.meeting_id)
    web.check(policy.can_take_part(person, meeting))
    form = CommentForm()
    if not form.validate():
        return _again(meeting, item, person, "comment_form", form, ())
    try:
        actions.add_comment(item, body=form.body.data, client_id=form.client_id.data, keep=web.kept(), by=person)
    except guard.Stopped as stopped:
        return _again(meeting, item, person, "comment_form", form, stopped.finds)
    return done(meeting, ["comments"], item)
