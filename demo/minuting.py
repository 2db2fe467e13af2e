"""What became of the demo's past meetings: who was there, minutes that are adjusted or sealed, and what is left to do."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from demo import backdate
from demo.content import read_toml
from demo.network import Cast
from demo.when import Calendar, at
from portal import db
from portal.discussions.fragments import render_for_all
from portal.meetings.followup import actions as followup
from portal.meetings.followup.models import ActionEvent, ActionState
from portal.meetings.minutes import actions, adjusting_actions, remark_actions
from portal.meetings.minutes.models import Minutes, RemarkState
from portal.meetings.mode import actions as mode
from portal.meetings.mode.models import Attendance
from portal.meetings.models import AgendaItem, Meeting
from portal.notifications.models import Notice


def add_minutes(meetings: dict[str, Meeting], cast: Cast, calendar: Calendar) -> None:
    """Carry the meetings on, from the room to the seal."""
    for key, about in read_toml("minutes.toml").items():
        meeting = meetings[key]
        db.session.refresh(meeting)
        _hold(meeting)
        for action in about.get("action", ()):
            _undertake(meeting, action, cast, calendar)
        _adjust(meeting, about, cast)
        gone = Notice.path.like(f"{meeting.path}/%") & (Notice.kind != "adjusting_requested")
        db.session.execute(sa.delete(Notice).where(gone).execution_options(synchronize_session=False))


def _hold(meeting: Meeting) -> None:
    """The meeting as meeting mode leaves it: who said so came, and stayed."""
    mode.open_meeting(meeting, by=meeting.created_by)
    mode.note_announced(meeting, by=meeting.created_by)
    mode.close_meeting(meeting, by=meeting.created_by)
    backdate.row(meeting, opened_at=meeting.starts_at, closed_at=meeting.ends_at)
    here = Attendance.meeting_id == meeting.id
    backdate.rows(Attendance, here, came_at=meeting.starts_at, left_at=meeting.ends_at)
    for item in meeting.items:
        item.is_done, item.spent_seconds = True, 60 * item.minutes_allotted


def _item(meeting: Meeting, about: dict[str, Any]) -> AgendaItem:
    if "item_number" in about:
        return meeting.items[int(about["item_number"]) - 1]
    return next(item for item in meeting.items if item.title == about["item"])


def _undertake(meeting: Meeting, about: dict[str, Any], cast: Cast, calendar: Calendar) -> None:
    item, owner = _item(meeting, about), cast.people[about["who"]]
    task = followup.Task(about["text"], owner.organisation, owner, calendar.today + timedelta(days=about["due"]))
    made = followup.add_action(
        meeting.group, task, client_id=f"demo-{item.id}-{about['who']}", meeting=meeting, item=item, by=meeting.created_by
    )  # fmt: skip
    backdate.row(made, created_at=meeting.ends_at, changed_at=meeting.ends_at)
    backdate.rows(ActionEvent, ActionEvent.action_id == made.id, at=meeting.ends_at)
    if "done" in about:
        followup.set_action_state(made, ActionState.DONE, note=about["done"], by=owner)
        done_at = at(task.due_on or calendar.today, "13.20") - timedelta(days=2)
        backdate.row(made, done_at=done_at, changed_at=done_at)
        backdate.rows(ActionEvent, (ActionEvent.action_id == made.id) & (ActionEvent.what == "done"), at=done_at)


def _adjust(meeting: Meeting, about: dict[str, Any], cast: Cast) -> None:
    def after(days: int, clock: str = "10.15") -> datetime:
        return at(meeting.starts_at.date() + timedelta(days=days), clock)

    writer = meeting.items[0].note.written_by if meeting.items[0].note is not None else meeting.created_by
    people = [cast.people[nick] for nick in about["adjusters"]]
    until = datetime.combine(after(about["until"]).date(), time(23, 59), after(0).tzinfo)
    minutes = actions.circulate(meeting, adjusters=people, adjust_by=until, render=render_for_all, by=writer)
    db.session.flush()
    db.session.refresh(minutes)
    backdate.row(meeting, circulated_at=after(about["circulated"]))
    backdate.row(minutes.newest, made_at=after(about["circulated"]))
    for remark in about.get("remark", ()):
        _remark(minutes, remark, writer, cast, after(about["circulated"] + 3, "14.40"))
    if "changed" in about:
        _change(minutes, about, writer, after(about["changed"], "09.05"))
    for number, adjuster in enumerate(minutes.adjusters):
        if "sealed" in about or adjuster.person in [cast.people[nick] for nick in about.get("approved_by", ())]:
            adjusting_actions.approve(adjuster, edition=minutes.newest.number, by=adjuster.person)
            days = about.get("sealed", about["circulated"] + 5)
            backdate.row(adjuster, decided_at=after(days - 1 + number, "10.31"))
    if "sealed" in about:
        at_last = after(about["sealed"], "10.31")
        backdate.row(minutes, sealed_at=at_last)
        backdate.row(meeting, sealed_at=at_last)


def _remark(minutes: Minutes, about: dict[str, Any], writer: Any, cast: Cast, at_: datetime) -> None:
    item = _item(minutes.meeting, about)
    by = cast.people[about["by"]]
    made = remark_actions.add_remark(minutes, item, text=about["text"], client_id=f"demo-{item.id}", by=by)
    for nick in about.get("supported_by", ()):
        remark_actions.support_remark(made, by=cast.people[nick])
    backdate.row(made, written_at=at_)
    if "state" in about:
        remark_actions.answer_remark(made, RemarkState(about["state"]), answer=about.get("answer", ""), by=writer)
        backdate.row(made, answered_at=at_ + timedelta(days=3))


def _change(minutes: Minutes, about: dict[str, Any], writer: Any, at_: datetime) -> None:
    item = next(item for item in minutes.meeting.items if item.title == about["change_item"])
    note = item.note
    assert note is not None
    text = f"{note.text}\n\n{about['change_text']}"
    actions.save_note(item, text=text, based_on=note.revision, by=writer)
    made = actions.make_edition(
        minutes, reason=about["reason"], based_on=minutes.newest.number, render=render_for_all, by=writer
    )
    backdate.row(made, made_at=at_)
    db.session.refresh(minutes)
