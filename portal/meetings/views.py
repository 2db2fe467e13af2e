"""Pages of meetings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload

from portal import calendar, db, guard, web
from portal.errors import Conflict
from portal.meetings import actions, policy
from portal.meetings.entries import entry
from portal.meetings.forms import CancelForm, MeetingForm
from portal.meetings.models import AgendaItem, Answer, Meeting, MeetingSeries, MeetingState
from portal.meetings.month import month
from portal.people.models import Person
from portal.people.policy import own_groups, visible_group
from portal.people.traces import note_reading
from portal.times import local

bp = Blueprint("meetings", __name__)

A_PAGE = 30
MOST_TO_COME = 100


def visible_meeting(person: Person, meeting_id: int) -> Meeting:
    """The meeting with all that its page shows, in a fixed number of queries; 404 if it may not be seen."""
    return web.find(
        policy.visible_meetings(person)
        .where(Meeting.id == meeting_id)
        .options(
            joinedload(Meeting.created_by),
            selectinload(Meeting.items).joinedload(AgendaItem.owner),
            selectinload(Meeting.items).joinedload(AgendaItem.note),
        )
    )


def note_read(action: str, meeting: Meeting, person: Person) -> None:
    """Note that somebody reads of a meeting whose group is sensitive."""
    note_reading(action, meeting.group, on=meeting, by=person)


def ask(
    meeting: Meeting,
    *,
    title: str,
    question: str,
    yes: str,
    back: str,
    no: str,
    texts: Sequence[str] = (),
    **fields: Any,
) -> str:
    """A page that asks before a step is taken; the step's own address takes the answer (`sure`). Works without JavaScript."""
    return render_template(
        "meetings/ask.html", meeting=meeting, group=meeting.group, title=title, question=question, texts=texts, yes=yes, back=back,
        no=no, fields=fields,
    )  # fmt: skip


def is_sure() -> bool:
    """Whether the form comes from the page that asked."""
    return request.form.get("sure") == "1"


@bp.get("/calendar", endpoint="calendar")
def calendar_page() -> ResponseReturnValue:
    """Meetings of all one's groups as a month, `?month=2026-12`, or as a list, `?view=list`; `?group=<slug>` chooses some.

    `?before=<meeting id>` goes on in the list of those that have been.
    """
    person = web.current_person()
    wanted = set(request.args.getlist("group")[:50])
    visible = policy.visible_meetings(person)
    groups = db.session.scalars(own_groups(person)).all()
    if chosen := [group.id for group in groups if group.slug in wanted]:
        visible = visible.where(Meeting.group_id.in_(chosen))
    context: dict[str, Any] = {
        "groups": groups, "chosen": {group.slug for group in groups if group.id in chosen},
        "to_plan": db.session.scalars(policy.groups_to_plan_for(person)).all(),
    }  # fmt: skip
    if request.args.get("view") == "list":
        return _calendar_list(visible, context)
    shown = month(request.args.get("month", ""))
    rows = visible.where(Meeting.starts_at < shown.ends_at, Meeting.ends_at > shown.starts_at)
    shown.put(web.page(rows.order_by(Meeting.starts_at, Meeting.id), limit=500))
    return render_template("meetings/calendar.html", month=shown, view="month", **context)


def _calendar_list(visible: sa.Select[Meeting], context: dict[str, Any]) -> ResponseReturnValue:
    past = visible.where(Meeting.ends_at <= db.now()).order_by(Meeting.starts_at.desc(), Meeting.id.desc())
    edge = web.number_of("before")
    before = db.session.scalars(visible.where(Meeting.id == edge)).first() if edge is not None else None
    if before is not None:
        last = sa.literal(before.starts_at, Meeting.starts_at.type)
        past = past.where(sa.tuple_(Meeting.starts_at, Meeting.id) < sa.tuple_(last, before.id))
    rows = web.page(past, limit=A_PAGE + 1)
    to_come = visible.where(Meeting.ends_at > db.now(), Meeting.state != MeetingState.CANCELLED)
    return render_template(
        "meetings/calendar.html", view="list", past=rows[:A_PAGE], has_older=len(rows) > A_PAGE, is_first=before is None,
        to_come=web.page(to_come.order_by(Meeting.starts_at), limit=200) if before is None else [], **context,
    )  # fmt: skip


