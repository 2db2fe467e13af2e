"""Reminders about calls, as days go by."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from portal import db, outbox
from portal.meetings import actions
from portal.meetings.actions import Plan
from portal.meetings.calls import reminders
from portal.meetings.models import Answer, Meeting, MeetingSeries
from portal.meetings.polls.actions import Asked, Question, open_poll
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import Membership, Person
from portal.web import Edge
from tests.factories import Network
from tests.meetings.calling import NOW, START, call, change, invitation_of, invite_guest, mail_to, text_of

KINDS = ("answer_missing", "meeting_tomorrow", "meeting_due")


def pass_days(first: datetime, days: int) -> dict[str, Counter[str]]:
    """Let a worker keep house every four hours; per date the reminders given, by kind and person."""
    given: dict[str, Counter[str]] = {}
    for hour in range(0, days * 24, 4):
        with time_machine.travel(first + timedelta(hours=hour), tick=False):
            before = db.session.scalar(sa.select(sa.func.max(Notice.id))) or 0
            reminders.remind()
            db.commit()
            new = sa.select(Notice).where(Notice.id > before, Notice.kind.in_(KINDS))
            for notice in db.session.scalars(new):
                key = f"{(first + timedelta(hours=hour)).date()}"
                given.setdefault(key, Counter())[f"{notice.kind} {notice.person.name}"] += 1
    return given


@pytest.fixture
def meeting(network: Network) -> Meeting:
    with time_machine.travel(NOW):
        made = call(network.group, network.convener)
        invite_guest(made)
        for person in (network.convener, network.secretary):
            actions.answer_invitation(invitation_of(made, person), Answer.ON_SITE, by=person)
        actions.answer_invitation(invitation_of(made, network.observer), Answer.DECLINED, by=network.observer)
        db.commit()
    return made


def test_without_a_last_day_a_week_and_a_day_before(network: Network, meeting: Meeting) -> None:
    given = pass_days(NOW, 26)
    assert given == {
        "2026-11-17": {"answer_missing Med Lem": 1},
        "2026-11-23": {
            "answer_missing Med Lem": 1, "meeting_tomorrow Sam Mankallande": 1, "meeting_tomorrow Sek Reterare": 1,
        },
    }  # fmt: skip


def test_with_a_last_day_three_days_and_a_day_before_it(network: Network, meeting: Meeting) -> None:
    with time_machine.travel(NOW):
        change(meeting, reply_by=START - timedelta(days=5), by=network.convener)  # 19 November
    given = pass_days(NOW, 26)
    assert given == {
        "2026-11-16": {"answer_missing Med Lem": 1}, "2026-11-18": {"answer_missing Med Lem": 1},
        "2026-11-23": {f"meeting_tomorrow {name}": 1 for name in ("Med Lem", "Sam Mankallande", "Sek Reterare")},
    }  # fmt: skip


GUEST = "gast@utanfor.example"


def to_guest(app: Edge) -> list[tuple[str, str, str]]:
    """What guests have been mailed: day, subject, text."""
    return [(str(made["Date"])[5:11], str(made["Subject"]), text_of(made)) for made in mail_to(app, GUEST)]


def guest_days(app: Edge, days: int) -> list[tuple[str, str, str]]:
    """Let days go by, and a worker send what there is."""
    for day in range(days):
        with time_machine.travel(NOW + timedelta(days=day), tick=False):
            reminders.remind()
            reminders.remind()
            db.commit()
            outbox.run_all()
    return to_guest(app)


def test_guests_are_reminded_by_mail_with_their_link(app: Edge, network: Network, meeting: Meeting) -> None:
    with time_machine.travel(NOW):
        outbox.run_all()
    call_itself, *given = guest_days(app, 26)
    assert [day for day, _subject, _text in given] == ["17 Nov", "23 Nov"]
    for _day, subject, text in given:
        assert "LAMP-möte" in subject
        assert "/answers/" in text
    assert "BEGIN:VCALENDAR" not in given[0][2]
    assert call_itself[1].startswith(("Kallelse", "Call"))


@pytest.mark.parametrize(("answer", "days"), [(Answer.ON_SITE, ["23 Nov"]), (Answer.DECLINED, [])])
def test_guests_who_have_answered_hear_of_the_meeting_at_most(
    app: Edge, network: Network, meeting: Meeting, answer: Answer, days: list[str]
) -> None:
    guest = next(one for one in meeting.invitations if one.person_id is None)
    with time_machine.travel(NOW):
        outbox.run_all()
        guest.guest_language = "en"
        actions.answer_invitation(guest, answer, by=None)
        db.commit()
    _call_itself, *given = guest_days(app, 26)
    assert [(day, subject.startswith("Reminder")) for day, subject, _text in given] == [(day, True) for day in days]


def test_a_guest_who_is_called_no_longer_is_not_reminded(app: Edge, network: Network, meeting: Meeting) -> None:
    guest = next(one for one in meeting.invitations if one.person_id is None)
    with time_machine.travel(NOW + timedelta(days=15), tick=False):
        outbox.run_all()
        reminders.remind()  # asked for, and not sent yet
        actions.withdraw_invitation(guest, by=network.convener)
        db.commit()
        assert [subject for _day, subject, _text in to_guest(app)][1:] == [
            "Du är inte längre kallad: LAMP-möte, tis 24 nov"
        ]


def test_nobody_is_reminded_right_after_the_call(network: Network) -> None:
    """Called in the morning of the day on which those who have not answered are reminded."""
    at = datetime(2026, 11, 16, 7, 30, tzinfo=UTC)
    with time_machine.travel(at):
        call(network.group, network.convener, reply_by=at + timedelta(days=3))
    given = pass_days(at, 4)
    assert {on: sorted(one)[0] for on, one in given.items()} == {"2026-11-18": "answer_missing Med Lem"}


def test_a_worker_that_stood_still_gives_the_later_reminder(network: Network, meeting: Meeting) -> None:
    with time_machine.travel(NOW):
        change(meeting, reply_by=START - timedelta(days=5), by=network.convener)  # 19 November
    assert pass_days(datetime(2026, 11, 17, 12, tzinfo=UTC), 3) == {
        "2026-11-17": {"answer_missing Med Lem": 1}, "2026-11-18": {"answer_missing Med Lem": 1},
    }  # fmt: skip


def test_a_moved_meeting_is_reminded_of_anew(network: Network, meeting: Meeting) -> None:
    pass_days(NOW, 20)
    with time_machine.travel(NOW + timedelta(days=20)):
        change(
            meeting,
            starts_at=START + timedelta(days=30),
            ends_at=START + timedelta(days=30, hours=1),
            by=network.convener,
        )
    given = pass_days(NOW + timedelta(days=20), 40)
    assert {on: sorted(one) for on, one in given.items()} == {
        "2026-12-17": ["answer_missing Med Lem"],
        "2026-12-23": ["answer_missing Med Lem", "meeting_tomorrow Sam Mankallande", "meeting_tomorrow Sek Reterare"],
    }


def test_the_night_and_the_day_when_the_clock_changes(network: Network) -> None:
    """A meeting on the Monday after summer time ends; the worker looks at every hour."""
    starts = datetime(2026, 10, 26, 8, 0, tzinfo=UTC)
    with time_machine.travel(starts - timedelta(days=20)):
        made = call(network.group, network.convener, starts_at=starts, ends_at=starts + timedelta(hours=1))
        actions.answer_invitation(invitation_of(made, network.member), Answer.ONLINE, by=network.member)
        db.commit()
    hours: dict[str, datetime] = {}
    for hour in range(72):
        with time_machine.travel(starts - timedelta(hours=60 - hour), tick=False):
            reminders.remind()
            db.commit()
            for notice in db.session.scalars(sa.select(Notice).where(Notice.kind == "meeting_tomorrow")):
                hours.setdefault(notice.person.name, notice.created_at)
    assert hours["Med Lem"] == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)  # 07.00 in winter


def test_only_who_may_still_hear_of_it(app: Edge, network: Network, meeting: Meeting) -> None:
    with time_machine.travel(NOW):
        for membership in db.session.scalars(sa.select(Membership).where(Membership.person_id == network.member.id)):
            people.remove_member(membership, by=None)
        people.disable_person(network.secretary, by=network.admin)
        invitation_of(meeting, network.convener).withdrawn_at = db.now()
        db.commit()
    assert pass_days(NOW, 26) == {}


def test_cancelled_meetings_and_planned_ones_are_not_reminded_of(network: Network, meeting: Meeting) -> None:
    with time_machine.travel(NOW):
        actions.plan_meeting(network.group, Plan("Planeras", START, START + timedelta(hours=1)), by=network.convener)
        actions.cancel_meeting(meeting, by=network.convener)
        db.commit()
    assert pass_days(NOW, 26) == {}


def test_a_reminder_comes_by_mail(app: Edge, network: Network, meeting: Meeting) -> None:
    before = len(mail_to(app, network.member.email))
    pass_days(NOW + timedelta(days=14), 2)
    with time_machine.travel(NOW + timedelta(days=16)):
        assert len(mail_to(app, network.member.email)) == before + 1


def series(network: Network, by: Person, months: int | None = 4) -> MeetingSeries:
    made = MeetingSeries(group=network.group, name="LAMP", months_between=months, created_by_id=by.id)
    db.session.add(made)
    db.session.flush()
    return made


def held(network: Network, one: MeetingSeries, on: datetime) -> Meeting:
    with time_machine.travel(on - timedelta(days=10)):
        plan = Plan("LAMP", on, on + timedelta(hours=1))
        made = actions.plan_meeting(network.group, plan, series=one, by=network.convener)
        actions.call_meeting(made, by=network.convener)
        db.commit()
    return made


def due(first: datetime, days: int) -> dict[str, list[str]]:
    given = pass_days(first, days)
    return {
        on: sorted(key for key in one if key.startswith("meeting_due"))
        for on, one in given.items()
        if "meeting_due" in str(one)
    }


def test_a_series_that_has_come_to_a_stop(network: Network) -> None:
    one = series(network, network.convener)
    for on in (datetime(2026, 1, 31, 9, tzinfo=UTC), datetime(2026, 2, 10, 9, tzinfo=UTC)):
        held(network, one, on)
    assert due(datetime(2026, 6, 1, tzinfo=UTC), 40) == {"2026-06-10": ["meeting_due Sam Mankallande"]}
    (notice,) = db.session.scalars(sa.select(Notice).where(Notice.kind == "meeting_due"))
    assert (notice.details, notice.path) == ({"series": "LAMP", "months": 4}, "/groups/natverket/meetings")
    held(network, one, datetime(2026, 7, 20, 9, tzinfo=UTC))
    assert due(datetime(2026, 7, 12, tzinfo=UTC), 100) == {}
    assert due(datetime(2026, 11, 20, tzinfo=UTC), 2) == {"2026-11-20": ["meeting_due Sam Mankallande"]}


@pytest.mark.parametrize("why", ["ended", "no rhythm", "planned", "asked about", "archived", "cancelled only"])
def test_a_series_that_is_as_it_should_be(network: Network, why: str) -> None:
    one = series(network, network.convener, months=None if why == "no rhythm" else 4)
    made = held(network, one, datetime(2026, 2, 10, 9, tzinfo=UTC))
    with time_machine.travel(datetime(2026, 2, 1, tzinfo=UTC)):
        if why == "ended":
            one.is_ended = True
        elif why == "archived":
            network.group.is_archived = True
        elif why == "planned":
            later = datetime(2026, 9, 1, 9, tzinfo=UTC)
            actions.plan_meeting(
                network.group, Plan("LAMP", later, later + timedelta(hours=1)), series=one, by=network.convener
            )
        elif why == "asked about":
            later = datetime(2026, 9, 1, 9, tzinfo=UTC)
            question = Question("LAMP", datetime(2026, 8, 1, tzinfo=UTC), [(later, later + timedelta(hours=1))])
            open_poll(network.group, question, Asked([network.member]), series=one, by=network.convener)
        elif why == "cancelled only":
            actions.cancel_meeting(made, by=network.convener)
        db.commit()
    assert due(datetime(2026, 6, 8, tzinfo=UTC), 5) == {}


def test_it_is_part_of_the_worker_s_housekeeping() -> None:
    assert reminders.remind in outbox.housekeeping
