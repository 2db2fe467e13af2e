"""The demo's series of meetings with its standing items, the organisations' seats, and a date poll that is being answered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from demo import backdate
from demo.content import read_toml
from demo.network import Cast
from demo.when import Calendar, at, working_day
from portal import db
from portal.meetings.actions import Guest
from portal.meetings.models import ItemKind, Meeting, MeetingSeries
from portal.meetings.participants import actions as participants
from portal.meetings.polls import actions as polls
from portal.meetings.polls.actions import Asked, Question
from portal.meetings.polls.models import PollInvitee, PollOption, Quorum, Suits
from portal.meetings.series import actions
from portal.meetings.series.actions import SeriesPlan, StandingPlan
from portal.outbox import Job
from portal.people.models import Organisation, OrganisationKind

ASKED_DAYS_AGO = 3


def start_series(cast: Cast) -> MeetingSeries:
    """LAMP's series, still without standing items: the meetings of the demo have agendas of their own."""
    about = read_toml("series.toml")["lamp"]
    plan = SeriesPlan(about["name"], about["months"], place=about["place"], practical=about["practical"])
    return actions.start_series(cast.groups[about["group"]], plan, by=cast.people[about["by"]])


def complete_series(series: MeetingSeries, cast: Cast) -> None:
    """What each meeting to come begins with, and a seat for every county board and the coordinator."""
    about = read_toml("series.toml")["lamp"]
    by, group = cast.people[about["by"]], series.group
    for item in about["item"]:
        plan = StandingPlan(item["title"], ItemKind(item["kind"]), item["minutes"], item.get("open_actions", False))
        actions.add_standing_item(series, plan, by=by)
    represented = (Organisation.kind == OrganisationKind.COUNTY_BOARD) | Organisation.is_coordinator
    members = {membership.person_id for membership in group.memberships}
    for organisation in db.session.scalars(
        sa.select(Organisation).where(represented).order_by(Organisation.name)
    ).all():
        seat = participants.add_seat(group, organisation, by=by)
        people = sorted(
            (person for person in organisation.people if person.id in members), key=lambda person: person.id
        )
        named = [cast.people[nick] for nick in about["seats"].get(organisation.slug, [])] or people
        ordinary, substitute = (*named, None, None)[:2]
        participants.fill_seat(seat, group, ordinary=ordinary, substitute=substitute, takes_in=False, by=by)


def add_poll(planned: Meeting, days: dict[str, date], cast: Cast, calendar: Calendar) -> None:
    """Ask for dates for the meeting that is being planned, and let most answer."""
    series = planned.series
    assert series is not None  # LAMP's
    about = read_toml("series.toml")["poll"]
    by, on = cast.people[read_toml("series.toml")["lamp"]["by"]], days[about["about"]]
    proposed = {str(step): working_day(on + timedelta(days=step)) for step in about["days"]}
    question = Question(
        calendar.fill(about["title"], on), at(calendar.ahead(about["closes"]), "23.59"),
        sorted({(at(day, about["start"]), at(day, about["end"])) for day in proposed.values()}),
        text=about["text"], place=about["place"], quorum=Quorum.COUNTIES,
    )  # fmt: skip
    people = [membership.person for membership in series.group.memberships]
    must = {cast.people[nick].id for nick in about["must"]}
    guests = [Guest(about["guest"][0], about["guest"][1])]
    poll = polls.open_poll(series.group, question, Asked(people, guests, must), meeting=planned, by=by)
    db.session.flush()
    silent = {cast.people[nick].id for nick in about["silent"]}
    steps = {at(day, about["start"]): step for step, day in proposed.items()}
    nick_of = {person.id: nick for nick, person in cast.people.items()}
    for invitee in poll.invitees:
        if invitee.person is None or invitee.person_id in silent:
            continue
        nick = nick_of[invitee.person.id]
        said = {option.id: _suits(about, steps[option.starts_at], nick) for option in poll.options}
        polls.answer_poll(invitee, said, comment=about["comment"].get(nick, ""), by=invitee.person)
    asked_at = calendar.latest - timedelta(days=ASKED_DAYS_AGO)
    backdate.row(poll, created_at=asked_at, changed_at=asked_at)
    answered = (PollInvitee.poll_id == poll.id) & PollInvitee.answered_at.is_not(None)
    backdate.rows(PollOption, PollOption.poll_id == poll.id, added_at=asked_at)
    backdate.rows(PollInvitee, answered, answered_at=asked_at + timedelta(days=1))
    db.session.execute(sa.delete(Job).where(Job.kind.in_(["poll_mail", "notice_mail"])))


def _suits(about: dict[str, Any], step: str, nick: str) -> Suits:
    if nick in about["cannot"].get(step, []):
        return Suits.NO
    return Suits.IF_NEED_BE if nick in about["unsure"].get(step, []) else Suits.YES
