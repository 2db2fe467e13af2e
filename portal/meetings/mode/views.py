"""Meeting mode: the page of a meeting that is held, and what is done on it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy.orm import joinedload
from wtforms.fields.choices import SelectChoice

from portal import db, guard, web
from portal.errors import Invalid
from portal.meetings.agenda.policy import visible_items
from portal.meetings.followup import actions as followup
from portal.meetings.followup.models import Decision
from portal.meetings.followup.policy import visible_decisions
from portal.meetings.forms import tidy
from portal.meetings.mode import actions, parts, policy
from portal.meetings.mode.forms import LONGEST_DECISION, ActionForm, CommentForm, DecisionForm
from portal.meetings.mode.models import SpeakerRequest
from portal.meetings.models import AgendaItem, Answer, Meeting
from portal.meetings.policy import visible_meetings
from portal.meetings.views import keep, note_read, visible_meeting
from portal.people.models import Organisation, Person

bp = Blueprint("mode", __name__)

Form = DecisionForm | ActionForm | CommentForm


def _chosen_item(meeting: Meeting) -> AgendaItem | None:
    """The item that the reader looks at: `?item=<id>`, else the current one, else the first."""
    wanted = web.number_of("item")
    found = next((item for item in meeting.items if item.id == wanted), None)
    return found or policy.current_item(meeting) or (meeting.items[0] if meeting.items else None)


def _who(meeting: Meeting) -> list[SelectChoice]:
    """Who may be responsible: those who are called, and their organisations as such."""
    people, organisations = [], {}
    for invitation in policy.participants(meeting):
        if invitation.person is not None and invitation.organisation is not None:
            people.append(
                SelectChoice(f"p{invitation.person.id}", f"{invitation.name}, {invitation.organisation.short_name}")
            )
            organisations[invitation.organisation.id] = invitation.organisation.name
    whole = [
        SelectChoice(f"o{key}", _("%(organisation)s (nobody by name)", organisation=name))
        for key, name in organisations.items()
    ]
    return [SelectChoice("", _("Choose")), *people, *whole]


def item_context(meeting: Meeting, item: AgendaItem | None, person: Person, **given: Any) -> dict[str, Any]:
    """What the middle of the page needs: the item, and the forms of those who may use them."""
    context: dict[str, Any] = {
        "meeting": meeting, "group": meeting.group, "item": item, "may_lead": policy.can_lead_meeting(person, meeting),
        "may_take_part": policy.can_take_part(person, meeting), "previous": policy.previous_item(meeting),
        "following": policy.next_item(meeting), "part": lambda name: Markup(parts.render([name], meeting, item)),  # noqa: S704  # our own templates
        "numbers": {r.id: n for r, _s, n in meeting.timetable()},
        "current": policy.current_item(meeting), "finds": (), "now": db.now(),
    }  # fmt: skip
    if item is not None:
        context |= {"decision_form": DecisionForm(formdata=None), "comment_form": CommentForm(formdata=None)}
        action_form = ActionForm(formdata=None)
        action_form.who.choices = _who(meeting) if context["may_lead"] else [SelectChoice("", "")]
        context["action_form"] = action_form
        for form in (context["decision_form"], action_form, context["comment_form"]):
            form.client_id.data = str(uuid.uuid4())
    return context | given


@bp.get("/meetings/<int:meeting_id>/room")
def room(meeting_id: int) -> ResponseReturnValue:
    """The page of a meeting that is held. As a fragment: its middle, for the item that was asked for."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    note_read("meeting_read", meeting, person)
    context = item_context(meeting, _chosen_item(meeting), person)
    template = "meetings/mode/_item.html" if web.is_fragment_request() else "meetings/mode/room.html"
    return render_template(template, **context)


