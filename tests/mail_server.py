"""A real mail server for the tests, on a free port of this machine."""

from __future__ import annotations

import base64
import email.policy
import mailbox
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from portal.web import Edge
from tests import servers


@dataclass
class MailServer:
    """What the server has taken, and what it says to the next."""

    answer: str = "250 OK"  # to a whole message
    recipient_answer: str = "250 OK"
    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)  # of the envelopes
    raw: list[bytes] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_RCPT(
        self, server: object, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tried.append(address)
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server: object, session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            made = message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(made, EmailMessage)
            self.taken.append(made)
            self.senders.append(envelope.mail_from or "")
            self.raw.append(envelope.content)
        return self.answer

    def authenticate(self, server: object, session: Session, envelope: Envelope, mechanism: str, data: object) -> Any:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


def kept(app: Edge) -> list[EmailMessage]:
    """What the portal has kept in its folder, as it does without a mail server, oldest first."""
    folder = mailbox.Maildir(app.config["SETTINGS"].data_dir / "mail")
    keys = sorted(folder.keys(), key=lambda key: [int(number) for number in re.findall(r"\d+", key)])  # Q9 before Q10
    read = [message_from_bytes(folder.get_bytes(key), policy=email.policy.default) for key in keys]
    return [made for made in read if isinstance(made, EmailMessage)]


def signing_key(path: Path) -> bytes:
    """Make a key for DKIM; answers what the name servers say about it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


@contextmanager
def running(context: ssl.SSLContext | None = None, *, make: type[MailServer] = MailServer) -> Iterator[MailServer]:
    """A server until the end of the block; with a TLS context it wants STARTTLS and a password."""
    made = make(port=servers.free_port())
    more: dict[str, Any] = (
        {"tls_context": context, "require_starttls": True, "authenticator": made.authenticate, "auth_required": True}
        if context is not None
        else {}
    )
    controller = Controller(made, hostname="127.0.0.1", port=made.port, ready_timeout=60, **more)
    controller.start()
    try:
        yield made
    finally:
        controller.stop()
