"""What every reader of incoming mail needs: addresses to compare, and the parts of a message whatever state it is in."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email.message import Message
from email.utils import getaddresses
from urllib.parse import unquote

LONGEST_HEADER = 2_000
# what the readers of mail and calendars raise for what is broken
BROKEN = (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError, OverflowError)


class Unreadable(ValueError):
    """Nothing can be read from it; the text says why, for the log."""


def read(content: bytes) -> Message:
    """A message. The older reader of headers is used, whose time does not grow with their square. Raises `Unreadable`."""
    try:
        return email.message_from_bytes(content)
    except BROKEN as error:
        raise Unreadable("no message") from error


def plain_address(text: str) -> str:
    """An address to compare: without `mailto:`, brackets and needless quotes, in lower case."""
    found = text.strip().strip("<>").casefold()
    found = unquote(found.removeprefix("mailto:")).strip().strip("<>")
    local, at, domain = found.rpartition("@")
    if local.startswith('"') and local.endswith('"') and len(local) > 1:
        local = local[1:-1].replace("\\", "")
    return f"{local}{at}{domain}"


def addresses(message: Message, *names: str) -> list[str]:
    """The addresses in headers of these names; none of headers longer than anybody's."""
    found = [str(header) for name in names for header in message.get_all(name, [])]
    return [address for _name, address in getaddresses([one for one in found if len(one) <= LONGEST_HEADER]) if address]


def leaves(message: Message) -> Iterator[Message]:
    """The parts that hold something; not those of a message that is attached."""
    if message.get_content_maintype() == "message":
        return
    parts = message.get_payload()
    if not isinstance(parts, list):
        yield message
        return
    for part in parts:
        if isinstance(part, Message):
            yield from leaves(part)


def decoded(content: bytes, charset: str) -> str:
    """The text of a part, whatever its name for the encoding is worth."""
    for name in (charset, "utf-8", "cp1252"):
        try:
            return content.decode(name).removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
        except (UnicodeError, LookupError):
            continue
    return content.decode("latin-1")
