"""Seats of organisations: who holds them, what is vacant, who comes instead, and the answers per organisation."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from portal import db, guard
from portal.errors import Conflict, Invalid
from portal.meetings import actions as meetings
from portal.meetings.actions import Guest, Plan
from portal.meetings.models import Answer, Invitation, Meeting, Participants, Seat
from portal.meetings.participants import actions, leaving, policy
from portal.meetings.policy import called, invitation_of
from portal.meetings.series import actions as series_actions
from portal.meetings.series.actions import SeriesPlan
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import Person
from portal.web import Edge
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network
from tests.meetings.calling import calendar_of, event_of, mail_to, text_of

NUMBER = "811228-9874"


@pytest.fixture
def seat(network: Network) -> Seat:
    """The county board's seat: the secretary holds it, the observer is the substitute."""
    made = actions.add_seat(network.group, network.county, by=network.convener)
    actions.fill_seat(
        made,
        network.group,
        ordinary=network.secretary,
        substitute=network.observer,
        takes_in=False,
        by=network.convener,
    )
    db.session.flush()
    return made


def membership(who: Person, network: Network) -> bool:
    return any(one.group_id == network.group.id and one.left_at is None for one in who.memberships)


def by_seats(network: Network) -> Meeting:
    """A called meeting of a series whose calls go to the seats."""
    series = series_actions.start_series(
        network.group, SeriesPlan("Serie", participants=Participants.SEATS), by=network.convener
    )
    starts = db.now() + timedelta(days=7)
    made = meetings.plan_meeting(
        network.group, Plan("Möte", starts, starts + timedelta(hours=1)), series=series, by=network.convener
    )
    meetings.call_meeting(made, by=network.convener)
    db.session.flush()
    return made


def own(meeting: Meeting, who: Person) -> Invitation:
    found = invitation_of(who, meeting)
    assert found is not None
    return found


# --- who holds a seat -------------------------------------------------------------------------------------------------


def test_only_people_of_the_organisation_hold_its_seat(network: Network, seat: Seat) -> None:
    for ordinary, substitute in (
        (network.member, None),
        (None, network.convener),
        (network.secretary, network.secretary),
    ):
        with pytest.raises(Invalid):
            actions.fill_seat(
                seat, network.group, ordinary=ordinary, substitute=substitute, takes_in=True, by=network.convener
            )
    assert (seat.ordinary_id, seat.substitute_id) == (network.secretary.id, network.observer.id)


def test_leaders_take_people_in_and_administrators_do_not(network: Network) -> None:
    seat = actions.add_seat(network.group, network.ngo, by=network.convener)
    assert not membership(network.outsider, network)
    with pytest.raises(Invalid):
        actions.fill_seat(
            seat, network.group, ordinary=network.outsider, substitute=None, takes_in=False, by=network.admin
        )
    assert not membership(network.outsider, network)
    actions.fill_seat(
        seat, network.group, ordinary=network.outsider, substitute=None, takes_in=True, by=network.convener
    )
    db.session.expire_all()
    assert membership(network.outsider, network)


def test_an_administrator_changes_the_own_seat_only(
    network: Network, seat: Seat, sign_in: Sign, built_front_end: object
) -> None:
    mine = actions.add_seat(network.group, network.authority, by=network.convener)
    db.commit()
    client = sign_in(network.admin)
    assert client.get("/seats").status_code == 200
    assert network.group.name in client.get("/seats").text
    form = {"ordinary": str(network.convener.id), "substitute": "0"}
    assert send(client, f"/seats/{mine.id}", **form).status_code == 302
    assert send(client, f"/seats/{mine.id}", **(form | {"substitute": str(network.convener.id)})).status_code == 422
    assert send(client, f"/seats/{mine.id}", **(form | {"substitute": str(network.admin.id)})).status_code == 422, (
        "not in the group"
    )
    assert send(client, f"/seats/{mine.id}", **(form | {"ordinary": str(network.member.id)})).status_code == 422
    assert send(client, f"/seats/{seat.id}", **form).status_code == 404
    db.session.expire_all()
    assert (mine.ordinary_id, mine.substitute_id) == (network.convener.id, None)


