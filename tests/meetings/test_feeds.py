"""Calendar feeds: secret addresses, what they show, and that programs ask cheaply."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from bs4 import BeautifulSoup
from icalendar import Calendar
from werkzeug.test import TestResponse

from portal import db
from portal.meetings import actions
from portal.meetings.agenda import actions as agenda
from portal.meetings.agenda.actions import ItemPlan
from portal.meetings.calls import actions as calls
from portal.meetings.calls import feeds
from portal.meetings.calls.models import CalendarFeed
from portal.meetings.models import Answer, Meeting
from portal.people import actions as people
from portal.people.models import Group, HandlingClass, Membership, Person
from portal.secret_address import MOST_EACH
from portal.web import Edge
from tests.conftest import Sign
from tests.factories import Network
from tests.meetings.calling import NOW, START, call, change, invitation_of

pytestmark = pytest.mark.usefixtures("built_front_end")


@pytest.fixture(autouse=True)
def in_november() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


def feed(person: Person, group: Group | None = None) -> str:
    """The path of a new feed."""
    _made, token = calls.make_feed("Telefonen", group=group, by=person)
    db.commit()
    return f"/calendar/feed/{token}.ics"


def read(app: Edge, where: str) -> dict[str, Any]:
    """What a calendar program reads: meetings by their title."""
    answer = app.test_client().get(where)
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    return {str(event["summary"]): event for event in Calendar.from_ical(answer.data).walk("VEVENT")}


def test_all_meetings_of_the_own_groups(app: Edge, network: Network) -> None:
    called = call(network.group, network.convener, title="Kallat")
    cancelled = call(network.group, network.convener, title="Inställt")
    actions.cancel_meeting(cancelled, by=network.convener)
    call(network.closed, network.convener, title="Zebraspaning")
    call(network.open, network.convener, title="Öppet")  # may be read, but is no group of one's own
    starts = START.replace(hour=23, minute=0)
    call(
        network.group,
        network.convener,
        title="Heldag",
        starts_at=starts,
        ends_at=starts + timedelta(days=1),
        is_all_day=True,
    )
    change(called, starts_at=START + timedelta(hours=1), by=network.convener)
    actions.plan_meeting(
        network.group, actions.Plan("Planeras", START, START + timedelta(hours=1)), by=network.convener
    )
    db.commit()
    shown = read(app, feed(network.member))
    assert set(shown) == {"Kallat", "Inställt", "Heldag"}
    assert shown["Kallat"].decoded("dtstart") == START + timedelta(hours=1)
    assert (shown["Kallat"]["sequence"], shown["Kallat"]["uid"]) == (called.revision, called.uid)
    assert [str(shown[title]["status"]) for title in ("Kallat", "Inställt")] == ["CONFIRMED", "CANCELLED"]
    assert shown["Heldag"].decoded("dtstart") == date(2026, 11, 25)
    assert "Planeras" not in read(app, feed(network.convener))
    assert all(event.walk("VALARM") == [] for event in shown.values())


def test_one_group_alone(app: Edge, network: Network) -> None:
    call(network.group, network.convener, title="Nätverket")
    call(network.open, network.convener, title="Öppet")
    assert set(read(app, feed(network.convener, network.open))) == {"Öppet"}


@pytest.mark.parametrize(
    ("answer", "status", "transparent"),
    [(None, "CONFIRMED", False), (Answer.ON_SITE, "CONFIRMED", False), (Answer.ONLINE, "CONFIRMED", False),
     (Answer.TENTATIVE, "TENTATIVE", False), (Answer.DECLINED, "CONFIRMED", True)],
)  # fmt: skip
def test_the_own_answer(app: Edge, network: Network, answer: Answer | None, status: str, transparent: bool) -> None:  # fmt: skip
    meeting = call(network.group, network.convener)
    if answer is not None:
        actions.answer_invitation(invitation_of(meeting, network.member), answer, by=network.member)
    event = read(app, feed(network.member))["LAMP-möte"]
    assert (event["status"], "transp" in event) == (status, transparent)
    assert ("attendee" in event, "organizer" in event) == (False, True), "RFC 5546, 3.2.1"


def test_s28_of_sensitive_groups_only_the_time(app: Edge, network: Network) -> None:
    meeting = call(network.closed, network.convener, title="Zebraspaning", place="Grevgatan 1")
    for where in (feed(network.secretary), feed(network.secretary, network.closed)):
        content = app.test_client().get(where).text
        secrets = (
            "Zebraspaning",
            "Grevgatan",
            "Slutna",
            "slutna",
            "Reterare",
            "video",
            "Lägesbilder",
            "ATTENDEE",
        )
        assert [secret for secret in secrets if secret in content] == []
        assert "DTSTART;TZID=Europe/Stockholm:20261124T093000" in content
        assert f"URL:https://portal.test/meetings/{meeting.id}\r\n" in content, "an id says nothing and needs sign-in"


def words(answer: TestResponse) -> str:
    """What a page says; the link to the other language bears the page's own address."""
    return BeautifulSoup(answer.data, "html.parser").get_text()


