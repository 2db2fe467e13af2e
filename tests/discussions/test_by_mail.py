"""Answering a post by answering the mail about it: from the mail that went out to the post in the thread, or the word of help."""

from __future__ import annotations

import email.policy
import logging
import signal
import smtplib
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from portal import audit, db, outbox
from portal.discussions.by_mail import senders, taking, tokens
from portal.discussions.following import telling
from portal.discussions.models import Post, Thread
from portal.discussions.moderation import actions as moderation
from portal.discussions.states import actions as states
from portal.notifications import actions as notifications
from portal.notifications.models import Channel
from portal.notifications.receiving import readers
from portal.people import actions as people
from portal.people.models import Membership, PersonStatus, Role
from portal.times import today
from portal.web import Edge
from tests import commands, factories, mail_server, servers
from tests.factories import Network

OURS = "answer@portal.example"
CHECKED_BY = "mx.portal.example"


@pytest.fixture(autouse=True)
def takes_mail(app: Edge, monkeypatch: pytest.MonkeyPatch, built_front_end: object) -> None:
    monkeypatch.setattr(app.config["SETTINGS"], "reply_to", OURS)
    monkeypatch.setattr(app.config["SETTINGS"], "mail_checked_by", CHECKED_BY)


@pytest.fixture
def server(app: Edge, monkeypatch: pytest.MonkeyPatch) -> Iterator[mail_server.MailServer]:
    with mail_server.running() as made:
        monkeypatch.setattr(app.config["SETTINGS"], "smtp_url", SecretStr(made.url))
        yield made


@pytest.fixture
def thread(app: Edge, network: Network) -> Thread:
    made = factories.thread(network.group, network.convener, "Rubriken", "Hela texten")
    db.commit()
    return made


def reply(thread: Thread, network: Network, text: str = "Vi har samma problem.", **more: str) -> EmailMessage:
    """An answer as the member's program writes it, and as our mail server hands it in."""
    made = EmailMessage(email.policy.SMTP)
    domain = network.member.email.rpartition("@")[2]
    headers = {
        "Authentication-Results": f"{CHECKED_BY}; dmarc=pass (p=none) header.from={domain}; spf=pass smtp.mailfrom={network.member.email}",
        "From": f"Med Lem <{network.member.email}>", "To": tokens.reply_address(network.member, thread),
        "Subject": "Sv: Rubriken", "Message-ID": "<one@foreningen.example>", **more,
    }  # fmt: skip
    for name, value in headers.items():
        if value:
            made[name] = value
    made.set_content(text)
    return made


def hand_in(message: EmailMessage | bytes, address: str) -> str:
    content = message if isinstance(message, bytes) else message.as_bytes()
    found = taking.take(content, address)
    outcome = "posted" if isinstance(found, Post) else str(found)
    db.commit()
    outbox.run_all()
    db.session.expire_all()
    return outcome


def answered(thread: Thread, network: Network, text: str = "Vi har samma problem.", **more: str) -> str:
    return hand_in(reply(thread, network, text, **more), tokens.reply_address(network.member, thread))


def bodies(thread: Thread) -> list[str]:
    rows = sa.select(Post.body).where(Post.thread_id == thread.id, Post.line.is_(None)).order_by(Post.seq)
    return list(db.session.scalars(rows))[1:]


def letters(app: Edge) -> list[EmailMessage]:
    return [made for made in mail_server.kept(app) if made["List-Id"] is None]


def text_of(made: EmailMessage) -> str:
    return str(made.get_content()).replace("\r\n", "\n")


def noted(action: str) -> list[Any]:
    return [
        row.details for row in db.session.scalars(sa.select(audit.AuditEntry).where(audit.AuditEntry.action == action))
    ]


# --- the main line ----------------------------------------------------------------------------------------------------


