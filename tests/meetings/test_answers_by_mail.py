"""Answers by the mail program's own button: from the call that went out to the answer that is taken over, or is not."""

from __future__ import annotations

import contextvars
import logging
import signal
import smtplib
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from portal import audit, db, outbox
from portal.meetings import actions
from portal.meetings.calls import replies, tokens
from portal.meetings.calls.replies import Outcome
from portal.meetings.models import Answer, AnswerVia, Invitation
from portal.people import actions as people
from portal.people.models import Membership
from portal.web import Edge
from tests import commands, mail_server, servers
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
    program_answer,
    text_of,
)

PROGRAMS = ("outlook", "gmail", "apple", "thunderbird")
ANSWERED = NOW + timedelta(minutes=30)  # the messages say 10.05


@pytest.fixture(autouse=True)
def in_november(app: Edge, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(app.config["SETTINGS"], "reply_to", REPLY_TO)
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def invitation(app: Edge, network: Network) -> Invitation:
    """The member's, mailed."""
    meeting = call(network.group, network.convener)
    outbox.run_all()
    return invitation_of(meeting, network.member)


def written(invitation: Invitation, program: str = "gmail", **more: Any) -> bytes:
    values: dict[str, Any] = {
        "to": tokens.reply_address(invitation), "sender": invitation.email, "uid": invitation.meeting.uid,
        "sequence": invitation.mailed_revision or 0, **more,
    }  # fmt: skip
    return program_answer(program, **values)


def take(invitation: Invitation, content: bytes, *, address: str = "") -> Outcome:
    with time_machine.travel(ANSWERED):
        outcome = replies.take(content, address or tokens.reply_address(invitation))
        db.commit()
        outbox.run_all()
    db.session.expire_all()
    return outcome


def noted(action: str) -> list[dict[str, Any]]:
    rows = sa.select(audit.AuditEntry).where(audit.AuditEntry.action == action).order_by(audit.AuditEntry.id)
    return [row.details for row in db.session.scalars(rows)]


def unanswered(invitation: Invitation) -> bool:
    return (invitation.answer, invitation.answered_at, invitation.comment) == (None, None, "")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("partstat", "answer"),
    [("ACCEPTED", Answer.ON_SITE), ("TENTATIVE", Answer.TENTATIVE), ("DECLINED", Answer.DECLINED)],
)
def test_the_button_of_each_program(invitation: Invitation, program: str, partstat: str, answer: Answer) -> None:
    assert take(invitation, written(invitation, program, partstat=partstat)) is Outcome.TAKEN
    assert (invitation.answer, invitation.answered_via) == (answer, AnswerVia.MAIL)
    assert invitation.answered_at == datetime(2026, 11, 2, 9, 5, tzinfo=UTC)
    assert invitation.comment == ("Vi ses där." if program == "outlook" else "")
    assert noted("invitation_answered") == [{"answer": answer.value, "via": "mail"}]


def test_where_there_is_no_place_one_comes_online(app: Edge, network: Network) -> None:
    invitation = invitation_of(call(network.group, network.convener, place=""), network.member)
    outbox.run_all()
    assert take(invitation, written(invitation)) is Outcome.TAKEN
    assert invitation.answer is Answer.ONLINE


def test_a_guest_answers_too(app: Edge, network: Network) -> None:
    guest = invite_guest(call(network.group, network.convener), email="Gast.Talare@Utanfor.example")
    outbox.run_all()
    assert take(guest, written(guest, sender="gast.talare@utanfor.example")) is Outcome.TAKEN
    assert guest.answer is Answer.ON_SITE


def test_the_answer_goes_into_the_next_call(app: Edge, network: Network, invitation: Invitation) -> None:
    take(invitation, written(invitation, partstat="TENTATIVE"))
    change(invitation.meeting, place="Sal 7", by=network.convener)
    made = mail_to(app, network.member.email)[-1]
    assert event_of(made)["attendee"].params["PARTSTAT"] == "TENTATIVE"