@bp.get("/meetings/<int:meeting_id>/room/parts")
def room_parts(meeting_id: int) -> ResponseReturnValue:
    """All parts as they stand now, for a browser that lacks something after `?after=<seq>`; nothing if it lacks nothing."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    headers = {"X-Last-Seq": str(meeting.last_seq)}
    if (web.number_of("after") or 0) >= meeting.last_seq:
        return Response("", headers=headers)
    item = _chosen_item(meeting)
    names = parts.OF_MEETING + (parts.OF_ITEM if item is not None else ())
    return Response(parts.render(names, meeting, item), headers=headers)


def _led_meeting(meeting_id: int) -> tuple[Person, Meeting]:
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    web.check(policy.can_lead_meeting(person, meeting))
    return person, meeting


def _led_item(item_id: int) -> tuple[Person, Meeting, AgendaItem]:
    person = web.current_person()
    found = web.find(visible_items(person).where(AgendaItem.id == item_id))
    meeting = visible_meeting(person, found.meeting_id)
    web.check(policy.can_lead_meeting(person, meeting))
    return person, meeting, found


def _done(meeting: Meeting, names: Sequence[str], item: AgendaItem | None = None) -> ResponseReturnValue:
    """Tell all who watch; a script needs no answer but that, a browser without scripts gets the page again."""
    parts.publish(meeting, names, item)
    if web.is_fragment_request():
        return Response(status=204)
    return redirect(url_for("mode.room", meeting_id=meeting.id, item=item.id if item is not None else None))


@bp.post("/meetings/<int:meeting_id>/opening")
def open_meeting(meeting_id: int) -> ResponseReturnValue:
    """Begin the meeting."""
    person, meeting = _led_meeting(meeting_id)
    actions.open_meeting(meeting, by=person)
    parts.publish(meeting, parts.OF_MEETING)
    return redirect(url_for("mode.room", meeting_id=meeting_id))


@bp.post("/meetings/<int:meeting_id>/closing")
def close_meeting(meeting_id: int) -> ResponseReturnValue:
    """End the meeting."""
    person, meeting = _led_meeting(meeting_id)
    actions.close_meeting(meeting, by=person)
    parts.publish(meeting, parts.OF_MEETING)
    flash(_("The meeting is closed. Go through the minutes and circulate them."), "done")
    return redirect(url_for("minutes.minutes", meeting_id=meeting_id))


@bp.post("/agenda-items/<int:item_id>/turn")
def go_to_item(item_id: int) -> ResponseReturnValue:
    """Make an item the current one."""
    person, meeting, item = _led_item(item_id)
    before = policy.current_item(meeting)
    actions.go_to_item(meeting, item, by=person)
    if before is not None and before.id != item.id:
        parts.publish(meeting, ["clock"], before)
    return _done(meeting, ["head", "agenda", "clock"], item)


@bp.post("/agenda-items/<int:item_id>/extension")
def extend_item(item_id: int) -> ResponseReturnValue:
    """Five minutes more."""
    person, meeting, item = _led_item(item_id)
    actions.extend_item(item, minutes=5, by=person)
    return _done(meeting, ["head", "agenda", "clock"], item)


@bp.post("/meetings/<int:meeting_id>/attendance")
def note_attendance(meeting_id: int) -> ResponseReturnValue:
    """Note who came and who left: `invitation_way` is a number and on_site, online or left; `way` announced: all who said so."""
    person, meeting = _led_meeting(meeting_id)
    chosen, _space, way = request.form.get("invitation_way", "").partition(" ")
    wanted = int(chosen) if chosen.isascii() and chosen.isdigit() else None
    if request.form.get("way") == "announced":
        actions.note_announced(meeting, by=person)
        return _done(meeting, ["people"])
    invitation = next((row for row in policy.participants(meeting) if row.id == wanted), None)
    if invitation is None or way not in {Answer.ON_SITE, Answer.ONLINE, "left"}:
        abort(400)
    if way == "left":
        actions.note_departure(invitation, by=person)
    else:
        actions.note_arrival(invitation, Answer(way), by=person)
    return _done(meeting, ["people"])


# --- the floor --------------------------------------------------------------------------------------------------------


@bp.post("/meetings/<int:meeting_id>/floor")
def ask_for_floor(meeting_id: int) -> ResponseReturnValue:
    """Ask for the floor."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    web.check(policy.can_take_part(person, meeting))
    actions.ask_for_floor(meeting, by=person)
    return _done(meeting, ["floor"])


@bp.post("/floor/<int:request_id>")
def change_floor(request_id: int) -> ResponseReturnValue:
    """Give the floor, or take the request off the list (the speaker's own too)."""
    person = web.current_person()
    visible = visible_meetings(person).with_only_columns(Meeting.id)
    asked = web.find(
        sa.select(SpeakerRequest).where(SpeakerRequest.id == request_id, SpeakerRequest.meeting_id.in_(visible))
    )
    meeting = visible_meeting(person, asked.meeting_id)
    is_end = request.form.get("step") == "end"
    web.check(policy.can_lead_meeting(person, meeting) or (is_end and asked.person_id == person.id))
    if is_end:
        actions.end_floor(asked, by=person)
    else:
        actions.give_floor(asked, by=person)
    return _done(meeting, ["floor"])


