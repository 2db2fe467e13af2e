"""Pages of date polls: asking, answering, the live result, and the meeting that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import joinedload, selectinload
from wtforms.fields.choices import SelectChoice

from portal import db, guard, web
from portal.errors import Conflict, Invalid
from portal.meetings.actions import Guest
from portal.meetings.models import Meeting, MeetingSeries
from portal.meetings.policy import active_members, seat_holders, suggested_title, visible_series
from portal.meetings.polls import actions, parts, policy
from portal.meetings.polls.actions import Asked
from portal.meetings.polls.forms import (
    FIRST_ROWS,
    MORE_ROWS,
    DeadlineForm,
    NewTimeForm,
    PollForm,
    answer_form,
    parse_guests,
)
from portal.meetings.polls.models import DatePoll
from portal.people.models import Group, Person
from portal.people.policy import visible_group
from portal.people.traces import note_reading
from portal.times import day, holiday, local, today

bp = Blueprint("polls", __name__)

A_PAGE = 50
DAYS_TO_ANSWER = 10
DAYS_AHEAD = 550


def visible_poll(person: Person, poll_id: int) -> DatePoll:
    """The poll with what its page shows; 404 if it may not be seen."""
    rows = policy.visible_polls(person).where(DatePoll.id == poll_id)
    return web.find(
        rows.options(joinedload(DatePoll.created_by), joinedload(DatePoll.meeting), selectinload(DatePoll.options))
    )


@bp.get("/groups/<slug>/polls")
def group_polls(slug: str) -> ResponseReturnValue:
    """A group's date polls, the open ones first."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    mine = policy.visible_polls(person).where(DatePoll.group_id == group.id).order_by(DatePoll.id.desc())
    polls = web.page(mine.options(joinedload(DatePoll.meeting)), limit=A_PAGE)
    awaited = {poll.id for poll in policy.unanswered_polls(person)}
    return render_template(
        "meetings/polls/list.html", group=group, awaited=awaited, may_open=policy.can_open_poll(person, group),
        open_polls=[poll for poll in polls if policy.is_open(poll)], others=[poll for poll in polls if not policy.is_open(poll)],
    )  # fmt: skip


# --- asking -----------------------------------------------------------------------------------------------------------


class _Choices(NamedTuple):
    """What the form chooses among."""

    people: Sequence[Person]
    series: Sequence[MeetingSeries]
    planned: Sequence[Meeting]


def _fill_choices(
    form: PollForm, group: Group, series: Sequence[MeetingSeries], planned: Sequence[Meeting]
) -> Sequence[Person]:
    people = db.session.scalars(active_members(group)).unique().all()
    form.must.choices = [SelectChoice(one.id, f"{one.name}, {one.organisation.short_name}") for one in people]
    form.series.choices = [SelectChoice(0, _("None")), *(SelectChoice(one.id, one.name) for one in series)]
    form.meeting.choices = [
        SelectChoice(0, _("A new one")),
        *(
            SelectChoice(one.id, _("%(title)s, planned for %(day)s", title=one.title, day=day(one.starts_at)))
            for one in planned
        ),
    ]
    return people


