"""Reading an answer: its words, or why it cannot be taken. Nothing is believed here; `taking.py` judges."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum

from portal.discussions.by_mail.stripping import split_words, text_of_html
from portal.notifications.receiving.messages import BROKEN, decoded, leaves

LARGEST_TEXT = 1_000_000  # bytes of the part with the words; the rest of a large mail is attachments
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_ENCRYPTED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})


class Fault(StrEnum):
    """Why there are no words that can be taken."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"
    ATTACHMENT = "attachment"
    WINMAIL = "winmail"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Written:
    """The words of an answer, or what is wrong with it."""

    text: str
    fault: Fault | None = None
    left_out: str = ""  # what is no quote either


def name_of(message: Message, content: bytes) -> str:
    """What stays the same when a message is handed in twice: its Message-ID, or what it says."""
    found = str(message.get("Message-ID", "")).strip()[:500]
    return found or hashlib.sha256(content).hexdigest()


def words_of(message: Message) -> Written:
    """The words. Broken messages raise nothing."""
    try:
        return _words(message)
    except BROKEN:
        return Written("", Fault.UNREADABLE)


def _words(message: Message) -> Written:
    parts = list(leaves(message))
    fault = _attached(message, parts)
    if fault is not None:
        return Written("", fault)
    for kind in ("plain", "html"):
        texts = [part for part in parts if part.get_content_type() == f"text/{kind}"]
        raw = b"".join(_content(part) for part in texts)
        if len(raw) > LARGEST_TEXT:
            return Written("", Fault.LONG)
        text = "\n".join(decoded(_content(part), part.get_content_charset() or "utf-8") for part in texts)
        words, left_out = split_words(text_of_html(text) if kind == "html" else text)
        if words:
            return Written(words, left_out=left_out)
    return Written("", Fault.EMPTY)


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _attached(message: Message, parts: list[Message]) -> Fault | None:
    """What the mail brings beside its words. Pictures in a signature, and signatures that are signatures, are let be."""
    if any(part.get_content_type() == "message/rfc822" for part in message.walk()):
        return Fault.ATTACHMENT
    for part in parts:
        kind, name = part.get_content_type(), (part.get_filename() or "").casefold()
        if kind in {"application/ms-tnef", "application/vnd.ms-tnef"} or name == "winmail.dat":
            return Fault.WINMAIL
        if kind in _ENCRYPTED:
            return Fault.UNREADABLE
        is_in_text = part.get_content_maintype() == "image" and (
            part.get_content_disposition() == "inline" or part.get("Content-ID") is not None
        )
        if kind in _SIGNATURES or is_in_text:
            continue
        if part.get_content_disposition() == "attachment" or kind not in {"text/plain", "text/html"}:
            return Fault.ATTACHMENT
    return None
