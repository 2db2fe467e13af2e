"""Pages and forms of adjusting: circulation, editions, approvals, addenda."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time, timedelta
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from portal import db, guard, web
from portal.discussions.fragments import render_for_all
from portal.errors import Conflict, Invalid
from portal.fields import Form
from portal.meetings.agenda.policy import visible_items
from portal.meetings.forms import at
from portal.meetings.minutes import actions, adjusting_actions, page, policy
from portal.meetings.minutes.forms import (
    AddendumForm,
    CirculationForm,
    EditionForm,
    RecordNumberForm,
    RefusalForm,
)
from portal.meetings.minutes.models import Adjuster, Minutes, RemarkState
from portal.meetings.minutes.views import bp
from portal.meetings.mode.policy import attendance_of
from portal.meetings.models import AgendaItem, Meeting
from portal.meetings.policy import can_write_minutes
from portal.meetings.views import ask, is_sure, visible_meeting
from portal.people.models import Group, Person
from portal.times import today

DAYS_TO_ADJUST = 14


def minutes_of(person: Person, meeting_id: int) -> Minutes:
    """The circulated minutes of a meeting, if they may be seen."""
    return web.find(policy.visible_minutes(person).where(Minutes.meeting_id == meeting_id))


def back(meeting_id: int, anchor: str | None = None) -> Response:
    """To the page of the minutes."""
    return redirect(url_for("minutes.minutes", meeting_id=meeting_id, _anchor=anchor))


def again(
    meeting_id: int, person: Person, name: str, form: Form, finds: Sequence[guard.Find] = (), of: int | None = None
) -> ResponseReturnValue:
    """The page with a form that was refused: what was typed stays in it, and why stands there."""
    meeting = visible_meeting(person, meeting_id)
    given: dict[str, Any] = {name: form, "refused": name, "finds": finds, "of": of}
    return render_template("meetings/minutes.html", **page.context(meeting, person, **given)), 422


def _chosen(group: Group, ids: Sequence[int]) -> list[Person]:
    wanted = set(ids)
    return [person for person in policy.possible_adjusters(group) if person.id in wanted]


@bp.route("/meetings/<int:meeting_id>/minutes/circulation", methods=["GET", "POST"])
def circulate(meeting_id: int) -> ResponseReturnValue:
    """Name the adjusters and send the first edition."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    web.check(can_write_minutes(person, meeting))
    form = CirculationForm()
    form.adjusters.choices = page.people_choices(policy.possible_adjusters(meeting.group))
    conflict = ""
    if request.method == "GET":
        policy.check_circulable(meeting)
        form.adjust_by.data = today() + timedelta(days=DAYS_TO_ADJUST)
    elif form.validate():
        try:
            _circulate(meeting, form, person)
            flash(_("The minutes are circulated. The adjusters have been asked."), "done")
            return back(meeting_id)
        except Invalid as error:
            if error.field != "adjusters":
                raise
            form.adjusters.errors = [error.message]
        except Conflict as error:
            conflict = error.message
    page_text = render_template(
        "meetings/circulate.html", meeting=meeting, group=meeting.group, form=form, conflict=conflict,
        is_noted=bool(attendance_of(meeting)),
    )  # fmt: skip
    return page_text, 409 if conflict else 422 if form.errors else 200


def _circulate(meeting: Meeting, form: CirculationForm, person: Person) -> None:
    adjusters = _chosen(meeting.group, form.adjusters.data)
    adjust_by = at(form.adjust_by.data, time(23, 59))
    actions.circulate(meeting, adjusters=adjusters, adjust_by=adjust_by, render=render_for_all, by=person)


@bp.post("/meetings/<int:meeting_id>/minutes/editions")
def make_edition(meeting_id: int) -> ResponseReturnValue:
    """Send what the minutes say now as a new edition."""
    person = web.current_person()
    minutes = minutes_of(person, meeting_id)
    web.check(policy.can_lead_minutes(person, minutes))
    form = EditionForm()
    if not form.validate():
        return again(meeting_id, person, "edition_form", form)
    try:
        edition = actions.make_edition(
            minutes, reason=form.reason.data, based_on=form.based_on.data, keep=web.kept(), render=render_for_all, by=person,
        )  # fmt: skip
    except guard.Stopped as stopped:
        return again(meeting_id, person, "edition_form", form, stopped.finds)
    flash(_("Edition %(number)s is sent. It must be approved anew.", number=edition.number), "done")
    return back(meeting_id)


# --- adjusters ----------------------------------------------------------------------------------------------------------


def _adjuster(person: Person, adjuster_id: int) -> Adjuster:
    return web.find(policy.visible_adjusters(person).where(Adjuster.id == adjuster_id))


@bp.post("/adjusters/<int:adjuster_id>/approval")
def approve(adjuster_id: int) -> ResponseReturnValue:
    """Approve what one has read (`edition`); an approval that seals it is asked about first."""
    person = web.current_person()
    adjuster = _adjuster(person, adjuster_id)
    web.check(policy.can_adjust(person, adjuster))
    edition = request.form.get("edition", type=int)
    if edition is None:
        abort(400)
    if policy.would_seal(adjuster, edition) and not is_sure():
        return _ask_to_seal(adjuster, edition)
    adjusting_actions.approve(adjuster, edition=edition, may_seal=is_sure(), by=person)
    is_sealed = adjuster.addendum.sealed_at if adjuster.addendum is not None else adjuster.minutes.sealed_at
    flash(_("You have approved it. All have, and it is sealed.") if is_sealed else _("You have approved it."), "done")
    return back(adjuster.minutes.meeting_id)


