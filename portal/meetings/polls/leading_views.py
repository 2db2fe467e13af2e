"""What the leaders of a group do with a date poll: remind, another last day, other times, the meeting that comes of it."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal import db, web
from portal.errors import Invalid
from portal.meetings.polls import actions, parts, policy
from portal.meetings.polls.forms import DeadlineForm, NewTimeForm, closing
from portal.meetings.polls.models import DatePoll, PollOption, PollState
from portal.meetings.polls.views import bp, page_of, visible_poll
from portal.people.models import Person


def _led_poll(poll_id: int) -> tuple[Person, DatePoll]:
    person = web.current_person()
    poll = visible_poll(person, poll_id)
    web.check(policy.can_open_poll(person, poll.group))
    return person, poll


@bp.post("/polls/<int:poll_id>/reminders")
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
def set_deadline(poll_id: int) -> ResponseReturnValue:
    """Another last day to answer, or (`close`) none from now on."""
    person, found = _led_poll(poll_id)
    form = DeadlineForm()
    if "close" in request.form:
        actions.set_deadline(found, db.now(), by=person)
        flash(_("The date poll takes no more answers."), "done")
    elif form.validate():
        try:
            actions.set_deadline(found, closing(form.closes_on.data), by=person)
        except Invalid as error:
            form.closes_on.errors = [error.message]
            return page_of(person, found, deadline=form), 422
        flash(_("The last day to answer is changed."), "done")
    else:
        return page_of(person, found, deadline=form), 422
    parts.publish(found)
    return redirect(url_for("polls.poll", poll_id=poll_id))


@bp.post("/polls/<int:poll_id>/times")
def add_time(poll_id: int) -> ResponseReturnValue:
    """Propose one more time."""
    person, found = _led_poll(poll_id)
    form = NewTimeForm()
    time = form.time()
    if time is None:
        return page_of(person, found, new_time=form), 422
    try:
        actions.add_time(found, *time, by=person)
    except Invalid as error:
        form.complain(form.on, error.message)
        return page_of(person, found, new_time=form), 422
    parts.publish(found)
    flash(_("The time is added. Those who have answered are told."), "done")
    return redirect(url_for("polls.poll", poll_id=poll_id))


@bp.post("/polls/<int:poll_id>/times/<int:option_id>/removal")
def remove_time(poll_id: int, option_id: int) -> ResponseReturnValue:
    """Propose a time no longer."""
    person, found = _led_poll(poll_id)
    option = web.find(sa.select(PollOption).where(PollOption.poll_id == found.id, PollOption.id == option_id))
    try:
        actions.remove_time(option, by=person)
    except Invalid as error:
        flash(error.message, "error")
        return redirect(url_for("polls.poll", poll_id=poll_id))
    parts.publish(found)
    flash(_("The time is taken away. Those who could come then are told."), "done")
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
def decide(poll_id: int) -> ResponseReturnValue:
    """Make the meeting at one of the times and call all who were asked."""
    person, found = _led_poll(poll_id)
    option = web.find(
        sa.select(PollOption).where(PollOption.poll_id == found.id, PollOption.id == web.form_number("option"))
    )
    db.lock(found)  # of several who choose at once only the first tells
    is_new = found.state is PollState.OPEN
    meeting = actions.decide_poll(found, option, by=person)
    if is_new:
        parts.publish(found)
        flash(_("The meeting is called. All who were asked are told."), "done")
    return redirect(url_for("meetings.meeting", meeting_id=meeting.id))
