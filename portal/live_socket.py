"""The sockets of the live edge: what goes to a thousand readers is made into a frame once, a reader costs little, and who does not
read is let go.

The library below makes a frame anew for each reader, which is most of what a post costs (python-engineio with
simple-websocket: 60 µs each), takes for sent what the system has taken only in part, and keeps four green threads for each
reader, whose stacks are most of what a reader costs: here one reads and one writes. It ends a connection by writing to it and
waiting for its answer, which never comes from one who does not read. So two things end a connection here without a word, and
the reader heals over HTTP when it comes back: the system has taken nothing of what is sent for PATIENCE seconds, or too much
waits (`live_backlog`).
"""

from __future__ import annotations

import socket
import struct
import time
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

import engineio  # type: ignore[import-untyped]  # the libraries have no annotations
import gevent
from engineio.async_drivers.gevent import WebSocketWSGI  # type: ignore[import-untyped]
from engineio.packet import PING, Packet  # type: ignore[import-untyped]
from engineio.socket import Socket  # type: ignore[import-untyped]
from flask_socketio import SocketIO
from wsproto.utilities import LocalProtocolError

from portal.live_backlog import PATIENCE, Backlog

TEXT = 0x81  # a whole message of text (RFC 6455, section 5.2)
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


class _NoThread:
    """In the place of the thread that the library reads with: whoever waits for a word of the reader reads it."""

    name = ""

    def __init__(self, target: Any) -> None:
        pass

    def start(self) -> None:
        """Nothing begins."""


class FrameOnce(WebSocketWSGI):  # type: ignore[misc]  # the library has no annotations
    """One reader's socket. A green thread of its own writes what cannot go at once, so a slow reader delays nobody."""

    def __init__(self, handler: Any, server: engineio.Server) -> None:
        super().__init__(handler, server)
        self.server_args |= {"thread_class": _NoThread, "max_message_size": server.max_http_buffer_size}
        self._begun = 0  # bytes of the message that is sent next which the system has taken already
        self._socket: Socket = handler.__self__
        self._socket.queue.hang_up = self.hang_up
        self._socket.queue.give = self.give

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serve the reader until it is gone."""
        # to unpack the few words of a reader would take 40 kB of memory
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        # the library makes a class for each reader, for a server that we are not
        environ.pop("eventlet.input", None)
        try:
            return super().__call__(environ, start_response)
        finally:
            self._socket.queue.cut_off()  # also when the hands were never shaken; and nothing is kept of who is gone

    def give(self, packet: Packet) -> bool:
        """Give the system a packet at once. False if it does not take all of it: then the packet must be the next to wait."""
        ws = getattr(self, "ws", None)  # another upgrade of the same reader may never have shaken hands
        if ws is None or not self._socket.upgraded or self._socket.upgrading or not ws.connected:
            return False
        whole = frame(packet.encode())
        try:
            self._begun = ws.sock.send(whole, 0, timeout=0.0)
        except OSError:  # it takes nothing now, or nobody is there, which whoever writes will find out
            return False
        if self._begun < len(whole):
            return False
        self._begun = 0
        return True

    def send(self, message: str) -> None:
        """Send it whole. Raises `OSError` if the reader is gone or does not read; then the connection is over."""
        if not self.ws.connected:
            raise OSError("the reader is gone")
        rest = memoryview(frame(message))[self._begun :]
        self._begun = 0
        try:
            while rest:
                with gevent.Timeout(PATIENCE, OSError("the reader does not read")):
                    rest = rest[self.ws.sock.send(rest) :]
        except OSError:
            self.hang_up()
            raise

    def wait(self) -> str | None:
        """The reader's next message; None when it is gone."""
        ws = self.ws
        if getattr(ws.ws, "connection", None) is not None:
            ws.ws = ws.ws.connection  # the hands are shaken: what was needed for that is not kept
        while ws.connected and not ws.input_buffer:
            try:
                data = ws.sock.recv(ws.receive_bytes)
                if not data:
                    raise OSError("the reader is gone")
                ws.ws.receive_data(data)
                ws.connected = ws._handle_events()
            except (OSError, LocalProtocolError):
                ws.connected = False
        return ws.input_buffer.pop(0) if ws.input_buffer else None

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


def _schedule_ping(reader: Socket) -> None:
    """Ask the reader in a while whether it is there; the library keeps a green thread asleep for that."""
    if reader.last_ping:  # otherwise it is asked already
        reader.last_ping = None
        gevent.spawn_later(reader.server.ping_interval, _ping, reader)


def _ping(reader: Socket) -> None:
    if not reader.closing and not reader.closed:
        reader.last_ping = time.time()
        reader.send(Packet(PING))


def init_app(socketio: SocketIO) -> None:
    """Let the server use them. The library has no public place to say so; tests/core/test_live_socket.py sees that it does."""
    if socketio.async_mode == "gevent":
        server = socketio.server.eio
        server._async["websocket"] = FrameOnce
        server.create_queue = partial(Backlog, server)
        Socket.schedule_ping = _schedule_ping