def test_the_mail_about_a_post_is_answered_and_the_answer_is_a_post(
    app: Edge, network: Network, thread: Thread, server: mail_server.MailServer
) -> None:
    notifications.choose_channels(network.member, {"posted": Channel.MAIL}, by=network.member)
    first = db.session.scalars(sa.select(Post)).one()
    db.commit()
    telling.tell(post_id=first.id)
    db.commit()
    outbox.run_all()
    (made,) = [one for one in server.taken if network.member.email in one["To"]]
    address = made["Reply-To"].addresses[0].addr_spec
    assert address == tokens.reply_address(network.member, thread)
    assert text_of(made).startswith("##- ")
    quoted = "\n".join(f"> {line}" for line in text_of(made).split("\n"))
    answer = reply(
        thread,
        network,
        f"Vi har samma problem.\n\nDen tis 24 nov. 2026 kl 10:12 skrev Samverkansportalen <p@p.example>:\n\n{quoted}",
    )
    readers.take(answer.as_bytes(), [address])
    db.commit()
    assert bodies(thread) == ["Vi har samma problem."]
    post = db.session.scalars(sa.select(Post).order_by(Post.id.desc())).first()
    assert post is not None
    assert (post.author_id, post.organisation_id) == (network.member.id, network.ngo.id)
    assert noted("posted_by_mail") == [{}]
    assert audit.verify() is None


def test_what_is_left_out_is_told_once(app: Edge, network: Network, thread: Thread) -> None:
    end = "\n".join(f"Rad {number} om mötet" for number in range(7))
    text = f"Vi kommer.\n\nMvh\nAnna\n\n{end}\n19121212-1212"
    assert answered(thread, network, text) == "posted"
    (made,) = letters(app)
    assert end in text_of(made)
    assert "121212-1212" not in text_of(made)
    assert thread.path in text_of(made)
    assert answered(thread, network, text, **{"Message-ID": "<two@foreningen.example>"}) == "posted"
    assert len(letters(app)) == 1
    assert answered(thread, network, "Ja.\n\nMvh\nAnna", **{"Message-ID": "<three@foreningen.example>"}) == "posted"
    assert len(letters(app)) == 1


def test_handed_in_twice_it_stays_one_post(network: Network, thread: Thread) -> None:
    assert [answered(thread, network) for _time in range(3)] == ["posted"] * 3
    assert bodies(thread) == ["Vi har samma problem."]
    assert len(noted("posted_by_mail")) == 1
    assert answered(thread, network, "Ett till", **{"Message-ID": "<two@x.example>"}) == "posted"
    assert answered(thread, network, "Utan namn", **{"Message-ID": ""}) == "posted"
    assert len(bodies(thread)) == 3


def test_html_alone_and_pictures_of_a_signature(network: Network, thread: Thread) -> None:
    made = reply(thread, network)
    made.set_content("<p>Vi <b>kommer</b>.</p><blockquote type=cite>Gammalt</blockquote>", subtype="html")
    made.add_related(b"png", "image", "png", cid="<logo@x>", filename="logo.png")
    assert hand_in(made, tokens.reply_address(network.member, thread)) == "posted"
    assert bodies(thread) == ["Vi kommer."]


# --- what is not taken ------------------------------------------------------------------------------------------------


def test_of_sensitive_groups_never(app: Edge, network: Network, caplog: pytest.LogCaptureFixture) -> None:
    thread = factories.thread(network.closed, network.convener, "Zebraspaning", "Hemligt")
    db.commit()
    assert tokens.reply_address(network.convener, thread) == ""
    thread.group = network.group  # the mail went out, and then the thread was moved
    db.commit()
    address = tokens.reply_address(network.convener, thread)
    thread.group = network.closed
    db.commit()
    made = reply(thread, network, "Svar till spaningen", From=network.convener.email, To=address)
    made.replace_header("Authentication-Results", f"{CHECKED_BY}; dmarc=pass header.from=myndigheten.example")
    assert hand_in(made, address) == "sensitive"
    assert bodies(thread) == []
    (letter,) = letters(app)
    whole = letter.as_string() + text_of(letter) + caplog.text
    assert [
        one
        for one in ("Zebraspaning", "Hemligt", "spaningen", network.closed.name, f"/threads/{thread.id}")
        if one in whole
    ] == []


