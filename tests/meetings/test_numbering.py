"""Paragraphs that run on through the year: what is shown is what will be sealed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from portal import db
from portal.meetings import actions as meetings
from portal.meetings.agenda import actions
from portal.meetings.agenda.actions import ItemPlan
from portal.meetings.models import ItemKind, Meeting, MeetingSeries
from portal.people.models import Person
from portal.web import Edge
from tests import factories
from tests.factories import Network
from tests.meetings.test_meetings import at_once


def firsts(meetings_of_series: list[Meeting]) -> list[int]:
    db.session.expire_all()
    return [meeting.first_paragraph for meeting in meetings_of_series]


def in_series(network: Network, series: MeetingSeries, month: int, items: int) -> Meeting:
    at = datetime(2031, month, 10, 9, tzinfo=UTC)
    plan = meetings.Plan(f"Möte {month}", at, at + timedelta(hours=2))
    meeting = meetings.plan_meeting(network.group, plan, series=series, by=network.convener)
    for number in range(items):
        actions.add_item(meeting, ItemPlan(f"Punkt {number}"), by=network.convener)
    return meeting


@pytest.fixture
def run_on(network: Network) -> MeetingSeries:
    series = MeetingSeries(
        group=network.group, name="Serien", paragraphs_run_on=True, created_by_id=network.convener.id
    )
    db.session.add(series)
    db.session.flush()
    return series


def test_numbers_of_later_meetings_follow_what_the_earlier_ones_get(network: Network, run_on: MeetingSeries) -> None:
    spring, summer = in_series(network, run_on, 2, 2), in_series(network, run_on, 6, 1)
    assert firsts([spring, summer]) == [1, 3]
    added = actions.add_item(spring, ItemPlan("Till"), by=network.convener)
    assert firsts([spring, summer]) == [1, 4]
    actions.change_item(added, ItemPlan("Paus", ItemKind.BREAK), based_on=1, by=network.convener)
    assert firsts([spring, summer]) == [1, 3]
    actions.change_item(added, ItemPlan("Ingen paus"), based_on=2, by=network.convener)
    actions.remove_item(added, by=network.convener)
    assert firsts([spring, summer]) == [1, 3]
    between = in_series(network, run_on, 4, 4)
    assert firsts([spring, between, summer]) == [1, 3, 7]
    plan = meetings.Plan("Möte 4", datetime(2031, 9, 1, 9, tzinfo=UTC), datetime(2031, 9, 1, 11, tzinfo=UTC))
    meetings.change_meeting(between, plan, based_on=between.revision, by=network.convener)
    assert firsts([spring, summer, between]) == [1, 3, 4]
    meetings.cancel_meeting(spring, by=network.convener)
    assert firsts([summer, between]) == [1, 2]


def test_what_is_circulated_keeps_its_numbers_and_nobody_else_gets_them(
    network: Network, run_on: MeetingSeries
) -> None:
    spring, summer, autumn = (in_series(network, run_on, month, 2) for month in (2, 6, 9))
    meetings.call_meeting(summer, by=network.convener)
    with time_machine.travel(datetime(2031, 6, 11, 9, tzinfo=UTC), tick=False):
        shown = [number for _item, _at, number in summer.timetable()]
        made_of = factories.circulated(summer, network.secretary, [network.member])
    assert [item["paragraph"] for item in made_of.newest.content["items"]] == shown == [3, 4]
    actions.add_item(spring, ItemPlan("Till"), by=network.convener)
    assert firsts([spring, summer, autumn]) == [5, 3, 8], "three have no room before those that are fixed"


def test_two_who_add_items_to_meetings_of_one_series_at_once(
    app: Edge, network: Network, run_on: MeetingSeries
) -> None:
    rows = [in_series(network, run_on, month, 1) for month in (2, 6, 9)]
    db.commit()
    ids, by = [row.id for row in rows], network.convener.id

    def go(meeting_id: int) -> None:
        actions.add_item(
            db.session.get_one(Meeting, meeting_id), ItemPlan("Samtidigt"), by=db.session.get_one(Person, by)
        )

    assert at_once(app, *(lambda one=one: go(one) for one in ids * 2)) == []
    assert firsts([db.session.get_one(Meeting, one) for one in ids]) == [1, 4, 7]