def test_an_organisation_has_one_seat(network: Network, seat: Seat, sign_in: Sign, built_front_end: object) -> None:
    with pytest.raises(Conflict):
        actions.add_seat(network.group, network.county, by=network.convener)
    db.commit()
    client = sign_in(network.convener)
    assert send(client, "/groups/natverket/seats", organisation=str(network.county.id)).status_code == 422
    assert send(client, "/groups/natverket/seats", organisation="999999").status_code == 422
    assert send(client, "/groups/natverket/seats", organisation=str(network.ngo.id)).status_code == 302
    assert len(policy.seats_of(network.group)) == 2


@pytest.mark.parametrize("way", ["leaves", "is disabled", "organisation closes", "changes organisation"])
def test_whoever_goes_leaves_the_seat_vacant(network: Network, seat: Seat, way: str) -> None:
    if way == "leaves":
        people.remove_member(next(m for m in network.secretary.memberships if m.group_id == network.group.id), by=None)
    elif way == "is disabled":
        people.disable_person(network.secretary, by=network.admin)
    elif way == "organisation closes":
        people.close_organisation(network.county, by=None)
    else:
        network.secretary.organisation = network.ngo
        db.session.flush()
        leaving.vacate_what_nobody_holds()
    db.session.refresh(seat)
    assert seat.ordinary_id is None
    assert seat.substitute_id == (None if way == "organisation closes" else network.observer.id)
    assert policy.vacancies(network.group) == 1


def test_whoever_goes_is_not_called_any_more(network: Network) -> None:
    coming = [factories.meeting(group, network.convener) for group in (network.group, network.closed)]
    held = factories.held_meeting(network.group, network.convener)
    meetings.answer_invitation(own(coming[0], network.secretary), Answer.ON_SITE, by=network.secretary)
    people.remove_member(next(m for m in network.secretary.memberships if m.group_id == network.group.id), by=None)
    assert network.secretary.id not in {one.person_id for one in called(coming[0])}
    for other in (coming[1], held):
        assert network.secretary.id in {one.person_id for one in called(other)}
    people.disable_person(network.convener, by=network.admin)
    assert network.convener.id not in {one.person_id for one in (*called(coming[0]), *called(coming[1]))}


def test_leaving_one_group_leaves_the_seats_of_others(network: Network, seat: Seat) -> None:
    other = actions.add_seat(network.closed, network.county, by=network.convener)
    actions.fill_seat(
        other, network.closed, ordinary=network.secretary, substitute=None, takes_in=False, by=network.convener
    )
    db.session.flush()
    people.remove_member(next(m for m in network.secretary.memberships if m.group_id == network.group.id), by=None)
    leaving.vacate_what_nobody_holds()
    assert (seat.ordinary_id, other.ordinary_id) == (None, network.secretary.id)


def test_a_vacancy_is_seen_by_all_and_the_substitute_is_called(
    network: Network, seat: Seat, sign_in: Sign, built_front_end: object
) -> None:
    actions.fill_seat(
        seat, network.group, ordinary=None, substitute=network.observer, takes_in=False, by=network.convener
    )
    meeting = by_seats(network)
    db.commit()
    assert network.observer.id in {one.person_id for one in called(meeting)}
    assert "Vakant" in sign_in(network.member).get("/groups/natverket/seats").text


# --- who comes instead ------------------------------------------------------------------------------------------------


def test_a_substitute_is_called_and_told_and_the_answer_becomes_no(network: Network, seat: Seat) -> None:
    meeting = by_seats(network)
    assert network.observer.id not in {one.person_id for one in called(meeting)}
    mine = own(meeting, network.secretary)
    assert policy.substitutes_for(mine) == [network.observer]
    substitute = actions.name_substitute(mine, network.observer, by=network.secretary)
    assert (mine.answer, substitute.replaces_id, substitute.answer) == (Answer.DECLINED, mine.id, None)
    told = db.session.scalars(sa.select(Notice).where(Notice.person_id == network.observer.id)).all()
    assert [(notice.kind, notice.details["name"]) for notice in told] == [("substitute_named", "Sek Reterare")]
    with pytest.raises(Conflict):
        actions.name_substitute(mine, network.observer, by=network.secretary)


