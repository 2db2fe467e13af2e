"""Series: what their meetings begin with, their numbers and §, their years, and lists that go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from portal import db, guard
from portal.errors import Conflict
from portal.meetings import actions as meetings
from portal.meetings.actions import Plan
from portal.meetings.followup import actions as followup
from portal.meetings.followup.models import ActionState
from portal.meetings.models import ItemKind, Meeting, MeetingSeries, MeetingState, StandingItem
from portal.meetings.polls.actions import Asked, Question, cancel_poll, open_poll
from portal.meetings.series import actions, policy
from portal.meetings.series.actions import SeriesPlan, StandingPlan
from tests.conftest import Sign, send
from tests.factories import Network

NUMBER = "811228-9874"


@pytest.fixture
def series(network: Network) -> MeetingSeries:
    made = actions.start_series(network.group, SeriesPlan("LAMP-möte", 4, place="Stockholm"), by=network.convener)
    for title, kind in (
        ("Föregående protokoll", ItemKind.DECISION),
        ("Kaffe", ItemKind.BREAK),
        ("Öppna åtgärder", ItemKind.INFORMATION),
    ):
        plan = StandingPlan(title, kind, 15, lists_open_actions=title.startswith("Öppna"))
        actions.add_standing_item(made, plan, by=network.convener)
    db.session.flush()
    db.session.refresh(made)
    return made


def held(network: Network, series: MeetingSeries, on: datetime) -> Meeting:
    plan = Plan(f"Möte {on:%m}", on, on + timedelta(hours=2))
    made = meetings.plan_meeting(network.group, plan, series=series, by=network.convener)
    db.session.flush()
    return made


def day(year: int, month: int) -> datetime:
    return datetime(year, month, 10, 9, tzinfo=UTC)


def test_a_meeting_begins_with_the_standing_items(network: Network, series: MeetingSeries) -> None:
    meeting = held(network, series, day(2031, 2))
    assert [(item.position, item.title, item.kind, item.minutes_allotted, item.lists_open_actions) for item in meeting.items] == [
        (1, "Föregående protokoll", ItemKind.DECISION, 15, False), (2, "Kaffe", ItemKind.BREAK, 15, False),
        (3, "Öppna åtgärder", ItemKind.INFORMATION, 15, True),
    ]  # fmt: skip
    actions.remove_standing_item(series.standing_items[0], by=network.convener)
    db.session.expire_all()
    assert len(meeting.items) == 3, "what is planned stays"
    assert len(held(network, series, day(2031, 6)).items) == 2


def test_numbers_begin_anew_each_year_as_it_is_in_sweden(network: Network, series: MeetingSeries) -> None:
    numbers = [held(network, series, on).number for on in (day(2031, 2), day(2031, 6), day(2032, 2))]
    assert numbers == [1, 2, 1]
    new_year = datetime(2031, 12, 31, 23, 30, tzinfo=UTC)  # in Sweden it is 2032
    assert held(network, series, new_year).number == 2


@pytest.mark.parametrize(("run_on", "expected"), [(False, [1, 1, 1]), (True, [1, 3, 1])])
def test_paragraphs_run_on_through_the_year_if_they_are_to(
    network: Network, series: MeetingSeries, run_on: bool, expected: list[int]
) -> None:
    series.paragraphs_run_on = run_on
    found = [held(network, series, on).first_paragraph for on in (day(2031, 2), day(2031, 6), day(2032, 2))]
    assert found == expected


def test_an_ended_series_takes_no_meeting_until_it_is_resumed(network: Network, series: MeetingSeries) -> None:
    actions.end_series(series, by=network.convener)
    with pytest.raises(Conflict):
        held(network, series, day(2031, 2))
    actions.resume_series(series, by=network.convener)
    assert held(network, series, day(2031, 2)).number == 1


def test_items_change_places(network: Network, series: MeetingSeries) -> None:
    first, second, third = series.standing_items
    actions.move_standing_item(first, up=True, by=network.convener)
    actions.move_standing_item(third, up=True, by=network.convener)
    db.session.expire_all()
    assert [item.id for item in series.standing_items] == [first.id, third.id, second.id]


def test_s33_personal_numbers_are_stopped_in_every_text(
    network: Network, series: MeetingSeries, sign_in: Sign, built_front_end: object
) -> None:
    for plan in (SeriesPlan(NUMBER), SeriesPlan("Serie", place=NUMBER), SeriesPlan("Serie", practical=NUMBER)):
        with pytest.raises(guard.Stopped):
            actions.start_series(network.group, plan, by=network.convener)
        with pytest.raises(guard.Stopped):
            actions.change_series(series, plan, based_on=1, by=network.convener)
    with pytest.raises(guard.Stopped):
        actions.add_standing_item(series, StandingPlan(NUMBER), by=network.convener)
    with pytest.raises(guard.Stopped):
        actions.change_standing_item(series.standing_items[0], StandingPlan(NUMBER), by=network.convener)
    db.commit()
    client = sign_in(network.convener)
    form = {"name": f"Serie {NUMBER}", "participants": "members", "based_on": "1"}
    for where in ("/groups/natverket/series/new", f"/meeting-series/{series.id}/edit"):
        assert send(client, where, **form).status_code == 422
    item = {"title": NUMBER, "kind": "information", "minutes_allotted": "10"}
    for where in (f"/meeting-series/{series.id}/items/new", f"/standing-items/{series.standing_items[0].id}/edit"):
        assert send(client, where, **item).status_code == 422


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 121}, {"months_between": "0"}, {"months_between": "x"}, {"participants": "all"}, {"place": "x" * 201}],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_told(network: Network, sign_in: Sign, built_front_end: object, wrong: dict[str, str]) -> None:
    form = {"name": "Serie", "participants": "members", "practical": "Kvar i formuläret"} | wrong
    answer = send(sign_in(network.convener), "/groups/natverket/series/new", **form)
    assert (answer.status_code, "Kvar i formuläret" in answer.text, "field-error" in answer.text) == (422, True, True)


def test_who_changes_an_old_form_is_told(
    network: Network, series: MeetingSeries, sign_in: Sign, built_front_end: object
) -> None:
    db.commit()
    client, where = sign_in(network.convener), f"/meeting-series/{series.id}/edit"
    form = {"name": "Nytt namn", "participants": "seats", "based_on": "1"}
    assert send(client, where, **form).status_code == 302
    answer = send(client, where, **(form | {"name": "Ännu ett"}))
    assert (answer.status_code, "Ännu ett" in answer.text) == (409, True)


def test_the_form_of_a_meeting_is_filled_by_the_series(
    network: Network, series: MeetingSeries, sign_in: Sign, built_front_end: object
) -> None:
    db.commit()
    client, where = sign_in(network.convener), f"/groups/natverket/meetings/new?series={series.id}"
    page = client.get(where).text
    assert "LAMP-möte 1/" in page
    assert "Stockholm" in page
    form = {"title": "LAMP-möte 1/2031", "on": "2031-05-05", "starts": "09:00", "ends": "10:00"}
    assert send(client, where, **form).status_code == 302
    meeting = db.session.scalars(sa.select(Meeting)).one()
    assert (meeting.series_id, meeting.number, len(meeting.items)) == (series.id, 1, 3)
    foreign = actions.start_series(network.closed, SeriesPlan("Annan"), by=network.convener)
    db.commit()
    assert client.get(f"/groups/natverket/meetings/new?series={foreign.id}").status_code == 404


def test_years_show_gaps_and_that_nothing_is_planned(network: Network, series: MeetingSeries) -> None:
    with time_machine.travel(day(2031, 1), tick=False):
        first, second = held(network, series, day(2031, 2)), held(network, series, day(2031, 9))
        cancelled = held(network, series, day(2031, 12))
        cancelled.state = MeetingState.CANCELLED
        db.session.flush()
        assert policy.years_of(series, network.convener).months_since is None
    with time_machine.travel(day(2032, 2), tick=False):
        found = policy.years_of(series, network.convener)
    assert [(year, [(entry.meeting, entry.gap) for entry in entries]) for year, entries in found.years] == [
        (2032, []), (2031, [(cancelled, None), (second, 7), (first, None)]),
    ]  # fmt: skip
    assert (found.months_since, found.is_late) == (5, True)
    with time_machine.travel(day(2036, 2), tick=False):
        assert policy.years_of(series, network.convener).older == 2034
        assert policy.years_of(series, network.convener, before=2034).years[0][0] == 2031
    with time_machine.travel(day(2031, 2), tick=False):
        (_year, entries), *_more = policy.years_of(series, network.member).years
    assert [entry.meeting for entry in entries] == [cancelled], "what is being planned is the leaders'"


def test_past_and_coming_meetings_are_reached_however_many(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    now = db.now()
    for place in range(95):
        at = now - timedelta(days=1 + place // 2)  # two at the same time
        db.session.add(_bare(network, f"Förr {place:03}", at))
    for place in range(103):
        db.session.add(_bare(network, f"Sedan {place:03}", now + timedelta(days=1 + place // 2)))
    db.commit()
    client = sign_in(network.member)
    for word, number, way in (("Förr", 95, "before"), ("Sedan", 103, "after")):
        seen: set[str] = set()
        where: str | None = "/groups/natverket/meetings"
        while where is not None:
            page = client.get(where).text
            seen |= {f"{word} {place:03}" for place in range(number) if f"{word} {place:03}" in page}
            start = page.find(f"?{way}=")
            where = f"/groups/natverket/meetings{page[start : page.index(chr(34), start)]}" if start > 0 else None
        assert len(seen) == number
    assert client.get("/groups/natverket/meetings?before=999999&after=abc").status_code == 200


def _bare(network: Network, title: str, at: datetime) -> Meeting:
    return Meeting(
        group=network.group, title=title, starts_at=at - timedelta(hours=2), ends_at=at, state=MeetingState.CALLED,
        created_by=network.convener, organisation_id=network.convener.organisation_id, uid=title,
    )  # fmt: skip


def test_a_removed_item_is_not_found_by_its_second_remover(
    network: Network, series: MeetingSeries, sign_in: Sign, built_front_end: object
) -> None:
    db.commit()
    item = series.standing_items[0].id
    client = sign_in(network.convener)
    got = [send(client, f"/standing-items/{item}/removal").status_code for _ in range(2)]
    assert got == [302, 404]
    assert send(client, f"/standing-items/{series.standing_items[1].id}/place", direction="aside").status_code == 400
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StandingItem)) == 2


def test_what_is_open_becomes_the_first_item_of_the_next_agenda_by_itself(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.convener)
    form = {"name": "LAMP", "participants": "members"}
    assert send(client, "/groups/natverket/series/new", **form).status_code == 302
    begun = db.session.scalars(sa.select(MeetingSeries).where(MeetingSeries.name == "LAMP")).one()
    meeting = held(network, begun, day(2031, 2))
    task = followup.Task("Ring <länen>", network.authority, network.member)
    undertaken = followup.add_action(network.group, task, client_id="1", by=network.convener)
    db.commit()
    assert [(item.position, item.lists_open_actions) for item in meeting.items] == [(1, True)]
    meetings.call_meeting(meeting, by=network.convener)
    db.commit()
    listed = f'href="/actions/{undertaken.id}"'
    for reader in (network.member, network.observer):
        page = sign_in(reader).get(f"/meetings/{meeting.id}").text
        assert ("Ring &lt;länen&gt;" in page, listed in page) == (True, True)
    followup.set_action_state(undertaken, ActionState.DONE, by=network.member)
    db.commit()
    assert listed not in client.get(f"/meetings/{meeting.id}").text


def test_number_and_year_follow_the_date(network: Network, series: MeetingSeries) -> None:
    """The form suggests a title before there is a date; whoever writes another title keeps it."""
    meetings.plan_meeting(
        network.group, Plan("LAMP-möte 1/2031", day(2031, 2), day(2031, 3)), series=series, by=network.convener
    )
    next_year = Plan("LAMP-möte 2/2031", day(2032, 2), day(2032, 3))
    made = meetings.plan_meeting(network.group, next_year, series=series, by=network.convener)
    assert (made.title, made.number) == ("LAMP-möte 1/2032", 1)
    own = meetings.plan_meeting(
        network.group, Plan("Extra möte", day(2032, 3), day(2032, 4)), series=series, by=network.convener
    )
    assert (own.title, own.number) == ("Extra möte", 2)
    db.session.flush()
    back = Plan("LAMP-möte 1/2032", day(2031, 5), day(2031, 6))
    meetings.change_meeting(made, back, based_on=made.revision, by=network.convener)
    assert (made.title, made.number) == ("LAMP-möte 2/2031", 2)


def test_a_date_poll_s_title_follows_its_first_time(network: Network, series: MeetingSeries) -> None:
    question = Question("LAMP-möte 1/2026", day(2031, 1), [(day(2031, 5), day(2031, 6)), (day(2031, 3), day(2031, 4))])
    poll = open_poll(network.group, question, Asked([network.member]), series=series, by=network.convener)
    assert poll.title == "LAMP-möte 1/2031"


@pytest.mark.parametrize("state", ["open", "cancelled", "too late"])
def test_the_page_of_a_series_knows_an_open_date_poll(
    network: Network, series: MeetingSeries, sign_in: Sign, built_front_end: object, state: str
) -> None:
    with time_machine.travel(day(2031, 1)):
        held(network, series, day(2031, 2))
        question = Question("När?", day(2031, 7), [(day(2031, 8), day(2031, 9))])
        poll = open_poll(network.group, question, Asked([network.member]), series=series, by=network.convener)
        if state == "cancelled":
            cancel_poll(poll, by=network.convener)
        db.commit()
    with time_machine.travel(day(2031, 10 if state == "too late" else 7)):
        page = sign_in(network.convener).get(f"/meeting-series/{series.id}").text
    assert ("ett datumförslag är öppet" in page, "inget är planerat" in page) == (state == "open", state != "open")