FORGED = {
    "another sender": {"From": "evil@foreningen.example"},
    "two senders": {"From": "person@foreningen.example, evil@x.example"},
    "no sender": {"From": ""},
    "not checked": {"Authentication-Results": ""},
    "checked by another": {"Authentication-Results": "mx.evil.example; dmarc=pass header.from=foreningen.example"},
    "failed": {"Authentication-Results": f"{CHECKED_BY}; dmarc=fail header.from=foreningen.example"},
    "passed for another": {"Authentication-Results": f"{CHECKED_BY}; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=a@evil.example"},
    "passed for all of .example": {"Authentication-Results": f"{CHECKED_BY}; dkim=pass header.d=example"},
    "broken": {"Authentication-Results": f"{CHECKED_BY}; dmarc=pass header.from"},
    "none": {"Authentication-Results": f"{CHECKED_BY}; none"},
    "endless": {"Authentication-Results": f"{CHECKED_BY}; " + "dmarc=pass " * 1000},
}  # fmt: skip


@pytest.mark.parametrize("case", FORGED)
def test_what_is_forged_is_dropped_without_a_word(
    app: Edge, network: Network, thread: Thread, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "portal.security"):
        assert answered(thread, network, "Hemlig text", **FORGED[case]) == "forged"
    assert bodies(thread) == []
    assert mail_server.kept(app) == []
    assert "reason=forged" in caplog.text
    assert "Hemlig" not in caplog.text
    assert network.member.email not in caplog.text
    assert noted("reply_by_mail_refused") == [{"person": network.member.id, "reason": "forged"}]


def test_a_forged_check_below_our_own_does_not_count(network: Network, thread: Thread) -> None:
    content = reply(
        thread, network, **{"Authentication-Results": f"{CHECKED_BY}; dmarc=fail header.from=foreningen.example"}
    ).as_bytes()
    forged = f"Authentication-Results: {CHECKED_BY}; dmarc=pass header.from=foreningen.example\r\n".encode()
    head, _empty, body = content.partition(b"\r\n\r\n")
    assert hand_in(head + b"\r\n" + forged + b"\r\n" + body, tokens.reply_address(network.member, thread)) == "forged"
    assert (
        hand_in(forged + content, tokens.reply_address(network.member, thread)) == "posted"
    )  # on top it is our server's


def test_a_subdomain_is_aligned(network: Network, thread: Thread) -> None:
    network.member.email = "med@post.foreningen.example"
    db.commit()
    assert (
        answered(
            thread, network, **{"Authentication-Results": f"{CHECKED_BY} 1; dkim=pass header.d=foreningen.example"}
        )
        == "posted"
    )


AUTOMATIC = {
    "Auto-Submitted": "auto-replied", "List-Id": "<lista.example>", "Precedence": "bulk", "Return-Path": "<>", "X-Autoreply": "yes",
    "List-Unsubscribe": "<https://x.example>",
}  # fmt: skip


@pytest.mark.parametrize("header", AUTOMATIC)
def test_programs_start_no_correspondence(app: Edge, network: Network, thread: Thread, header: str) -> None:
    assert answered(thread, network, **{header: AUTOMATIC[header]}) == "automatic"
    assert bodies(thread) == []
    assert mail_server.kept(app) == []


def test_a_program_that_does_not_say_so_is_stopped_and_told_once(
    app: Edge, network: Network, thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "MOST_AN_HOUR", 3)
    outcomes = [answered(thread, network, **{"Message-ID": f"<{number}@x.example>"}) for number in range(5)]
    assert outcomes == ["posted"] * 3 + ["often"] * 2
    assert [("timme" in text_of(made) or "hour" in text_of(made)) for made in letters(app)] == [True]


def test_one_mail_to_two_threads_of_a_group_is_a_post_in_each(network: Network, thread: Thread) -> None:
    other = factories.thread(network.group, network.convener, "Annat", "Text")
    db.commit()
    assert [answered(one, network) for one in (thread, other, thread)] == ["posted"] * 3
    assert bodies(thread) == bodies(other) == ["Vi har samma problem."]


