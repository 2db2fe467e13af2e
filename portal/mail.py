"""Mail out of the portal: one place that hands messages to a mail server, and a folder where there is none.

Only outbox handlers call `deliver` (house rule 5). With `PORTAL_SMTP_URL` unset, as in the demo, messages are kept in the
folder `mail` of the data directory, where any mail program that reads Maildir shows them.
"""

from __future__ import annotations

import contextlib
import mailbox
import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import format_datetime, make_msgid
from urllib.parse import unquote, urlsplit

from flask import current_app

from portal import db

SECONDS = 20
SUBMISSION_PORT = 587


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
    name: str = ""  # the same for the same message, so that one that is sent twice shows once; by default each is new


def sender() -> Address:
    """The portal's own address (setting PORTAL_MAIL_FROM)."""
    address: str = current_app.config["SETTINGS"].mail_from
    local, _at, domain = address.rpartition("@")
    return Address("Samverkansportalen", local, domain)


def one_line(text: str) -> str:
    """Text for a header: no line breaks or control characters, whatever people wrote."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _recipient(mail: Mail) -> Address:
    local, _at, domain = mail.to_email.rpartition("@")
    if not (local and domain) or not mail.to_email.isprintable() or " " in mail.to_email:
        raise Undeliverable("not an address")
    try:
        # without a sign of its own in a header, and without what mail servers of today still refuse
        return Address(one_line(mail.to_name), local, domain.encode("idna").decode("ascii"))
    except (ValueError, IndexError) as error:
        raise Undeliverable("not an address") from error


def message(mail: Mail) -> EmailMessage:
    """The message as it goes out. Raises `Undeliverable` if the address cannot stand in a header."""
    made, domain = EmailMessage(POLICY), sender().domain
    made["From"] = sender()
    made["To"] = _recipient(mail)
    made["Subject"] = one_line(mail.subject)
    made["Date"] = format_datetime(db.now())
    made["Message-ID"] = f"<{mail.name}@{domain}>" if mail.name else make_msgid(domain=domain)
    made["Auto-Submitted"] = "auto-generated"  # no out-of-office answers (RFC 3834)
    if mail.reply_to:
        made["Reply-To"] = mail.reply_to
    made.set_content(mail.text)
    if mail.calendar is not None:
        # mail programs show their buttons for an alternative of the text (RFC 6047, 2.4)
        made.add_alternative(
            mail.calendar.content, maintype="text", subtype="calendar", params={"method": mail.calendar.method, "charset": "utf-8"},
            cte="base64",
        )  # fmt: skip
    return made


def deliver(mail: Mail) -> None:
    """Hand a message over. Raises `Undeliverable` for good, `OSError` or `smtplib.SMTPException` for now."""
    made, url = message(mail), current_app.config["SETTINGS"].smtp_url.get_secret_value()
    if url:
        _send(made, url)
        return
    folder = mailbox.Maildir(current_app.config["SETTINGS"].data_dir / "mail", create=True)
    folder.add(made.as_bytes(policy=POLICY.clone(linesep="\n")))


def _connect(url: str) -> smtplib.SMTP:
    """A connection on which mail can be sent, encrypted and signed in as the address says."""
    parts = urlsplit(url)
    host, context = parts.hostname or "", ssl.create_default_context()
    own_name = sender().domain
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, parts.port or 0, own_name, timeout=SECONDS, context=context)
    has_tls = parts.scheme == "smtp+starttls"
    server = smtplib.SMTP(host, parts.port or (SUBMISSION_PORT if has_tls else 0), own_name, timeout=SECONDS)
    try:
        if has_tls:
            server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _send(made: EmailMessage, url: str) -> None:
    parts = urlsplit(url)
    with contextlib.closing(_connect(url)) as server:
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        try:
            server.send_message(made)
        except smtplib.SMTPNotSupportedError as error:
            raise Undeliverable("the mail server takes no such address") from error
        except smtplib.SMTPRecipientsRefused as error:
            _give_up_if_final(max(code for code, _text in error.recipients.values()), error)
            raise
        except smtplib.SMTPDataError as error:
            _give_up_if_final(error.smtp_code, error)
            raise
        with contextlib.suppress(
            OSError, smtplib.SMTPException
        ):  # it has the message; how it says goodbye is its own affair
            server.quit()


def _give_up_if_final(code: int, error: Exception) -> None:
    if code >= 500:
        raise Undeliverable(f"refused with {code}") from error