REFUSED = {
    "another sender": ({"old": "Med_Lem?= <person", "new": "Med_Lem?= <x.person"}, Outcome.UNLIKE, "sender"),
    "another who answers": ({"old": ":mailto:person", "new": ":mailto:x.person"}, Outcome.UNLIKE, "attendee"),
    "another meeting": ({"uid": "other@samverkansportalen"}, Outcome.UNLIKE, "uid"),
    "another proposal": ({"old": "METHOD:REPLY", "new": "METHOD:COUNTER"}, Outcome.PROPOSAL, "proposal"),
    "a call of one's own": ({"old": "METHOD:REPLY", "new": "METHOD:REQUEST"}, Outcome.UNLIKE, "method"),
    "handed on": ({"partstat": "DELEGATED"}, Outcome.UNLIKE, "partstat"),
    "no answer": ({"partstat": "NEEDS-ACTION"}, Outcome.UNLIKE, "partstat"),
    "no calendar": (
        {"old": "text/calendar", "new": "text/x-calendar"},
        Outcome.UNREADABLE,
        "not one answer to one meeting",
    ),
    "broken": ({"old": "END:VEVENT", "new": "BEGIN:VEVENT"}, Outcome.TAKEN, ""),
    "nothing": ({"old": "BEGIN:VEVENT", "new": "BEGIN:VTODO"}, Outcome.UNREADABLE, "not one answer to one meeting"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_s42_what_is_refused_and_the_word_of_help(
    app: Edge, network: Network, invitation: Invitation, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The refusal is logged, what was written is not."""
    more, outcome, reason = REFUSED[case]
    with caplog.at_level(logging.WARNING, "portal.security"):
        for _time in range(3):  # help comes once a day
            assert take(invitation, written(invitation, **more)) is outcome
    if outcome is Outcome.TAKEN:
        return
    assert unanswered(invitation)
    assert noted("answer_by_mail_refused") == [{"reason": reason}] * 3
    assert f"reason={reason!r}" in caplog.text
    assert "Vi ses" not in caplog.text
    assert network.member.email not in caplog.text
    _call, letter = mail_to(app, network.member.email)
    assert "https://portal.test/answers/" in text_of(letter)
    assert {made["To"].addresses[0].addr_spec for made in mail_server.kept(app)} == {
        person.email for person in (network.convener, network.secretary, network.member, network.observer)
    }  # nobody else, whoever the message says it is from


def test_only_the_own_signed_address(app: Edge, network: Network, invitation: Invitation) -> None:
    other = invitation_of(invitation.meeting, network.observer)
    right = tokens.reply_address(invitation)
    local, _at, domain = right.partition("@")
    number, _dash, signature = local.partition("+")[2].partition("-")
    for address in (
        "", REPLY_TO, f"answer+@{domain}", f"answer+{number}@{domain}", f"answer+{number}-@{domain}", f"answer+{number}-{signature[:-1]}@{domain}",
        f"answer+{other.id}-{signature}@{domain}", f"answer+999999-{signature}@{domain}", f"answer+{'9' * 40}-{signature}@{domain}",
        f"{local}@evil.example", f"other+{number}-{signature}@{domain}", "answer+\x00@portal.example", tokens.answer_token(invitation),
    ):  # fmt: skip
        assert take(invitation, written(invitation), address=address or "x") is Outcome.UNKNOWN, address
    assert unanswered(invitation)
    assert take(invitation, written(invitation), address=f"<{right.upper()}>") is Outcome.TAKEN  # mail servers do that


def test_the_address_of_another_invitation_is_not_enough(app: Edge, network: Network, invitation: Invitation) -> None:
    other = invitation_of(invitation.meeting, network.observer)
    assert take(other, written(invitation), address=tokens.reply_address(other)) is Outcome.UNLIKE
    assert unanswered(invitation)
    assert unanswered(other)


def test_an_answer_to_an_older_date_brings_the_call_again(app: Edge, network: Network, invitation: Invitation) -> None:
    old = written(invitation)
    change(
        invitation.meeting,
        starts_at=START + timedelta(days=1),
        ends_at=START + timedelta(days=1, hours=1),
        by=network.convener,
    )
    for _time in range(3):
        assert take(invitation, old) is Outcome.AGAIN
    assert unanswered(invitation)
    _first, moved, again = mail_to(app, network.member.email)  # once a day, not as often as a program asks for it
    assert calendar_of(again)["METHOD"] == "REQUEST"
    assert event_of(again)["SEQUENCE"] == event_of(moved)["SEQUENCE"]
    assert event_of(again).decoded("dtstart") == START + timedelta(days=1)
    assert text_of(again).splitlines()[0] != text_of(moved).splitlines()[0]
    new = written(invitation, old="20261124T083000Z", new="20261125T083000Z")
    assert take(invitation, new) is Outcome.TAKEN


def test_another_place_does_not_make_an_answer_old(app: Edge, network: Network, invitation: Invitation) -> None:
    old = written(invitation, "outlook")
    change(invitation.meeting, place="Sal 7", by=network.convener)
    outbox.run_all()
    assert take(invitation, old) is Outcome.TAKEN


def test_without_a_date_the_sequence_decides(app: Edge, network: Network, invitation: Invitation) -> None:
    undated = {"old": "DTSTART:20261124T083000Z", "new": "X-NOTHING:x"}
    assert take(invitation, written(invitation, sequence=0, **undated)) is Outcome.AGAIN
    assert take(invitation, written(invitation, **undated)) is Outcome.TAKEN


def test_the_newer_answer_stays(app: Edge, network: Network, invitation: Invitation) -> None:
    second = written(invitation, partstat="DECLINED", stamp="20261102T091000Z")
    assert take(invitation, second) is Outcome.TAKEN
    assert take(invitation, written(invitation)) is Outcome.OLDER  # written before, delivered after
    assert take(invitation, second) is Outcome.TAKEN  # delivered twice
    assert invitation.answer is Answer.DECLINED
    with time_machine.travel(ANSWERED):
        actions.answer_invitation(invitation, Answer.ONLINE, by=network.member)
        db.commit()
    assert take(invitation, second) is Outcome.OLDER
    assert (invitation.answer, invitation.answered_via) == (Answer.ONLINE, AnswerVia.PORTAL)
    assert len(mail_to(app, network.member.email)) == 1  # no help is needed


def test_a_clock_that_goes_wrong_does_not_lock_the_answer(app: Edge, invitation: Invitation) -> None:
    assert take(invitation, written(invitation, stamp="20991231T235959Z")) is Outcome.TAKEN
    assert invitation.answered_at is not None
    assert invitation.answered_at <= ANSWERED + timedelta(minutes=5)


@pytest.mark.parametrize("comment", ["Ring 811228-9874 om mig", "Nås på 070-174 06 05"])
def test_s33_the_guard_reads_the_comment(app: Edge, network: Network, invitation: Invitation, comment: str) -> None:
    content = written(invitation, "outlook", old=":Vi ses där.\\n", new=f":{comment}")
    assert take(invitation, content) is Outcome.TAKEN
    assert (invitation.answer, invitation.comment) == (Answer.ON_SITE, "")
    letter = mail_to(app, network.member.email)[-1]
    assert comment[-6:] not in letter.as_string() + text_of(letter)


def test_a_long_comment_is_cut(invitation: Invitation) -> None:
    assert (
        take(invitation, written(invitation, "outlook", old=":Vi ses där.\\n", new=":" + "Åh! " * 400)) is Outcome.TAKEN
    )
    assert len(invitation.comment) == 500


def test_when_it_is_too_late(app: Edge, network: Network, invitation: Invitation) -> None:
    content = written(invitation)
    actions.cancel_meeting(invitation.meeting, by=network.convener)
    db.commit()
    assert take(invitation, content) is Outcome.OVER
    assert unanswered(invitation)
    _call, _cancelled, letter = mail_to(app, network.member.email)
    assert "/answers/" not in text_of(letter)


def test_who_is_not_called_any_longer_answers_nothing(app: Edge, network: Network, invitation: Invitation) -> None:
    content, other = written(invitation), invitation_of(invitation.meeting, network.observer)
    other_content = written(other)
    for membership in db.session.scalars(sa.select(Membership).where(Membership.person_id == network.member.id)):
        people.remove_member(membership, by=None)
    other.withdrawn_at = db.now()
    db.commit()
    assert [take(invitation, content), take(other, other_content)] == [Outcome.GONE, Outcome.GONE]
    assert unanswered(invitation)
    _call, taken_out = mail_to(app, network.member.email)
    assert calendar_of(taken_out)["METHOD"] == "CANCEL", "out of the calendar of who has left, and no word of help"


def test_out_of_office_notes_start_no_correspondence(app: Edge, network: Network, invitation: Invitation) -> None:
    note = EmailMessage()
    note["From"], note["Auto-Submitted"] = network.member.email, "auto-replied"
    note.set_content("Jag är borta")
    assert take(invitation, note.as_bytes()) is Outcome.AUTOMATIC
    assert len(mail_to(app, network.member.email)) == 1


def test_help_about_a_sensitive_meeting_says_nothing(app: Edge, network: Network) -> None:
    meeting = call(network.closed, network.convener, title="Zebraspaning")
    invitation = invitation_of(meeting, network.secretary)
    outbox.run_all()
    assert take(invitation, b"From: x@y.example\r\n\r\nHej") is Outcome.UNREADABLE
    letter = mail_to(app, network.secretary.email)[-1]
    whole = letter.as_string() + text_of(letter)
    assert [secret for secret in ("Zebraspaning", "Slutna", "Rosenbad", "Reterare") if secret in whole] == []
    assert take(invitation, written(invitation)) is Outcome.TAKEN


# --- the doors -------------------------------------------------------------------------------------------------------


def environment(app: Edge) -> dict[str, str]:
    return commands.environment(app) | {"PORTAL_REPLY_TO": REPLY_TO}


def deliver(app: Edge, content: bytes, *words: str, **more: str) -> int:
    db.pause()
    return subprocess.run(
        commands.command("mail", "deliver", *words), cwd=commands.ROOT, env=environment(app) | more, input=content,
        capture_output=True, timeout=300, check=False,
    ).returncode  # fmt: skip


def test_one_message_on_standard_input(app: Edge, network: Network, invitation: Invitation) -> None:
    content = written(invitation, stamp="20200101T000000Z")  # the process has the clock of this machine
    assert deliver(app, b"From: a@b.example\r\nTo: x@portal.example\r\n\r\nHej") == 65
    assert deliver(app, b"") == 65
    assert deliver(app, content, "--to", "x@portal.example") == 65
    assert deliver(app, content, PORTAL_DATABASE_URL="sqlite:////nowhere/at/all.db") == 75
    assert unanswered(invitation)
    assert deliver(app, content) == 0
    db.session.expire_all()
    assert invitation.answered_via is AnswerVia.MAIL
    assert (
        deliver(app, b"From: a@b.example\r\n\r\nHej", "--to", tokens.reply_address(invitation)) == 0
    )  # refused, with help


def talk(port: int, content: bytes, *recipients: str) -> list[int]:
    """Hand a message in as a mail server does; the codes of its answers."""
    with smtplib.LMTP("127.0.0.1", port, timeout=60) as door:
        door.ehlo_or_helo_if_needed()
        codes = [door.mail("someone@mail.example")[0]]
        codes += [door.rcpt(recipient)[0] for recipient in recipients]
        if codes[1] == 250:
            codes.append(door.data(content)[0])
        return codes


def test_by_lmtp(app: Edge, network: Network, invitation: Invitation) -> None:
    other = invitation_of(invitation.meeting, network.observer)
    content, port = written(invitation, stamp="20200101T000000Z"), servers.free_port()
    address, others = tokens.reply_address(invitation), tokens.reply_address(other)
    db.pause()
    process = subprocess.Popen(
        commands.command("mail", "receive", "--port", str(port)), cwd=commands.ROOT, env=environment(app), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert process.stdout.readline() == f"listening on 127.0.0.1:{port}\n".encode()
        assert talk(port, content, "answer@portal.example") == [250, 550]
        assert talk(port, content, address, others) == [250, 250, 452, 250]
        assert talk(port, b"nonsense", others) == [250, 250, 250]
        assert talk(port, b"Hej hej\r\n" * 150_000, address)[-1] == 552
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        logged = process.stderr.read().decode()
        process.stdout.close()
        process.stderr.close()
    assert "answer by mail refused" in logged
    assert address.partition("@")[0] not in logged  # whoever reads the log must not be able to answer
    db.session.expire_all()
    assert (invitation.answer, invitation.answered_via) == (Answer.ON_SITE, AnswerVia.MAIL)
    assert unanswered(other)


def test_the_door_when_the_database_is_away(app: Edge) -> None:
    """The mail server keeps the message and comes again."""
    from portal.notifications.receiving.lmtp import LmtpServer

    def away(*_words: object) -> bool:
        raise sa.exc.OperationalError("SELECT", {}, Exception("away"))

    for is_ours, codes in ((away, [250, 451]), (lambda _address: True, [250, 250, 451])):
        server = LmtpServer("127.0.0.1", servers.free_port(), is_ours=is_ours, take=away, largest=1_000_000)
        contextvars.Context().run(server.start)
        try:
            assert talk(server.port, b"From: a@b.example\r\n\r\nHej", "answer+1-x@portal.example") == codes
        finally:
            server.stop()
