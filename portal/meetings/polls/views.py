"""Pages of date polls: asking, answering, the live result, and the meeting that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import joinedload, selectinload
from wtforms.fields.choices import SelectChoice

from portal import audit, db, guard, web
from portal.errors import Invalid, NotFound
from portal.meetings.models import MeetingSeries
from portal.meetings.policy import active_members, seat_holders, suggested_title, visible_series
from portal.meetings.polls import actions, parts, policy, tokens
from portal.meetings.polls.actions import Asked
from portal.meetings.polls.forms import (
    FIRST_ROWS,
    MORE_ROWS,
    DeadlineForm,
    PollForm,
    answer_form,
    closing,
    parse_guests,
)
from portal.meetings.polls.letters import title_outside
from portal.meetings.polls.models import DatePoll, PollInvitee, PollOption, PollState
from portal.meetings.views import keep
from portal.people.models import Group, HandlingClass, Person
from portal.people.policy import visible_groups
from portal.times import local

bp = Blueprint("polls", __name__)

A_PAGE = 50
DAYS_TO_ANSWER = 10


def _visible_poll(person: Person, poll_id: int) -> DatePoll:
    rows = policy.visible_polls(person).where(DatePoll.id == poll_id)
    return web.find(
        rows.options(joinedload(DatePoll.created_by), joinedload(DatePoll.meeting), selectinload(DatePoll.options))
    )


def _led_poll(poll_id: int) -> tuple[Person, DatePoll]:
    person = web.current_person()
    poll = _visible_poll(person, poll_id)
    web.check(policy.can_open_poll(person, poll.group))
    return person, poll


def _note_read(poll: DatePoll, person: Person) -> None:
    if poll.group.handling_class is HandlingClass.SENSITIVE:
        audit.record_read("poll_read", by=person, on=poll)


@bp.get("/groups/<slug>/polls")
def group_polls(slug: str) -> ResponseReturnValue:
    """A group's date polls, the open ones first."""
    person = web.current_person()
    group = web.find(visible_groups(person).where(Group.slug == slug))
    mine = policy.visible_polls(person).where(DatePoll.group_id == group.id).order_by(DatePoll.id.desc())
    polls = web.page(mine.options(joinedload(DatePoll.meeting)), limit=A_PAGE)
    awaited = {poll.id for poll in policy.unanswered_polls(person)}
    return render_template(
        "meetings/polls/list.html", group=group, awaited=awaited, may_open=policy.can_open_poll(person, group),
        open_polls=[poll for poll in polls if policy.is_open(poll)], others=[poll for poll in polls if not policy.is_open(poll)],
    )  # fmt: skip


# --- asking -----------------------------------------------------------------------------------------------------------


def _fill_choices(form: PollForm, group: Group, series: Sequence[MeetingSeries]) -> Sequence[Person]:
    people = db.session.scalars(active_members(group)).unique().all()
    form.must.choices = [SelectChoice(one.id, f"{one.name}, {one.organisation.short_name}") for one in people]
    form.series.choices = [SelectChoice(0, _("None")), *(SelectChoice(one.id, one.name) for one in series)]
    return people