# --- decisions, actions, comments -------------------------------------------------------------------------------------


def _again(
    meeting: Meeting, item: AgendaItem, person: Person, name: str, form: Form, finds: Sequence[guard.Find]
) -> ResponseReturnValue:
    """The middle of the page with a form that was refused: its text stays."""
    context = item_context(meeting, item, person, **{name: form, "finds": finds, "refused": name})
    template = f"meetings/mode/_{name}.html" if web.is_fragment_request() else "meetings/mode/room.html"
    return render_template(template, **context), 422


@bp.post("/agenda-items/<int:item_id>/decisions")
@web.limiter.limit(web.write_limit)
def add_decision(item_id: int) -> ResponseReturnValue:
    """Write down a decision."""
    person, meeting, item = _led_item(item_id)
    form = DecisionForm()
    if not form.validate():
        return _again(meeting, item, person, "decision_form", form, ())
    try:
        followup.add_decision(item, text=form.text.data, client_id=form.client_id.data, keep=keep(), by=person)
    except guard.Stopped as stopped:
        return _again(meeting, item, person, "decision_form", form, stopped.finds)
    return _done(meeting, ["rows", "totals"], item)


@bp.post("/decisions/<int:decision_id>")
@web.limiter.limit(web.write_limit)
def change_decision(decision_id: int) -> ResponseReturnValue:
    """Reword a decision, or take it back (`withdraw`), before the minutes are sealed."""
    person = web.current_person()
    decision = web.find(visible_decisions(person).where(Decision.id == decision_id).options(joinedload(Decision.item)))
    meeting = visible_meeting(person, decision.meeting_id)
    web.check(policy.can_lead_meeting(person, meeting))
    item = decision.item
    if request.form.get("withdraw"):
        followup.withdraw_decision(decision, by=person)
        return _done(meeting, ["rows", "totals"], item)
    text = tidy(request.form.get(f"text-{decision_id}")).strip()
    if not 0 < len(text) <= LONGEST_DECISION:
        raise Invalid(_("A decision has between 1 and 5,000 characters."))
    based_on = web.form_number("based_on")
    try:
        followup.change_decision(decision, text=text, based_on=based_on or 0, keep=keep(), by=person)
    except guard.Stopped as stopped:
        what = ", ".join(find.masked for find in stopped.finds)
        raise Invalid(_("The decision cannot be saved: it contains personal data (%(what)s).", what=what)) from stopped
    return _done(meeting, ["rows"], item)


@bp.post("/agenda-items/<int:item_id>/actions")
@web.limiter.limit(web.write_limit)
def add_action(item_id: int) -> ResponseReturnValue:
    """Note that somebody undertakes something."""
    person, meeting, item = _led_item(item_id)
    form = ActionForm()
    form.who.choices = _who(meeting)
    if not form.validate():
        return _again(meeting, item, person, "action_form", form, ())
    try:
        followup.add_action(
            meeting.group, _task(form.text.data, form.who.data, form.due_on.data), client_id=form.client_id.data,
            meeting=meeting, item=item, keep=keep(), by=person,
        )  # fmt: skip
    except guard.Stopped as stopped:
        return _again(meeting, item, person, "action_form", form, stopped.finds)
    return _done(meeting, ["rows", "totals"], item)


def _task(text: str, who: str, due_on: date | None) -> followup.Task:
    """From the form's choice: `p12` is a person, `o3` an organisation as such; both were among the choices."""
    if who.startswith("p"):
        owner = db.session.get_one(Person, int(who[1:]))
        return followup.Task(text, owner.organisation, owner, due_on)
    return followup.Task(text, db.session.get_one(Organisation, int(who[1:])), None, due_on)


@bp.post("/agenda-items/<int:item_id>/comments")
@web.limiter.limit(web.write_limit)
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
        actions.add_comment(item, body=form.body.data, client_id=form.client_id.data, keep=keep(), by=person)
    except guard.Stopped as stopped:
        return _again(meeting, item, person, "comment_form", form, stopped.finds)
    return _done(meeting, ["comments"], item)
