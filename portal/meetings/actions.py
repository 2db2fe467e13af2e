"""Every write to meetings: planning, moving and cancelling them. Calls and answers are in `call_actions`."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext as _

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict
from portal.meetings.call_actions import Guest as Guest  # the rooms take these from here
from portal.meetings.call_actions import answer_invitation as answer_invitation
from portal.meetings.call_actions import call_meeting as call_meeting
from portal.meetings.call_actions import invite as invite
from portal.meetings.call_actions import invite_guest as invite_guest
from portal.meetings.call_actions import release_substitute as release_substitute
from portal.meetings.call_actions import tell_called
from portal.meetings.call_actions import withdraw_invitation as withdraw_invitation
from portal.meetings.models import AgendaItem, Meeting, MeetingSeries, MeetingState
from portal.meetings.numbering import hold, number_anew
from portal.meetings.policy import check_not_over, is_usual_title, next_number, suggested_title
from portal.people.models import Group, Person
from portal.times import local


@dataclass(frozen=True, slots=True)
class Plan:
    """When and where a meeting is held."""

    title: str
    starts_at: datetime
    ends_at: datetime
    place: str = ""
    link: str = ""
    practical: str = ""
    reply_by: datetime | None = None
    proposals_by: datetime | None = None
    is_all_day: bool = False

    def texts(self) -> dict[str, str]:
        """What the guard reads."""
        return {"title": self.title, "place": self.place, "link": self.link, "practical": self.practical}


PLANNED = (
    "title", "starts_at", "ends_at", "place", "link", "practical", "reply_by", "proposals_by", "is_all_day",
)  # fmt: skip


def plan_meeting(
    group: Group, plan: Plan, *, series: MeetingSeries | None = None, keep: Collection[str] = (), by: Person
) -> Meeting:
    """Begin to plan a meeting; only the group's leaders see it until it is called. Raises `guard.Stopped`.

    A meeting of a series takes its number within the year, and its agenda begins with the series' standing items.
    Raises `Conflict` for a series that has ended.
    """
    kept = guard.check(plan.texts(), keep=keep)
    if series is not None:
        db.lock(series)  # two meetings planned at once get two numbers
        if series.is_ended:
            raise Conflict(_("The series has ended. Take it up again before you plan a meeting in it."))
    meeting = Meeting(
        group=group, created_by=by, organisation_id=by.organisation_id,
        uid=f"{uuid.uuid4()}@samverkansportalen", **{name: getattr(plan, name) for name in PLANNED},
    )  # fmt: skip
    db.session.add(meeting)
    if series is not None:
        _begin_as(series, meeting)
    audit.record("meeting_planned", by=by, on=meeting)
    note_kept(kept, on=meeting, by=by)
    return meeting


def _begin_as(series: MeetingSeries, meeting: Meeting) -> None:
    if is_usual_title(series, meeting.title):
        meeting.title = suggested_title(series, meeting.starts_at)
    meeting.number = next_number(series, meeting.starts_at)
    meeting.items = [
        AgendaItem(
            position=place, title=standing.title, kind=standing.kind, minutes_allotted=standing.minutes_allotted,
            lists_open_actions=standing.lists_open_actions,
        )
        for place, standing in enumerate(series.standing_items, 1)
    ]  # fmt: skip
    meeting.series = series
    number_anew(series, meeting.starts_at)


def _numbered(meeting: Meeting, title: str, starts_at: datetime) -> str:
    """In another year the meeting takes that year's next number; returns the title, which follows unless somebody gave it one."""
    series = meeting.series
    if series is None or local(starts_at).year == local(meeting.starts_at).year:
        return title
    meeting.number = next_number(series, starts_at)
    return suggested_title(series, starts_at) if is_usual_title(series, title) else title


def set_time(meeting: Meeting, starts_at: datetime, ends_at: datetime, *, place: str, by: Person) -> None:
    """Give a meeting that is being planned its time. In another year it takes that year's next number, and so does its title,
    unless somebody gave it one. Raises `Conflict` if it was called or cancelled.
    """
    hold(meeting)
    if meeting.state is not MeetingState.PLANNING:
        raise Conflict(_("The meeting has been called already. Change its time on its page."))
    was_at = meeting.starts_at
    meeting.title = _numbered(meeting, meeting.title, starts_at)
    meeting.starts_at, meeting.ends_at, meeting.is_all_day, meeting.place = starts_at, ends_at, False, place
    for name in ("reply_by", "proposals_by"):
        last = getattr(meeting, name)
        if last is not None and last > starts_at:
            setattr(meeting, name, None)
    meeting.touch()
    for year in (was_at, starts_at):  # the order of the year, or of two years
        number_anew(meeting.series, year)
    audit.record("meeting_time_set", by=by, on=meeting, revision=meeting.revision)


def change_meeting(meeting: Meeting, plan: Plan, *, based_on: int, keep: Collection[str] = (), by: Person) -> None:
    """Change when and where; those who are called are told. In another year a meeting of a series takes that year's number. Raises `guard.Stopped`, or `Conflict` if somebody changed the
    meeting since `based_on` or it is over.
    """
    kept = guard.check(plan.texts(), keep=keep)
    hold(meeting)
    check_not_over(meeting)
    if meeting.revision != based_on:
        raise Conflict(_("Somebody else changed the meeting while you wrote. Compare and save again."))
    plan = replace(plan, title=_numbered(meeting, plan.title, plan.starts_at))
    changed, was_at = [name for name in PLANNED if getattr(meeting, name) != getattr(plan, name)], meeting.starts_at
    ended_at = meeting.ends_at
    for name in changed:
        setattr(meeting, name, getattr(plan, name))
    meeting.touch()
    if "starts_at" in changed:  # the order of the year, or of two years
        number_anew(meeting.series, was_at)
        number_anew(meeting.series, meeting.starts_at)
    audit.record("meeting_changed", by=by, on=meeting, revision=meeting.revision, fields=changed)
    note_kept(kept, on=meeting, by=by)
    is_to_come = max(ended_at, meeting.ends_at) > db.now()  # what has been changes no calendar
    if (
        meeting.state is MeetingState.CALLED
        and is_to_come
        and {"title", "starts_at", "ends_at", "place", "link", "is_all_day"} & set(changed)
    ):
        tell_called(meeting, "meeting_changed", by=by)


def cancel_meeting(meeting: Meeting, *, reason: str = "", keep: Collection[str] = (), by: Person) -> None:
    """Call the meeting off. It stays to be read; the reason goes to those who were called.

    Raises `guard.Stopped` for the reason, `Conflict` if it was cancelled or has been closed.
    """
    kept = guard.check({"reason": reason}, keep=keep)
    hold(meeting)
    check_not_over(meeting)
    was_called = meeting.state is MeetingState.CALLED and meeting.ends_at > db.now()
    meeting.state = MeetingState.CANCELLED
    meeting.touch()
    number_anew(meeting.series, meeting.starts_at)
    audit.record("meeting_cancelled", by=by, on=meeting)
    note_kept(kept, on=meeting, by=by)
    if was_called:
        tell_called(meeting, "meeting_cancelled", because=reason, by=by)
