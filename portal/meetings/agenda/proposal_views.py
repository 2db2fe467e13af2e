"""Pages of proposals for agendas."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from portal import db, guard, web
from portal.discussions.models import Thread
from portal.discussions.policy import visible_threads
from portal.errors import Conflict, Invalid
from portal.meetings.agenda import policy, proposal_actions
from portal.meetings.agenda.forms import ProposalAnswerForm, ProposalForm
from portal.meetings.agenda.models import AgendaProposal
from portal.meetings.agenda.views import bp
from portal.meetings.policy import can_plan_meeting, check_not_over
from portal.meetings.views import visible_meeting
from portal.people.models import Group, Person
from portal.people.policy import visible_group
from portal.times import day


def _meeting_choices(person: Person, group: Group, *, none: str, open_only: bool) -> list[SelectChoice]:
    meetings = [
        m
        for m in policy.meetings_for(person, group)
        if not open_only or m.proposals_by is None or m.proposals_by > db.now()
    ]
    return [SelectChoice(0, none), *(SelectChoice(m.id, f"{m.title}, {day(m.starts_at)}") for m in meetings)]


@bp.route("/groups/<slug>/proposals/new", methods=["GET", "POST"])
def propose(slug: str) -> ResponseReturnValue:
    """Propose an item for a meeting; `?thread=<id>` lifts a thread."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    web.check(policy.can_propose_item(person, group))
    number = web.number_of("thread")
    thread = None
    if number is not None:
        thread = web.find(visible_threads(person).where(Thread.id == number, Thread.group_id == group.id))
    form = ProposalForm()
    form.meeting.choices = _meeting_choices(person, group, none=_("The next one that suits"), open_only=True)
    finds: Sequence[guard.Find] = ()
    conflict, status = "", 200
    if request.method == "GET" and thread is not None:
        form.title.data = thread.title
    if request.method == "GET" and (wanted := web.number_of("meeting")) is not None:
        check_not_over(visible_meeting(person, wanted))
        form.meeting.data = wanted
    if form.validate_on_submit():
        meeting = next((m for m in policy.meetings_for(person, group) if m.id == form.meeting.data), None)
        try:
            proposal_actions.propose_item(
                group, form.plan(), meeting=meeting, thread=thread, keep=web.kept(), by=person
            )
            flash(_("The proposal is sent to the group's convener."), "done")
            return redirect(url_for("agenda.proposals", slug=slug))
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Conflict as error:
            conflict, status = error.message, 409
    page = render_template(
        "meetings/propose.html", group=group, thread=thread, form=form, finds=finds, conflict=conflict
    )
    return page, 422 if form.errors else status


@bp.get("/groups/<slug>/proposals")
def proposals(slug: str) -> ResponseReturnValue:
    """What has been proposed for agendas and waits for an answer, and what was put off: the backlog."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    form = ProposalAnswerForm(formdata=None)
    form.meeting.choices = _meeting_choices(person, group, none=_("Choose a meeting"), open_only=False)
    return render_template(
        "meetings/proposals.html", group=group, proposals=policy.open_proposals(person, group), form=form,
        may_answer=can_plan_meeting(person, group), may_propose=policy.can_propose_item(person, group),
    )  # fmt: skip


@bp.post("/proposals/<int:proposal_id>")
def answer_proposal(proposal_id: int) -> ResponseReturnValue:
    """`step`: accept (onto the agenda of `meeting`), postpone, or withdraw one's own."""
    person = web.current_person()
    proposal = web.find(policy.visible_proposals(person).where(AgendaProposal.id == proposal_id))
    step, group = request.form.get("step"), proposal.group
    may = policy.can_withdraw_proposal if step == "withdraw" else policy.can_answer_proposal
    web.check(may(person, proposal))
    form = ProposalAnswerForm()
    form.meeting.choices = _meeting_choices(person, group, none="", open_only=False)
    if not form.validate():
        raise Invalid(_("Choose a meeting, and write at most 1,000 characters."))
    try:
        if step == "accept":
            meeting = next((m for m in policy.meetings_for(person, group) if m.id == form.meeting.data), None)
            if meeting is None:
                raise Invalid(_("Choose on which meeting's agenda it comes."))
            proposal_actions.accept_proposal(proposal, meeting, answer=form.answer.data or "", by=person)
            flash(_("”%(title)s” is on the agenda.", title=proposal.title), "done")
            return redirect(url_for("meetings.meeting", meeting_id=meeting.id, _anchor="agenda"))
        if step == "postpone":
            proposal_actions.postpone_proposal(proposal, answer=form.answer.data or "", by=person)
        elif step == "withdraw":
            proposal_actions.withdraw_proposal(proposal, by=person)
        else:
            abort(400)
    except guard.Stopped:
        raise Invalid(_("The answer cannot be sent: it contains personal data.")) from None
    return redirect(url_for("agenda.proposals", slug=group.slug))
