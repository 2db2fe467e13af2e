"""What is asked about or said before it is too late: beginning early, closing without attendance, sealing, forms that cannot work."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from portal import db, outbox
from portal.errors import Conflict
from portal.meetings import actions as meetings
from portal.meetings import policy as meeting_policy
from portal.meetings.actions import Plan
from portal.meetings.agenda import actions as agenda
from portal.meetings.agenda.actions import ItemPlan
from portal.meetings.minutes import adjusting_actions, remark_actions
from portal.meetings.minutes.content import assemble
from portal.meetings.minutes.exports import markdown
from portal.meetings.minutes.models import Adjuster, Minutes, MinutesState
from portal.meetings.minutes.page import standing_of
from portal.meetings.mode import actions as mode
from portal.meetings.mode.models import Attendance
from portal.meetings.models import Answer, Invitation, Meeting
from portal.notifications.models import Notice
from portal.people.models import Person
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network
from tests.meetings.test_minutes import circulate, held, key

pytestmark = pytest.mark.usefixtures("built_front_end")


def called(meeting: Meeting, person: Person) -> Invitation:
    wanted = Invitation.meeting_id == meeting.id, Invitation.person_id == person.id
    return db.session.scalars(sa.select(Invitation).where(*wanted)).one()


# --- beginning and closing ----------------------------------------------------------------------------------------------


def test_a_meeting_that_starts_later_begins_only_when_one_is_sure(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener)
    db.commit()
    where, secretary = f"/meetings/{meeting.id}", sign_in(network.secretary)
    asked = send(secretary, f"{where}/opening")
    assert asked.status_code == 200
    assert "Vill du börja nu ändå?" in asked.text or "all the same?" in asked.text
    db.session.refresh(meeting)
    assert meeting.opened_at is None
    assert send(secretary, f"{where}/opening", sure="1").status_code == 302
    db.session.refresh(meeting)
    assert meeting.is_running


def test_a_meeting_that_starts_soon_begins_at_once(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener)
    meeting.starts_at, meeting.ends_at = db.now() + timedelta(minutes=30), db.now() + timedelta(hours=2)
    db.commit()
    assert send(sign_in(network.secretary), f"/meetings/{meeting.id}/opening").status_code == 302


def test_closing_without_attendance_is_asked_about(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener)
    mode.open_meeting(meeting, by=network.convener)
    db.commit()
    where, secretary = f"/meetings/{meeting.id}", sign_in(network.secretary)
    assert send(secretary, f"{where}/closing").status_code == 200
    db.session.refresh(meeting)
    assert meeting.is_running
    mode.note_arrival(called(meeting, network.member), Answer.ON_SITE, by=network.secretary)
    db.commit()
    assert send(secretary, f"{where}/closing").status_code == 302


def test_who_was_there_can_be_noted_until_the_minutes_are_circulated(network: Network) -> None:
    meeting = factories.meeting(network.group, network.convener)
    db.session.refresh(meeting)
    start = db.now()
    member, convener = called(meeting, network.member), called(meeting, network.convener)
    with time_machine.travel(start, tick=False) as clock:
        mode.open_meeting(meeting, by=network.convener)
        clock.shift(timedelta(hours=1))
        mode.close_meeting(meeting, by=network.convener)
        clock.shift(timedelta(hours=5))
        mode.note_arrival(member, Answer.ON_SITE, by=network.secretary)
        mode.note_arrival(member, Answer.ONLINE, by=network.secretary)
        mode.note_arrival(convener, Answer.ON_SITE, by=network.secretary)
        mode.note_departure(convener, by=network.secretary)
    stay = db.session.scalars(sa.select(Attendance)).one()
    assert (stay.invitation_id, stay.way) == (member.id, Answer.ONLINE)
    assert (stay.came_at, stay.left_at) == (meeting.opened_at, meeting.closed_at)
    circulate(network, meeting)
    with pytest.raises(Conflict):
        mode.note_departure(member, by=network.secretary)


def test_a_closed_meeting_asks_nobody_to_come(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener, "Stängda mötet")
    db.commit()
    member = sign_in(network.member)
    assert "Stängda mötet" in member.get("/").text
    mode.open_meeting(meeting, by=network.convener)
    mode.close_meeting(meeting, by=network.convener)
    db.commit()
    assert "Stängda mötet" not in member.get("/").text
    assert not meeting_policy.can_answer_invitation(network.member, called(meeting, network.member))
    assert send(member, f"/meetings/{meeting.id}/answer", answer="on_site").status_code == 403


# --- a meeting that was held without a call -----------------------------------------------------------------------------


def test_a_meeting_that_was_held_is_recorded_and_documented(network: Network, sign_in: Sign) -> None:
    plan = Plan("Mötet i mars", db.now() - timedelta(days=9, hours=2), db.now() - timedelta(days=9))
    meeting = meetings.plan_meeting(network.group, plan, by=network.convener)
    agenda.add_item(meeting, ItemPlan("Punkt"), by=network.convener)
    db.commit()
    where, secretary, member = f"/meetings/{meeting.id}", sign_in(network.secretary), sign_in(network.member)
    assert f"{where}/record" in secretary.get(where).text
    assert f"{where}/call" not in secretary.get(where).text, "it cannot be called"
    assert send(member, f"{where}/record").status_code == 404
    assert send(secretary, f"{where}/record").status_code == 302
    assert send(secretary, f"{where}/record").status_code == 409
    assert not db.session.scalars(sa.select(Notice)).all()
    assert not db.session.scalars(sa.select(outbox.Job).where(outbox.Job.kind == "invitation_mail")).all()
    called_there = called(meeting, network.member)
    assert send(secretary, f"{where}/attendance", invitation_way=f"{called_there.id} online").status_code == 302
    stay = db.session.scalars(sa.select(Attendance)).one()
    assert (stay.came_at, stay.left_at) == (meeting.starts_at, meeting.ends_at)
    item = meeting.items[0].id
    assert send(secretary, f"/agenda-items/{item}/minutes", text="Vi talade.", based_on="0").status_code == 302
    adjusters = {"adjusters": str(network.member.id), "adjust_by": "2099-01-01"}
    assert send(secretary, f"{where}/minutes/circulation", **adjusters).status_code == 302
    assert db.session.scalars(sa.select(Minutes)).one().newest.content["attendance"]["basis"] == "noted"
    assert send(secretary, f"{where}/attendance", invitation_way=f"{called_there.id} left").status_code == 409


def test_a_meeting_to_come_is_not_recorded_as_held(network: Network) -> None:
    plan = Plan("Möte", db.now() - timedelta(hours=1), db.now() + timedelta(hours=1))
    meeting = meetings.plan_meeting(network.group, plan, by=network.convener)
    with pytest.raises(Conflict):
        mode.record_meeting(meeting, by=network.convener)


def test_to_begin_a_meeting_that_has_been_is_asked_about(network: Network, sign_in: Sign) -> None:
    meeting = held(network)
    db.commit()
    assert send(sign_in(network.secretary), f"/meetings/{meeting.id}/opening").status_code == 200
    db.session.refresh(meeting)
    assert meeting.opened_at is None


def test_changing_a_meeting_that_has_been_tells_nobody(network: Network) -> None:
    meeting = held(network)
    before = len(db.session.scalars(sa.select(Notice)).all())
    plan = Plan("Nytt namn", meeting.starts_at, meeting.ends_at)
    meetings.change_meeting(meeting, plan, based_on=meeting.revision, by=network.convener)
    meetings.cancel_meeting(meeting, by=network.convener)
    assert len(db.session.scalars(sa.select(Notice)).all()) == before


# --- attendance that nobody noted ---------------------------------------------------------------------------------------


def test_nobody_is_called_missing_where_nobody_noted_who_came(network: Network) -> None:
    meeting = held(network)
    called(meeting, network.member).answer = Answer.ON_SITE
    db.session.flush()
    there = assemble(meeting)["attendance"]
    assert (there["basis"], there["absent"]) == ("announced", [])
    minutes = circulate(network, meeting)
    text = markdown(minutes.newest.content, standing_of(minutes, minutes.newest))
    assert "Närvaron antecknades inte." in text or "Attendance was not noted." in text


def test_the_page_and_the_form_say_that_attendance_was_not_noted(network: Network, sign_in: Sign) -> None:
    meeting = held(network)
    called(meeting, network.member).answer = Answer.ON_SITE
    db.commit()
    secretary, where = sign_in(network.secretary), f"/meetings/{meeting.id}/minutes"
    assert "notice-info" in secretary.get(f"{where}/circulation").text
    circulate(network, meeting)
    db.commit()
    said = secretary.get(where).text
    assert "Närvaron antecknades inte." in said or "Attendance was not noted." in said


# --- sealing ------------------------------------------------------------------------------------------------------------


def test_the_approval_that_seals_is_asked_about_with_what_is_unanswered(network: Network, sign_in: Sign) -> None:
    meeting = held(network)
    minutes = circulate(network, meeting, network.member)
    remark_actions.add_remark(minutes, meeting.items[0], text="Skriv så", client_id=key(), by=network.convener)
    adjuster = db.session.scalars(sa.select(Adjuster.id)).one()
    db.commit()
    member, where = sign_in(network.member), f"/meetings/{meeting.id}/minutes"
    assert "is-warn" in member.get(where).text, "beside the button"
    asked = send(member, f"/adjusters/{adjuster}/approval", edition="1")
    assert asked.status_code == 200
    assert 'name="sure"' in asked.text
    assert "1 anmärkning" in asked.text or "1 remark is unanswered" in asked.text
    assert db.session.scalars(sa.select(Minutes.state)).one() is not MinutesState.SEALED
    assert send(member, f"/adjusters/{adjuster}/approval", edition="1", sure="1").status_code == 302
    db.session.expire_all()
    assert db.session.scalars(sa.select(Minutes.state)).one() is MinutesState.SEALED
    said = member.get(where).text
    assert "väntar på sekreteraren" not in said
    assert "waits for the secretary" not in said
    assert "obesvarad när" in said or "unanswered when" in said


def test_an_approval_that_was_not_asked_to_seal_does_not(network: Network) -> None:
    minutes = circulate(network, held(network), network.member, network.convener)
    first, second = minutes.adjusters
    adjusting_actions.approve(first, edition=1, may_seal=False, by=first.person)
    with pytest.raises(Conflict):  # the other one approved between the page and the button
        adjusting_actions.approve(second, edition=1, may_seal=False, by=second.person)
    assert minutes.state is MinutesState.ADJUSTING


# --- forms that cannot work ---------------------------------------------------------------------------------------------


def test_circulating_is_offered_only_when_it_can_be_done(network: Network, sign_in: Sign) -> None:
    meeting = factories.meeting(network.group, network.convener)
    over = held(network, "Hållet")
    db.commit()
    secretary = sign_in(network.secretary)
    assert "minutes/circulation" not in secretary.get(f"/meetings/{meeting.id}/minutes").text
    assert secretary.get(f"/meetings/{meeting.id}/minutes/circulation").status_code == 409
    assert "minutes/circulation" in secretary.get(f"/meetings/{over.id}/minutes").text
    assert secretary.get(f"/meetings/{over.id}/minutes/circulation").status_code == 200


def test_what_was_chosen_to_circulate_stays_when_it_is_refused(network: Network, sign_in: Sign) -> None:
    meeting = held(network)
    db.commit()
    secretary, where = sign_in(network.secretary), f"/meetings/{meeting.id}/minutes/circulation"
    secretary.get(where)
    mode.open_meeting(meeting, by=network.convener)  # somebody goes on with the meeting while the form is filled in
    db.commit()
    answer = send(secretary, where, adjusters=str(network.member.id), adjust_by="2099-03-04")
    assert answer.status_code == 409
    assert 'value="2099-03-04"' in answer.text
    assert "checked" in answer.text


@pytest.mark.parametrize("state", ["closed", "cancelled", "sealed"])
def test_pages_of_what_stands_say_so_at_once(network: Network, sign_in: Sign, state: str) -> None:
    meeting = held(network) if state == "sealed" else factories.meeting(network.group, network.convener)
    db.session.refresh(meeting)
    if state == "cancelled":
        meetings.cancel_meeting(meeting, by=network.convener)
    elif state == "closed":
        mode.open_meeting(meeting, by=network.convener)
        mode.close_meeting(meeting, by=network.convener)
    else:
        for adjuster in circulate(network, meeting).adjusters:
            adjusting_actions.approve(adjuster, edition=1, by=adjuster.person)
    item = meeting.items[0].id
    db.commit()
    convener = sign_in(network.convener)
    for where in (
        f"/meetings/{meeting.id}/edit", f"/meetings/{meeting.id}/items/new", f"/agenda-items/{item}/edit", f"/agenda-items/{item}/papers",
        f"/groups/{network.group.slug}/proposals/new?meeting={meeting.id}",
    ):  # fmt: skip
        assert convener.get(where).status_code == 409, where
    if state == "sealed":
        assert convener.get(f"/agenda-items/{item}/minutes").status_code == 409
    member = sign_in(network.member)
    assert "proposals/new" not in member.get(f"/meetings/{meeting.id}").text
