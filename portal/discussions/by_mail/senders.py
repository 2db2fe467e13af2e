"""Whom a mail is from, as far as that can be known: the From header, and what our own mail server found out about it."""

from __future__ import annotations

from email.message import Message

from authres import AuthenticationResultsHeader, AuthResError
from authres.core import AuthenticationResult
from flask import current_app

from portal.notifications.receiving.messages import BROKEN, LONGEST_HEADER, addresses, plain_address

HEADER = "Authentication-Results"
# headers that only programs set, and the values with which they say so
_BULK = frozenset({"bulk", "list", "junk", "auto_reply", "auto-reply"})
_OF_PROGRAMS = (
    "List-Id",
    "List-Unsubscribe",
    "X-Autoreply",
    "X-Autorespond",
    "X-Auto-Reply-From",
    "Feedback-ID",
    "X-Loop",
)


def sender(message: Message) -> str:
    """The one address in From, to compare; empty if there is not exactly one."""
    found = addresses(message, "From")
    return plain_address(found[0]) if len(found) == 1 and len(message.get_all("From", [])) == 1 else ""


def is_automatic(message: Message) -> bool:
    """Whether a program wrote it by itself (RFC 3834): nothing is ever answered to that."""
    if str(message.get("Auto-Submitted", "no")).partition(";")[0].strip().casefold() != "no":
        return True
    if str(message.get("Precedence", "")).strip().casefold() in _BULK:
        return True
    if any(name in message for name in _OF_PROGRAMS):
        return True
    return str(message.get("Return-Path", "x")).strip() == "<>" or message.get_content_type() == "multipart/report"


def is_checked(message: Message) -> bool:
    """Whether our own mail server found that the mail is from the domain in From (RFC 8601): DMARC, DKIM or SPF says so.

    Only the first header that bears its name counts: a mail server puts its own on top, and whoever forges one cannot get
    above it.
    """
    domain = sender(message).rpartition("@")[2]
    own: str = current_app.config["SETTINGS"].mail_checked_by
    if not domain or not own:
        return False
    for header in message.get_all(HEADER, []):
        text = " ".join(str(header).split())
        if len(text) > LONGEST_HEADER or text.partition(";")[0].strip().partition(" ")[0].casefold() != own.casefold():
            continue
        try:
            results = AuthenticationResultsHeader.parse(f"{HEADER}: {text}").results
        except (AuthResError, *BROKEN):
            return False
        return any(_is_pass(result, domain) for result in results)
    return False


_WHOSE = {"dmarc": ("header", "from"), "dkim": ("header", "d"), "spf": ("smtp", "mailfrom")}


def _is_pass(result: AuthenticationResult, domain: str) -> bool:
    """Whether this passed, and for the domain itself or one above it (as DMARC aligns them)."""
    method = str(result.method).casefold()
    if method not in _WHOSE or str(result.result).casefold() != "pass":
        return False
    for one in result.properties:
        if (str(one.type).casefold(), str(one.name).casefold()) == _WHOSE[method]:
            found = str(one.value).casefold().rpartition("@")[2].strip(".")
            return "." in found and (found == domain or domain.endswith(f".{found}"))
    return False
