"""Mail goes out through a real mail server, and into a folder where there is none."""

from __future__ import annotations

import mailbox
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from portal import mail
from portal.mail import CalendarPart, Mail
from portal.web import Edge
from tests import mail_server
from tests.mail_server import MailServer

LETTER = Mail("Anna Åström", "anna@myndigheten.example", "Möte på torsdag", "Hej!\nVälkommen till mötet på Öland.\n")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server.running() as made:
        yield made


def use(app: Edge, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(app.config["SETTINGS"], "smtp_url", SecretStr(url))


def kept(app: Edge) -> list[bytes]:
    folder = mailbox.Maildir(app.config["SETTINGS"].data_dir / "mail")
    return [folder.get_bytes(key) for key in folder.keys()]  # noqa: SIM118  # a mailbox yields messages


def test_a_message_as_the_server_gets_it(app: Edge, monkeypatch: pytest.MonkeyPatch, server: MailServer) -> None:
    use(app, monkeypatch, server.url)
    calendar = CalendarPart("BEGIN:VCALENDAR\r\nSUMMARY:Möte\r\nEND:VCALENDAR\r\n".encode(), "REQUEST")
    mail.deliver(
        Mail(LETTER.to_name, LETTER.to_email, LETTER.subject, LETTER.text, calendar, "answer+x@portal.example", "a.1")
    )
    (got,) = server.taken
    assert (got["Subject"], got["Reply-To"]) == ("Möte på torsdag", "answer+x@portal.example")
    assert got["To"].addresses[0].display_name == "Anna Åström"
    assert got["To"].addresses[0].addr_spec == "anna@myndigheten.example"
    assert got["From"].addresses[0].addr_spec == "portal@portal.example"
    assert got["Message-ID"] == "<a.1@portal.example>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert abs(got["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=5)
    text, invitation = got.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    assert got.get_content_type() == "multipart/alternative"
    assert (invitation.get_content_type(), invitation.get_param("method")) == ("text/calendar", "REQUEST")
    assert invitation.get_content_charset() == "utf-8"
    assert invitation.get_payload(decode=True) == calendar.content


def test_each_message_has_a_name_of_its_own(app: Edge) -> None:
    assert mail.message(LETTER)["Message-ID"] != mail.message(LETTER)["Message-ID"]


def test_without_a_server_it_is_kept_in_a_folder(app: Edge) -> None:
    before = len(kept(app))
    mail.deliver(LETTER)
    (content,) = kept(app)[before:]
    assert b"\r\n" not in content
    assert "Öland".encode() in content or b"=C3=96land" in content
    assert b"To: Anna =?utf-8?" in content


@pytest.mark.parametrize("bad", ["\r\nBcc: evil@evil.example", "\nSubject: x", "\r", "\x00", "\u2028", "\x85", "\x0b"])
def test_nobody_writes_a_header_of_their_own(
    app: Edge, monkeypatch: pytest.MonkeyPatch, server: MailServer, bad: str
) -> None:
    use(app, monkeypatch, server.url)
    mail.deliver(Mail(f"Anna{bad}", LETTER.to_email, f"Möte{bad}", f"Text{bad}\n.\nRCPT TO:<evil@evil.example>\n"))
    (got,) = server.taken
    assert "Bcc" not in got
    assert got["Subject"].startswith("Möte")
    assert len(got.get_all("Subject", [])) == 1
    assert server.tried == [LETTER.to_email]
    assert ".\nRCPT TO" in got.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize(
    "address",
    ["", "anna", "@x.example", "anna@", "anna@x.example\r\nBcc: evil@evil.example", "an na@x.example", "anna@\x00.example",
     f"anna@{'x' * 70}.example", "anna@..example"],
)  # fmt: skip
def test_what_is_no_address_is_given_up(app: Edge, address: str) -> None:
    with pytest.raises(mail.Undeliverable):
        mail.deliver(Mail("Anna", address, "Möte", "Text"))


def test_a_domain_with_other_letters(app: Edge, monkeypatch: pytest.MonkeyPatch, server: MailServer) -> None:
    use(app, monkeypatch, server.url)
    mail.deliver(Mail("Anna", "anna@räksmörgås.example", "Möte", "Text"))
    assert server.tried == ["anna@xn--rksmrgs-5wao1o.example"]


@pytest.mark.parametrize("where", ["recipient_answer", "answer"])
def test_550_is_for_good(app: Edge, monkeypatch: pytest.MonkeyPatch, server: MailServer, where: str) -> None:
    use(app, monkeypatch, server.url)
    setattr(server, where, "550 5.1.1 no such person here")
    with pytest.raises(mail.Undeliverable):
        mail.deliver(LETTER)