@pytest.mark.parametrize("to_seats", [True, False])
def test_a_substitute_is_recalled(network: Network, seat: Seat, to_seats: bool) -> None:
    meeting = by_seats(network) if to_seats else factories.meeting(network.group, network.convener)
    mine = own(meeting, network.secretary)
    substitute = actions.name_substitute(mine, network.observer, by=network.secretary)
    actions.recall_substitute(mine, by=network.secretary)
    assert (mine.answer, substitute.replaces_id) == (None, None)
    # whoever was called in any case stays so
    assert (substitute.withdrawn_at is not None) == to_seats
    with pytest.raises(Conflict):
        actions.recall_substitute(mine, by=network.secretary)
    again = actions.name_substitute(mine, network.observer, by=network.secretary)
    assert (again.id, again.withdrawn_at) == (substitute.id, None)


def told(who: Person, kind: str = "substitute_recalled") -> list[bool]:
    rows = sa.select(Notice).where(Notice.person_id == who.id, Notice.kind == kind).order_by(Notice.id)
    return [notice.details["is_called"] for notice in db.session.scalars(rows)]


@pytest.mark.parametrize("to_seats", [True, False])
@pytest.mark.parametrize("answer", Answer)
def test_whoever_comes_after_all_needs_nobody_instead(
    network: Network, seat: Seat, answer: Answer, to_seats: bool
) -> None:
    meeting = by_seats(network) if to_seats else factories.meeting(network.group, network.convener)
    mine = own(meeting, network.secretary)
    substitute = actions.name_substitute(mine, network.observer, by=network.secretary)
    meetings.answer_invitation(substitute, Answer.ON_SITE, by=network.observer)
    meetings.answer_invitation(mine, answer, by=network.secretary)
    comes = answer in {Answer.ON_SITE, Answer.ONLINE}
    assert mine.answer is answer
    assert told(network.observer) == ([not to_seats] if comes else []), "only a yes takes it back"
    assert (substitute.replaces_id is None, substitute.withdrawn_at is not None) == (comes, comes and to_seats)
    if comes:
        again = actions.name_substitute(mine, network.observer, by=network.secretary)
        assert (again.id, again.withdrawn_at) == (substitute.id, None)
        assert again.answer is (None if to_seats else Answer.ON_SITE), "who was called no longer is asked anew"


def test_the_substitute_s_substitute_is_told_too(network: Network, seat: Seat) -> None:
    third = factories.person(network.county, "Tre Dje")
    people.add_member(network.group, third, by=None)
    meeting = by_seats(network)
    mine = own(meeting, network.secretary)
    second = actions.name_substitute(mine, network.observer, by=network.secretary)
    assert policy.substitutes_for(second) == [third], "not the one whom one replaces"
    actions.name_substitute(second, third, by=network.observer)
    meetings.answer_invitation(mine, Answer.ON_SITE, by=network.secretary)
    assert (told(network.observer), told(third)) == ([False], [False])
    assert {one.person_id for one in called(meeting)} == {network.convener.id, network.secretary.id}


def test_nobody_comes_instead_of_two(network: Network, seat: Seat) -> None:
    third = factories.person(network.county, "Tre Dje")
    people.add_member(network.group, third, by=None)
    meeting = factories.meeting(network.group, network.convener)
    actions.name_substitute(own(meeting, network.secretary), network.observer, by=network.secretary)
    assert network.observer not in policy.substitutes_for(own(meeting, third))
    with pytest.raises(Invalid):
        actions.name_substitute(own(meeting, third), network.observer, by=third)