@pytest.mark.parametrize("how", ["left", "closed account", "closed organisation"])
def test_who_may_no_longer_read_is_refused(app: Edge, network: Network, thread: Thread, how: str) -> None:
    address = tokens.reply_address(network.member, thread)
    if how == "left":
        leaving = sa.select(Membership).where(Membership.person_id == network.member.id)
        people.remove_member(db.session.scalars(leaving).one(), by=None)
    elif how == "closed account":
        network.member.status = PersonStatus.DISABLED
    else:
        network.ngo.is_active = False
    db.commit()
    assert hand_in(reply(thread, network), address) == "gone"
    assert bodies(thread) == []
    assert mail_server.kept(app) == []


def test_who_may_read_but_not_write_is_told(app: Edge, network: Network, thread: Thread) -> None:
    people.add_member(network.group, network.member, role=Role.OBSERVER, by=None)
    db.commit()
    assert answered(thread, network) == "may_not_write"
    assert len(letters(app)) == 1


def test_in_a_closed_thread_the_person_is_told(app: Edge, network: Network, thread: Thread) -> None:
    states.close_thread(thread, by=network.convener, render=factories.plain_render)
    db.commit()
    last = thread.last_seq
    assert answered(thread, network) == "closed"
    assert (bodies(thread), thread.last_seq) == ([], last)
    (letter,) = letters(app)
    assert "Rubriken" in text_of(letter)
    assert letter["To"].addresses[0].addr_spec == network.member.email