@bp.get("/groups/<slug>/meetings")
def group_meetings(slug: str) -> ResponseReturnValue:
    """A group's meetings, its series first; `?after=<id>` and `?before=<id>` for more of those to come and of the past."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    visible = policy.visible_meetings(person).where(Meeting.group_id == group.id)
    later = visible.where(Meeting.ends_at > db.now()).order_by(Meeting.starts_at, Meeting.id)
    earlier = visible.where(Meeting.ends_at <= db.now()).order_by(Meeting.starts_at.desc(), Meeting.id.desc())
    place = sa.tuple_(Meeting.starts_at, Meeting.id)
    if (edge := _edge(visible, "after")) is not None:
        later = later.where(place > edge)
    if (edge := _edge(visible, "before")) is not None:
        earlier = earlier.where(place < edge)
    to_come, past = web.page(later, limit=MOST_TO_COME + 1), web.page(earlier, limit=A_PAGE + 1)
    series = policy.visible_series(person).where(MeetingSeries.group_id == group.id)
    return render_template(
        "meetings/group.html", group=group, to_come=to_come[:MOST_TO_COME], past=past[:A_PAGE],
        has_later=len(to_come) > MOST_TO_COME, has_earlier=len(past) > A_PAGE, may_plan=policy.can_plan_meeting(person, group),
        series=db.session.scalars(series.order_by(MeetingSeries.is_ended, MeetingSeries.name)).unique().all(),
    )  # fmt: skip


def _edge(visible: sa.Select[Meeting], name: str) -> sa.ColumnElement[Any] | None:
    """Where a page of the list goes on: `?after=` or `?before=` the number of a meeting that may be seen."""
    number = web.number_of(name)
    edge = db.session.scalars(visible.where(Meeting.id == number)).first() if number is not None else None
    if edge is None:
        return None
    return sa.tuple_(sa.literal(edge.starts_at, Meeting.starts_at.type), sa.literal(edge.id))


@bp.route("/groups/<slug>/meetings/new", methods=["GET", "POST"])
def new_meeting(slug: str) -> ResponseReturnValue:
    """Begin to plan a meeting; `?series=<id>` for one of a series."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    web.check(policy.can_plan_meeting(person, group))
    form, finds, series, conflict = MeetingForm(), [], None, ""
    if (number := web.number_of("series")) is not None:
        of_group = policy.visible_series(person).where(MeetingSeries.group_id == group.id)
        series = web.find(of_group.where(MeetingSeries.id == number))
    if request.method == "GET" and series is not None:
        form.title.data = policy.suggested_title(series, db.now())
        form.place.data, form.practical.data = series.place, series.practical
    if form.validate_on_submit():
        try:
            meeting = actions.plan_meeting(group, form.plan(), series=series, keep=web.kept(), by=person)
            db.session.flush()
            return redirect(url_for("meetings.meeting", meeting_id=meeting.id))
        except guard.Stopped as stopped:
            finds = stopped.finds
        except Conflict as error:
            conflict = error.message
    page = render_template("meetings/edit.html", group=group, meeting=None, form=form, finds=finds, conflict=conflict)
    return page, 409 if conflict else 422 if form.errors or finds else 200