def test_both_see_who_comes_instead_of_whom(
    app: Edge, network: Network, seat: Seat, sign_in: Sign, built_front_end: object
) -> None:
    meeting = by_seats(network)
    actions.name_substitute(own(meeting, network.secretary), network.observer, by=network.secretary)
    db.commit()
    letter, *_rest = mail_to(app, network.observer.email)
    assert "Sek Reterare" in text_of(letter)
    assert "Sek Reterare." in sign_in(network.observer).get(f"/meetings/{meeting.id}").text
    client = sign_in(network.secretary)
    assert "Obs Ervatör" in client.get(f"/meetings/{meeting.id}").text
    assert send(client, f"/meetings/{meeting.id}/answer", answer="on_site").status_code == 302
    page = client.get(f"/meetings/{meeting.id}").text
    assert page.count("Obs Ervatör") == 1, "that the other was told, and no more"
    *_earlier, last = mail_to(app, network.observer.email)
    event = event_of(last)
    assert (calendar_of(last)["METHOD"], event["STATUS"]) == ("CANCEL", "CANCELLED")
    assert event["SEQUENCE"] > event_of(letter)["SEQUENCE"]
    db.session.expire_all()
    actions.name_substitute(own(meeting, network.secretary), network.observer, by=network.secretary)
    db.commit()
    *_earlier, again = mail_to(app, network.observer.email)
    assert calendar_of(again)["METHOD"] == "REQUEST"
    assert event_of(again)["SEQUENCE"] > event["SEQUENCE"], "or calendars leave it taken out"


def test_only_members_of_the_same_organisation_come_instead(
    network: Network, seat: Seat, sign_in: Sign, built_front_end: object
) -> None:
    meeting = by_seats(network)
    outside = factories.person(network.county, "Utanför Gruppen")
    db.commit()
    client, where = sign_in(network.secretary), f"/meetings/{meeting.id}/substitute"
    for wrong in (network.member, outside, network.secretary, network.outsider):
        assert send(client, where, person=str(wrong.id)).status_code == 422
    with pytest.raises(Invalid):
        actions.name_substitute(own(meeting, network.secretary), network.member, by=network.secretary)
    db.rollback()
    assert sign_in(network.member).get(where).status_code == 403, "not called"
    assert send(client, where, person=str(network.observer.id)).status_code == 302
    assert "Obs Ervatör" in client.get(f"/meetings/{meeting.id}").text
    assert send(client, f"{where}/recall").status_code == 302
    with time_machine.travel(meeting.ends_at + timedelta(hours=1), tick=False):
        assert not policy.can_name_substitute(network.secretary, own(meeting, network.secretary))


# --- answers per organisation -----------------------------------------------------------------------------------------


def test_an_organisation_answers_with_its_best(network: Network, seat: Seat) -> None:
    vacant = factories.organisation("vakant")
    actions.add_seat(network.group, vacant, by=network.convener)
    meeting = factories.meeting(network.group, network.convener)
    meetings.invite_guest(meeting, Guest("Eva Ek", "eva@firma.example"), by=network.convener)

    def rows() -> dict[str, tuple[Answer | None, bool, bool]]:
        found = policy.representation(meeting, called(meeting))
        return {row.name: (row.answer, row.is_substitute, row.is_vacant) for row in found.rows}

    assert rows() == {
        "Lansstyrelsen": (None, False, False), "Myndigheten": (None, False, False), "Foreningen": (None, False, False),
        "Vakant": (None, False, True), "Eva Ek": (None, False, False),
    }  # fmt: skip
    meetings.answer_invitation(own(meeting, network.secretary), Answer.DECLINED, by=network.secretary)
    assert rows()["Lansstyrelsen"][0] is None, "the other may still come"
    for answer in (Answer.TENTATIVE, Answer.ONLINE, Answer.ON_SITE):
        meetings.answer_invitation(own(meeting, network.observer), answer, by=network.observer)
        assert rows()["Lansstyrelsen"] == (answer, True, False)
    meetings.answer_invitation(own(meeting, network.secretary), Answer.ON_SITE, by=network.secretary)
    counts = policy.representation(meeting, called(meeting)).counts
    assert (counts[Answer.ON_SITE], counts[None]) == (1, 4)
    assert policy.representation(meeting, called(meeting)).vacancies == 1


