"""Forms of remarks on paragraphs of circulated minutes."""

from __future__ import annotations

from flask import flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import guard, web
from portal.errors import Invalid
from portal.meetings.agenda.policy import visible_items
from portal.meetings.minutes import policy, remark_actions
from portal.meetings.minutes.adjusting_views import again, back, minutes_of
from portal.meetings.minutes.forms import AnswerForm, RemarkForm
from portal.meetings.minutes.models import Remark, RemarkState
from portal.meetings.minutes.views import bp
from portal.meetings.models import AgendaItem
from portal.people.models import Person


@bp.post("/agenda-items/<int:item_id>/remarks")
def add_remark(item_id: int) -> ResponseReturnValue:
    """Remark on a paragraph."""
    person = web.current_person()
    item = web.find(visible_items(person).where(AgendaItem.id == item_id))
    minutes = minutes_of(person, item.meeting_id)
    web.check(policy.can_remark(person, minutes))
    form = RemarkForm()
    if not form.validate():
        return again(item.meeting_id, person, "remark_form", form, of=item_id)
    try:
        remark_actions.add_remark(
            minutes, item, text=form.text.data, client_id=form.client_id.data, keep=web.kept(), by=person
        )
    except guard.Stopped as stopped:
        return again(item.meeting_id, person, "remark_form", form, stopped.finds, item_id)
    flash(_("Your remark has been sent to the secretary."), "done")
    return back(item.meeting_id, f"item-{item_id}")


def _remark(person: Person, remark_id: int) -> Remark:
    return web.find(policy.visible_remarks(person).where(Remark.id == remark_id))


@bp.post("/remarks/<int:remark_id>/support")
def support_remark(remark_id: int) -> ResponseReturnValue:
    """Agree with a remark."""
    person = web.current_person()
    remark = _remark(person, remark_id)
    web.check(policy.can_support(person, remark))
    remark_actions.support_remark(remark, by=person)
    return back(remark.minutes.meeting_id, f"remark-{remark_id}")


@bp.post("/remarks/<int:remark_id>/answer")
def answer_remark(remark_id: int) -> ResponseReturnValue:
    """Say what became of a remark."""
    person = web.current_person()
    remark = _remark(person, remark_id)
    web.check(policy.can_lead_minutes(person, remark.minutes))
    form, meeting_id = AnswerForm(), remark.minutes.meeting_id
    if not form.validate():
        return again(meeting_id, person, "answer_form", form, of=remark_id)
    try:
        remark_actions.answer_remark(
            remark, RemarkState(form.state.data), answer=form.answer.data or "", keep=web.kept(), by=person
        )
    except guard.Stopped as stopped:
        return again(meeting_id, person, "answer_form", form, stopped.finds, remark_id)
    except Invalid as error:
        form.answer.errors = [error.message]
        return again(meeting_id, person, "answer_form", form, of=remark_id)
    return back(meeting_id, f"remark-{remark_id}")