def _ask_to_seal(adjuster: Adjuster, edition: int) -> str:
    minutes, texts = adjuster.minutes, []
    if adjuster.addendum is not None:
        question = _("This approval seals addendum %(number)s for good. Approve it?", number=adjuster.addendum.number)
    else:
        question = _("This approval seals the minutes for good. Approve edition %(number)s?", number=edition)
        texts.append(_("All others have approved. What is sealed can only be corrected by an addendum."))
        if unanswered := sum(remark.state is RemarkState.WAITING for remark in minutes.remarks):
            texts.append(
                ngettext(
                    "%(num)s remark is unanswered. It stays so when the minutes are sealed.",
                    "%(num)s remarks are unanswered. They stay so when the minutes are sealed.",
                    unanswered,
                )
            )
    back = url_for("minutes.minutes", meeting_id=minutes.meeting_id)
    title = _("Approve and seal")
    return ask(
        minutes.meeting, title=title, question=question, texts=texts, yes=title, back=back, no=_("Back to the minutes"), edition=edition
    )  # fmt: skip


@bp.post("/adjusters/<int:adjuster_id>/refusal")
def decline(adjuster_id: int) -> ResponseReturnValue:
    """Say that one does not adjust."""
    person = web.current_person()
    adjuster = _adjuster(person, adjuster_id)
    web.check(policy.can_adjust(person, adjuster))
    form, meeting_id = RefusalForm(), adjuster.minutes.meeting_id
    if not form.validate():
        return again(meeting_id, person, "refusal_form", form, of=adjuster_id)
    try:
        adjusting_actions.decline(adjuster, reason=form.reason.data, keep=web.kept(), by=person)
    except guard.Stopped as stopped:
        return again(meeting_id, person, "refusal_form", form, stopped.finds, adjuster_id)
    flash(_("The convener has been told and names somebody else."), "done")
    return back(meeting_id)


@bp.post("/adjusters/<int:adjuster_id>/replacement")
def replace_adjuster(adjuster_id: int) -> ResponseReturnValue:
    """Name somebody else (`person`)."""
    person = web.current_person()
    adjuster = _adjuster(person, adjuster_id)
    web.check(policy.can_lead_minutes(person, adjuster.minutes))
    chosen = _chosen(adjuster.minutes.meeting.group, [request.form.get("person", 0, type=int)])
    if not chosen:
        raise Invalid(_("Adjusters are members of the group."))
    adjusting_actions.replace_adjuster(adjuster, chosen[0], by=person)
    flash(_("%(name)s has been asked to adjust.", name=chosen[0].name), "done")
    return back(adjuster.minutes.meeting_id)


@bp.post("/adjusters/<int:adjuster_id>/removal")
def drop_adjuster(adjuster_id: int) -> ResponseReturnValue:
    """Go on without somebody who has declined or can no longer adjust."""
    person = web.current_person()
    adjuster = _adjuster(person, adjuster_id)
    web.check(policy.can_lead_minutes(person, adjuster.minutes))
    adjusting_actions.drop_adjuster(adjuster, by=person)
    flash(_("%(name)s is no longer required.", name=adjuster.person.name), "done")
    return back(adjuster.minutes.meeting_id)


@bp.post("/meetings/<int:meeting_id>/minutes/addenda")
def add_addendum(meeting_id: int) -> ResponseReturnValue:
    """Correct sealed minutes by an addendum."""
    person = web.current_person()
    minutes = minutes_of(person, meeting_id)
    web.check(policy.can_lead_minutes(person, minutes))
    group, form = minutes.meeting.group, AddendumForm()
    page.fill_addendum(form, minutes, policy.possible_adjusters(group))
    if not form.validate():
        return again(meeting_id, person, "addendum_form", form)
    item = db.session.scalar(visible_items(person).where(AgendaItem.id == form.item.data)) if form.item.data else None
    try:
        addendum = adjusting_actions.add_addendum(
            minutes,
            text=form.text.data,
            item=item,
            adjusters=_chosen(group, form.adjusters.data),
            keep=web.kept(),
            by=person,
        )
    except guard.Stopped as stopped:
        return again(meeting_id, person, "addendum_form", form, stopped.finds)
    except Invalid as error:
        form.adjusters.errors = [error.message]
        return again(meeting_id, person, "addendum_form", form)
    flash(_("Addendum %(number)s has been sent to its adjusters.", number=addendum.number), "done")
    return back(meeting_id, "addenda")


@bp.post("/meetings/<int:meeting_id>/minutes/record-number")
def note_record_number(meeting_id: int) -> ResponseReturnValue:
    """Note the own organisation's diary number."""
    person = web.current_person()
    minutes = minutes_of(person, meeting_id)
    form = RecordNumberForm()
    if not form.validate():
        return again(meeting_id, person, "number_form", form)
    try:
        adjusting_actions.note_record_number(minutes, number=form.number.data or "", by=person)
    except guard.Stopped as stopped:
        return again(meeting_id, person, "number_form", form, stopped.finds)
    flash(_("The diary number is noted."), "done")
    return back(meeting_id, "record")
