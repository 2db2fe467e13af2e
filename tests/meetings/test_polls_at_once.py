"""Several at once, each in a thread and a transaction of its own: polls, the meeting that comes of them, and substitutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from portal import db
from portal.errors import Conflict, Invalid, NotFound
from portal.meetings import actions as meetings
from portal.meetings.actions import Guest, Plan
from portal.meetings.calls import reminders
from portal.meetings.models import Answer, AnswerVia, Invitation, Meeting
from portal.meetings.participants import actions as participants
from portal.meetings.polls import actions, letters, parts
from portal.meetings.polls.actions import Asked, Question
from portal.meetings.polls.models import DatePoll, PollAnswer, PollInvitee, PollOption, PollState, Suits
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import Person
from portal.web import Edge
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network
from tests.meetings.test_meetings import at_once

Work = Callable[[], object]
ROUNDS = 3


def open_poll(network: Network, people_asked: list[Person], meeting: Meeting | None = None) -> DatePoll:
    first = (db.now() + timedelta(days=20)).replace(microsecond=0)
    times = [(first + timedelta(days=n), first + timedelta(days=n, hours=2)) for n in range(4)]
    asked = Asked(people_asked, [Guest("Eva Ek", "eva@firma.example")])
    question = Question("När ses vi?", db.now() + timedelta(days=10), times)
    made = actions.open_poll(network.group, question, asked, meeting=meeting, by=network.convener)
    db.commit()
    return made


def answering(invitee_id: int, said: dict[int, Suits]) -> Work:
    """An answer as a page stores it, with the result for all who watch."""

    def work() -> None:
        invitee = db.session.get_one(PollInvitee, invitee_id)
        actions.answer_poll(invitee, said, by=invitee.person)
        parts.publish(invitee.poll)

    return work


def stored() -> dict[int, dict[int, Suits]]:
    found: dict[int, dict[int, Suits]] = {}
    for row in db.session.scalars(sa.select(PollAnswer)):
        found.setdefault(row.invitee_id, {})[row.option_id] = row.suits
    return found


def count(model: type[db.Base]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_all_answer_one_poll_at_once(app: Edge, network: Network) -> None:
    poll = open_poll(network, [network.convener, network.secretary, network.member, network.observer])
    options = [option.id for option in poll.options]
    for number in range(ROUNDS):
        way = list(Suits)[number]
        said = {invitee.id: dict.fromkeys(options[number:], way) for invitee in poll.invitees}
        before = poll.last_seq
        assert at_once(app, *(answering(*one) for one in said.items())) == []
        assert stored() == said
        poll = db.session.scalars(sa.select(DatePoll)).one()
        assert poll.last_seq == before + len(said), "each change has its number"
        assert parts.board(poll).answered == len(said)


def test_one_answers_twice_at_once(app: Edge, network: Network) -> None:
    """Two tabs, or a button pressed twice: one of the two answers stands, whole."""
    poll = open_poll(network, [network.member])
    options = [option.id for option in poll.options]
    invitee = next(one.id for one in poll.invitees if one.person_id)
    answers = [dict.fromkeys(options, Suits.YES), dict.fromkeys(options[:2], Suits.NO), {options[3]: Suits.IF_NEED_BE}]
    for _round in range(ROUNDS):
        assert at_once(app, *(answering(invitee, said) for said in answers)) == []
        assert stored()[invitee] in answers


def decided_at_once(app: Edge, sign_in: Sign, poll: DatePoll, *choices: tuple[Person, PollOption]) -> Counter[int]:
    """What the pages answer to leaders who choose at the same time."""
    clients = [(sign_in(who), option.id) for who, option in choices]
    where, found = f"/polls/{poll.id}/meeting", []

    def choose(place: int) -> None:
        client, option = clients[place]
        found.append(send(client, where, option=str(option)).status_code)

    works = [lambda place=place: choose(place) for place in range(len(clients))]
    assert at_once(app, *works) == []
    return Counter(found)


@pytest.mark.parametrize("is_same", [True, False])
def test_a_poll_is_decided_several_times_at_once(
    app: Edge, network: Network, sign_in: Sign, built_front_end: object, is_same: bool
) -> None:
    poll = open_poll(network, [network.convener, network.secretary, network.member])
    first, other = poll.options[0], poll.options[0 if is_same else 1]
    choices = (
        (network.convener, first),
        (network.secretary, other),
        (network.convener, first),
        (network.secretary, other),
    )
    given = decided_at_once(app, sign_in, poll, *choices)
    assert given == ({302: 4} if is_same else {302: 2, 409: 2})
    (meeting,) = db.session.scalars(sa.select(Meeting)).unique()
    poll = db.session.scalars(sa.select(DatePoll)).one()
    assert (poll.state, poll.meeting_id, poll.last_seq) == (PollState.DECIDED, meeting.id, 1)
    called = [one.email for one in db.session.scalars(sa.select(Invitation))]
    assert len(called) == len(set(called)) == 4
    told = db.session.scalars(sa.select(Notice.person_id).where(Notice.kind == "meeting_called")).all()
    assert len(told) == len(set(told)) == 2, "all but the one who decided, once"


def test_answers_and_the_decision_at_once(app: Edge, network: Network) -> None:
    """Whoever comes too late is told; nothing is stored by halves."""
    poll = open_poll(network, [network.convener, network.secretary, network.member])
    options, poll_id, by = [option.id for option in poll.options], poll.id, network.convener.id

    def decide() -> None:
        found = db.session.get_one(DatePoll, poll_id)
        actions.decide_poll(found, found.options[0], by=db.session.get_one(Person, by))

    said = {invitee.id: dict.fromkeys(options, Suits.YES) for invitee in poll.invitees}
    raised = at_once(app, decide, *(answering(*one) for one in said.items()))
    assert {type(error) for error in raised} <= {Conflict}
    assert count(Meeting) == 1
    assert len(stored()) == len(said) - len(raised)
    assert all(answers == dict.fromkeys(options, Suits.YES) for answers in stored().values())


def test_times_change_while_people_answer(app: Edge, network: Network) -> None:
    poll = open_poll(network, [network.secretary, network.member, network.observer])
    options, poll_id, by = [option.id for option in poll.options], poll.id, network.convener.id
    starts = poll.options[-1].starts_at + timedelta(days=1)

    def add() -> None:
        found = db.session.get_one(DatePoll, poll_id)
        actions.add_time(found, starts, starts + timedelta(hours=1), by=db.session.get_one(Person, by))

    def remove(option_id: int) -> None:
        option = db.session.get(PollOption, option_id)
        if option is not None:
            actions.remove_time(option, by=db.session.get_one(Person, by))

    said = {invitee.id: dict.fromkeys(options, Suits.YES) for invitee in poll.invitees}
    works: list[Work] = [add, add, lambda: remove(options[0]), lambda: remove(options[0])]
    raised = at_once(app, *works, *(answering(*one) for one in said.items()))
    assert {type(error) for error in raised} <= {Invalid, NotFound, Conflict}
    poll = db.session.scalars(sa.select(DatePoll)).one()
    assert len(poll.options) == 4, "one came, one went"
    assert [option.starts_at for option in poll.options].count(starts) == 1
    for answers in stored().values():
        assert set(answers) == set(options[1:])


def test_all_times_but_one_go_at_once(app: Edge, network: Network) -> None:
    poll = open_poll(network, [network.member])
    by = network.convener.id

    def removing(option_id: int) -> Work:
        return lambda: actions.remove_time(db.session.get_one(PollOption, option_id), by=db.session.get_one(Person, by))

    raised = at_once(app, *(removing(option.id) for option in poll.options))
    assert [type(error) for error in raised] == [Invalid]
    assert count(PollOption) == 1


def test_one_meeting_s_time_is_sought_by_one_poll(app: Edge, network: Network) -> None:
    starts = db.now() + timedelta(days=30)
    plan = Plan("LAMP-möte", starts, starts + timedelta(hours=1))
    meeting = meetings.plan_meeting(network.group, plan, by=network.convener)
    db.commit()
    meeting_id, by = meeting.id, network.convener.id

    def seek() -> None:
        question = Question("När?", db.now() + timedelta(days=2), [(starts, starts + timedelta(hours=1))])
        planner, planned = db.session.get_one(Person, by), db.session.get_one(Meeting, meeting_id)
        actions.open_poll(planned.group, question, Asked([planner]), meeting=planned, by=planner)

    raised = at_once(app, seek, seek, seek)
    assert [type(error) for error in raised] == [Conflict, Conflict]
    assert count(DatePoll) == 1


def test_two_workers_remind_once(app: Edge, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    poll = open_poll(network, [network.secretary, network.member])
    meeting = factories.meeting(network.group, network.convener, days=5)
    long_ago = db.now() - timedelta(days=30)
    poll.created_at, poll.closes_at = long_ago, db.now() + timedelta(days=2)
    db.session.execute(sa.update(Invitation).values(invited_at=long_ago))
    db.commit()
    meeting_id, silent = meeting.id, [network.secretary.id, network.member.id]
    for room in (reminders, letters):
        monkeypatch.setattr(room, "is_daytime", lambda: True)
    assert at_once(app, *[reminders.remind] * 3, *[letters.remind_before_deadline] * 3) == []
    given = db.session.execute(
        sa.select(Notice.kind, Notice.person_id).where(Notice.kind.in_(["answer_missing", "poll_closing"]))
    )
    counted = Counter((kind, person_id) for kind, person_id in given)
    asked = {one.person_id for one in db.session.get_one(Meeting, meeting_id).invitations}
    assert set(counted) == {("answer_missing", one) for one in asked} | {
        ("poll_closing", one) for one in silent
    }  # fmt: skip
    assert set(counted.values()) == {1}


def test_who_is_replaced_and_who_replaces_answer_at_once(app: Edge, network: Network) -> None:
    meeting = factories.meeting(network.group, network.convener)
    third = factories.person(network.county, "Tre Dje")
    people.add_member(network.group, third, by=None)
    calls = {one.person_id: one.id for one in meeting.invitations}
    db.commit()
    mine, theirs, by, others = (
        calls[network.secretary.id],
        calls[network.observer.id],
        network.secretary.id,
        [network.observer.id, third.id],
    )

    def name(who: int) -> None:
        invitation = db.session.get_one(Invitation, mine)
        participants.name_substitute(invitation, db.session.get_one(Person, who), by=db.session.get_one(Person, by))

    def say(call: int, answer: Answer, via: AnswerVia = AnswerVia.LINK) -> None:
        invitation = db.session.get_one(Invitation, call)
        meetings.answer_invitation(invitation, answer, via=via, at=datetime.now(db.now().tzinfo), by=invitation.person)

    for number in range(ROUNDS):
        works: list[Work] = [lambda: name(others[0]), lambda: name(others[1]), lambda: say(theirs, Answer.ONLINE)]
        raised = at_once(app, *works)
        assert [type(error) for error in raised] == [Conflict], "somebody comes instead already"
        works = [
            lambda: say(mine, Answer.ON_SITE),
            lambda: say(mine, Answer.ON_SITE),
            lambda: say(theirs, Answer.ON_SITE),
        ]
        assert at_once(app, *works) == [], "and nobody waits for another who waits"
        replacing = sa.select(Invitation).where(Invitation.replaces_id.is_not(None), Invitation.withdrawn_at.is_(None))
        assert db.session.scalars(replacing).all() == []
        recalled = db.session.scalars(sa.select(Notice).where(Notice.kind == "substitute_recalled")).all()
        assert len(recalled) == number + 1, "told once"
        assert {one.answer for one in db.session.scalars(sa.select(Invitation).where(Invitation.id == mine))} == {
            Answer.ON_SITE
        }