def changes(network: Network, meeting: Meeting) -> list[tuple[str, Any]]:
    """Everything that changes what a member's feed shows."""
    member = db.session.scalars(sa.select(Membership).where(Membership.person_id == network.member.id)).one()

    def sensitive() -> None:
        network.group.handling_class = HandlingClass.SENSITIVE

    def language() -> None:
        network.member.language = "en"

    return [
        ("moved", lambda: change(meeting, starts_at=START + timedelta(minutes=5), by=network.convener)),
        ("agenda", lambda: agenda.add_item(meeting, ItemPlan("En punkt till"), by=network.convener)),
        ("answer", lambda: actions.answer_invitation(invitation_of(meeting, network.member), Answer.TENTATIVE, by=network.member)),
        ("another answer by mail, earlier", lambda: actions.answer_invitation(
            invitation_of(meeting, network.member), Answer.DECLINED, at=db.now() - timedelta(minutes=5), by=network.member)),
        ("language", language),
        ("new meeting", lambda: call(network.group, network.convener, title="Ett till")),
        ("class", sensitive),
        ("joined", lambda: people.add_member(network.closed, network.member, by=None)),
        ("cancelled", lambda: actions.cancel_meeting(meeting, by=network.convener)),
        ("left", lambda: people.remove_member(member, by=None)),
    ]  # fmt: skip


def test_nothing_new_costs_nothing_and_everything_new_is_seen(app: Edge, network: Network) -> None:
    meeting, client = call(network.group, network.convener), app.test_client()
    call(network.closed, network.convener)
    where = feed(network.member)
    first = client.get(where)
    assert first.headers["Cache-Control"] == "private, no-cache"
    tag, content = first.headers["ETag"], first.data
    # what others do is nothing to this feed
    call(network.open, network.convener)
    actions.answer_invitation(invitation_of(meeting, network.observer), Answer.ONLINE, by=network.observer)
    db.commit()
    assert client.get(where, headers={"If-None-Match": tag}).status_code == 304
    for name, do in changes(network, meeting):
        same = client.get(where, headers={"If-None-Match": tag})
        assert (same.status_code, same.data) == (304, b""), name
        assert same.headers["ETag"] == tag
        do()
        db.commit()
        new = client.get(where, headers={"If-None-Match": tag})
        assert new.status_code == 200, name
        assert new.headers["ETag"] != tag, name
        assert new.data != content or name == "language"
        tag, content = new.headers["ETag"], new.data
    assert client.head(where).status_code == 200


def test_who_left_sees_nothing_more(app: Edge, network: Network) -> None:
    call(network.group, network.convener)
    all_groups, one_group = feed(network.member), feed(network.member, network.group)
    assert len(read(app, all_groups)) == len(read(app, one_group)) == 1
    for membership in db.session.scalars(sa.select(Membership).where(Membership.person_id == network.member.id)):
        people.remove_member(membership, by=None)
    db.commit()
    assert read(app, all_groups) == read(app, one_group) == {}  # an empty calendar, so that programs take it out