@bp.route("/groups/<slug>/polls/new", methods=["GET", "POST"])
@web.limiter.limit(web.write_limit, methods=["POST"])
def new_poll(slug: str) -> ResponseReturnValue:
    """Ask when people can meet; `?series=<id>` for a series. The button "More rows" sends the form back with more of them."""
    person = web.current_person()
    group = web.find(visible_groups(person).where(Group.slug == slug))
    web.check(policy.can_open_poll(person, group))
    form, finds = PollForm(), []
    rows = visible_series(person).where(MeetingSeries.group_id == group.id, MeetingSeries.is_ended.is_(False))
    series = db.session.scalars(rows.order_by(MeetingSeries.name)).unique().all()
    people = _fill_choices(form, group, series)
    if request.method == "GET":
        _suggest(form, next((one for one in series if one.id == web.number_of("series")), None))
    elif "more" in request.form:
        form.add_rows(MORE_ROWS)
    elif _is_valid(form):
        try:
            poll = _open(form, group, people, series, person)
            return redirect(url_for("polls.poll", poll_id=poll.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
    form.add_rows(max(1, FIRST_ROWS - len(form.options.entries)) if request.method == "GET" else 1)
    status = 422 if request.method == "POST" and "more" not in request.form else 200
    return render_template("meetings/polls/edit.html", group=group, form=form, finds=finds), status


def _suggest(form: PollForm, series: MeetingSeries | None) -> None:
    form.closes_on.data = (local(db.now()) + timedelta(days=DAYS_TO_ANSWER)).date()
    if series is not None:
        form.series.data, form.place.data = series.id, series.place
        form.title.data = suggested_title(series, db.now())
        form.asked.data = series.participants.value


def _is_valid(form: PollForm) -> bool:
    is_valid = form.validate()
    return form.times() is not None and is_valid  # all messages at once


def _open(
    form: PollForm, group: Group, people: Sequence[Person], series: Sequence[MeetingSeries], by: Person
) -> DatePoll:
    times = form.times()
    assert times is not None  # looked at by _is_valid
    must = set(form.must.data)
    asked = seat_holders(group) if form.asked.data == "seats" else people
    asked = [*asked, *(one for one in people if one.id in must and one not in asked)]
    poll = actions.open_poll(
        group, form.question(times), Asked(asked, parse_guests(form.guests.data or ""), must),
        series=next((one for one in series if one.id == form.series.data), None), keep=keep(), by=by,
    )  # fmt: skip
    db.session.flush()
    flash(ngettext("%(num)s person is asked.", "%(num)s people are asked.", len(poll.invitees)), "done")
    return poll


# --- the poll ---------------------------------------------------------------------------------------------------------


def _page(person: Person, poll: DatePoll, **given: Any) -> str:
    """The page of a poll. As a script asks for the result alone, the rest of the page stays as it is."""
    invitee = policy.invitee_of(person, poll)
    is_open = policy.is_open(poll)
    form = given.pop("form", None)
    if form is None and invitee is not None and is_open:
        form = answer_form(poll, said_by=invitee)
    board, organisation = parts.board(poll), web.number_of("organisation")
    context: dict[str, Any] = {
        "poll": poll, "group": poll.group, "board": board, "invitee": invitee, "is_open": is_open, "form": form,
        "may_lead": policy.can_open_poll(person, poll.group), "finds": (), "now": db.now(),
        "deadline": DeadlineForm(formdata=None, closes_on=local(max(poll.closes_at, db.now())).date()),
        "one": next((row for row in board.rows if row.organisation and row.organisation.id == organisation), None),
    }  # fmt: skip
    return render_template("meetings/polls/poll.html", **context | given)


@bp.get("/polls/<int:poll_id>")
def poll(poll_id: int) -> ResponseReturnValue:
    """A poll: the own answer, the result, and what its leaders may do. `?organisation=<id>` shows that one's people."""
    person = web.current_person()
    found = _visible_poll(person, poll_id)
    _note_read(found, person)
    return _page(person, found)


@bp.get("/polls/<int:poll_id>/parts")
def poll_parts(poll_id: int) -> ResponseReturnValue:
    """The result as it stands now, for a browser that lacks something after `?after=<seq>`; nothing if it lacks nothing."""
    person = web.current_person()
    found = _visible_poll(person, poll_id)
    headers = {"X-Last-Seq": str(found.last_seq)}
    if (web.number_of("after") or 0) >= found.last_seq:
        return Response("", headers=headers)
    _note_read(found, person)
    return Response(parts.render(found), headers=headers)


@bp.post("/polls/<int:poll_id>/answer")
@web.limiter.limit(web.write_limit)
def answer(poll_id: int) -> ResponseReturnValue:
    """Say which times suit; can be changed until the last day."""
    person = web.current_person()
    found = _visible_poll(person, poll_id)
    invitee = policy.invitee_of(person, found)
    web.check(invitee is not None)
    assert invitee is not None  # checked above
    form = answer_form(found)
    finds: Sequence[guard.Find] = ()
    if form.validate():
        try:
            actions.answer_poll(invitee, form.answers(), comment=form.comment.data or "", keep=keep(), by=person)
            parts.publish(found)
            flash(_("Your answer is saved. You can change it until the last day."), "done")
            return redirect(url_for("polls.poll", poll_id=poll_id))
        except guard.Stopped as stopped:
            finds = stopped.finds
        except Invalid as error:
            form.form_errors.append(error.message)
    return _page(person, found, form=form, finds=finds), 422


@bp.post("/polls/<int:poll_id>/reminders")
@web.limiter.limit(web.write_limit)
def remind(poll_id: int) -> ResponseReturnValue:
    """Remind those who have not answered."""
    person, found = _led_poll(poll_id)
    number = actions.remind_silent(found, by=person)
    flash(
        ngettext("%(num)s person is reminded.", "%(num)s people are reminded.", number)
        if number
        else _("Everybody has answered: nobody is reminded."),
        "done",
    )
    return redirect(url_for("polls.poll", poll_id=poll_id))


@bp.post("/polls/<int:poll_id>/deadline")
@web.limiter.limit(web.write_limit)
def set_deadline(poll_id: int) -> ResponseReturnValue:
    """Another last day to answer, or (`close`) none from now on."""
    person, found = _led_poll(poll_id)
    form = DeadlineForm()
    if "close" in request.form:
        actions.set_deadline(found, db.now(), by=person)
        flash(_("The date poll takes no more answers."), "done")
    elif form.validate():
        actions.set_deadline(found, closing(form.closes_on.data), by=person)
        flash(_("The last day to answer is changed."), "done")
    else:
        return _page(person, found, deadline=form), 422
    parts.publish(found)
    return redirect(url_for("polls.poll", poll_id=poll_id))


@bp.post("/polls/<int:poll_id>/cancellation")
def cancel(poll_id: int) -> ResponseReturnValue:
    """End it without a meeting."""
    person, found = _led_poll(poll_id)
    actions.cancel_poll(found, by=person)
    parts.publish(found)
    flash(_("The date poll is ended without a meeting. Those who were asked are told."), "done")
    return redirect(url_for("polls.poll", poll_id=poll_id))


@bp.post("/polls/<int:poll_id>/meeting")
@web.limiter.limit(web.write_limit)
def decide(poll_id: int) -> ResponseReturnValue:
    """Make the meeting at one of the times and call all who were asked."""
    person, found = _led_poll(poll_id)
    option = web.find(
        sa.select(PollOption).where(PollOption.poll_id == found.id, PollOption.id == web.form_number("option"))
    )
    is_new = found.state is PollState.OPEN
    meeting = actions.decide_poll(found, option, by=person)
    if is_new:
        parts.publish(found)
        flash(_("The meeting is called. All who were asked are told."), "done")
    return redirect(url_for("meetings.meeting", meeting_id=meeting.id))


# --- guests -----------------------------------------------------------------------------------------------------------


@bp.route("/poll-answers/<guest_token>", methods=["GET", "POST"])
@web.csrf.exempt  # there is no session to be misused: the signed token in the address is the whole authority
@web.public
@web.limiter.limit(web.public_limit)
def guest(guest_token: str) -> ResponseReturnValue:
    """A guest's own answers by a signed link: the times and nothing else. Dead when the poll takes no answers any more."""
    invitee = tokens.guest_of_token(guest_token)
    if invitee is None:
        raise NotFound
    found = invitee.poll
    if request.method == "GET":
        return _guest_page(invitee, guest_token, answer_form(found, said_by=invitee, is_guest=True))
    form = answer_form(found, is_guest=True)
    if form.validate():
        try:
            actions.answer_poll(invitee, form.answers(), comment=form.comment.data or "", by=None)
            parts.publish(found)
            return redirect(url_for("polls.guest", guest_token=guest_token, lang=request.args.get("lang"), saved=1))
        except guard.Stopped as stopped:
            form.comment.errors = [stopped.message]
        except Invalid as error:
            form.form_errors.append(error.message)
    return _guest_page(invitee, guest_token, form), 422


def _guest_page(invitee: PollInvitee, token: str, form: Any) -> str:
    return render_template(
        "meetings/polls/guest.html", poll=invitee.poll, invitee=invitee, form=form, title=title_outside(invitee.poll),
        here=url_for("polls.guest", guest_token=token, lang=request.args.get("lang")),
        is_saved=request.args.get("saved") == "1" and invitee.answered_at is not None,
    )  # fmt: skip