@pytest.mark.parametrize(
    ("text", "word"), [("Ring 811228-9874 om det", "personnummer"), ("Nås på 070-174 06 05", "telefonnummer")]
)
def test_the_guard_reads_it_and_the_mail_says_which_kind(
    app: Edge, network: Network, thread: Thread, text: str, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert answered(thread, network, text) == "guard"
    assert bodies(thread) == []
    (letter,) = letters(app)
    whole = letter.as_string() + text_of(letter) + caplog.text
    assert word in text_of(letter) or "number" in text_of(letter)
    assert [part for part in ("811228", "9874", "070-174", "06 05", "om det") if part in whole] == []
    for table in db.Base.metadata.sorted_tables:
        assert text not in str(db.session.execute(sa.select(table)).all()), table.name


def test_slow_mode_and_suspension_stand_for_mail_too(app: Edge, network: Network, thread: Thread) -> None:
    moderation.set_thread_pace(thread, 3600, reason="Det går fort", by=network.convener)
    db.commit()
    assert answered(thread, network, "Det första") == "posted"
    assert answered(thread, network, "Det andra", **{"Message-ID": "<andra@foreningen.example>"}) == "slow"
    until = today() + timedelta(days=3)
    moderation.suspend(network.member, network.group, until_on=until, reason="Hårda ord", by=network.convener)
    db.commit()
    assert answered(thread, network, "Det tredje", **{"Message-ID": "<tredje@foreningen.example>"}) == "may_not_write"
    assert bodies(thread) == ["Det första"]


def attached(message: EmailMessage, maintype: str, subtype: str, name: str) -> EmailMessage:
    message.add_attachment(b"x", maintype=maintype, subtype=subtype, filename=name)
    return message


@pytest.mark.parametrize(
    ("maintype", "subtype", "name", "outcome", "word"),
    [
        ("application", "pdf", "a.pdf", "attachment", ("utan filer", "without files")),
        ("application", "ms-tnef", "winmail.dat", "winmail", ("winmail.dat", "winmail.dat")),
        ("application", "octet-stream", "WINMAIL.DAT", "winmail", ("winmail.dat", "winmail.dat")),
        ("image", "png", "foto.png", "attachment", ("utan filer", "without files")),
        ("text", "plain", "notes.txt", "attachment", ("utan filer", "without files")),
        ("application", "pkcs7-mime", "smime.p7m", "unreadable", ("gick inte att läsa", "not be read")),
    ],
)
def test_files_are_refused_with_help(
    app: Edge, network: Network, thread: Thread, maintype: str, subtype: str, name: str, outcome: str, word: tuple[str, str]
) -> None:  # fmt: skip
    made = attached(reply(thread, network), maintype, subtype, name)
    assert hand_in(made, tokens.reply_address(network.member, thread)) == outcome
    assert bodies(thread) == []
    (letter,) = letters(app)
    assert any(one in text_of(letter) for one in word)


def test_help_comes_seldom_and_is_no_answer_to_anybody_else(app: Edge, network: Network, thread: Thread) -> None:
    for number in range(9):
        assert (
            answered(thread, network, "> citat bara\n" * 3 if number < 0 else "", **{"Message-ID": f"<{number}@x>"})
            == "empty"
        )
    assert len(letters(app)) == 3
    assert {made["To"].addresses[0].addr_spec for made in letters(app)} == {network.member.email}
    assert {made["Auto-Submitted"] for made in letters(app)} == {"auto-generated"}


def test_what_is_too_long(app: Edge, network: Network, thread: Thread) -> None:
    assert answered(thread, network, "Långt. " * 10_000) == "long"
    assert answered(thread, network, "x" * 80 + ("\n" + "y" * 80) * 15_000, **{"Message-ID": "<b@x>"}) == "long"
    with pytest.raises(readers.TooLarge):
        readers.take(b"x" * (taking.LARGEST + 1), [tokens.reply_address(network.member, thread)])


def test_broken_messages_raise_nothing(network: Network, thread: Thread) -> None:
    whole, address = reply(thread, network).as_bytes(), tokens.reply_address(network.member, thread)
    for cut in range(0, len(whole), 40):
        hand_in(whole[:cut], address)
    for content in (b"", bytes(range(256)) * 10, b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" * 50):
        assert hand_in(content, address) == "forged"


def test_only_the_own_signed_address(network: Network, thread: Thread) -> None:
    right = tokens.reply_address(network.member, thread)
    local, _at, domain = right.partition("@")
    other = tokens.reply_address(network.convener, thread).partition("@")[0]
    signed = local.rpartition("-")[2]
    for wrong in (
        OURS, f"{local[:-1]}@{domain}", f"{local}@evil.example", f"answer+r@{domain}", f"answer+r1.1-@{domain}", f"answer+r{'9' * 40}.1-x@{domain}",
        f"{other.rpartition('-')[0]}-{signed}@{domain}", local.replace("+r", "+b") + f"@{domain}", f"answer+r٣.1-{signed}@{domain}",
    ):  # fmt: skip
        assert tokens.whose(wrong) is None, wrong
    assert tokens.whose(f"<{right.upper()}>") is not None


def test_without_a_server_that_checks_nothing_is_asked_for(
    app: Edge, network: Network, thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.config["SETTINGS"], "mail_checked_by", "")
    assert tokens.reply_address(network.member, thread) == ""
    assert not senders.is_checked(reply(thread, network))


# --- by a real mail server ----------------------------------------------------------------------------------------------


def test_by_lmtp_into_the_thread(app: Edge, network: Network, thread: Thread) -> None:
    content, port, address = (
        reply(thread, network).as_bytes(),
        servers.free_port(),
        tokens.reply_address(network.member, thread),
    )
    env = commands.environment(app) | {"PORTAL_REPLY_TO": OURS, "PORTAL_MAIL_CHECKED_BY": CHECKED_BY}
    sender = network.member.email
    db.pause()
    process = subprocess.Popen(
        commands.command("mail", "receive", "--port", str(port)), cwd=commands.ROOT, env=env, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        process.stdout.readline()
        for _time in range(2):  # a mail server may hand it in twice
            with smtplib.LMTP("127.0.0.1", port, timeout=60) as door:
                assert door.sendmail(sender, [address], content) == {}
        with smtplib.LMTP("127.0.0.1", port, timeout=60) as door, pytest.raises(smtplib.SMTPException):
            door.sendmail(sender, [address], b"x" * 80 + b"\r\n" + b"y\r\n" * 11_000_000)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.stdout.close()
    db.session.expire_all()
    assert bodies(thread) == ["Vi har samma problem."]
