"""Who may answer a call, and when."""

from __future__ import annotations

from datetime import timedelta

from portal import db
from portal.meetings import actions
from portal.meetings.actions import Plan
from portal.people import actions as people
from portal.people.models import Person
from tests.conftest import Sign
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