def test_the_calendar_is_made_once_for_one_etag(app: Edge, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    call(network.group, network.convener)
    where, made, write = feed(network.member), [], feeds.make

    def counted(one: CalendarFeed) -> bytes:
        made.append(one.id)
        return write(one)

    monkeypatch.setattr(feeds, "make", counted)
    assert app.test_client().get(where).data == app.test_client().get(where).data
    assert len(made) == 1


def test_an_address_is_made_shown_once_and_revoked(app: Edge, network: Network, sign_in: Sign) -> None:
    call(network.group, network.convener)
    client = sign_in(network.member)
    form = {"name": "Outlook på jobbet", "group": str(network.group.id), "csrf_token": client.csrf}
    page = client.post("/calendar/feeds", data=form)
    (address,) = re.findall(r'value="(https://portal\.test/calendar/feed/[\w-]{43}\.ics)"', page.text)
    again = client.get("/calendar/feeds").text
    assert "Outlook på jobbet" in again
    assert "/calendar/feed/" not in again
    token = address.rpartition("/")[2].removesuffix(".ics")
    with db.engine().connect() as connection:  # a copy of the database opens no feed
        for table in db.Base.metadata.sorted_tables:
            assert token not in repr(connection.execute(sa.select(table)).all()), table.name
    where = address.removeprefix("https://portal.test")
    assert len(read(app, where)) == 1
    db.session.expire_all()
    row = db.session.scalars(sa.select(CalendarFeed)).one()
    assert row.read_at is not None
    stranger = sign_in(network.observer)
    revoke = f"/calendar/feeds/{row.id}/revocation"
    assert stranger.post(revoke, data={"csrf_token": stranger.csrf}).status_code == 404
    assert client.post(revoke, data={"csrf_token": client.csrf}).status_code == 302
    assert client.post(revoke, data={"csrf_token": client.csrf}).status_code == 404
    assert app.test_client().get(where).status_code == 404


def test_revoked_unknown_and_shut_out_are_the_same(app: Edge, network: Network) -> None:
    revoked, shut, closed = feed(network.member), feed(network.observer), feed(network.secretary)
    calls.revoke_feed(
        db.session.scalars(sa.select(CalendarFeed).where(CalendarFeed.person_id == network.member.id)).one(),
        by=network.member,
    )
    people.disable_person(network.observer, by=network.admin)
    network.county.is_active = False
    db.commit()
    client = app.test_client()
    missing = client.get(f"/calendar/feed/{'x' * 43}.ics")
    for where in (revoked, shut, closed, "/calendar/feed/x.ics", f"/calendar/feed/{'x' * 3000}.ics", f"{revoked}?x=1"):
        answer = client.get(where, headers={"If-None-Match": "*"})
        assert (answer.status_code, words(answer)) == (404, words(missing)), where
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"name": "", "group": "0"}, 422), ({"name": " ", "group": "0"}, 422), ({"name": "x" * 81, "group": "0"}, 422), ({"name": "Mobil"}, 422),
        ({"name": "Mobil", "group": "x"}, 422), ({"name": "Mobil", "group": "999999"}, 422), ({"name": "Mobil 811228-9874", "group": "0"}, 422),
        ({"name": "<b>Mobil</b>", "group": "0"}, 200),
    ],
)  # fmt: skip
def test_what_is_filled_in(network: Network, sign_in: Sign, form: dict[str, str], status: int) -> None:
    client = sign_in(network.member)
    answer = client.post("/calendar/feeds", data=form | {"csrf_token": client.csrf})
    assert answer.status_code == status
    assert "<b>Mobil" not in answer.text
    assert ("9874" in answer.text) == ("9874" in form["name"])  # what was typed is not lost
    made = db.session.scalar(sa.select(sa.func.count()).select_from(CalendarFeed))
    assert made == (status == 200)


def test_of_another_s_group_no_feed_is_made(network: Network, sign_in: Sign) -> None:
    client = sign_in(network.member)
    form = {"name": "Mobil", "group": str(network.closed.id), "csrf_token": client.csrf}
    assert client.post("/calendar/feeds", data=form).status_code == 422


def test_there_is_an_end_to_addresses(network: Network, sign_in: Sign) -> None:
    for number in range(MOST_EACH):
        calls.make_feed(f"Program {number}", group=None, by=network.member)
    db.commit()
    client = sign_in(network.member)
    answer = client.post("/calendar/feeds", data={"name": "Ett till", "group": "0", "csrf_token": client.csrf})
    assert answer.status_code == 409
    assert "Ett till" in answer.text