@bp.route("/meetings/<int:meeting_id>/edit", methods=["GET", "POST"])
def edit_meeting(meeting_id: int) -> ResponseReturnValue:
    """Change when and where. If somebody else changed it meanwhile, both are shown and the planner chooses."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    web.check(policy.can_plan_meeting(person, meeting.group))
    form, finds, conflict, status = MeetingForm(), [], "", 200
    if request.method == "GET":
        policy.check_not_over(meeting)
        form = _filled_form(meeting)
    elif not form.validate():
        status = 422
    else:
        try:
            actions.change_meeting(meeting, form.plan(), based_on=form.based_on.data or 0, keep=web.kept(), by=person)
            flash(_("The meeting is changed."), "done")
            return redirect(url_for("meetings.meeting", meeting_id=meeting_id))
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Conflict as error:
            conflict, status = error.message, 409
            form.based_on.data = meeting.revision
    page = render_template(
        "meetings/edit.html", group=meeting.group, meeting=meeting, form=form, finds=finds, conflict=conflict
    )
    return page, status


def _filled_form(meeting: Meeting) -> MeetingForm:
    starts, ends = local(meeting.starts_at), local(meeting.ends_at)
    return MeetingForm(
        formdata=None, title=meeting.title, on=starts.date(), starts=starts.time(), ends=ends.time(), place=meeting.place,
        link=meeting.link, practical=meeting.practical, based_on=meeting.revision,
        reply_by=local(meeting.reply_by).date() if meeting.reply_by else None, is_all_day=meeting.is_all_day,
        proposals_by=local(meeting.proposals_by).date() if meeting.proposals_by else None,
    )  # fmt: skip


@bp.post("/meetings/<int:meeting_id>/call")
def call(meeting_id: int) -> ResponseReturnValue:
    """Send the call to all whom the meeting is for."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    web.check(policy.can_plan_meeting(person, meeting.group))
    actions.call_meeting(meeting, by=person)
    flash(_("The meeting is called. Those who are called see it on their start page."), "done")
    return redirect(url_for("meetings.meeting", meeting_id=meeting_id))


@bp.post("/meetings/<int:meeting_id>/cancellation")
def cancel(meeting_id: int) -> ResponseReturnValue:
    """Call the meeting off. A reason that is not right comes back on a page of its own."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    web.check(policy.can_plan_meeting(person, meeting.group))
    form, finds = CancelForm(), []
    if form.validate():
        try:
            actions.cancel_meeting(meeting, reason=form.reason.data or "", keep=web.kept(), by=person)
            flash(_("The meeting is cancelled."), "done")
            return redirect(url_for("meetings.meeting", meeting_id=meeting_id))
        except guard.Stopped as stopped:
            finds = stopped.finds
    return render_template("meetings/cancel.html", meeting=meeting, group=meeting.group, form=form, finds=finds), 422


@bp.post("/meetings/<int:meeting_id>/answer")
def answer(meeting_id: int) -> ResponseReturnValue:
    """Answer one's own invitation."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    invitation = policy.invitation_of(person, meeting)
    web.check(invitation is not None and policy.can_answer_invitation(person, invitation))
    given = request.form.get("answer", "")
    if given not in set(Answer):
        abort(400)
    assert invitation is not None  # checked above
    released = actions.answer_invitation(invitation, Answer(given), by=person)
    said = {
        Answer.ON_SITE: _("Your answer is sent: you will be there in person."),
        Answer.ONLINE: _("Your answer is sent: you will join online."),
        Answer.TENTATIVE: _("Your answer is sent: perhaps you come."),
        Answer.DECLINED: _("Your answer is sent: you cannot come."),
    }
    flash(said[Answer(given)], "done")
    if released is not None:
        flash(_("%(name)s need not come instead of you and has been told.", name=released.name), "done")
    return redirect(url_for("meetings.meeting", meeting_id=meeting_id))


@bp.get("/meetings/<int:meeting_id>/ics")
def ics(meeting_id: int) -> ResponseReturnValue:
    """The meeting as a calendar file."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    note_read("meeting_read", meeting, person)
    content = calendar.one_entry(entry(meeting))
    headers = {"Content-Disposition": f'attachment; filename="mote-{meeting.id}.ics"'}
    return Response(content, mimetype="text/calendar", headers=headers)
