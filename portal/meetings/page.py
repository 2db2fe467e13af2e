"""The page of a meeting: where the rooms of this feature come together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Response, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from portal import db, web
from portal.discussions.models import Thread
from portal.discussions.policy import visible_threads
from portal.meetings import policy
from portal.meetings.agenda import policy as agenda_policy
from portal.meetings.followup.models import ActionItem
from portal.meetings.followup.policy import open_actions
from portal.meetings.forms import CancelForm
from portal.meetings.models import Invitation, Meeting
from portal.meetings.participants.policy import representation
from portal.meetings.polls.policy import answer_to_poll_of, poll_for
from portal.meetings.views import bp, note_read, visible_meeting
from portal.people.models import Person


@bp.get("/meetings/<int:meeting_id>")
def meeting(meeting_id: int) -> ResponseReturnValue:
    """A meeting: when and where, my answer, agenda, who comes."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    note_read("meeting_read", meeting, person)
    invitations = db.session.scalars(
        sa.select(Invitation)
        .where(Invitation.meeting_id == meeting.id, Invitation.withdrawn_at.is_(None))
        .options(joinedload(Invitation.person), joinedload(Invitation.organisation))
        .order_by(Invitation.answered_at.is_(None), Invitation.answered_at, Invitation.id)
    ).all()
    mine = next((invitation for invitation in invitations if invitation.person_id == person.id), None)
    return render_template(
        "meetings/meeting.html",
        invitations=invitations,
        mine=mine,
        may_answer=mine is not None and policy.can_answer_invitation(person, mine),
        may_minute=policy.can_write_minutes(person, meeting),
        answers=representation(meeting, invitations),
        substitute=policy.substitute_of(mine) if mine is not None else None,
        poll=poll_for(meeting) if meeting.state == "planning" else None,
        said_in_poll=answer_to_poll_of(meeting, person),
        has_minutes=any(item.note is not None for item in meeting.items),
        cancelling=CancelForm(formdata=None),
        **_agenda(meeting, person),
    )


@bp.get("/meetings/<int:meeting_id>/agenda")
def agenda(meeting_id: int) -> ResponseReturnValue:
    """The agenda alone, for those who have the page open while somebody prepares it."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    note_read("meeting_read", meeting, person)
    page = render_template("meetings/_agenda.html", **_agenda(meeting, person))
    return Response(page, headers={"X-Last-Seq": str(meeting.last_seq)})


def _open_actions(meeting: Meeting, person: Person) -> Sequence[ActionItem]:
    """What the group has left to do, for the items that list it. Once the meeting is over its minutes say what was open then."""
    if meeting.closed_at is not None or not any(item.lists_open_actions for item in meeting.items):
        return ()
    return db.session.scalars(open_actions(person, meeting.group)).unique().all()


def _agenda(meeting: Meeting, person: Person) -> dict[str, Any]:
    """What the agenda shows: papers, lifted threads, and what has changed since it was sent."""
    edition = agenda_policy.newest_edition(meeting)
    threads = visible_threads(person).where(Thread.id.in_([item.thread_id for item in meeting.items if item.thread_id]))
    return {
        "meeting": meeting,
        "group": meeting.group,
        "papers": agenda_policy.papers_of(meeting, person),
        "threads": {thread.id: thread for thread in db.session.scalars(threads).unique()},
        "edition": edition,
        "changes": agenda_policy.changes_since(edition, meeting) if edition is not None else None,
        "may_plan": policy.can_plan_meeting(person, meeting.group) and policy.is_open(meeting),
        "may_propose": agenda_policy.can_propose_item(person, meeting.group) and policy.is_open(meeting),
        "open_actions": _open_actions(meeting, person),
        "proposals": len(
            [p for p in agenda_policy.open_proposals(person, meeting.group) if p.meeting_id in {None, meeting.id}]
        ),
    }
