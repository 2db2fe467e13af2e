"""Mail out of the portal: one place that hands messages to a mail server, and a folder where there is none.

Only outbox handlers call `deliver` (house rule 5). With `PORTAL_SMTP_URL` unset, as in the demo, messages are kept in the
folder `mail` of the data directory, where any mail program that reads Maildir shows them.
"""

from __future__ import annotations

import logging
import mailbox
import smtplib
import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import format_datetime, make_msgid
from urllib.parse import unquote, urlsplit

from flask import current_app

from portal import db

log = logging.getLogger("portal.mail")

SECONDS = 20


class Undeliverable(RuntimeError):
    """The mail server will never take this message for this address; trying again is of no use."""


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """A calendar object that mail programs show with buttons (RFC 6047)."""

    content: bytes
    method: str  # REQUEST, CANCEL or REPLY


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one person. `subject` and `text` are in the reader's language and fit the group's handling class."""

    to_name: str
    to_email: str
    subject: str
    text: str
    calendar: CalendarPart | None = None
    reply_to: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def sender() -> Address:
    """The portal's own address (setting PORTAL_MAIL_FROM)."""
    address: str = current_app.config["SETTINGS"].mail_from
    local, _at, domain = address.rpartition("@")
    return Address("Samverkansportalen", local, domain)


def one_line(text: str) -> str:
    """Text for a header: no line breaks or control characters, whatever people wrote."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def message(mail: Mail) -> EmailMessage:
    """The message as it goes out. Raises `Undeliverable` if the address cannot stand in a header."""
    made = EmailMessage(POLICY)
    local, _at, domain = mail.to_email.rpartition("@")
    try:
        made["From"] = sender()
        made["To"] = Address(one_line(mail.to_name), local, domain)
    except (ValueError, IndexError) as error:
        raise Undeliverable("not an address") from error
    made["Subject"] = one_line(mail.subject)
    made["Date"] = format_datetime(db.now())
    made["Message-ID"] = make_msgid(domain=sender().domain)
    made["Auto-Submitted"] = "auto-generated"  # no out-of-office answers (RFC 3834)
    if mail.reply_to:
        made["Reply-To"] = mail.reply_to
    for name, value in mail.headers.items():
        made[name] = value
    made.set_content(mail.text)
    if mail.calendar is not None:
        # Gmail and Outlook show their buttons for the alternative part, others open the attachment (RFC 6047, 2.4)
        made.add_alternative(
            mail.calendar.content, maintype="text", subtype="calendar", params={"method": mail.calendar.method, "charset": "utf-8"},
            cte="base64",
        )  # fmt: skip
    return made


def deliver(mail: Mail) -> None:
    """Hand a message over. Raises `Undeliverable` for good, `OSError` or `smtplib.SMTPException` for now."""
    made, url = message(mail), current_app.config["SETTINGS"].smtp_url.get_secret_value()
    if not url:
        folder = current_app.config["SETTINGS"].data_dir / "mail"
        mailbox.Maildir(folder, create=True).add(made)
        return
    _send(made, url)


def _send(made: EmailMessage, url: str) -> None:
    parts = urlsplit(url)
    context = ssl.create_default_context()
    host, port = parts.hostname or "", parts.port or 0
    with (
        smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
        if parts.scheme == "smtps"
        else smtplib.SMTP(host, port, timeout=SECONDS)
    ) as server:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        try:
            server.send_message(made)
        except smtplib.SMTPRecipientsRefused as error:
            code = max(status for status, _text in error.recipients.values())
            if code >= 500:
                raise Undeliverable(f"refused with {code}") from error
            raise
