"""Who may answer a call, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portal import db
from portal.meetings import actions
from portal.meetings.actions import Plan
from portal.meetings.models import Answer
from portal.meetings.policy import invitation_of, unanswered_invitations
from portal.meetings.series import actions as series_actions
from portal.meetings.series.actions import SeriesPlan
from portal.people import actions as people
from portal.people.models import Person
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network


def test_only_the_invited_answer_and_only_while_it_matters(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    starts = db.now() + timedelta(days=7)
    plan = Plan("Möte", starts, starts + timedelta(hours=1))
    meeting = actions.plan_meeting(network.group, plan, by=network.convener)
    actions.call_meeting(meeting, by=network.convener)
    people.add_member(network.group, network.outsider, by=None)  # after the call: not invited
    db.commit()

    def answered(person: Person) -> int:
        client = sign_in(person)
        form = {"answer": "online", "csrf_token": client.csrf}
        return client.post(f"/meetings/{meeting.id}/answer", data=form).status_code

    assert (answered(network.member), answered(network.outsider)) == (302, 403)
    actions.cancel_meeting(meeting, by=network.convener)
    db.commit()
    assert answered(network.member) == 403


def test_every_answer_is_taken(network: Network, sign_in: Sign, built_front_end: object) -> None:
    meeting = factories.meeting(network.group, network.convener)
    db.commit()
    client = sign_in(network.member)
    for answer in Answer:
        assert send(client, f"/meetings/{meeting.id}/answer", answer=answer.value).status_code == 302
        db.session.expire_all()
        own = invitation_of(network.member, meeting)
        assert own is not None
        assert own.answer is answer
    assert send(client, f"/meetings/{meeting.id}/answer", answer="yes").status_code == 400


def test_who_is_called_no_longer_is_not_asked(network: Network, sign_in: Sign, built_front_end: object) -> None:
    meeting = factories.meeting(network.group, network.convener)
    own = invitation_of(network.member, meeting)
    assert own is not None
    db.commit()
    client = sign_in(network.member)
    assert "answer" in client.get("/").text
    assert [one.id for one in unanswered_invitations(network.member)] == [own.id]
    actions.withdraw_invitation(own, by=network.convener)
    db.commit()
    assert unanswered_invitations(network.member) == []
    assert send(client, f"/meetings/{meeting.id}/answer", answer="online").status_code == 403
    assert f"/meetings/{meeting.id}/answer" not in client.get("/").text + client.get(f"/meetings/{meeting.id}").text


def test_a_whole_day_has_no_hours(network: Network, sign_in: Sign, built_front_end: object) -> None:
    midnight = datetime(2031, 5, 4, 22, tzinfo=UTC)
    plan = Plan("Studiedag", midnight, midnight + timedelta(days=1), is_all_day=True)
    meeting = actions.plan_meeting(network.group, plan, by=network.convener)
    actions.call_meeting(meeting, by=network.convener)
    db.commit()
    client = sign_in(network.member)
    for where in ("/", f"/meetings/{meeting.id}", "/groups/natverket", "/groups/natverket/meetings", "/notices", "/calendar?view=list"):  # fmt: skip
        page = client.get(where).text
        assert "Studiedag" in page, where
        assert "00.00" not in page, where


def test_a_series_that_ended_meanwhile_loses_nothing_of_the_form(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    ended = series_actions.start_series(network.group, SeriesPlan("LAMP-möte"), by=network.convener)
    series_actions.end_series(ended, by=network.convener)
    db.commit()
    form = {"title": "Kvar i formuläret", "on": "2031-05-05", "starts": "09:00", "ends": "10:00"}
    answer = send(sign_in(network.convener), f"/groups/natverket/meetings/new?series={ended.id}", **form)
    assert answer.status_code == 409
    assert "Kvar i formuläret" in answer.text
