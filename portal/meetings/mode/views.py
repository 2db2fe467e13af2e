"""Meeting mode: the page of a meeting that is held, and what is done on it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup
from wtforms.fields.choices import SelectChoice

from portal import db, web
from portal.discussions.models import Thread
from portal.discussions.policy import visible_threads
from portal.meetings.agenda.policy import papers_of, visible_items
from portal.meetings.followup.forms import ActionForm
from portal.meetings.followup.policy import open_actions
from portal.meetings.mode import actions, parts, policy
from portal.meetings.mode.forms import CommentForm, DecisionForm
from portal.meetings.mode.models import SpeakerRequest
from portal.meetings.models import AgendaItem, Answer, Meeting
from portal.meetings.policy import can_plan_meeting
from portal.meetings.views import ask, is_sure, note_read, visible_meeting
from portal.people.models import Person
from portal.times import moment

bp = Blueprint("mode", __name__)

SOON = timedelta(hours=1)  # a meeting may begin this much early without a question


def _chosen_item(meeting: Meeting) -> AgendaItem | None:
    """The item that the reader looks at: `?item=<id>`, else the current one, else the first."""
    wanted = web.number_of("item")
    found = next((item for item in meeting.items if item.id == wanted), None)
    return found or policy.current_item(meeting) or (meeting.items[0] if meeting.items else None)


def who_may_answer(meeting: Meeting) -> list[SelectChoice]:
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
        lists_open = item.lists_open_actions and meeting.closed_at is None
        context["open_actions"] = (
            db.session.scalars(open_actions(person, meeting.group)).unique().all() if lists_open else None
        )
        context |= {"papers": papers_of(meeting, person).get(item.id, []), "thread": _lifted(item, person)}
        context |= {"decision_form": DecisionForm(formdata=None), "comment_form": CommentForm(formdata=None)}
        action_form = ActionForm(formdata=None)
        action_form.who.choices = who_may_answer(meeting) if context["may_lead"] else [SelectChoice("", "")]
        context["action_form"] = action_form
        for form in (context["decision_form"], action_form, context["comment_form"]):
            form.client_id.data = str(uuid.uuid4())
    return context | given


def _lifted(item: AgendaItem, person: Person) -> Thread | None:
    """The thread whose question the item deals with, if the reader may see it."""
    if item.thread_id is None:
        return None
    return db.session.scalars(visible_threads(person).where(Thread.id == item.thread_id)).unique().first()


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


def led_item(item_id: int) -> tuple[Person, Meeting, AgendaItem]:
    """An item of a meeting that the person leads, with both; 404 or 403 otherwise."""
    person = web.current_person()
    found = web.find(visible_items(person).where(AgendaItem.id == item_id))
    meeting = visible_meeting(person, found.meeting_id)
    web.check(policy.can_lead_meeting(person, meeting))
    return person, meeting, found


def done(meeting: Meeting, names: Sequence[str], item: AgendaItem | None = None) -> ResponseReturnValue:
    """Tell all who watch; a script needs no answer but that, a browser without scripts gets the page again."""
    parts.publish(meeting, names, item)
    if web.is_fragment_request():
        return Response(status=204)
    return redirect(url_for("mode.room", meeting_id=meeting.id, item=item.id if item is not None else None))


@bp.post("/meetings/<int:meeting_id>/record")
def record(meeting_id: int) -> ResponseReturnValue:
    """Write down that the meeting has been held, without a call."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    web.check(can_plan_meeting(person, meeting.group))
    actions.record_meeting(meeting, by=person)
    flash(_("The meeting is recorded. Nobody has been told. Note who was there, and write the minutes."), "done")
    return redirect(url_for("meetings.meeting", meeting_id=meeting_id))


def _why_not_now(meeting: Meeting) -> str:
    """What is asked before a meeting begins at a time that is hardly its own."""
    if meeting.starts_at - db.now() > SOON:
        return str(_("The meeting starts %(when)s. Begin it now all the same?", when=moment(meeting.starts_at)))
    if meeting.is_over:
        held = _(
            "The meeting ended %(when)s. If it was held, note who was there and write the minutes. Begin it now all the same?",
            when=moment(meeting.ends_at),
        )
        return str(held)
    return ""


