"""The door through which the mail server hands in mail (LMTP, RFC 2033). It stands behind that server, never on the net."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session

from portal.notifications.receiving.readers import NotForUs, TooLarge

log = logging.getLogger("portal.mail")
logging.getLogger("mail.log").setLevel(logging.WARNING)  # the library's own; it would write the signed addresses down


class _Door:
    """Answers the mail server: what is not for us is refused at the door, what fails here for now is tried again."""

    def __init__(self, is_ours: Callable[[str], bool], take: Callable[[bytes, str], object]) -> None:
        self._is_ours, self._take = is_ours, take

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, _server: object, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """One address at a time: LMTP wants an answer for each."""
        if envelope.rcpt_tos:
            return "452 4.5.3 one recipient at a time"
        try:
            is_ours = await asyncio.to_thread(self._is_ours, address)
        except Exception:
            log.exception("a recipient could not be looked up")
            return "451 4.3.0 try again later"
        if not is_ours:
            return "550 5.1.1 no such address here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: object, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        """Whatever it is, it is taken once it was read: a refusal would go to whoever the message says it is from."""
        assert isinstance(envelope.content, bytes)
        try:
            await asyncio.to_thread(self._take, envelope.content, envelope.rcpt_tos[0])
        except TooLarge:
            return "552 5.3.4 too large"
        except NotForUs:  # whom it was for has gone in between
            return "550 5.1.1 no such address here"
        except Exception:
            log.exception("mail that came in could not be stored")
            return "451 4.3.0 try again later"
        return "250 2.0.0 OK"


class LmtpServer(Controller):
    """The server, in a thread of its own. `is_ours` and `take` are called in further threads."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        is_ours: Callable[[str], bool],
        take: Callable[[bytes, str], object],
        largest: int,
    ) -> None:
        self._largest = largest
        super().__init__(_Door(is_ours, take), hostname=host, port=port)

    def factory(self) -> Any:
        """One connection."""
        return LMTP(self.handler, data_size_limit=self._largest, enable_SMTPUTF8=True)
