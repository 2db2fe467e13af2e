"""What waits for one reader of the live edge: it has an end, and goes out at once where nothing is in the way.

The library keeps what waits for a reader without end, and ends a connection by waiting until that is taken, which never happens
with one who does not read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import engineio  # type: ignore[import-untyped]  # the library has no annotations
import gevent
from gevent.queue import Empty, JoinableQueue

log = logging.getLogger("portal.live")

MOST_WAITING = 256 * 1024  # bytes for one reader
EACH = 200  # bytes that a packet takes beside its text: a poller who only answers pings has many that are empty
PATIENCE = 10.0  # seconds that a reader may leave what is sent to it lying


class Backlog(JoinableQueue[Any]):
    """What waits for one reader: counted, and with an end.

    What its writer has taken out counts until it asks for more, for it may lie in its hands. The length is that of the text
    inside, which is plain ASCII: nothing is made for one reader only to know it. Who has nothing waiting is given any message,
    however long, and at once if the system takes it: to wake a thousand writers takes twice as long.

    Before a reader is taken for one who does not read, the writers get a turn, as much may come at once; then nothing is kept
    any more, and the connection is ended in a green thread of its own: others are served meanwhile.
    """

    def __init__(self, server: engineio.Server) -> None:
        super().__init__()
        self._server = server
        self._in_hand = 0
        self._given = 0  # packets that did not have to wait
        self.waiting = 0
        self.is_over = False
        self.hang_up: Callable[[], None]
        self.give: Callable[[Any], bool]
        self.cut_off()

    def cut_off(self) -> None:
        """There is no line that could be cut, nor one that could be given anything unasked: a poller's, or one that has ended."""
        self.hang_up = lambda: None
        self.give = lambda _packet: False

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Let a packet go or wait; None, the end of all, always may."""
        if self.is_over and item is not None:
            return
        if item is not None and not self.waiting and self.give(item):
            self._given += 1
            return
        if not self._has_room(item):
            gevent.sleep(0)
        if self._has_room(item):
            self.waiting += _size(item)
            super().put(item, block, timeout)
        elif not self.is_over:
            self.is_over = True
            gevent.spawn(self._let_go)

    def _has_room(self, item: Any) -> bool:
        return item is None or not self.waiting or self.waiting + _size(item) <= MOST_WAITING

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """The next packet. Who waits for one has sent those before it. Raises `Empty` if there was none for so long; the library
        ends the connection then, so what was given at once counts too."""
        if block:
            self.waiting -= self._in_hand
            self._in_hand = 0
        given = -1
        while given != self._given:
            given = self._given
            with suppress(Empty):
                return self._taken(super().get(block, timeout))
        raise Empty

    def _taken(self, item: Any) -> Any:
        self._in_hand += _size(item)
        return item

    def join(self, timeout: float | None = None) -> bool:
        """Wait until all is taken; the library waits so when it ends a connection, and not for ever for one who never reads."""
        return super().join(PATIENCE if timeout is None else timeout)

    def _let_go(self) -> None:
        self.hang_up()
        for name, opened in list(self._server.sockets.items()):
            if opened.queue is self:
                log.info("a reader who does not read is let go")
                opened.close(wait=False, abort=True, reason=self._server.reason.TRANSPORT_ERROR)
                self._server.sockets.pop(name, None)


def _size(packet: Any) -> int:
    return EACH + len(packet.data or "") if packet is not None else 0