@bp.post("/meetings/<int:meeting_id>/opening")
def open_meeting(meeting_id: int) -> ResponseReturnValue:
    """Begin the meeting; one that starts much later is asked about first."""
    person, meeting = _led_meeting(meeting_id)
    if meeting.opened_at is None and (question := _why_not_now(meeting)) and not is_sure():
        return ask(
            meeting, title=_("Begin the meeting"), question=question, yes=_("Begin it now"), back=url_for("mode.room", meeting_id=meeting_id), no=_("Back to the meeting"),
        )  # fmt: skip
    actions.open_meeting(meeting, by=person)
    parts.publish(meeting, parts.OF_MEETING)
    return redirect(url_for("mode.room", meeting_id=meeting_id))


@bp.post("/meetings/<int:meeting_id>/closing")
def close_meeting(meeting_id: int) -> ResponseReturnValue:
    """End the meeting; asked about first if nobody is noted as present."""
    person, meeting = _led_meeting(meeting_id)
    if meeting.is_running and not is_sure() and not policy.attendance_of(meeting):
        return ask(
            meeting, title=_("Close the meeting"), question=_("Nobody is noted as present. Close the meeting all the same?"),
            texts=[_("Note who is here before you close it. Otherwise the minutes say that attendance was not noted.")],
            yes=_("Close it without attendance"), back=url_for("mode.room", meeting_id=meeting_id, _anchor="mode-people"), no=_("Back to note who is here"),
        )  # fmt: skip
    actions.close_meeting(meeting, by=person)
    parts.publish(meeting, parts.OF_MEETING)
    flash(_("The meeting is closed. Go through the minutes and circulate them."), "done")
    return redirect(url_for("minutes.minutes", meeting_id=meeting_id))


@bp.post("/agenda-items/<int:item_id>/turn")
def go_to_item(item_id: int) -> ResponseReturnValue:
    """Make an item the current one."""
    person, meeting, item = led_item(item_id)
    before = policy.current_item(meeting)
    actions.go_to_item(meeting, item, by=person)
    if before is not None and before.id != item.id:
        parts.publish(meeting, ["clock"], before)
    return done(meeting, ["head", "agenda", "clock"], item)


@bp.post("/agenda-items/<int:item_id>/extension")
def extend_item(item_id: int) -> ResponseReturnValue:
    """Five minutes more."""
    person, meeting, item = led_item(item_id)
    actions.extend_item(item, minutes=5, by=person)
    return done(meeting, ["head", "agenda", "clock"], item)


@bp.post("/meetings/<int:meeting_id>/attendance")
def note_attendance(meeting_id: int) -> ResponseReturnValue:
    """Note who came and who left: `invitation_way` is a number and on_site, online or left; `way` announced: all who said so."""
    person, meeting = _led_meeting(meeting_id)
    chosen, _space, way = request.form.get("invitation_way", "").partition(" ")
    wanted = int(chosen) if chosen.isascii() and chosen.isdigit() else None
    if request.form.get("way") == "announced":
        actions.note_announced(meeting, by=person)
        return done(meeting, ["people"])
    invitation = next((row for row in policy.participants(meeting) if row.id == wanted), None)
    if invitation is None or way not in {Answer.ON_SITE, Answer.ONLINE, "left"}:
        abort(400)
    if way == "left":
        actions.note_departure(invitation, by=person)
    else:
        actions.note_arrival(invitation, Answer(way), by=person)
    return done(meeting, ["people"])


# --- the floor --------------------------------------------------------------------------------------------------------


@bp.post("/meetings/<int:meeting_id>/floor")
def ask_for_floor(meeting_id: int) -> ResponseReturnValue:
    """Ask for the floor."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    web.check(policy.can_take_part(person, meeting))
    actions.ask_for_floor(meeting, by=person)
    return done(meeting, ["floor"])


@bp.post("/floor/<int:request_id>")
def change_floor(request_id: int) -> ResponseReturnValue:
    """Give the floor, or take the request off the list (the speaker's own too)."""
    person = web.current_person()
    asked = web.find(policy.visible_speaker_requests(person).where(SpeakerRequest.id == request_id))
    meeting = visible_meeting(person, asked.meeting_id)
    is_end = request.form.get("step") == "end"
    web.check(policy.can_lead_meeting(person, meeting) or (is_end and asked.person_id == person.id))
    if is_end:
        actions.end_floor(asked, by=person)
    else:
        actions.give_floor(asked, by=person)
    return done(meeting, ["floor"])
