"""Calls by mail that calendars understand (RFC 5546, RFC 6047)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from pydantic import SecretStr

from portal import audit, db, outbox
from portal.meetings import actions
from portal.meetings.calls import letters
from portal.meetings.models import Answer, Invitation, Meeting
from portal.notifications import actions as notifications
from portal.notifications.models import Channel, Notice
from portal.people import actions as people
from portal.people.models import Membership, Person
from portal.web import Edge
from tests import mail_server
from tests.factories import Network
from tests.meetings.calling import (
    NOW,
    REPLY_TO,
    START,
    calendar_of,
    call,
    change,
    event_of,
    invitation_of,
    invite_guest,
    mail_to,
    text_of,
)


@pytest.fixture(autouse=True)
def in_november(app: Edge, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(app.config["SETTINGS"], "reply_to", REPLY_TO)
    with time_machine.travel(NOW):
        yield


def leave(person: Person) -> None:
    for membership in db.session.scalars(sa.select(Membership).where(Membership.person_id == person.id)):
        people.remove_member(membership, by=None)
    db.commit()


def mailed_revisions(meeting: Meeting) -> set[int | None]:
    return {one.mailed_revision for one in meeting.invitations}


def test_a_call_as_calendars_read_it(app: Edge, network: Network) -> None:
    meeting = call(network.group, network.convener)
    (made,) = mail_to(app, network.member.email)
    event = event_of(made)
    assert calendar_of(made)["METHOD"] == "REQUEST"
    assert (event["UID"], event["SEQUENCE"]) == (meeting.uid, meeting.revision)
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (START, START + timedelta(hours=6))
    assert abs(event.decoded("dtstamp") - NOW) < timedelta(minutes=5)
    assert (event["summary"], event["location"], event["status"]) == ("LAMP-möte", "Rosenbad 4", "CONFIRMED")
    assert event["conference"] == "https://video.example/lamp"
    assert "1. Lägesbilder från länen" in event["description"]
    assert f"https://portal.test/meetings/{meeting.id}" in event["description"]
    assert "https://video.example/lamp" in event["description"]
    assert re.fullmatch(r"mailto:answer\+\d+-[a-z2-7]{24}@portal\.example", event["organizer"])
    assert event["organizer"].params["CN"] == network.group.name
    assert event["attendee"] == f"mailto:{network.member.email}"
    assert dict(event["attendee"].params) == {
        "CN": "Med Lem", "CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE",
    }  # fmt: skip
    assert made["Reply-To"] == event["organizer"].removeprefix("mailto:")
    assert len(made["Reply-To"].split("@")[0]) <= 64


def test_each_gets_an_own_mail_without_the_others_addresses(app: Edge, network: Network) -> None:
    call(network.group, network.convener)
    outbox.run_all()
    everybody = {network.convener, network.secretary, network.member, network.observer}
    assert len(mail_server.kept(app)) == len(everybody)
    addresses = set()
    for person in everybody:
        (made,) = mail_to(app, person.email)
        addresses.add(made["Reply-To"])
        whole = made.as_string() + text_of(made) + str(calendar_of(made).to_ical())
        for other in everybody - {person}:
            assert other.email not in whole
    assert len(addresses) == len(everybody)


def test_the_text_says_when_and_where_and_how_to_answer(app: Edge, network: Network) -> None:
    meeting = call(network.group, network.convener, reply_by=START - timedelta(days=5))
    text = text_of(mail_to(app, network.member.email)[0])
    assert "tisdag 24 november 2026" in text
    assert "09.30–15.30" in text
    assert "Rosenbad 4" in text
    assert "https://video.example/lamp" in text
    assert "torsdag 19 november" in text
    assert f"https://portal.test/meetings/{meeting.id}\n" in text
    links = re.findall(r"^https://portal\.test/answers/\S+$", text, re.MULTILINE)
    assert [link.rpartition("answer=")[2] for link in links] == ["on_site", "online", "declined"]
    network.secretary.language = "en"
    change(meeting, place="Sal 7", by=network.convener)
    english = text_of(mail_to(app, network.secretary.email)[1])
    assert "Tuesday 24 November 2026" in english
    assert "?lang=en&answer=on_site" in english


def test_without_a_reply_address_no_answer_by_mail_is_asked_for(
    app: Edge, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.config["SETTINGS"], "reply_to", "")
    call(network.group, network.convener)
    (made,) = mail_to(app, network.member.email)
    assert event_of(made)["organizer"] == "mailto:portal@portal.example"
    assert event_of(made)["attendee"].params["RSVP"] == "FALSE"
    assert "Reply-To" not in made


@pytest.mark.parametrize(
    ("answer", "partstat"),
    [
        (Answer.ON_SITE, "ACCEPTED"),
        (Answer.ONLINE, "ACCEPTED"),
        (Answer.TENTATIVE, "TENTATIVE"),
        (Answer.DECLINED, "DECLINED"),
    ],
)
def test_a_moved_meeting_keeps_the_answer_and_replaces_the_entry(
    app: Edge, network: Network, answer: Answer, partstat: str
) -> None:
    meeting = call(network.group, network.convener)
    (first,) = mail_to(app, network.member.email)
    actions.answer_invitation(invitation_of(meeting, network.member), answer, by=network.member)
    change(
        meeting, starts_at=START + timedelta(days=1), ends_at=START + timedelta(days=1, hours=2), by=network.convener
    )
    first, second = mail_to(app, network.member.email)
    assert event_of(second)["UID"] == event_of(first)["UID"]
    assert event_of(second)["SEQUENCE"] > event_of(first)["SEQUENCE"]
    assert event_of(second).decoded("dtstart") == START + timedelta(days=1)
    assert event_of(second)["attendee"].params["PARTSTAT"] == partstat
    assert first["Message-ID"] != second["Message-ID"]
    assert "onsdag 25 november" in text_of(second)


def test_a_cancelled_meeting_is_taken_out_of_calendars_once(app: Edge, network: Network) -> None:
    meeting = call(network.group, network.convener)
    mail_to(app, network.member.email)
    actions.cancel_meeting(meeting, by=network.convener)
    db.commit()
    first, second = mail_to(app, network.member.email)
    event = event_of(second)
    assert (calendar_of(second)["METHOD"], event["STATUS"]) == ("CANCEL", "CANCELLED")
    assert event["SEQUENCE"] > event_of(first)["SEQUENCE"]
    assert event.walk("VALARM") == []
    assert "/answers/" not in text_of(second)
    letters.send_invitation(invitation_id=invitation_of(meeting, network.member).id)
    db.commit()
    assert len(mail_to(app, network.member.email)) == 2


def test_what_was_cancelled_before_the_call_went_out_is_not_mailed(app: Edge, network: Network) -> None:
    meeting = call(network.group, network.convener)
    actions.cancel_meeting(meeting, by=network.convener)
    db.commit()
    assert mail_to(app, network.member.email) == []


def test_whoever_is_no_longer_called_hears_it_once(app: Edge, network: Network) -> None:
    meeting = call(network.group, network.convener)
    mail_to(app, network.member.email)
    mine, observers = invitation_of(meeting, network.member), invitation_of(meeting, network.observer)
    observers.mailed_revision = None  # as if the mail had not gone out yet
    for invitation in (mine, observers):
        invitation.withdrawn_at = db.now()
    db.commit()
    for _time in range(2):
        for invitation in (mine, observers):
            letters.send_invitation(invitation_id=invitation.id)
            db.commit()
    _first, second = mail_to(app, network.member.email)
    assert calendar_of(second)["METHOD"] == "CANCEL"
    assert len(mail_to(app, network.observer.email)) == 1
    change(meeting, place="Någon annanstans", by=network.convener)
    assert len(mail_to(app, network.member.email)) == 2
    actions.invite(meeting, network.member, replaces=observers, by=network.convener)
    db.commit()
    third = mail_to(app, network.member.email)[2]
    assert calendar_of(third)["METHOD"] == "REQUEST"
    assert event_of(third)["SEQUENCE"] >= event_of(second)["SEQUENCE"]


def test_nothing_is_mailed_twice_for_one_revision(app: Edge, network: Network) -> None:
    meeting = call(network.group, network.convener)
    invitation = invitation_of(meeting, network.member)
    for _time in range(3):
        outbox.enqueue("invitation_mail", invitation_id=invitation.id)
    db.commit()
    assert len(mail_to(app, network.member.email)) == 1
    assert invitation.mailed_revision == meeting.revision
    letters.send_invitation(invitation_id=999_999)
    change(meeting, practical="Lunch 12.00", by=network.convener)  # nothing that calendars show
    assert len(mail_to(app, network.member.email)) == 1


def test_a_handler_that_ends_half_way_does_not_lose_it(
    app: Edge, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server.running() as server:
        monkeypatch.setattr(app.config["SETTINGS"], "smtp_url", SecretStr(server.url))
        server.answer = "451 not now"
        meeting = call(network.group, network.convener)
        invitation = invitation_of(meeting, network.member)
        outbox.run_all()
        assert mailed_revisions(meeting) == {None}
        server.answer = "250 OK"
        db.session.execute(sa.update(outbox.Job).values(run_at=db.now()))
        db.commit()
        outbox.run_all()
        assert mailed_revisions(meeting) == {meeting.revision}
        assert len([one for one in server.taken if one["To"].addresses[0].addr_spec == network.member.email]) == 1
        change(meeting, place="Sal 7", by=network.convener)
        letters.send_invitation(invitation_id=invitation.id)
        db.rollback()  # sent, and the worker ended before that was noted
        outbox.run_all()
        mine = [one for one in server.taken if one["To"].addresses[0].addr_spec == network.member.email]
        assert len(mine) == 3
        assert mine[1]["Message-ID"] == mine[2]["Message-ID"] != mine[0]["Message-ID"]
        assert invitation.mailed_revision == meeting.revision


def test_an_address_that_is_refused_is_noted(app: Edge, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server.running() as server:
        monkeypatch.setattr(app.config["SETTINGS"], "smtp_url", SecretStr(server.url))
        server.recipient_answer = "550 no such person"
        meeting = call(network.group, network.convener)
        outbox.run_all()
    noted = db.session.scalars(sa.select(audit.AuditEntry).where(audit.AuditEntry.action == "mail_refused")).all()
    assert {(row.object_type, row.object_id) for row in noted} == {
        ("invitation", one.id) for one in db.session.scalars(sa.select(Invitation))
    }
    assert invitation_of(meeting, network.member).mailed_revision is None


def test_a_whole_day(app: Edge, network: Network) -> None:
    starts = START.replace(hour=23, minute=0) - timedelta(days=1)
    call(network.group, network.convener, starts_at=starts, ends_at=starts + timedelta(days=1), is_all_day=True)
    (made,) = mail_to(app, network.member.email)
    assert (event_of(made).decoded("dtstart"), event_of(made).decoded("dtend")) == (
        date(2026, 11, 24),
        date(2026, 11, 25),
    )
    assert "00.00" not in text_of(made)


def test_a_meeting_in_the_year_2099(app: Edge, network: Network) -> None:
    starts = datetime.fromisoformat("2099-07-01T08:00:00+00:00")
    call(network.group, network.convener, starts_at=starts, ends_at=starts + timedelta(hours=1))
    (made,) = mail_to(app, network.member.email)
    assert b"DTSTART;TZID=Europe/Stockholm:20990701T100000" in calendar_of(made).to_ical()
    assert event_of(made).decoded("dtstart") == starts


SECRETS = (
    "Zebraspaning",
    "Grevgatan",
    "video.example",
    "Lägesbilder",
    "Slutna",
    "slutna",
    "Sek Reterare",
)


def test_s28_a_sensitive_group_says_only_that_there_is_a_meeting(app: Edge, network: Network) -> None:
    meeting = call(
        network.closed, network.convener, title="Zebraspaning", place="Grevgatan 1", practical="Zebraspaning"
    )
    change(meeting, place="Grevgatan 2", by=network.convener)
    mail_to(app, network.secretary.email)
    actions.cancel_meeting(meeting, by=network.convener)
    db.commit()
    mails = mail_to(app, network.secretary.email)
    assert len(mails) == 2
    for made in mails:
        whole = made.as_string() + text_of(made) + calendar_of(made).to_ical().decode()
        assert [secret for secret in SECRETS if secret in whole] == []
        event = event_of(made)
        assert event.decoded("dtstart") == START
        assert event["url"] == event["description"] == f"https://portal.test/meetings/{meeting.id}"
        assert f"https://portal.test/meetings/{meeting.id}\n" in text_of(made)
        assert event["organizer"].params["CN"] == "Samverkansportalen"
        assert "CN" not in event["attendee"].params
        assert "tisdag 24 november" in text_of(made)
    assert event_of(mails[0])["summary"] in {"Meeting in Samverkansportalen", "Möte i Samverkansportalen"}
    subjects = [made["Subject"].replace("\N{NO-BREAK SPACE}", " ") for made in mails]
    assert subjects == ["Kallelse: Möte tis 24 nov kl. 09.30", "Inställt: Möte tis 24 nov kl. 09.30"]


@pytest.mark.parametrize("is_sensitive", [False, True])
def test_s28_why_it_is_cancelled_stands_in_the_mail_unless_the_group_is_sensitive(
    app: Edge, network: Network, is_sensitive: bool
) -> None:
    meeting = call(network.closed if is_sensitive else network.group, network.convener)
    mail_to(app, network.secretary.email)
    actions.cancel_meeting(meeting, reason="Zebran är sjuk", by=network.convener)
    db.commit()
    last = mail_to(app, network.secretary.email)[-1]
    assert ("Varför: Zebran är sjuk" in text_of(last)) is not is_sensitive
    assert ("Zebran" in last.as_string() + calendar_of(last).to_ical().decode() + text_of(last)) is not is_sensitive


def test_s28_the_subject_tells_days_of_a_sensitive_group_apart(app: Edge, network: Network) -> None:
    call(network.closed, network.convener, title="Zebraspaning", is_all_day=True)
    (made,) = mail_to(app, network.secretary.email)
    assert made["Subject"].replace("\N{NO-BREAK SPACE}", " ") == "Kallelse: Möte tis 24 nov"


def test_the_file_of_a_sensitive_meeting_says_no_more(
    app: Edge, network: Network, sign_in: object, built_front_end: object
) -> None:
    meeting = call(network.closed, network.convener, title="Zebraspaning", place="Grevgatan 1")
    db.commit()
    content = sign_in(network.secretary).get(f"/meetings/{meeting.id}/ics").text  # type: ignore[operator]
    assert [secret for secret in SECRETS if secret in content] == []
    assert "20261124T093000" in content


def test_who_left_or_was_shut_out_gets_no_more_mail(app: Edge, network: Network) -> None:
    meeting = call(network.group, network.convener)
    mail_to(app, network.member.email)
    leave(network.member)
    people.disable_person(network.observer, by=network.admin)
    change(meeting, starts_at=START + timedelta(hours=1), by=network.convener)
    actions.cancel_meeting(meeting, by=network.convener)
    db.commit()
    assert len(mail_to(app, network.observer.email)) == 1, "no account, no mail"
    first, last = mail_to(app, network.member.email)
    event = event_of(last)
    assert (calendar_of(last)["METHOD"], event["STATUS"]) == ("CANCEL", "CANCELLED"), "out of the calendar, and no more"
    assert (event["UID"], event["SEQUENCE"] > event_of(first)["SEQUENCE"]) == (meeting.uid, True)
    whole = last.as_string() + text_of(last) + str(event.to_ical())
    assert [
        word for word in ("LAMP-möte", "Rosenbad", "video.example", "meetings/", "natverket") if word in whole
    ] == []
    assert len(mail_to(app, network.secretary.email)) == 2  # the change and the cancelling were one by then


def test_somebody_from_outside_the_group_is_called_too(app: Edge, network: Network) -> None:
    meeting = call(network.group, network.convener)
    actions.invite(meeting, network.outsider, by=network.convener)
    db.commit()
    assert len(mail_to(app, network.outsider.email)) == 1


def test_a_guest_is_called_like_the_others(app: Edge, network: Network) -> None:
    meeting = call(network.group, network.convener)
    guest = invite_guest(meeting, "Gäst\r\nBcc: evil@evil.example")
    (made,) = mail_to(app, guest.email)
    assert "Bcc" not in made
    assert event_of(made)["attendee"] == "mailto:gast@utanfor.example"
    assert (
        f"/meetings/{meeting.id}" not in text_of(made) + event_of(made)["description"]
    )  # no page for who has no account
    assert "/answers/" in event_of(made)["url"]
    change(meeting, place="Sal 7", by=network.convener)
    assert len(mail_to(app, guest.email)) == 2


def test_titles_and_names_make_no_headers_and_no_properties(app: Edge, network: Network) -> None:
    bad = "Möte\r\nBcc: evil\r\nATTENDEE:mailto:evil"
    call(network.group, network.convener, title=bad, place=bad)
    (made,) = mail_to(app, network.member.email)
    assert "Bcc" not in made
    assert event_of(made)["attendee"] == f"mailto:{network.member.email}"


def test_calls_come_as_each_wishes(app: Edge, network: Network) -> None:
    notifications.choose_channels(network.member, {"meeting_called": Channel.PORTAL}, by=network.member)
    notifications.choose_channels(network.observer, {"meeting_called": Channel.DAILY}, by=network.observer)
    meeting = call(network.group, network.convener)
    assert mail_to(app, network.member.email) == mail_to(app, network.observer.email) == []
    waiting = sa.select(Notice.due_at.is_not(None)).where(Notice.person_id == network.observer.id)
    assert db.session.scalars(waiting).all() == [True]
    notifications.choose_channels(network.secretary, {"meeting_called": Channel.PORTAL}, by=network.secretary)
    change(meeting, place="Sal 7", by=network.convener)
    assert len(mail_to(app, network.secretary.email)) == 2  # what stands in a calendar is kept right