def test_the_rail_shows_answers_by_organisation(
    network: Network, seat: Seat, sign_in: Sign, built_front_end: object
) -> None:
    meeting = factories.meeting(network.group, network.convener)
    meetings.invite_guest(meeting, Guest("Eva Ek", "eva@firma.example"), by=network.convener)
    meetings.answer_invitation(own(meeting, network.observer), Answer.ONLINE, by=network.observer)
    db.commit()
    page = sign_in(network.member).get(f"/meetings/{meeting.id}").text
    for shown in ("Lansstyrelsen", "Eva Ek", 'class="part-bar"', "url(#bar-stripes)"):
        assert shown in page, shown
    assert "eva@firma.example" not in page


def test_who_came_into_the_group_after_the_call_is_called_too(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    meeting = factories.meeting(network.group, network.convener)
    people.add_member(network.group, network.outsider, by=None)
    mine = own(meeting, network.member)
    meetings.answer_invitation(mine, Answer.ON_SITE, by=network.member)
    meetings.withdraw_invitation(mine, by=network.convener)
    db.commit()
    client, where = sign_in(network.convener), f"/meetings/{meeting.id}/calls"
    page = client.get(f"/meetings/{meeting.id}/guests").text
    assert ("Ute Stående" in page, "Med Lem" in page, "Obs Ervatör" in page) == (True, True, False)
    for wrong in (str(network.observer.id), str(network.admin.id), "x", "", "9" * 30):
        assert send(client, where, person=wrong).status_code == 404, wrong
    for one in (network.outsider, network.member):
        assert send(client, where, person=str(one.id)).status_code == 302
        assert send(client, where, person=str(one.id)).status_code == 404, "once is enough"
    db.session.expire_all()
    assert {network.outsider.id, network.member.id} < {one.person_id for one in called(meeting)}
    assert mine.answer is None, "and is asked anew"
    told = sa.select(Notice.person_id).where(Notice.kind == "meeting_called", Notice.person_id == network.outsider.id)
    assert db.session.scalars(told).all() == [network.outsider.id]


# --- guests -----------------------------------------------------------------------------------------------------------


def test_a_guest_is_called_once_and_can_be_withdrawn(network: Network, sign_in: Sign, built_front_end: object) -> None:
    meeting = factories.meeting(network.group, network.convener)
    db.commit()
    client, where = sign_in(network.convener), f"/meetings/{meeting.id}/guests"
    eva = {"name": "Eva\r\nEk", "email": "eva@firma.example"}
    assert send(client, where, **eva).status_code == 302
    guest = db.session.scalars(sa.select(Invitation).where(Invitation.person_id.is_(None))).one()
    assert guest.guest_name == "Eva Ek", "one line, whatever was sent"
    assert send(client, where, name="Eva igen", email="EVA@firma.example").status_code == 422
    assert send(client, where, name="Medlem", email=network.member.email).status_code == 422, "is called as a member"
    for wrong in ({"name": "", "email": "a@b.se"}, {"name": "A", "email": "a@b"}, {"name": "A", "email": "a@b.se\r\nBcc: c@d.se"},
                  {"name": "x" * 121, "email": "a@b.se"}, {"name": NUMBER, "email": "a@b.se"}, {"name": "A", "email": ""}):  # fmt: skip
        assert send(client, where, **wrong).status_code == 422, wrong
    mine = own(meeting, network.convener)
    assert send(client, f"/invitations/{mine.id}/withdrawal").status_code == 404, "members are not withdrawn here"
    assert send(client, f"/invitations/{guest.id}/withdrawal").status_code == 302
    db.session.expire_all()
    assert guest.withdrawn_at is not None
    with pytest.raises(guard.Stopped):
        meetings.invite_guest(meeting, Guest(NUMBER, "x@firma.example"), by=network.convener)
    meetings.cancel_meeting(meeting, by=network.convener)
    with pytest.raises(Conflict):
        meetings.invite_guest(meeting, Guest("Eva", "x@firma.example"), by=network.convener)
