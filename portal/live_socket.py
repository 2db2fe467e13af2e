"""The sockets of the live edge: what goes to a thousand readers is made into a frame once, and who does not read is let go.

The library below makes a frame anew for each reader, which is most of what a post costs (python-engineio with
simple-websocket: 60 µs each), and it takes for sent what the system has taken only in part. It also keeps what waits for a
reader without end, and ends a connection by writing to it and waiting for its answer, which never comes from one who does not
read. So two things end a connection here without a word, and the reader heals over HTTP when it comes back: the system has
taken nothing of what is sent for PATIENCE seconds, or more than MOST_WAITING waits.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

import engineio  # type: ignore[import-untyped]  # the libraries have no annotations
import gevent
from engineio.async_drivers.gevent import WebSocketWSGI  # type: ignore[import-untyped]
from flask_socketio import SocketIO
from gevent.queue import JoinableQueue

log = logging.getLogger("portal.live")

TEXT = 0x81  # a whole message of text (RFC 6455, section 5.2)
PATIENCE = 10.0  # seconds that a reader may leave what is sent to it lying
MOST_WAITING = 256 * 1024  # bytes for one reader
EACH = 200  # bytes that a packet takes beside its text: a poller who only answers pings has many that are empty
FRAMES = 64  # kept: as many messages as go out at about the same time
AT_ONCE = struct.pack(
    "ii", 1, 0
)  # closing forgets what is not sent: the system would keep it for a reader who never reads


@lru_cache(maxsize=FRAMES)
def frame(message: str) -> bytes:
    """A message as a server sends it: not masked, and not compressed, which needs no agreement (RFC 7692, section 6)."""
    data = message.encode()
    if len(data) < 126:
        head = struct.pack(">BB", TEXT, len(data))
    elif len(data) < 1 << 16:
        head = struct.pack(">BBH", TEXT, 126, len(data))
    else:
        head = struct.pack(">BBQ", TEXT, 127, len(data))
    return head + data


class Backlog(JoinableQueue[Any]):
    """What waits for one reader: counted, and with an end.

    What its writer has taken out counts until it asks for more, for it may lie in its hands. The length is that of the text
    inside, which is plain ASCII: nothing is made for one reader only to know it. Who has nothing waiting is given any message,
    however long. Before a reader is taken for one who does not read, the writers get a turn, as much may come at once; then
    nothing is kept any more, and the connection is ended in a green thread of its own: others are served meanwhile.
    """

    def __init__(self, server: engineio.Server) -> None:
        super().__init__()
        self._server = server
        self._in_hand = 0
        self.waiting = 0
        self.is_over = False
        self.hang_up: Callable[[], None] = lambda: None  # a poller has no line that could be cut

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Let a packet wait; None, the end of all, always may."""
        if self.is_over and item is not None:
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
        """The next packet. Who waits for one has sent those before it."""
        if block:
            self.waiting -= self._in_hand
            self._in_hand = 0
        item = super().get(block, timeout)
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


class FrameOnce(WebSocketWSGI):  # type: ignore[misc]  # the library has no annotations
    """One reader's socket. Its own green thread writes to it, so a slow one delays nobody."""

    def __init__(self, handler: Any, server: engineio.Server) -> None:
        super().__init__(handler, server)
        handler.__self__.queue.hang_up = self.hang_up

    def send(self, message: str) -> None:
        """Send it whole. Raises `OSError` if the reader is gone or does not read; then the connection is over."""
        if not self.ws.connected:
            raise OSError("the reader is gone")
        rest = memoryview(frame(message))
        try:
            while rest:
                with gevent.Timeout(PATIENCE, OSError("the reader does not read")):
                    rest = rest[self.ws.sock.send(rest) :]
        except OSError:
            self.hang_up()
            raise

    def close(self) -> None:
        """End it in order, which needs a reader who reads and answers; without one it is cut."""
        if self.ws.connected:
            gevent.spawn_later(PATIENCE, self.hang_up)
            with suppress(OSError):  # nobody is there to be told
                super().close()

    def hang_up(self) -> None:
        """Cut the line: who reads from it and who writes to it here end at once."""
        ws = getattr(self, "ws", None)
        if ws is not None:
            with suppress(OSError):  # it is cut already
                ws.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                ws.sock.shutdown(socket.SHUT_RDWR)


def init_app(socketio: SocketIO) -> None:
    """Let the server use them. The library has no public place to say so; tests/core/test_live_socket.py sees that it does."""
    if socketio.async_mode == "gevent":
        server = socketio.server.eio
        server._async["websocket"] = FrameOnce
        server.create_queue = partial(Backlog, server)
