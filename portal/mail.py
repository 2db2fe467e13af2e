"""Mail out of the portal: one place that hands messages to a mail server, and a folder where there is none.

Only outbox handlers call `deliver` (house rule 5). With `PORTAL_SMTP_URL` unset, as in the demo, messages are kept in the
folder `mail` of the data directory, where any mail program that reads Maildir shows them.
"""

from __future__ import annotations

import contextlib
import mailbox
import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, make_msgid
from urllib.parse import unquote, urlsplit

from flask import current_app

from portal import db, mail_signing

SECONDS = 20


class _Whole(UnstructuredHeader, BaseHeader):
    """A header whose value stands on one line. The library would fold a long address by encoding it as if it were words, and
    no mail program looks for an address in that (RFC 2047, 5; RFC 2369, 2).
    """

    def fold(self, *, policy: Policy) -> str:
        """As it goes out."""
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Whole)
# 7bit: what no server on the way has to change, so that signatures stay true
POLICY = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)
SUBMISSION_PORT = 587
# no such mailbox, no such domain, no such form, moved, no mail taken (RFC 3463, 7505); 5.1.7 and 5.1.8 are about the sender
_DEAD = re.compile(r"5\.(1\.(1|2|3|6|10)|2\.1)")
_DEAD_CODES = frozenset({"550", "551", "553"})
_NOT_OF_ADDRESS = re.compile(r"relay|sender|spam|block|polic|authenti", re.IGNORECASE)
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


class Undeliverable(RuntimeError):
    """The mail server will never take this message for this address; trying again is of no use.

    `code` is what it answered (0 if it was not even asked), `is_address` whether that was about the address.
    """

    def __init__(self, why: str, *, code: int = 0, is_address: bool = False) -> None:
        super().__init__(why)
        self.code, self.is_address = code, is_address


def says_dead(status: str, words: str = "") -> bool:
    """Whether a server says that the address does not exist, by its enhanced code, or by its plain code if it gave no other.

    Nothing else marks an address: with wrong settings a server refuses everybody, and the older ones say that with 550 too, so
    that their `words` are asked as well.
    """
    return bool(_DEAD.fullmatch(status)) or (status in _DEAD_CODES and not _NOT_OF_ADDRESS.search(words))


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
    headers: Mapping[str, str] = field(default_factory=dict)  # further ones; only names and values of ours
    bounce_to: str = ""  # where mail servers send it back (the envelope's sender); by default the portal's own address


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
        raise Undeliverable("not an address", is_address=True)
    try:
        # without a sign of its own in a header, and without what mail servers of today still refuse
        return Address(one_line(mail.to_name), local, domain.encode("idna").decode("ascii"))
    except (ValueError, IndexError) as error:
        raise Undeliverable("not an address", is_address=True) from error


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
    for header, value in mail.headers.items():
        made[header] = one_line(value)
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
    recipient = made["To"].addresses[0].addr_spec
    is_international = not recipient.isascii()
    content = mail_signing.signed(made.as_bytes(policy=POLICY.clone(utf8=is_international)))
    if url:
        _send(content, url, mail.bounce_to or sender().addr_spec, recipient, is_international=is_international)
        return
    folder = mailbox.Maildir(current_app.config["SETTINGS"].data_dir / "mail", create=True)
    folder.add(content.replace(b"\r\n", b"\n"))


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


def _send(content: bytes, url: str, bounce_to: str, recipient: str, *, is_international: bool) -> None:
    parts = urlsplit(url)
    with contextlib.closing(_connect(url)) as server:
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.ehlo_or_helo_if_needed()
        if is_international and not server.has_extn("smtputf8"):
            raise Undeliverable("the mail server takes no such address")  # another one may
        options = ("SMTPUTF8", "BODY=8BITMIME") if is_international else ()
        try:
            server.sendmail(bounce_to, [recipient], content, options)
        except smtplib.SMTPRecipientsRefused as error:
            ((code, answer),) = error.recipients.values()
            _give_up_if_final(code, error, is_address=_is_about_address(code, answer))
            raise
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
            _give_up_if_final(error.smtp_code, error)
            raise
        with contextlib.suppress(
            OSError, smtplib.SMTPException
        ):  # it has the message; how it says goodbye is its own affair
            server.quit()


def _is_about_address(code: int, answer: bytes) -> bool:
    words = answer.decode("utf-8", "replace")
    status = _STATUS.match(words)
    return says_dead(status[1] if status else str(code), words)


def _give_up_if_final(code: int, error: Exception, *, is_address: bool = False) -> None:
    if code >= 500:
        raise Undeliverable(f"refused with {code}", code=code, is_address=is_address) from error
