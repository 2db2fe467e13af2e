"""What became of each notice: the log, what mail servers send back, and who may see it."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from pydantic import SecretStr

from portal import db, outbox
from portal.notifications import actions, letters, reminders
from portal.notifications.delivery import actions as deliveries
from portal.notifications.delivery import bounces, policy
from portal.notifications.delivery.bounces import Bounce, bounce_address
from portal.notifications.delivery.models import AddressTrouble, Delivery, State, Via
from portal.notifications.habits import Hours
from portal.notifications.models import Channel, Notice
from portal.notifications.receiving import readers
from portal.people import actions as people
from portal.people.models import Group, Membership, Person
from portal.web import Edge
from tests import factories, mail_server
from tests.conftest import Sign
from tests.factories import Network

OURS = "answer@portal.example"


@pytest.fixture
def server(app: Edge, monkeypatch: pytest.MonkeyPatch) -> Iterator[mail_server.MailServer]:
    with mail_server.running() as made:
        monkeypatch.setattr(app.config["SETTINGS"], "smtp_url", SecretStr(made.url))
        monkeypatch.setattr(app.config["SETTINGS"], "reply_to", OURS)
        yield made


def tell(person: Person, group: Group | None, title: str = "LAMP") -> None:
    actions.notify(
        [person],
        "meeting_cancelled",
        group=group,
        path="/",
        by=None,
        title=title,
        starts_at="2026-12-01T08:30:00+00:00",
    )
    db.commit()


def sent_to(person: Person, group: Group | None) -> None:
    tell(person, group)
    outbox.run_all()


def logged() -> list[tuple[State, str]]:
    db.session.expire_all()
    return [(row.state, row.code) for row in db.session.scalars(sa.select(Delivery).order_by(Delivery.id))]


def bounce(*, status: str = "5.1.1", action: str = "failed", diagnostic: str = "", original: str = "") -> bytes:
    """What Postfix sends back."""
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example (Mail Delivery System)\r\nTo: someone@portal.example\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nI'm sorry to have to inform you\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\nArrival-Date: now\r\n\r\n"
        f"Final-Recipient: rfc822; medlem@foreningen.example\r\nAction: {action}\r\nStatus: {status}\r\n{diagnostic}\r\n"
        f"--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: {original}\r\n\r\nHej\r\n--x--\r\n"
    ).encode()


def test_a_mail_is_logged_when_it_is_made_and_when_it_is_sent(
    app: Edge, network: Network, server: mail_server.MailServer
) -> None:
    tell(network.member, network.group)
    assert logged() == [(State.QUEUED, "")]
    outbox.run_all()
    assert logged() == [(State.SENT, "")]
    (sender,) = server.senders
    assert sender.startswith(f"answer+b{network.member.id}.")
    assert readers.reader_of(sender) is not None
    columns = {column.name for column in Delivery.__table__.columns}
    assert columns.isdisjoint({"title", "text", "subject", "body", "details"})


def test_what_is_withheld_for_the_quiet_hours_and_what_was_read_meanwhile(
    app: Edge, network: Network, server: mail_server.MailServer
) -> None:
    actions.choose_channels(network.member, {"meeting_cancelled": Channel.DAILY}, by=network.member)
    actions.choose_hours(network.observer, Hours(quiet_from=0, quiet_to=23), by=network.observer)
    tell(network.member, network.group)
    with time_machine.travel("2026-11-24T03:00:00+00:00", tick=False):
        tell(network.observer, network.group)
        assert logged() == [(State.WITHHELD, "")] * 2
    db.session.execute(sa.update(Notice).where(Notice.person_id == network.member.id).values(read_at=db.now()))
    db.commit()
    with time_machine.travel(db.now() + timedelta(days=8), tick=False):
        letters.gather_due()
        db.commit()
        outbox.run_all()
    assert logged() == [(State.SEEN, ""), (State.SENT, "")]
    assert len(server.taken) == 1


def test_who_has_left_or_unsubscribed_is_dropped(app: Edge, network: Network, server: mail_server.MailServer) -> None:
    tell(network.member, network.group)
    for membership in db.session.scalars(sa.select(Membership).where(Membership.person_id == network.member.id)):
        people.remove_member(membership, by=None)
    actions.choose_channels(network.convener, {"meeting_cancelled": Channel.WEEKLY}, by=network.convener)
    tell(network.convener, network.group)
    actions.unsubscribe(network.convener, "kind", "meeting_cancelled", by=network.convener)
    db.commit()
    outbox.run_all()
    assert logged() == [(State.DROPPED, ""), (State.DROPPED, "")]


@pytest.mark.parametrize(
    ("recipient_answer", "answer", "code", "is_dead"),
    [
        ("550 5.1.1 no such user", "250 OK", "550", True),
        ("554 5.7.1 Relay access denied", "250 OK", "554", False),
        ("250 OK", "554 5.7.1 we do not like it", "554", False),
    ],
)
def test_what_a_server_refuses_is_logged_and_the_address_marked_if_it_was_about_that(
    app: Edge,
    network: Network,
    server: mail_server.MailServer,
    recipient_answer: str,
    answer: str,
    code: str,
    is_dead: bool,
) -> None:
    server.recipient_answer, server.answer = recipient_answer, answer
    sent_to(network.member, network.group)
    assert logged() == [(State.REFUSED, code)]
    assert policy.has_dead_address(network.member) is is_dead


def test_a_server_that_is_away_for_good_is_logged(app: Edge, network: Network, server: mail_server.MailServer) -> None:
    server.recipient_answer = "450 4.2.0 later"
    tell(network.member, network.group)
    outbox.run_all()
    db.session.execute(sa.update(outbox.Job).values(run_at=db.now(), attempts=outbox.LAST_ATTEMPT - 1))
    db.commit()
    outbox.run_all()
    assert logged() == [(State.REFUSED, "given up")]


def test_a_hard_bounce_marks_the_address_and_nothing_more_is_sent_there(
    app: Edge, network: Network, server: mail_server.MailServer
) -> None:
    sent_to(network.member, network.group)
    readers.take(bounce(), server.senders)
    db.commit()
    assert logged() == [(State.BOUNCED, "5.1.1")]
    sent_to(network.member, network.group)
    assert len(server.taken) == 1
    assert logged() == [(State.BOUNCED, "5.1.1"), (State.BLOCKED, "")]


@pytest.mark.parametrize(("status", "action"), [("5.1.1", "failed"), ("4.2.2", "delayed")])
def test_what_comes_back_from_an_old_address_says_nothing_of_the_new_one(
    app: Edge, network: Network, server: mail_server.MailServer, status: str, action: str
) -> None:
    sent_to(network.member, network.group)
    network.member.email = "ny@foreningen.example"
    db.commit()
    readers.take(bounce(status=status, action=action), server.senders)
    db.commit()
    assert logged() == [(State.BOUNCED, "5.1.1") if action == "failed" else (State.SENT, "")]
    assert db.session.scalars(sa.select(AddressTrouble)).all() == []
    sent_to(network.member, network.group)
    readers.take(bounce(), server.senders[1:])
    db.commit()
    assert policy.has_dead_address(network.member)


def test_where_mail_comes_back_fits_an_address(app: Edge, network: Network, server: mail_server.MailServer) -> None:
    sent_to(network.member, network.group)
    (sender,) = server.senders
    assert len(sender.partition("@")[0]) + len("2147483647") - len(str(network.member.id)) <= 64  # RFC 5321, 4.5.3.1.1


def test_a_new_address_begins_without_trouble(app: Edge, network: Network, server: mail_server.MailServer) -> None:
    deliveries.mark_dead(network.member, code="550", by=None)
    network.member.email = "ny@foreningen.example"
    db.commit()
    assert not policy.has_dead_address(network.member)
    deliveries.count_soft(network.member, code="4.2.2", by=None)
    db.commit()
    (row,) = db.session.scalars(sa.select(AddressTrouble)).all()
    assert (row.email, row.dead_at, row.soft_count) == ("ny@foreningen.example", None, 1)


def test_soft_bounces_are_counted_and_stop_nothing(app: Edge, network: Network, server: mail_server.MailServer) -> None:
    sent_to(network.member, network.group)
    for _time in range(3):
        readers.take(bounce(status="4.2.2", action="delayed"), server.senders[:1])
        db.commit()
    assert logged() == [(State.SENT, "")]
    readers.take(
        bounce(status="5.2.2"), server.senders[:1]
    )  # a full mailbox, for good: the mail is lost, the address is not
    db.commit()
    assert logged() == [(State.BOUNCED, "5.2.2")]
    trouble = policy.own_trouble(network.member)
    assert trouble is not None
    assert (trouble.soft_count, trouble.dead_at) == (4, None)
    sent_to(network.member, network.group)
    assert len(server.taken) == 2


EXCHANGE = b"""From: Microsoft Outlook <postmaster@x.example>\r\nSubject: Undeliverable: Hej\r\nContent-Type: multipart/report;
 report-type=delivery-status; boundary="y"\r\n\r\n--y\r\nContent-Type: text/html\r\n\r\n<p>Delivery has failed</p>\r\n--y\r
Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;x\r\n\r\nFinal-recipient: RFC822;a@x.example\r\nAction: failed\r
Status: 5.0.0\r\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound\r\n\r\n--y--\r\n"""
AS_TEXT = b"""From: <>\r\nContent-Type: multipart/report; boundary="z"\r\n\r\n--z\r\nContent-Type: message/delivery-status\r
Content-Transfer-Encoding: base64\r\n\r\nUmVwb3J0aW5nLU1UQTogZG5zOyB4CgpBY3Rpb246IGZhaWxlZApTdGF0dXM6IDUuMS4yCg==\r\n--z--\r\n"""
QMAIL = b"""From: MAILER-DAEMON@old.example\r\nSubject: failure notice\r\n\r\nHi. This is the qmail-send program at old.example.\r
I'm afraid I wasn't able to deliver your message to the following addresses.\r\nThis is a permanent error; I've given up.\r
\r\n<medlem@foreningen.example>:\r\n192.0.2.1 does not like recipient.\r\nRemote host said: 550 no such user\r\n"""
QUOTA = (
    b"""From: Mail Delivery System <postmaster@x.example>\r\nSubject: Returned mail\r\n\r\n552 5.2.2 mailbox full\r\n"""
)
NO_FORM = (
    b"""From: postmaster@x.example\r\nSubject: Kan inte levereras\r\n\r\nMottagaren finns inte: 550-5.1.1 unknown\r\n"""
)
READ = {
    "postfix": (bounce(), Bounce("5.1.1", True, True)),
    "policy": (bounce(status="5.7.1"), Bounce("5.7.1", True, False)),
    "a bad sender": (bounce(status="5.1.8"), Bounce("5.1.8", True, False)),
    "no way there": (bounce(status="5.4.4"), Bounce("5.4.4", True, False)),
    "nothing said": (bounce(status="5.0.0"), Bounce("5.0.0", True, False)),
    "exim": (bounce(status="5.0.0", diagnostic="Diagnostic-Code: smtp; 550 no such user\r\n"), Bounce("550", True, True)),
    "exim relays nothing": (
        bounce(status="5.0.0", diagnostic="Diagnostic-Code: smtp; 550 relay not permitted\r\n"), Bounce("550", True, False),
    ),
    "delayed": (bounce(status="4.4.1", action="delayed"), Bounce("4.4.1", False, False)),
    "delivered": (bounce(status="2.0.0", action="delivered"), None),
    "a status with words": (bounce(status="5.1.1 (bad destination)"), Bounce("5.1.1", True, True)),
    "exchange": (EXCHANGE, Bounce("5.1.10", True, True)),
    "the report as text": (AS_TEXT, Bounce("5.1.2", True, True)),
    "qmail": (QMAIL, Bounce("550", True, True)),
    "quota": (QUOTA, Bounce("5.2.2", True, False)),
    "no form at all": (NO_FORM, Bounce("5.1.1", True, True)),
    "out of office": (b"From: a@x.example\r\nAuto-Submitted: auto-replied\r\n\r\nJag \xe4r borta till 5.1.2027\r\n", None),
    "a person": (b"From: a@x.example\r\n\r\n550 kr kostar det\r\n", None),
    "nothing": (b"", None),
    "nonsense": (bytes(range(256)) * 40, None),
    "no end": (b"Content-Type: multipart/report; boundary=q\r\n\r\n--q\r\nContent-Type: message/delivery-status\r\n\r\n", None),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_what_mail_servers_write(case: str) -> None:
    content, expected = READ[case]
    assert bounces.read_bounce(content) == expected


def test_an_out_of_office_note_changes_nothing(app: Edge, network: Network, server: mail_server.MailServer) -> None:
    sent_to(network.member, network.group)
    readers.take(READ["out of office"][0], server.senders)
    db.commit()
    assert logged() == [(State.SENT, "")]
    assert policy.own_trouble(network.member) is None


def test_nobody_else_can_say_that_mail_came_back(app: Edge, network: Network, server: mail_server.MailServer) -> None:
    sent_to(network.member, network.group)
    (right,) = server.senders
    part, _at, domain = right.partition("@")
    other = part.replace(f"b{network.member.id}.", f"b{network.convener.id}.")
    for wrong in (f"{other}@{domain}", f"{part[:-1]}@{domain}", f"{part}@evil.example", f"answer+b@{domain}", f"answer+b.-@{domain}",
                  f"answer+b{'9' * 30}.x-y@{domain}", f"answer+b٣.x-y@{domain}", OURS):  # fmt: skip
        with pytest.raises(readers.NotForUs):
            readers.take(bounce(), [wrong])
    with pytest.raises(readers.TooLarge):
        readers.take(b"x" * (bounces.LARGEST + 1), [right])
    readers.take(bounce(), [right.upper()])
    db.commit()
    assert policy.has_dead_address(network.member)
    assert not policy.has_dead_address(network.convener)


def test_a_bounce_keeps_nothing_of_what_was_written(
    app: Edge, network: Network, server: mail_server.MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    sent_to(network.member, network.closed)
    readers.take(bounce(original="Zebraspaning"), server.senders or [bounce_address(network.member.id, "x")])
    db.commit()
    assert "Zebra" not in caplog.text
    for table in db.Base.metadata.sorted_tables:
        assert "Zebra" not in str(db.session.execute(sa.select(table)).all()), table.name


# --- who may see it ---------------------------------------------------------------------------------------------------


def unreached_names(person: Person) -> set[str]:
    return {row.person.name for row in db.session.scalars(policy.visible_unreached(person)).unique()}


@pytest.fixture
def unreached(app: Edge, network: Network, server: mail_server.MailServer) -> Any:
    server.recipient_answer = "550 5.1.1 no"
    for person in (network.member, network.secretary):
        sent_to(person, network.group if person is network.member else network.closed)
    return network


def test_s28_names_are_for_those_who_answer_for_them(unreached: Network) -> None:
    ngo_admin = factories.person(unreached.ngo, "Admin", is_admin=True)
    db.commit()
    assert unreached_names(unreached.convener) == {"Med Lem", "Sek Reterare"}
    assert unreached_names(unreached.secretary) == {"Med Lem", "Sek Reterare"}
    assert unreached_names(ngo_admin) == {"Med Lem"}
    assert (
        unreached_names(unreached.admin)
        == unreached_names(unreached.member)
        == unreached_names(unreached.outsider)
        == set()
    )
    assert [count.people for count in policy.unreached_counts(unreached.admin)] == [2]
    assert policy.unreached_counts(ngo_admin) == policy.unreached_counts(unreached.convener) == []


def test_who_has_read_it_in_the_portal_was_reached(unreached: Network) -> None:
    db.session.execute(sa.update(Notice).values(read_at=db.now()))
    db.commit()
    assert unreached_names(unreached.convener) == set()


def test_the_page(unreached: Network, sign_in: Sign, built_front_end: object) -> None:
    page = sign_in(unreached.convener).get("/unreached").text
    assert "Med Lem" in page
    assert "550" in page
    assert sign_in(unreached.member).get("/unreached").status_code == 403
    whole = sign_in(unreached.admin).get("/unreached").text
    assert "Med Lem" not in whole
    assert unreached.closed.name not in whole


def test_the_own_address_is_put_right(
    unreached: Network, server: mail_server.MailServer, sign_in: Sign, built_front_end: object
) -> None:
    ngo_admin = factories.person(unreached.ngo, "Admin", is_admin=True)
    db.commit()
    client = sign_in(unreached.member)
    assert "/account/address" in client.get("/account").text
    mark = "Mail comes back", "Mejlen kommer tillbaka"
    assert any(one in sign_in(ngo_admin).get("/organisation").text for one in mark)
    assert not any(one in sign_in(unreached.outsider).get("/organisation").text for one in mark)
    server.recipient_answer = "250 OK"
    assert client.post("/account/address", data={"csrf_token": client.csrf}).status_code == 302
    assert "/account/address" not in client.get("/account").text
    outbox.run_all()
    (made,) = server.taken
    assert made["To"].addresses[0].addr_spec == unreached.member.email
    sent_to(unreached.member, unreached.group)
    assert len(server.taken) == 2


def test_old_rows_are_forgotten_and_rows_outlive_their_notices(network: Network) -> None:
    tell(network.member, network.group)
    db.session.execute(sa.delete(Notice))
    db.commit()
    assert logged() == [(State.QUEUED, "")]
    with time_machine.travel(db.now() + timedelta(days=200)):
        reminders.forget_old()
        db.commit()
    assert logged() == []


def test_telling_many_costs_no_more_questions(network: Network) -> None:
    deliveries.note_made([], via=Via.MAIL, by=None)
    everybody = [factories.person(network.ngo) for _ in range(30)]
    db.commit()
    asked: list[str] = []
    sa.event.listen(db.engine(), "before_cursor_execute", lambda *words: asked.append(words[2]))
    actions.notify(everybody, "meeting_cancelled", group=None, path="/", by=None, title="x", starts_at="2026-12-01")
    db.commit()
    assert len([one for one in asked if "INSERT INTO delivery" in one]) == 1


def test_smtp_is_spoken_as_it_was(app: Edge, network: Network, server: mail_server.MailServer) -> None:
    network.member.email = "åsa@foreningen.example"
    sent_to(network.member, network.group)
    assert logged() == [(State.SENT, "")]
    assert server.tried == ["åsa@foreningen.example"]
    assert "<åsa@foreningen.example>".encode() in server.raw[0]
    with smtplib.SMTP("127.0.0.1", server.port) as client:
        assert client.noop()[0] == 250
