"""The calendar as a month and as a list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import chain

import pytest
import time_machine
from bs4 import BeautifulSoup

from portal import db
from portal.meetings import actions
from portal.meetings.actions import Plan
from portal.meetings.models import Meeting
from portal.meetings.month import month
from portal.people.models import Group
from tests import factories
from tests.conftest import Browser, Sign
from tests.factories import Network


def on(group: Group, network: Network, title: str, starts: datetime, hours: float = 1, *, call: bool = True) -> Meeting:
    made = actions.plan_meeting(group, Plan(title, starts, starts + timedelta(hours=hours)), by=network.convener)
    if call:
        actions.call_meeting(made, by=network.convener)
    db.commit()
    return made


def days_of(client: Browser, address: str) -> dict[str, list[str]]:
    """The text of each day that has something."""
    page = BeautifulSoup(client.get(address).text, "html.parser")
    found: dict[str, list[str]] = {}
    for cell in page.select("table.month td"):
        titles = [title.get_text(strip=True) for title in cell.select("strong")]
        day = cell.select_one(".day")
        if titles and day is not None:
            found.setdefault(" ".join(day.get_text(" ", strip=True).split()), []).extend(titles)
    return found


@pytest.mark.parametrize("text", ["", "2026-13", "2026", "år", "0001-01", "9999-12", "2026-12-01"])
def test_what_is_no_month_shows_this_one(network: Network, sign_in: Sign, text: str) -> None:
    answer = sign_in(network.member).get("/calendar", query_string={"month": text})
    assert answer.status_code == 200
    assert month(text).first == month("").first


def test_a_month_has_whole_weeks_and_knows_its_neighbours() -> None:
    shown = month("2026-02")
    assert (shown.weeks[0][0].on, shown.weeks[-1][-1].on) == (date(2026, 1, 26), date(2026, 3, 1))
    assert (shown.previous, shown.following) == (date(2026, 1, 1), date(2026, 3, 1))
    assert month("1990-01").previous is None
    assert month("2100-12").following is None


@time_machine.travel(datetime(2027, 3, 1, 9, tzinfo=UTC), tick=False)
def test_meetings_stand_on_their_swedish_days(network: Network, sign_in: Sign) -> None:
    on(network.group, network, "Sen kväll", datetime(2027, 3, 10, 23, 30, tzinfo=UTC))  # half past midnight in Sweden
    on(network.group, network, "Sommartid", datetime(2027, 3, 28, 22, 30, tzinfo=UTC))  # the clock has been put forward
    on(network.group, network, "Över midnatt", datetime(2027, 3, 15, 22, 0, tzinfo=UTC), hours=3)
    on(network.group, network, "Till midnatt", datetime(2027, 3, 17, 22, 0, tzinfo=UTC), hours=1)
    days = days_of(sign_in(network.member), "/calendar?month=2027-03")
    found = {day.split()[1]: titles for day, titles in days.items()}
    assert found == {
        "11": ["Sen kväll"], "15": ["Över midnatt"], "16": ["Över midnatt"], "17": ["Till midnatt"], "29": ["Sommartid"],
    }  # fmt: skip


@time_machine.travel(datetime(2027, 3, 1, 9, tzinfo=UTC), tick=False)
def test_groups_are_chosen_and_others_are_not_named(network: Network, sign_in: Sign) -> None:
    at = datetime(2027, 3, 10, 9, tzinfo=UTC)
    for group, title in ((network.group, "Nätverkets"), (network.closed, "Hemliga"), (network.open, "Öppna")):
        on(group, network, title, at)
    on(network.group, network, "Planeras", at, call=False)
    member, convener = sign_in(network.member), sign_in(network.convener)
    everything = list(chain(*days_of(convener, "/calendar?month=2027-03").values()))
    assert sorted(everything) == ["Hemliga", "Nätverkets", "Planeras", "Öppna"]
    assert list(chain(*days_of(convener, f"/calendar?month=2027-03&group={network.closed.slug}").values())) == [
        "Hemliga"
    ]
    seen = member.get(f"/calendar?month=2027-03&group={network.closed.slug}").text
    assert "Hemliga" not in seen
    assert "Planeras" not in seen
    outside = list(chain(*days_of(sign_in(network.outsider), "/calendar?month=2027-03").values()))
    assert outside == ["Öppna"]


def test_the_list_goes_back_to_the_first_meeting(network: Network, sign_in: Sign) -> None:
    start = db.now() + timedelta(days=1)
    for number in range(65):
        made = factories.meeting(network.group, network.convener, f"Möte {number:02}", items=0)
        made.starts_at, made.ends_at = start - timedelta(days=10 + number // 2), start - timedelta(days=9 + number // 2)
    db.commit()
    member, address, seen = sign_in(network.member), "/calendar?view=list", []
    while address:
        page = BeautifulSoup(member.get(address).text, "html.parser")
        seen += [link.get_text(strip=True) for link in page.select("[data-row-link]")]
        following = page.select_one("a[rel=next]")
        address = str(following["href"]) if following is not None else ""
    assert sorted(seen) == [f"Möte {number:02}" for number in range(65)]


@pytest.mark.parametrize("before", ["0", "-1", "x", "99999999999999999999"])
def test_a_wrong_place_in_the_list_is_its_beginning(network: Network, sign_in: Sign, before: str) -> None:
    factories.meeting(network.group, network.convener, "Möte")
    db.commit()
    assert "Möte" in sign_in(network.member).get(f"/calendar?view=list&before={before}").text


def test_who_leads_a_group_plans_from_here(network: Network, sign_in: Sign) -> None:
    assert "/meetings/new" not in sign_in(network.member).get("/calendar").text
    page = BeautifulSoup(sign_in(network.convener).get("/calendar").data, "html.parser")
    wanted = {f"/groups/{group.slug}/meetings/new" for group in (network.group, network.closed, network.open)}
    links = {str(link["href"]) for link in page.select("a[href$='/meetings/new']")}
    assert links
    assert links <= wanted
    network.closed.is_archived = True
    db.commit()
    page = BeautifulSoup(sign_in(network.convener).get("/calendar?view=list").data, "html.parser")
    assert not page.select("a[href='/groups/slutna/meetings/new']")