@bp.route("/groups/<slug>/polls/new", methods=["GET", "POST"])
def new_poll(slug: str) -> ResponseReturnValue:
    """Ask when people can meet; `?series=<id>` for a series, `?meeting=<id>` for a meeting that is being planned. The button
    "More rows" sends the form back with more of them.
    """
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    web.check(policy.can_open_poll(person, group))
    form, finds, conflict = PollForm(), [], ""
    rows = visible_series(person).where(MeetingSeries.group_id == group.id, MeetingSeries.is_ended.is_(False))
    series = db.session.scalars(rows.order_by(MeetingSeries.name)).unique().all()
    planned = policy.meetings_without_time(person, group)
    people = _fill_choices(form, group, series, planned)
    if request.method == "GET":
        _suggest(form, series, planned)
    elif "more" in request.form:
        form.add_rows(MORE_ROWS)
    elif _is_valid(form):
        try:
            poll = _open(form, group, _Choices(people, series, planned), person)
            return redirect(url_for("polls.poll", poll_id=poll.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
        except Invalid as error:
            form[error.field or "options"].errors = [error.message]
        except Conflict as error:
            conflict = error.message
    form.add_rows(max(1, FIRST_ROWS - len(form.options.entries)) if request.method == "GET" else 1)
    status = 422 if request.method == "POST" and "more" not in request.form else 200
    status = 409 if conflict else status
    page = render_template(
        "meetings/polls/edit.html", group=group, form=form, finds=finds, conflict=conflict, holidays=_holidays()
    )
    return page, status


def _holidays() -> dict[str, str]:
    """The holidays of the time for which people plan, for a script that names them as a day is chosen."""
    days = (today() + timedelta(days=number) for number in range(DAYS_AHEAD))
    return {on.isoformat(): name for on in days if (name := holiday(on))}


def _suggest(form: PollForm, series: Sequence[MeetingSeries], planned: Sequence[Meeting]) -> None:
    """What the poll is about, as far as the address says it: a series that has a meeting without a call is about that one."""
    form.closes_on.data = (local(db.now()) + timedelta(days=DAYS_TO_ANSWER)).date()
    wanted, of_series = web.number_of("meeting"), web.number_of("series")
    meeting = next((one for one in planned if one.id == wanted or (one.series_id and one.series_id == of_series)), None)
    if meeting is not None:
        of_series = meeting.series_id
        starts, ends = local(meeting.starts_at), local(meeting.ends_at)
        if not meeting.is_all_day:
            form.options.append_entry({"on": starts.date(), "starts": starts.time(), "ends": ends.time()})
    one = next((one for one in series if one.id == of_series), None)
    if one is not None:
        form.series.data, form.place.data = one.id, one.place
        form.title.data = suggested_title(one, db.now())
        form.asked.data = one.participants.value
    if meeting is not None:
        form.meeting.data, form.title.data, form.place.data = (
            meeting.id,
            meeting.title,
            meeting.place or form.place.data,
        )


def _is_valid(form: PollForm) -> bool:
    is_valid = form.validate()
    return form.times() is not None and is_valid  # all messages at once


def _open(form: PollForm, group: Group, choices: _Choices, by: Person) -> DatePoll:
    times = form.times()
    assert times is not None  # looked at by _is_valid
    must, people = set(form.must.data), choices.people
    asked = seat_holders(group) if form.asked.data == "seats" else people
    asked = [*asked, *(one for one in people if one.id in must and one not in asked)]
    guests = [Guest(name, email, form.guest_language.data) for name, email in parse_guests(form.guests.data or "")]
    poll = actions.open_poll(
        group, form.question(times), Asked(asked, guests, must),
        series=next((one for one in choices.series if one.id == form.series.data), None),
        meeting=next((one for one in choices.planned if one.id == form.meeting.data), None), keep=web.kept(), by=by,
    )  # fmt: skip
    db.session.flush()
    flash(ngettext("%(num)s person is asked.", "%(num)s people are asked.", len(poll.invitees)), "done")
    return poll


# --- the poll ---------------------------------------------------------------------------------------------------------


def page_of(person: Person, poll: DatePoll, **given: Any) -> str:
    """The page of a poll. As a script asks for the result alone, the rest of the page stays as it is."""
    invitee = policy.invitee_of(person, poll)
    is_open = policy.is_open(poll)
    form, may_lead = given.pop("form", None), policy.can_open_poll(person, poll.group)
    if form is None and invitee is not None and is_open:
        form = answer_form(poll, said_by=invitee)
    board, organisation = parts.board(poll), web.number_of("organisation")
    context: dict[str, Any] = {
        "poll": poll, "group": poll.group, "board": board, "invitee": invitee, "is_open": is_open, "form": form,
        "may_lead": may_lead, "finds": (), "now": db.now(), "new_time": NewTimeForm(formdata=None),
        "deadline": DeadlineForm(formdata=None, closes_on=local(max(poll.closes_at, db.now())).date()),
        "one": next((row for row in board.rows if row.organisation and row.organisation.id == organisation), None),
    }  # fmt: skip
    return render_template("meetings/polls/poll.html", **context | given)


@bp.get("/polls/<int:poll_id>")
def poll(poll_id: int) -> ResponseReturnValue:
    """A poll: the own answer, the result, and what its leaders may do. `?organisation=<id>` shows that one's people."""
    person = web.current_person()
    found = visible_poll(person, poll_id)
    note_reading("poll_read", found.group, on=found, by=person)
    return page_of(person, found)


@bp.get("/polls/<int:poll_id>/parts")
def poll_parts(poll_id: int) -> ResponseReturnValue:
    """The result as it stands now, for a browser that lacks something after `?after=<seq>`; nothing if it lacks nothing."""
    person = web.current_person()
    found = visible_poll(person, poll_id)
    headers = {"X-Last-Seq": str(found.last_seq)}
    if (web.number_of("after") or 0) >= found.last_seq:
        return Response("", headers=headers)
    note_reading("poll_read", found.group, on=found, by=person)
    return Response(parts.render(found), headers=headers)


@bp.post("/polls/<int:poll_id>/answer")
def answer(poll_id: int) -> ResponseReturnValue:
    """Say which times suit; can be changed until the last day."""
    person = web.current_person()
    found = visible_poll(person, poll_id)
    invitee = policy.invitee_of(person, found)
    web.check(invitee is not None)
    assert invitee is not None  # checked above
    form = answer_form(found)
    finds: Sequence[guard.Find] = ()
    if form.validate():
        try:
            actions.answer_poll(
                invitee, form.answers(), comment=form.comment.data or "", seen=seen_times(), keep=web.kept(), by=person
            )
            parts.publish(found)
            flash(saved_text(found, len(form.answers())), "done")
            return redirect(url_for("polls.poll", poll_id=poll_id))
        except guard.Stopped as stopped:
            finds = stopped.finds
        except Invalid as error:
            form = answer_form(found)  # with the row of a time that was added meanwhile
            form.form_errors = [error.message]
    return page_of(person, found, form=form, finds=finds), 422


def saved_text(poll: DatePoll, answered: int) -> str:
    """What is said when an answer is saved: also how many times it says nothing about."""
    left = len(poll.options) - answered
    if left <= 0:
        return str(_("Your answer is saved. You can change it until the last day."))
    return str(
        ngettext(
            "Your answer is saved. %(num)s time is still without an answer.",
            "Your answer is saved. %(num)s times are still without an answer.",
            left,
        )
    )


def seen_times() -> list[int] | None:
    """The times that the page showed; None if it does not say."""
    shown = request.form.get("seen", "")[:1000].split()
    return [int(number) for number in shown if number.isascii() and number.isdigit()] if shown else None
