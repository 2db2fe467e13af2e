"""Date polls: who is asked, what is counted, what is best and why, and the one meeting that comes of it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from aiosmtpd.controller import Controller
from bs4 import BeautifulSoup
from itsdangerous import URLSafeSerializer
from pydantic import SecretStr

from portal import audit, db, guard, outbox
from portal.errors import Conflict, Invalid
from portal.meetings import actions as meetings
from portal.meetings.actions import Guest, Plan
from portal.meetings.models import Invitation, Meeting, MeetingState
from portal.meetings.participants import actions as participants
from portal.meetings.polls import actions, letters, parts, tokens
from portal.meetings.polls import policy as poll_policy
from portal.meetings.polls.actions import Asked, Question
from portal.meetings.polls.models import DatePoll, PollAnswer, PollInvitee, PollOption, PollState, Quorum, Suits
from portal.meetings.polls.ranking import reason
from portal.meetings.polls.tokens import guest_of_token, guest_token
from portal.meetings.series import actions as series_actions
from portal.meetings.series.actions import SeriesPlan, StandingPlan
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import Organisation, OrganisationKind, Person
from portal.web import Edge
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network
from tests.servers import free_port
from tests.test_queries import counted

NUMBER = "811228-9874"


def times(number: int, days: int = 20) -> list[tuple[datetime, datetime]]:
    first = (db.now() + timedelta(days=days)).replace(microsecond=0)
    return [(first + timedelta(days=n), first + timedelta(days=n, hours=2)) for n in range(number)]


def poll_of(
    network: Network, asked: list[Person] | None = None, *, options: int = 3, quorum: Quorum = Quorum.NONE, must: set[int] | None = None,
    guests: tuple[tuple[str, ...], ...] = (), days: float = 10, **more: Any,
) -> DatePoll:  # fmt: skip
    who = asked if asked is not None else [network.convener, network.secretary, network.member, network.observer]
    question = Question("När ses vi?", db.now() + timedelta(days=days), times(options), quorum=quorum)
    group = more.pop("group", network.group)
    made = actions.open_poll(
        group, question, Asked(who, [Guest(*guest) for guest in guests], must or set()), by=network.convener, **more
    )
    db.session.flush()
    return made


def say(poll: DatePoll, who: Person, *answers: Suits | None) -> None:
    invitee = poll_policy.invitee_of(who, poll)
    assert invitee is not None
    said = {option.id: suits for option, suits in zip(poll.options, answers, strict=False) if suits is not None}
    actions.answer_poll(invitee, said, by=who)


YES, MAYBE, NO = Suits.YES, Suits.IF_NEED_BE, Suits.NO


def form(number: int = 1, **more: str) -> dict[str, str]:
    """A filled form of a new poll, its first time on 5 May 2031."""
    made = {"title": "När?", "closes_on": "2031-05-01", "quorum": "none", "asked": "members", "series": "0"}
    for place in range(number):
        on = date(2031, 5, 5) + timedelta(days=place)
        made |= {
            f"options-{place}-on": f"{on:%Y-%m-%d}",
            f"options-{place}-starts": "09:00",
            f"options-{place}-ends": "10:00",
        }
    return made | more


# --- what is best, and why --------------------------------------------------------------------------------------------


def test_the_best_time_is_first_and_says_why(network: Network) -> None:
    poll = poll_of(network)
    say(poll, network.convener, YES, YES, NO)
    say(poll, network.secretary, YES, MAYBE, YES)
    say(poll, network.member, NO, YES, YES)
    say(poll, network.observer, YES, YES, YES)
    found = parts.board(poll).standings
    # three yes and one no; three yes and one if need be: fewer no is better; then the one with a no
    assert found[0].option is poll.options[1]
    assert {one.option.id for one in found[1:]} == {poll.options[0].id, poll.options[2].id}
    assert found[1].option is poll.options[0]  # as good as the other, and earlier
    assert reason(found[0], poll.quorum) == "3 av 4 kan, 1 om det behövs."


def test_whoever_must_come_weighs_more_than_all_others(network: Network) -> None:
    poll = poll_of(network, must={network.member.id})
    for who in (network.convener, network.secretary, network.observer):
        say(poll, who, YES, YES, NO)
    say(poll, network.member, NO, MAYBE, YES)
    found = parts.board(poll).standings
    assert [one.option for one in found] == [poll.options[1], poll.options[2], poll.options[0]]
    assert found[-1].must_no == ["Med Lem"]
    assert "Med Lem" in reason(found[-1], poll.quorum)
    assert not found[-1].is_enough
    assert found[0].is_enough


def test_the_quorum_counts_the_organisations_that_can(network: Network) -> None:
    poll = poll_of(network, quorum=Quorum.ORGANISATIONS)
    say(poll, network.convener, YES, YES)  # the authority
    say(poll, network.secretary, YES, NO)  # the county board: one of its two can come on the second day
    say(poll, network.observer, YES, MAYBE)
    say(poll, network.member, NO, MAYBE)  # the NGO
    found = parts.board(poll).standings
    assert found[0].option is poll.options[1], "all three organisations, though with fewer yes"
    assert found[0].missing == []
    assert [unit.name for unit in found[1].missing] == ["Foreningen"]


def test_the_quorum_counts_counties_and_leaves_out_who_has_none(network: Network) -> None:
    network.county.county_code = "T"
    other = factories.organisation("skane", kind=OrganisationKind.COUNTY_BOARD)
    other.county_code = "M"
    second = factories.person(other)
    people.add_member(network.group, second, by=None)
    poll = poll_of(network, [network.convener, network.secretary, network.member, second], quorum=Quorum.COUNTIES)
    say(poll, network.secretary, YES, YES)
    say(poll, second, NO, YES)
    found = parts.board(poll).standings
    assert found[0].option is poll.options[1]
    assert len(found[0].units) == 2
    assert found[0].missing == []
    assert [unit.name for unit in found[1].missing] == [other.short_name]


def test_nothing_answered_is_nothing_good(network: Network) -> None:
    found = parts.board(poll_of(network)).standings
    assert [one.is_enough for one in found] == [False] * 3
    assert [one.place for one in found] == [1, 2, 3]


# --- answering --------------------------------------------------------------------------------------------------------


def test_an_answer_is_changed_until_the_last_day_and_replaces_what_was_said(network: Network) -> None:
    poll = poll_of(network)
    say(poll, network.member, YES, YES, YES)
    say(poll, network.member, NO, None, MAYBE)
    invitee = poll_policy.invitee_of(network.member, poll)
    assert invitee is not None
    assert poll_policy.answers_of(poll)[invitee.id] == {poll.options[0].id: NO, poll.options[2].id: MAYBE}
    with time_machine.travel(poll.closes_at + timedelta(seconds=1)), pytest.raises(Conflict):
        say(poll, network.member, YES)


def test_times_of_another_poll_and_no_answer_at_all_are_refused(network: Network) -> None:
    poll, other = poll_of(network), poll_of(network)
    invitee = poll_policy.invitee_of(network.member, poll)
    assert invitee is not None
    for answers in ({other.options[0].id: YES}, {}):
        with pytest.raises(Invalid):
            actions.answer_poll(invitee, answers, by=network.member)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PollAnswer)) == 0


def test_the_form_takes_only_the_poll_s_own_times(network: Network, sign_in: Sign, built_front_end: object) -> None:
    poll, other = poll_of(network), poll_of(network)
    db.commit()
    client, mine, foreign = sign_in(network.member), poll.options[0].id, other.options[0].id
    assert send(client, f"/polls/{poll.id}/answer", **{f"option-{foreign}": "yes"}).status_code == 422
    assert send(client, f"/polls/{poll.id}/answer", **{f"option-{mine}": "perhaps"}).status_code == 422
    sent = send(
        client, f"/polls/{poll.id}/answer", **{f"option-{mine}": "yes", f"option-{foreign}": "yes", "comment": "Helst"}
    )
    assert sent.status_code == 302
    page = client.get(f"/polls/{poll.id}")
    assert "Helst" in page.text
    assert [row.option_id for row in db.session.scalars(sa.select(PollAnswer))] == [mine]


def test_s33_personal_numbers_are_stopped_in_every_text(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    for name in ("title", "text", "place"):
        fields = {"title": "När?", name: f"om {NUMBER}"}
        question = Question(
            fields["title"], db.now() + timedelta(days=9), times(1), fields.get("text", ""), fields.get("place", "")
        )
        with pytest.raises(guard.Stopped):
            actions.open_poll(network.group, question, Asked([network.member]), by=network.convener)
    with pytest.raises(guard.Stopped):
        poll_of(network, guests=((f"Eva {NUMBER}", "eva@firma.example"),))
    poll = poll_of(network, guests=(("Eva Ek", "eva@firma.example"),))
    db.commit()
    convener, token, option = sign_in(network.convener), guest_token(poll.invitees[-1]), poll.options[0].id
    answer = {f"option-{option}": "yes", "comment": NUMBER}
    assert send(convener, f"/polls/{poll.id}/answer", **answer).status_code == 422
    page = sign_in(network.member).application.test_client().post(f"/poll-answers/{token}", data=answer)
    assert page.status_code == 422
    for text in (
        {"title": f"om {NUMBER}"},
        {"text": NUMBER},
        {"place": NUMBER},
        {"guests": f"Eva {NUMBER}, eva@firma.example"},
    ):
        answered = send(convener, "/groups/natverket/polls/new", **(form() | text))
        assert (answered.status_code, NUMBER[:6] in answered.text) == (422, True), text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PollAnswer)) == 0


def test_who_has_left_or_is_closed_counts_no_more_and_answers_no_more(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    poll = poll_of(network, must={network.member.id})
    say(poll, network.member, NO, NO, NO)
    say(poll, network.secretary, YES, YES, YES)
    membership = next(one for one in network.member.memberships if one.group_id == network.group.id)
    people.remove_member(membership, by=None)
    people.disable_person(network.observer, by=network.admin)
    db.commit()
    board = parts.board(poll)
    assert (board.asked, board.answered) == (2, 1)
    assert board.standings[0].must_no == []
    client = sign_in(network.member)
    assert client.get(f"/polls/{poll.id}").status_code == 404
    assert send(client, f"/polls/{poll.id}/answer", **{f"option-{poll.options[0].id}": "yes"}).status_code == 404
    meeting = actions.decide_poll(poll, poll.options[0], by=network.convener)
    assert {one.person_id for one in meeting.invitations} == {network.convener.id, network.secretary.id}


def test_only_who_is_asked_answers(network: Network, sign_in: Sign, built_front_end: object) -> None:
    poll = poll_of(network, [network.member])
    db.commit()
    client = sign_in(network.secretary)
    assert client.get(f"/polls/{poll.id}").status_code == 200
    assert send(client, f"/polls/{poll.id}/answer", **{f"option-{poll.options[0].id}": "yes"}).status_code == 403


# --- the form of a new poll -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"options-0-on": "2031-02-30"},
        {"options-0-on": ""},
        {"options-0-starts": ""},
        {"options-0-ends": "08:00"},
        {"options-0-on": "2020-05-05"},
        {"options-0-on": "9999-05-05"},
        {
            "options-0-on": "2031-03-30",
            "options-0-starts": "02:30",
            "options-0-ends": "04:00",
            "closes_on": "2031-03-01",
        },  # no such hour
        {"options-1-on": "2031-05-05", "options-1-starts": "09:00", "options-1-ends": "10:00"},  # twice the same
        {"closes_on": ""},
        {"closes_on": "2020-01-01"},
        {"closes_on": "2032-01-01"},  # after all the times
        {"quorum": "all"},
        {"asked": "everybody"},
        {"must": "999999"},
        {"series": "999999"},
        {"guests": "utan adress"},
        {"guests": "Eva Ek, eva@"},
        {"guests": "Eva Ek, eva@firma.example\nEva igen, EVA@firma.example"},
        {"guests": ", eva@firma.example"},
        {"guests": "\n".join(f"G{n}, g{n}@firma.example" for n in range(51))},
    ],
    ids=str,
)
def test_what_is_wrong_is_told_and_nothing_is_lost(
    network: Network, sign_in: Sign, built_front_end: object, wrong: dict[str, str]
) -> None:
    client = sign_in(network.convener)
    answer = send(client, "/groups/natverket/polls/new", **(form(text="Kvar i formuläret") | wrong))
    assert answer.status_code == 422
    assert "Kvar i formuläret" in answer.text
    assert "field-error" in answer.text or "error-summary" in answer.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(DatePoll)) == 0


def test_forty_times_are_taken_and_forty_one_and_none_are_told(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.convener)
    for number, status in ((0, 422), (41, 422), (40, 302)):
        assert send(client, "/groups/natverket/polls/new", **form(number)).status_code == status, number
    assert len(db.session.scalars(sa.select(DatePoll)).one().options) == 40


def test_more_rows_come_without_a_script_and_keep_what_was_written(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    answer = send(sign_in(network.convener), "/groups/natverket/polls/new", **form(6, more="1", title=""))
    assert answer.status_code == 200
    assert 'name="options-10-on"' in answer.text
    assert 'value="2031-05-10"' in answer.text
    assert "field-error" not in answer.text


def test_guests_lose_their_line_breaks_and_must_come_only_those_of_the_group(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.convener)
    sly = form(guests="Eva\rBcc: alla@firma.example Ek, eva@firma.example\r\nBo Bo <bo@firma.example>")
    assert send(client, "/groups/natverket/polls/new", **sly).status_code == 422, (
        "a break in a name is no second address"
    )
    fine = form(
        guests="Eva\u2028Ek, eva@firma.example\r\nBo Bo <bo@firma.example>\r\n\r\n", must=str(network.member.id)
    )
    assert send(client, "/groups/natverket/polls/new", **fine).status_code == 302
    poll = db.session.scalars(sa.select(DatePoll)).one()
    guests = [(one.guest_name, one.guest_email) for one in poll.invitees if one.person_id is None]
    assert guests == [("Eva Ek", "eva@firma.example"), ("Bo Bo", "bo@firma.example")]
    assert [one.person_id for one in poll.invitees if one.must_come] == [network.member.id]
    assert send(client, "/groups/natverket/polls/new", **form(must=str(network.outsider.id))).status_code == 422


def test_a_series_asks_those_who_hold_seats(network: Network, sign_in: Sign, built_front_end: object) -> None:
    started = series_actions.start_series(
        network.group, SeriesPlan("LAMP-möte", 4, place="Stockholm"), by=network.convener
    )
    seat = participants.add_seat(network.group, network.ngo, by=network.convener)
    participants.fill_seat(
        seat, network.group, ordinary=None, substitute=network.member, takes_in=True, by=network.convener
    )
    db.commit()
    client = sign_in(network.convener)
    page = client.get(f"/groups/natverket/polls/new?series={started.id}").text
    assert "LAMP-möte 1/" in page
    assert "Stockholm" in page
    assert send(client, "/groups/natverket/polls/new", **form(asked="seats", series=str(started.id))).status_code == 302
    poll = db.session.scalars(sa.select(DatePoll)).one()
    assert poll.series_id == started.id
    # the NGO's ordinary seat is vacant, so its substitute; and the group's leaders
    assert {one.person_id for one in poll.invitees} == {network.member.id, network.convener.id, network.secretary.id}


# --- the meeting that comes of it -------------------------------------------------------------------------------------


def test_one_click_makes_the_meeting_and_tells_all_who_were_asked(network: Network) -> None:
    started = series_actions.start_series(
        network.group, SeriesPlan("LAMP-möte", 4, place="Stockholm", practical="Lunch"), by=network.convener
    )
    series_actions.add_standing_item(
        started, StandingPlan("Öppna åtgärder", lists_open_actions=True), by=network.convener
    )
    poll = poll_of(
        network, [network.convener, network.member], guests=(("Eva Ek", "eva@firma.example"),), series=started
    )
    option = poll.options[1]
    meeting = actions.decide_poll(poll, option, by=network.convener)
    assert (meeting.starts_at, meeting.ends_at) == (option.starts_at, option.ends_at)
    assert (meeting.state, meeting.number, meeting.place, meeting.practical) == (
        MeetingState.CALLED,
        1,
        "Stockholm",
        "Lunch",
    )
    assert meeting.title == f"LAMP-möte 1/{option.starts_at.year}"
    assert [(item.title, item.lists_open_actions) for item in meeting.items] == [("Öppna åtgärder", True)]
    invited = db.session.scalars(sa.select(Invitation).where(Invitation.meeting_id == meeting.id)).all()
    assert {(one.person_id, one.guest_email) for one in invited} == {
        (network.convener.id, ""), (network.member.id, ""), (None, "eva@firma.example"),
    }  # fmt: skip
    assert [one.answer for one in invited] == [None, None, None], "everybody answers the call"
    told = db.session.scalars(sa.select(Notice).where(Notice.kind == "meeting_called")).all()
    assert [notice.person_id for notice in told] == [network.member.id]
    assert (poll.state, poll.meeting_id) == (PollState.DECIDED, meeting.id)


@pytest.fixture
def planned(network: Network) -> Meeting:
    """A meeting of a series that is being planned, for the last days of a year."""
    series = series_actions.start_series(network.group, SeriesPlan("LAMP-möte", 4), by=network.convener)
    starts = datetime(2031, 12, 10, 9, tzinfo=UTC)
    plan = Plan(
        "LAMP-möte 1/2031", starts, starts + timedelta(hours=1), place="Malmö", reply_by=starts - timedelta(days=9)
    )
    made = meetings.plan_meeting(network.group, plan, series=series, by=network.convener)
    db.session.flush()
    return made


def seeking(planned: Meeting, network: Network, *starts: datetime) -> DatePoll:
    question = Question("När?", starts[0] - timedelta(days=20), [(one, one + timedelta(hours=2)) for one in starts])
    guests = [Guest("Eva Ek", "eva@firma.example", "en")]
    asked = Asked([network.convener, network.member], guests)
    made = actions.open_poll(network.group, question, asked, meeting=planned, by=network.convener)
    db.session.flush()
    return made


def test_the_click_gives_the_planned_meeting_its_time_and_calls_it(network: Network, planned: Meeting) -> None:
    before, uid = planned.revision, planned.uid
    poll = seeking(planned, network, datetime(2031, 11, 25, 12, tzinfo=UTC), datetime(2032, 1, 13, 12, tzinfo=UTC))
    assert poll.series_id == planned.series_id
    meeting = actions.decide_poll(poll, poll.options[0], by=network.convener)
    assert meeting is planned
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Meeting)) == 1, "none beside it"
    assert (meeting.state, meeting.starts_at, meeting.ends_at) == (
        MeetingState.CALLED, poll.options[0].starts_at, poll.options[0].ends_at,
    )  # fmt: skip
    assert (meeting.title, meeting.number, meeting.place, meeting.uid) == ("LAMP-möte 1/2031", 1, "Malmö", uid)
    assert meeting.reply_by is None, "the last day to answer cannot come after the meeting"
    assert meeting.revision > before
    invited = {(one.person_id, one.guest_language) for one in meeting.invitations}
    assert invited == {(network.convener.id, "sv"), (network.member.id, "sv"), (None, "en")}
    assert actions.decide_poll(poll, poll.options[0], by=network.convener) is meeting


def test_in_another_year_the_meeting_takes_that_year_s_number(network: Network, planned: Meeting) -> None:
    poll = seeking(planned, network, datetime(2032, 1, 13, 12, tzinfo=UTC))
    planned.number, planned.title = 3, "LAMP-möte 3/2031"
    meeting = actions.decide_poll(poll, poll.options[0], by=network.convener)
    assert (meeting.title, meeting.number) == ("LAMP-möte 1/2032", 1)


def test_a_meeting_s_time_is_sought_once_and_not_when_it_is_called(network: Network, planned: Meeting) -> None:
    poll = seeking(planned, network, datetime(2031, 11, 25, 12, tzinfo=UTC))
    with pytest.raises(Conflict):
        seeking(planned, network, datetime(2031, 11, 26, 12, tzinfo=UTC))
    meetings.call_meeting(planned, by=network.convener)
    with pytest.raises(Conflict):
        actions.decide_poll(poll, poll.options[0], by=network.convener)
    assert planned.starts_at == datetime(2031, 12, 10, 9, tzinfo=UTC)
    assert poll.state is PollState.OPEN
    with pytest.raises(Conflict):
        seeking(planned, network, datetime(2031, 11, 26, 12, tzinfo=UTC))
    meetings.cancel_meeting(planned, by=network.convener)
    other = actions.decide_poll(poll, poll.options[0], by=network.convener)
    assert other is not planned, "in place of the one that was cancelled"


def test_the_form_is_about_the_planned_meeting(
    network: Network, planned: Meeting, sign_in: Sign, built_front_end: object
) -> None:
    db.commit()
    client, member = sign_in(network.convener), sign_in(network.member)
    where = "/groups/natverket/polls/new"
    assert f"{where}?meeting={planned.id}" in client.get(f"/meetings/{planned.id}").text
    for asked in (f"meeting={planned.id}", f"series={planned.series_id}"):
        page = BeautifulSoup(client.get(f"{where}?{asked}").text, "html.parser")
        assert page.select_one(f'select[name=meeting] option[value="{planned.id}"][selected]') is not None, asked
        assert [page.select_one(f"[name={name}]")["value"] for name in ("title", "options-0-on", "options-0-starts")] == [  # type: ignore[index]
            "LAMP-möte 1/2031", "2031-12-10", "10:00",
        ]  # fmt: skip
    assert send(client, where, **form(meeting="999999")).status_code == 422
    assert send(client, where, **form(meeting=str(planned.id))).status_code == 302
    poll = db.session.scalars(sa.select(DatePoll)).one()
    assert poll.meeting_id == planned.id
    assert send(client, where, **form(meeting=str(planned.id))).status_code == 422, "is sought already"
    assert f"/polls/{poll.id}" in client.get(f"/meetings/{planned.id}").text
    assert "LAMP-möte 1/2031" in client.get(f"/polls/{poll.id}").text
    assert "LAMP-möte 1/2031" not in member.get(f"/polls/{poll.id}").text, "who may not see the meeting yet"


def test_decided_twice_it_is_one_meeting(network: Network, sign_in: Sign, built_front_end: object) -> None:
    poll = poll_of(network)
    db.commit()
    client, other = sign_in(network.convener), sign_in(network.secretary)
    first = send(client, f"/polls/{poll.id}/meeting", option=str(poll.options[0].id))
    second = send(other, f"/polls/{poll.id}/meeting", option=str(poll.options[0].id))
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.location == second.location
    assert send(other, f"/polls/{poll.id}/meeting", option=str(poll.options[1].id)).status_code == 409
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Meeting)) == 1


def test_a_time_that_has_passed_or_belongs_to_another_poll_makes_no_meeting(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    poll, other = poll_of(network), poll_of(network)
    db.commit()
    client = sign_in(network.convener)
    assert send(client, f"/polls/{poll.id}/meeting", option=str(other.options[0].id)).status_code == 404
    for wrong in ("x", "", "-1", "9" * 30):
        assert send(client, f"/polls/{poll.id}/meeting", option=wrong).status_code == 404, wrong
    with time_machine.travel(poll.options[0].starts_at + timedelta(minutes=1)), pytest.raises(Conflict):
        actions.decide_poll(poll, poll.options[0], by=network.convener)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Meeting)) == 0


def test_a_cancelled_poll_takes_nothing_more(network: Network) -> None:
    poll = poll_of(network)
    actions.cancel_poll(poll, by=network.convener)
    told = db.session.scalars(sa.select(Notice).where(Notice.kind == "poll_cancelled")).all()
    assert {notice.person_id for notice in told} == {network.secretary.id, network.member.id, network.observer.id}
    for again in (
        lambda: actions.cancel_poll(poll, by=network.convener),
        lambda: actions.decide_poll(poll, poll.options[0], by=network.convener),
        lambda: actions.set_deadline(poll, db.now() + timedelta(days=1), by=network.convener),
        lambda: actions.remind_silent(poll, by=network.convener),
        lambda: say(poll, network.member, YES),
    ):
        with pytest.raises(Conflict):
            again()


def test_the_poll_s_answer_is_a_hint_beside_the_call(network: Network, sign_in: Sign, built_front_end: object) -> None:
    poll = poll_of(network)
    say(poll, network.member, MAYBE, YES, NO)
    meeting = actions.decide_poll(poll, poll.options[0], by=network.convener)
    db.commit()
    assert poll_policy.answer_to_poll_of(meeting, network.member) is MAYBE
    assert poll_policy.answer_to_poll_of(meeting, network.observer) is None
    assert sign_in(network.member).get(f"/meetings/{meeting.id}").status_code == 200


# --- the times change -------------------------------------------------------------------------------------------------


def notices(kind: str) -> list[int]:
    return sorted(db.session.scalars(sa.select(Notice.person_id).where(Notice.kind == kind)))


def mails() -> list[tuple[int, str]]:
    jobs = db.session.scalars(sa.select(outbox.Job).where(outbox.Job.kind == "poll_mail").order_by(outbox.Job.id))
    return [(job.payload["invitee_id"], job.payload["about"]) for job in jobs]


@pytest.fixture
def answered(network: Network) -> DatePoll:
    """The member, the observer and one guest have answered; the secretary and another guest have not."""
    guests = (("Eva Ek", "eva@firma.example"), ("Bo", "bo@firma.example"))
    made = poll_of(network, [network.secretary, network.member, network.observer], guests=guests)
    say(made, network.member, YES, NO, NO)
    say(made, network.observer, None, MAYBE)
    actions.answer_poll(made.invitees[3], {made.options[1].id: YES, made.options[2].id: NO}, by=None)
    db.session.execute(sa.delete(outbox.Job))
    return made


def test_a_time_is_added_and_those_who_have_answered_are_asked_anew(network: Network, answered: DatePoll) -> None:
    starts = answered.options[-1].starts_at + timedelta(days=1)
    added = actions.add_time(answered, starts, starts + timedelta(hours=2), by=network.convener)
    db.session.flush()
    assert notices("poll_time_added") == sorted([network.member.id, network.observer.id])
    assert mails() == [(answered.invitees[3].id, "poll_time_added")]
    assert [poll.id for poll in poll_policy.unanswered_polls(network.member)] == [answered.id]
    assert parts.board(answered).answered == 3, "what was said still counts"
    say(answered, network.member, YES, NO, NO, MAYBE)
    assert poll_policy.unanswered_polls(network.member) == []
    db.session.execute(sa.delete(outbox.Job))
    assert actions.remind_silent(answered, by=network.convener) == 4
    assert added in answered.options


@pytest.mark.parametrize("wrong", ["past", "twice", "too many"])
def test_no_time_that_makes_no_sense(network: Network, answered: DatePoll, wrong: str) -> None:
    starts, ends = answered.options[0].starts_at, answered.options[0].ends_at
    if wrong == "past":
        starts, ends = db.now() - timedelta(hours=1), db.now() + timedelta(hours=1)
    elif wrong == "too many":
        answered.options += [PollOption(starts_at=one, ends_at=two) for one, two in times(37, days=60)]
        starts, ends = starts + timedelta(minutes=5), ends + timedelta(minutes=5)
    with pytest.raises(Invalid):
        actions.add_time(answered, starts, ends, by=network.convener)


def test_a_time_is_taken_away_and_those_who_could_come_are_told(network: Network, answered: DatePoll) -> None:
    guest, observer = answered.invitees[3], poll_policy.invitee_of(network.observer, answered)
    assert observer is not None
    actions.remove_time(answered.options[1], by=network.convener)
    db.session.flush()
    db.session.expire_all()
    assert len(answered.options) == 2
    assert notices("poll_time_removed") == [network.observer.id], "not who could not come anyway"
    assert mails() == [(guest.id, "poll_time_removed")]
    assert observer.answered_at is None, "had answered nothing else, and is asked anew"
    assert guest.answered_at is not None
    assert poll_policy.answers_of(answered)[guest.id] == {answered.options[1].id: NO}
    actions.remove_time(answered.options[0], by=network.convener)
    with pytest.raises(Invalid):
        actions.remove_time(answered.options[0], by=network.convener)


def test_times_change_on_the_page(network: Network, sign_in: Sign, built_front_end: object) -> None:
    poll = poll_of(network)
    db.commit()
    client, member, where = sign_in(network.convener), sign_in(network.member), f"/polls/{poll.id}/times"
    new = {"on": "2031-05-05", "starts": "09:00", "ends": "10:00"}
    for wrong in ({"on": ""}, {"ends": "08:00"}, {"on": "2020-05-05"}, {"starts": "x"}, {"on": "2031-03-30", "starts": "02:30", "ends": "04:00"}):  # fmt: skip
        answer = send(client, where, **(new | wrong))
        assert (answer.status_code, "field-error" in answer.text) == (422, True), wrong
    shown = BeautifulSoup(member.get(f"/polls/{poll.id}").text, "html.parser").select_one("[name=seen]")
    assert shown is not None
    assert send(client, where, **new).status_code == 302
    assert send(client, where, **new).status_code == 422, "is there already"
    first = {f"option-{poll.options[0].id}": "yes", "comment": "Kvar"}
    late = send(member, f"/polls/{poll.id}/answer", seen=str(shown["value"]), **first)
    page = BeautifulSoup(late.text, "html.parser")
    assert (late.status_code, "Kvar" in late.text, len(page.select(".poll-row input[checked]"))) == (422, True, 1), (
        "one time was not seen"
    )
    again = page.select_one("[name=seen]")
    assert again is not None
    assert send(member, f"/polls/{poll.id}/answer", seen=str(again["value"]), **first).status_code == 302
    for option in list(poll.options):
        assert send(member, f"{where}/{option.id}/removal").status_code == 403
        assert send(client, f"{where}/{option.id}/removal").status_code == 302
    db.session.expire_all()
    assert len(poll.options) == 1, "one stays"
    assert send(client, f"{where}/{poll.options[0].id + 99}/removal").status_code == 404
    actions.cancel_poll(poll, by=network.convener)
    db.commit()
    assert send(client, where, **new).status_code == 409
    assert send(client, f"{where}/{poll.options[0].id}/removal").status_code == 409


def test_no_last_day_after_all_the_times(network: Network, sign_in: Sign, built_front_end: object) -> None:
    poll = poll_of(network)
    db.commit()
    client = sign_in(network.convener)
    answer = send(client, f"/polls/{poll.id}/deadline", closes_on="2090-01-01")
    assert (answer.status_code, "field-error" in answer.text) == (422, True)
    assert send(client, f"/polls/{poll.id}/deadline", close="1").status_code == 302


# --- reminders --------------------------------------------------------------------------------------------------------


def reminded() -> list[int]:
    return [
        row.person_id
        for row in db.session.scalars(sa.select(Notice).where(Notice.kind == "poll_closing").order_by(Notice.id))
    ]


def test_only_the_silent_are_reminded_now(network: Network) -> None:
    poll = poll_of(
        network,
        [network.secretary, network.member],
        guests=(("Eva Ek", "eva@firma.example"), ("Bo", "bo@firma.example")),
    )
    say(poll, network.secretary, YES)
    actions.answer_poll(poll.invitees[2], {poll.options[0].id: YES}, by=None)
    db.session.execute(sa.delete(outbox.Job))
    assert actions.remind_silent(poll, by=network.convener) == 2
    assert reminded() == [network.member.id]
    mails = [job.payload for job in db.session.scalars(sa.select(outbox.Job).where(outbox.Job.kind == "poll_mail"))]
    assert mails == [{"invitee_id": poll.invitees[3].id, "about": "poll_closing"}]


def test_reminders_come_three_days_and_one_day_before_each_once(network: Network) -> None:
    with time_machine.travel(datetime(2031, 1, 1, 9, tzinfo=UTC), tick=False):
        poll = poll_of(network, [network.member])
        poll.closes_at = datetime(2031, 1, 11, 22, 59, tzinfo=UTC)  # the last minute of the day in Sweden
    given: list[str] = []
    for hour in range(8 * 24, 12 * 24):
        with time_machine.travel(datetime(2031, 1, 1, tzinfo=UTC) + timedelta(hours=hour - 24), tick=False):
            letters.remind_before_deadline()
            letters.remind_before_deadline()
            given += [f"{db.now():%d %H}"] * (len(reminded()) - len(given))
    assert given == ["08 06", "10 06"], "at seven in the morning in Sweden, not in the night"


def test_a_worker_that_stood_still_gives_one_reminder(network: Network) -> None:
    with time_machine.travel(datetime(2031, 1, 1, 9, tzinfo=UTC), tick=False):
        poll = poll_of(network, [network.member])
        poll.closes_at = datetime(2031, 1, 11, 22, 59, tzinfo=UTC)
    for _again in range(2):
        with time_machine.travel(datetime(2031, 1, 11, 9, tzinfo=UTC), tick=False):
            letters.remind_before_deadline()
    assert len(reminded()) == 1


def test_a_short_poll_is_not_reminded_of_at_once(network: Network) -> None:
    with time_machine.travel(datetime(2031, 1, 10, 9, tzinfo=UTC), tick=False) as clock:
        poll = poll_of(network, [network.member])
        poll.closes_at = datetime(2031, 1, 11, 22, 59, tzinfo=UTC)
        letters.remind_before_deadline()
        clock.shift(timedelta(days=1))
        letters.remind_before_deadline()
    assert reminded() == []


def test_the_convener_is_reminded_to_choose_a_time_the_morning_after(network: Network) -> None:
    with time_machine.travel(datetime(2031, 1, 1, 9, tzinfo=UTC), tick=False):
        polls = [poll_of(network, [network.member]) for _number in range(3)]
        for poll in polls:
            poll.closes_at = datetime(2031, 1, 11, 22, 59, tzinfo=UTC)
        actions.cancel_poll(polls[1], by=network.convener)
        actions.decide_poll(polls[2], polls[2].options[0], by=network.convener)
    given: list[tuple[str, int, str]] = []
    for hour in range(-30, 24 * 20):
        with time_machine.travel(datetime(2031, 1, 11, tzinfo=UTC) + timedelta(hours=hour), tick=False):
            letters.remind_to_decide()
            rows = db.session.scalars(sa.select(Notice).where(Notice.kind == "poll_closed")).all()
            given += [(f"{db.now():%d %H}", row.person_id, row.path) for row in rows[len(given) :]]
    assert given == [("12 06", network.convener.id, f"/polls/{polls[0].id}")]


# --- guests -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked_guest(network: Network) -> PollInvitee:
    poll = poll_of(network, [network.member], guests=(("Eva Ek", "eva@firma.example"),))
    db.commit()
    return poll.invitees[-1]


def test_a_guest_sees_the_times_and_nothing_else(
    network: Network, asked_guest: PollInvitee, app: Edge, built_front_end: object
) -> None:
    client, where = app.test_client(), f"/poll-answers/{guest_token(asked_guest)}"
    poll = asked_guest.poll
    say(poll, network.member, NO, NO, NO)
    db.commit()
    page = client.get(where)
    assert page.status_code == 200
    assert "Set-Cookie" not in page.headers
    for hidden in ("Med Lem", "Foreningen", network.group.name, "csrf_token"):
        assert hidden not in page.text, hidden
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PollAnswer)) == 3, "looking changes nothing"
    sent = client.post(
        where, data={f"option-{poll.options[0].id}": "yes", f"option-{poll.options[1].id}": "if_need_be"}
    )
    assert sent.status_code == 302
    again = client.get(sent.location)
    assert again.text.count(" checked") == 2
    db.session.expire_all()
    assert asked_guest.answered_at is not None
    assert client.get(f"/polls/{poll.id}").status_code == 302, "to the sign-in"


def test_s28_of_a_sensitive_group_a_guest_reads_no_title(network: Network, app: Edge, built_front_end: object) -> None:
    poll = poll_of(network, [network.secretary], guests=(("Eva Ek", "eva@firma.example"),), group=network.closed)
    db.commit()
    page = app.test_client().get(f"/poll-answers/{guest_token(poll.invitees[-1])}").text
    assert poll.title not in page
    assert network.closed.name not in page


@pytest.mark.parametrize("ending", ["closed", "cancelled", "decided"])
def test_a_link_dies_with_its_poll(
    network: Network, asked_guest: PollInvitee, app: Edge, built_front_end: object, ending: str
) -> None:
    poll, where = asked_guest.poll, f"/poll-answers/{guest_token(asked_guest)}"
    option = poll.options[0].id
    if ending == "closed":
        actions.set_deadline(poll, db.now(), by=network.convener)
    elif ending == "cancelled":
        actions.cancel_poll(poll, by=network.convener)
    else:
        actions.decide_poll(poll, poll.options[0], by=network.convener)
    db.commit()
    client = app.test_client()
    with time_machine.travel(db.now(), tick=False):
        dead, missing = client.get(where), client.get("/poll-answers/x.y")
    assert (dead.status_code, dead.data.replace(where.encode(), b"")) == (
        404,
        missing.data.replace(b"/poll-answers/x.y", b""),
    )
    assert client.post(where, data={f"option-{option}": "yes"}).status_code == 404
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PollAnswer)) == 0


def test_s31_no_other_token_opens_it(network: Network, asked_guest: PollInvitee) -> None:
    member = next(one for one in asked_guest.poll.invitees if one.person_id is not None)
    other = poll_of(network, [network.member], guests=(("Bo", "bo@firma.example"),))
    good = guest_token(asked_guest)
    assert guest_of_token(good) is asked_guest
    asked_guest_of_other = guest_token(other.invitees[-1])
    assert guest_of_token(asked_guest_of_other) is other.invitees[-1]
    signer = tokens._signer()
    forged = [
        guest_token(member), good[:-2], good + "x", good.swapcase(), "", "a" * 10_000,
        str(signer.dumps([other.id, asked_guest.id])), str(signer.dumps("text")), str(signer.dumps([asked_guest.poll_id])),
        str(signer.dumps([asked_guest.poll_id, 2**70])), str(signer.dumps([asked_guest.poll_id, "x"])),
        str(URLSafeSerializer("another-secret-that-is-long-enough", salt=tokens.PURPOSE).dumps([asked_guest.poll_id, asked_guest.id])),
        str(URLSafeSerializer("a-secret-of-the-tests-that-is-long-enough", salt="call").dumps([asked_guest.poll_id, asked_guest.id])),
    ]  # fmt: skip
    assert [guest_of_token(token) for token in forged] == [None] * len(forged)


def test_s45_guests_ask_only_so_often(
    network: Network, asked_guest: PollInvitee, app: Edge, built_front_end: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.config["SETTINGS"], "public_limit", "3/minute")
    client = app.test_client()
    got = [
        client.get(f"/poll-answers/{uuid.uuid4()}", environ_base={"REMOTE_ADDR": "192.0.2.77"}).status_code
        for _ in range(5)
    ]
    assert got == [404, 404, 404, 429, 429]


class Letters:
    """A mail server that keeps what it is handed."""

    def __init__(self) -> None:
        self.kept: list[EmailMessage] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        await asyncio.sleep(0)
        self.kept.append(message_from_bytes(envelope.content, EmailMessage, policy=policy.default))
        return "250 OK"


@contextmanager
def mail_server(app: Edge, monkeypatch: pytest.MonkeyPatch) -> Iterator[Letters]:
    letters_kept = Letters()
    controller = Controller(letters_kept, hostname="127.0.0.1", port=free_port())
    controller.start()
    monkeypatch.setattr(app.config["SETTINGS"], "smtp_url", SecretStr(f"smtp://127.0.0.1:{controller.port}"))
    try:
        yield letters_kept
    finally:
        controller.stop()


def test_a_guest_gets_a_letter_with_a_link_that_answers(
    network: Network, asked_guest: PollInvitee, app: Edge, monkeypatch: pytest.MonkeyPatch, built_front_end: object
) -> None:
    with mail_server(app, monkeypatch) as server:
        letters.send_question(invitee_id=asked_guest.id)
        actions.answer_poll(asked_guest, {asked_guest.poll.options[0].id: YES}, by=None)
        letters.send_question(invitee_id=asked_guest.id, about="poll_closing")  # has answered meanwhile
    (letter,) = server.kept
    assert letter["To"] == "Eva Ek <eva@firma.example>"
    body = letter.get_content()
    assert asked_guest.poll.title in letter["Subject"] + body
    link = next(line for line in body.splitlines() if line.startswith("https://portal.test/poll-answers/"))
    db.commit()
    assert app.test_client().get(link.removeprefix("https://portal.test")).status_code == 200


def test_guests_are_written_to_in_their_language_and_told_that_there_is_nothing_to_answer(
    network: Network, app: Edge, monkeypatch: pytest.MonkeyPatch, built_front_end: object
) -> None:
    guests = (("Eva Ek", "eva@firma.example", "en"), ("Bo", "bo@firma.example"))
    poll = poll_of(network, [network.member], guests=guests)
    db.commit()
    with mail_server(app, monkeypatch) as server:
        outbox.run_all()
        actions.cancel_poll(poll, by=network.convener)
        db.commit()
        outbox.run_all()
    to_eva, to_bo = ([one for one in server.kept if name in one["To"]] for name in ("eva@", "bo@"))
    assert [one["Subject"][:7] for one in to_eva] == ["Which d", "Nothing"]
    assert [one["Subject"][:7] for one in to_bo][:1] == ["Vilka d"]
    assert "?lang=en" in to_eva[0].get_content()
    assert "poll-answers" not in to_eva[1].get_content(), "the link is dead"
    assert len(to_bo) == 2


def test_a_guest_chooses_the_language_of_the_page(asked_guest: PollInvitee, app: Edge, built_front_end: object) -> None:
    client, where = app.test_client(), f"/poll-answers/{guest_token(asked_guest)}"
    swedish, english = client.get(where).text, client.get(f"{where}?lang=en").text
    assert ('lang="sv"' in swedish, f'href="{where}?lang=en"' in swedish) == (True, True)
    assert ("Which times suit you?" in english, f'href="{where}?lang=sv"' in english) == (True, True)
    sent = client.post(f"{where}?lang=en", data={f"option-{asked_guest.poll.options[0].id}": "yes"})
    assert "lang=en" in sent.location, "and stays in it"


def test_nobody_is_asked_as_a_member_and_as_a_guest(network: Network, sign_in: Sign, built_front_end: object) -> None:
    twice = form(guests=f"Med Lem, {network.member.email.upper()}")
    answer = send(sign_in(network.convener), "/groups/natverket/polls/new", **twice)
    assert (answer.status_code, "field-error" in answer.text) == (422, True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(DatePoll)) == 0


def test_no_member_of_the_group_is_a_guest(network: Network, sign_in: Sign, built_front_end: object) -> None:
    """Also one who is not asked; of people outside the group nothing is told."""
    client, where = sign_in(network.convener), "/groups/natverket/polls/new"
    seats_only = form(asked="seats", guests=f"Med Lem, {network.member.email.upper()}")
    answer = send(client, where, **seats_only)
    assert (answer.status_code, "kan inte vara gäst" in answer.text) == (422, True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(DatePoll)) == 0
    outside = form(guests=f"Ut Omstående, {network.outsider.email}")
    assert send(client, where, **outside).status_code == 302


def test_a_guest_who_has_joined_since_is_called_once(network: Network) -> None:
    poll = poll_of(network, [network.convener], guests=(("Ut Omstående", network.outsider.email),))
    poll.invitees.append(PollInvitee(person=network.outsider, organisation_id=network.outsider.organisation_id))
    people.add_member(network.group, network.outsider, by=network.convener)
    db.session.flush()
    meeting = actions.decide_poll(poll, poll.options[0], by=network.convener)
    db.session.flush()
    emails = [one.email for one in db.session.scalars(sa.select(Invitation).where(Invitation.meeting_id == meeting.id))]
    assert emails.count(network.outsider.email) == 1


def test_the_form_of_a_sensitive_group_warns_of_what_guests_read(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    client, warning = sign_in(network.convener), "Gruppen är känslig: mejlet till gästerna"
    meeting = factories.meeting(network.closed, network.convener)
    other = factories.meeting(network.group, network.convener)
    db.commit()
    for where in (f"/groups/{network.closed.slug}/polls/new", f"/meetings/{meeting.id}/guests"):
        assert warning in client.get(where).text, where
    for where in ("/groups/natverket/polls/new", f"/meetings/{other.id}/guests"):
        assert warning not in client.get(where).text, where


@time_machine.travel(datetime(2027, 2, 1, 9, tzinfo=UTC))
def test_a_holiday_is_named_beside_its_time(network: Network, sign_in: Sign, built_front_end: object) -> None:
    """29 March 2027 is Easter Monday; Midsummer Eve is no public holiday by law, but nobody works then."""
    client = sign_in(network.convener)
    filled = form(closes_on="2027-02-20") | {"options-0-on": "2027-03-29"}
    shown = send(client, "/groups/natverket/polls/new", more="1", **filled)
    assert "Annandag påsk" in BeautifulSoup(shown.data, "html.parser").select(".poll-holiday")[0].get_text()
    assert "2027-06-25" in client.get("/groups/natverket/polls/new").text, "Midsummer Eve, for the script"
    send(client, "/groups/natverket/polls/new", **filled)
    poll = db.session.scalars(sa.select(DatePoll)).one()
    page = BeautifulSoup(client.get(f"/polls/{poll.id}").data, "html.parser")
    for part in (".poll-option h3", ".poll-row legend"):
        (text,) = [one.get_text() for one in page.select(part)]
        assert "Annandag påsk" in text, part
    with_plain_day = form(closes_on="2027-02-20") | {"options-0-on": "2027-03-30"}
    send(client, "/groups/natverket/polls/new", **with_plain_day)
    assert "Annandag" not in client.get(f"/polls/{poll.id + 1}").text


def test_an_answer_to_some_times_says_how_many_are_left(
    network: Network, sign_in: Sign, app: Edge, built_front_end: object
) -> None:
    poll = poll_of(network, guests=(("Eva Ek", "eva@firma.example"),))
    db.commit()
    first, second, third = (f"option-{option.id}" for option in poll.options)
    client = sign_in(network.member)
    for said, text in (
        ({first: "yes"}, "2 tider saknar fortfarande svar"), ({first: "yes", second: "no"}, "1 tid saknar fortfarande svar"),
        ({first: "yes", second: "no", third: "no"}, "Du kan ändra det fram till sista dagen"),
    ):  # fmt: skip
        send(client, f"/polls/{poll.id}/answer", **said)
        assert text in client.get(f"/polls/{poll.id}").text, said
        link = f"/poll-answers/{guest_token(poll.invitees[-1])}"
        assert text in app.test_client().post(link, data=said, follow_redirects=True).text, said


def test_a_sensitive_group_s_letter_says_only_that_there_is_a_question(
    network: Network, app: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll = poll_of(network, [network.secretary], guests=(("Eva Ek", "eva@firma.example"),), group=network.closed)
    db.commit()
    with mail_server(app, monkeypatch) as server:
        letters.send_question(invitee_id=poll.invitees[-1].id)
    text = server.kept[0].as_string()
    assert poll.title not in text
    assert network.closed.name not in text
    assert "Eva Ek" not in text


# --- large, and at the same time --------------------------------------------------------------------------------------


def test_four_hundred_who_are_asked_cost_no_more_queries(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    def asked_by(number: int) -> tuple[int, DatePoll]:
        some = []
        for place in range(number):
            if place % 10 == 0:
                of: Organisation = factories.organisation(f"stor{number}x{place}")
            one = factories.person(of)
            people.add_member(network.group, one, by=None)
            some.append(one)
        db.session.flush()
        poll = poll_of(network, [network.member, *some], options=12, quorum=Quorum.ORGANISATIONS)
        db.session.add_all(
            PollAnswer(invitee_id=invitee.id, option_id=option.id, suits=YES)
            for invitee in poll.invitees
            for option in poll.options
        )
        db.session.execute(sa.update(PollInvitee).where(PollInvitee.poll_id == poll.id).values(answered_at=db.now()))
        db.commit()
        client = sign_in(network.member)
        asked = 0
        for where in (
            f"/polls/{poll.id}",
            f"/polls/{poll.id}/parts?after=-1",
            f"/polls/{poll.id}?organisation={network.ngo.id}",
        ):
            assert client.get(where).status_code == 200
            with counted() as statements:
                page = client.get(where)
            asked += len(statements)
            assert len(page.data) < 400_000, where
        with counted() as statements:
            assert send(client, f"/polls/{poll.id}/answer", **{f"option-{poll.options[0].id}": "no"}).status_code == 302
        return asked + len(statements), poll

    few, _poll = asked_by(10)
    many, poll = asked_by(400)
    assert many == few
    assert parts.board(poll).asked == 401


def test_the_result_that_all_watch_is_the_same_for_all(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    poll = poll_of(network)
    say(poll, network.member, YES, NO, MAYBE)
    db.commit()
    seen = {
        sign_in(who).get(f"/polls/{poll.id}/parts?after=-1").text
        for who in (network.convener, network.member, network.observer)
    }
    assert len(seen) == 1
    assert "csrf" not in seen.pop()


def test_an_answer_takes_the_topic_s_next_number(network: Network, sign_in: Sign, built_front_end: object) -> None:
    poll = poll_of(network)
    db.commit()
    client = sign_in(network.member)
    assert client.get(f"/polls/{poll.id}/parts?after=0").data == b""
    send(client, f"/polls/{poll.id}/answer", **{f"option-{poll.options[0].id}": "yes"})
    fresh = client.get(f"/polls/{poll.id}/parts?after=0")
    assert fresh.headers["X-Last-Seq"] == "1"
    assert 'id="poll-result"' in fresh.text
    assert poll_policy.may_watch_poll(network.member.id, poll.id)
    assert not poll_policy.may_watch_poll(network.outsider.id, poll.id)


def test_idag_shows_what_is_not_answered(network: Network, sign_in: Sign, built_front_end: object) -> None:
    poll = poll_of(network)
    db.commit()
    assert f"/polls/{poll.id}" in sign_in(network.member).get("/").text
    say(poll, network.member, YES)
    db.commit()
    assert f"/polls/{poll.id}" not in sign_in(network.member).get("/").text
    assert f"/polls/{poll.id}" not in sign_in(network.outsider).get("/").text


def test_all_that_happens_is_traced(network: Network) -> None:
    poll = poll_of(network)
    say(poll, network.member, YES)
    actions.set_deadline(poll, db.now() + timedelta(days=3), by=network.convener)
    actions.remind_silent(poll, by=network.convener)
    actions.decide_poll(poll, poll.options[0], by=network.convener)
    done = set(db.session.scalars(sa.select(audit.AuditEntry.action)))
    assert done >= {
        "poll_opened",
        "poll_answered",
        "poll_deadline_set",
        "poll_reminded",
        "poll_decided",
        "meeting_called",
    }
