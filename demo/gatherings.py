"""The demo's meetings: those that have been held, with minutes, those that people are called to, and one in the making."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from demo import backdate, minuting, series
from demo.content import read_toml
from demo.network import Cast
from demo.when import Calendar, at
from portal import db
from portal.meetings import actions
from portal.meetings.actions import Plan
from portal.meetings.agenda import actions as agenda
from portal.meetings.followup import actions as followup
from portal.meetings.minutes import actions as minutes
from portal.meetings.models import AgendaItem, Answer, Invitation, ItemKind, Meeting, MeetingSeries
from portal.notifications.models import Notice
from portal.outbox import Job

CALLED_DAYS_BEFORE = 28


def dates(calendar: Calendar) -> dict[str, date]:
    """The day of each meeting by its key, and the other days that several texts speak of."""
    content = read_toml("meetings.toml")
    days = {about["key"]: about["days"] for about in content["meeting"]} | content["days"]
    return {key: calendar.ahead(ahead) for key, ahead in days.items()}


def numbered(key: str, days: dict[str, date]) -> str:
    """`2/2026` for one of LAMP's three meetings: they are counted within the year, and there are three a year."""
    past, coming, planned = days["lamp_past"], days["lamp"], days["lamp_planned"]
    if planned.year > coming.year:
        number = {"lamp_past": 2, "lamp": 3, "lamp_planned": 1}
    elif past.year < coming.year:
        number = {"lamp_past": 3, "lamp": 1, "lamp_planned": 2}
    else:
        number = {"lamp_past": 1, "lamp": 2, "lamp_planned": 3}
    return f"{number[key]}/{days[key].year}"


def add_meetings(cast: Cast, calendar: Calendar) -> None:
    """Plan the meetings, call people to them, let them answer, and write the minutes of those that have been held."""
    days = dates(calendar)
    lamp, meetings = series.start_series(cast), {}
    for about in read_toml("meetings.toml")["meeting"]:
        of_series = lamp if about["key"].startswith("lamp") else None
        meetings[about["key"]] = _add_meeting(about, days, cast, calendar, of_series)
    series.complete_series(lamp, cast)
    minuting.add_minutes(meetings, cast, calendar)
    series.add_poll(meetings["lamp_planned"], days, cast, calendar)
    _forget_mail()


def _forget_mail() -> None:
    """Nobody gets mail about what happened before the demo began, nor notices about meetings that have been."""
    db.session.flush()
    db.session.execute(sa.delete(Job).where(Job.kind.in_(["invitation_mail", "notice_mail"])))
    past = sa.select(Meeting.id).where(Meeting.ends_at < db.now())
    paths = [f"/meetings/{meeting_id}" for meeting_id in db.session.scalars(past)]
    db.session.execute(sa.delete(Notice).where(Notice.path.in_(paths)))


def _add_meeting(
    about: dict[str, Any], days: dict[str, date], cast: Cast, calendar: Calendar, of_series: MeetingSeries | None
) -> Meeting:
    key, group, by = about["key"], cast.groups[about["group"]], cast.people[about["by"]]
    on = days[key]
    title = about["title"].replace("{nr}", numbered(key, days) if key.startswith("lamp") else "")
    reply_by = _weekday_before(on, about["reply_days"]) if "reply_days" in about else None
    plan = Plan(
        title=calendar.fill(title, on), starts_at=at(on, about["start"]), ends_at=at(on, about["end"]),
        place=about.get("place", ""), practical=calendar.fill(about.get("practical", ""), on),
        reply_by=at(reply_by, "23.59") if reply_by else None,
    )  # fmt: skip
    meeting = actions.plan_meeting(group, plan, series=of_series, by=by)
    if of_series is not None:
        # the year's earlier ones are not in the demo
        meeting.number, meeting.title = int(numbered(key, days).partition("/")[0]), plan.title
    made = min(at(on, "09.15") - timedelta(days=CALLED_DAYS_BEFORE + 7), calendar.latest)
    _add_agenda(meeting, about["item"], cast, calendar)
    if about["state"] == "called":
        backdate.row(meeting, ends_at=max(plan.ends_at, db.now() + timedelta(days=1)))  # a call goes out before
        actions.call_meeting(meeting, by=by)
        backdate.row(meeting, ends_at=plan.ends_at)
        made_known = min(made + timedelta(days=7), calendar.latest - timedelta(days=2))
        _answer(meeting, about.get("answers", {}), cast)
        backdate.rows(
            Invitation,
            (Invitation.meeting_id == meeting.id) & Invitation.answered_at.is_not(None),
            answered_at=made_known + timedelta(days=1),
        )
        backdate.row(meeting, created_at=made, changed_at=made_known)
    else:
        backdate.row(meeting, created_at=made, changed_at=made)
    return meeting


def _weekday_before(on: date, days: int) -> date:
    day = on - timedelta(days=days)
    return day - timedelta(days=max(0, day.weekday() - 4))


def _add_agenda(meeting: Meeting, items: list[dict[str, Any]], cast: Cast, calendar: Calendar) -> None:
    by, on = meeting.created_by, meeting.starts_at.date()
    for about in items:
        item = agenda.add_item(
            meeting,
            agenda.ItemPlan(
                about["title"], ItemKind(about["kind"]), about["minutes"],
                owner=cast.people[about["owner"]] if "owner" in about else None,
                description=calendar.fill(about.get("text", ""), on),
                lists_open_actions=about.get("open_actions", False),
            ),
            by=by,
        )  # fmt: skip
        if "note" in about:
            _minute(item, about, cast, calendar)


def _minute(item: AgendaItem, about: dict[str, Any], cast: Cast, calendar: Calendar) -> None:
    meeting = item.meeting
    writer = cast.people[about.get("writer") or read_toml("groups.toml")[meeting.group.slug]["secretary"]]
    on = meeting.starts_at.date()
    note = minutes.save_note(
        item, text=calendar.fill(about["note"].strip(), on), based_on=0, by=writer,
    )  # fmt: skip
    backdate.row(note, written_at=meeting.ends_at + timedelta(days=1))
    if "decision" in about:
        text = calendar.fill(about["decision"], on)
        decision = followup.add_decision(item, text=text, client_id=f"demo-{item.id}", by=writer)
        backdate.row(decision, written_at=meeting.ends_at)


def _answer(meeting: Meeting, answers: dict[str, list[str]], cast: Cast) -> None:
    """Note what each said; whoever is not named has not answered."""
    invitations = {
        invitation.person_id: invitation
        for invitation in db.session.scalars(sa.select(Invitation).where(Invitation.meeting_id == meeting.id))
    }
    for answer, nicks in answers.items():
        for nick in nicks:
            person = cast.people[nick]
            actions.answer_invitation(invitations[person.id], Answer(answer), by=person)