@pytest.mark.parametrize(
    ("answer", "is_address"),
    [
        ("550 5.1.1 no such person here", True),
        ("553 5.1.3 no such form", True),
        ("550 5.1.10 recipient not found", True),
        ("550 5.2.1 closed", True),
        ("550 no such person here", True),
        ("551 moved", True),
        ("550 relay not permitted", False),
        ("550 5.7.1 not from you", False),
        ("554 5.7.1 Relay access denied", False),
        ("554 no", False),
        ("552 5.2.2 full", False),
        ("553 5.1.8 bad sender", False),
        ("550 5.0.0 no", False),
        ("550 5.1.100 no", False),
    ],
)
def test_only_what_is_about_the_address_is_held_against_it(
    app: Edge, monkeypatch: pytest.MonkeyPatch, server: MailServer, answer: str, *, is_address: bool
) -> None:
    use(app, monkeypatch, server.url)
    server.recipient_answer = answer
    with pytest.raises(mail.Undeliverable) as raised:
        mail.deliver(LETTER)
    assert (raised.value.code, raised.value.is_address) == (int(answer[:3]), is_address)


@pytest.mark.parametrize("where", ["recipient_answer", "answer"])
def test_451_is_tried_again(app: Edge, monkeypatch: pytest.MonkeyPatch, server: MailServer, where: str) -> None:
    use(app, monkeypatch, server.url)
    setattr(server, where, "451 4.3.2 not now")
    with pytest.raises(smtplib.SMTPException):
        mail.deliver(LETTER)
    setattr(server, where, "250 OK")
    mail.deliver(LETTER)
    assert len(server.taken) == 1


def test_a_server_that_is_away_is_tried_again(app: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server.running() as gone:
        pass
    use(app, monkeypatch, gone.url)
    with pytest.raises(OSError, match="refused"):
        mail.deliver(LETTER)


def test_a_server_without_other_letters_says_nothing_of_the_address(
    app: Edge, monkeypatch: pytest.MonkeyPatch, rude_server: tuple[str, list[bytes]]
) -> None:
    url, got = rude_server
    use(app, monkeypatch, url)
    with pytest.raises(mail.Undeliverable) as raised:
        mail.deliver(Mail("Åsa", "åsa@myndigheten.example", "Möte", "Text"))
    assert not raised.value.is_address
    assert not any(words.upper().startswith(b"MAIL") for words in got)


@pytest.fixture
def rude_server() -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes a message and answers goodbye with an error."""
    listening, got = socket.create_server(("127.0.0.1", 0)), []

    def serve() -> None:
        connection, _address = listening.accept()
        with connection, connection.makefile("rwb") as line:
            line.write(b"220 here\r\n")
            line.flush()
            while words := line.readline():
                got.append(words)
                if words.upper().startswith(b"DATA"):
                    line.write(b"354 go on\r\n")
                elif words == b".\r\n":
                    line.write(b"250 taken\r\n")
                elif words.upper().startswith(b"QUIT"):
                    line.write(b"421 4.4.2 I am tired\r\n")
                elif words[:4].upper() in {b"EHLO", b"MAIL", b"RCPT"}:
                    line.write(b"250 OK\r\n")
                line.flush()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"smtp://127.0.0.1:{listening.getsockname()[1]}", got
    thread.join(10)
    listening.close()


def test_what_was_taken_is_not_sent_again_for_a_bad_goodbye(
    app: Edge, monkeypatch: pytest.MonkeyPatch, rude_server: tuple[str, list[bytes]]
) -> None:
    url, got = rude_server
    use(app, monkeypatch, url)
    mail.deliver(LETTER)
    assert any(words.upper().startswith(b"QUIT") for words in got)
    assert got[0].upper() == b"EHLO PORTAL.EXAMPLE\r\n"


def certificate(folder: Path) -> Path:
    """A certificate of this machine, with its key, in one file."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def closed_server(tmp_path: Path) -> Iterator[tuple[MailServer, Path]]:
    """A server that wants encryption and a password, and its certificate."""
    path = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    with mail_server.running(context) as made:
        yield made, path


def test_encryption_and_password(
    app: Edge, monkeypatch: pytest.MonkeyPatch, closed_server: tuple[MailServer, Path]
) -> None:
    server, path = closed_server
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    use(app, monkeypatch, f"smtp+starttls://portal%40x.example:right@localhost:{server.port}")
    mail.deliver(LETTER)
    assert server.logins == [(b"portal@x.example", b"right")]
    assert len(server.taken) == 1
    use(app, monkeypatch, f"smtp+starttls://portal:wrong@localhost:{server.port}")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        mail.deliver(LETTER)


def test_a_certificate_that_nobody_vouches_for_gets_no_password(
    app: Edge, monkeypatch: pytest.MonkeyPatch, closed_server: tuple[MailServer, Path]
) -> None:
    server, _path = closed_server
    use(app, monkeypatch, f"smtp+starttls://portal:right@localhost:{server.port}")
    with pytest.raises(ssl.SSLCertVerificationError):
        mail.deliver(LETTER)
    assert server.logins == []


def test_a_long_subject_and_a_long_line(app: Edge, monkeypatch: pytest.MonkeyPatch, server: MailServer) -> None:
    use(app, monkeypatch, server.url)
    mail.deliver(Mail("Å" * 120, LETTER.to_email, "Möte om åtgärder " * 20, "ö" * 5000 + "\n"))
    (got,) = server.taken
    assert got["Subject"] == ("Möte om åtgärder " * 20).strip()
    assert got["To"].addresses[0].display_name.replace(" ", "") == "Å" * 120
    assert got.get_content().strip() == "ö" * 5000
    assert isinstance(got, EmailMessage)
