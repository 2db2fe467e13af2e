"""The sockets of the live edge: what goes to a thousand readers is made into a frame once, and who does not read is let go.

The library below makes a frame anew for each reader, which is most of what a post costs (python-engineio with
simple-websocket: 60 µs each), and it takes for sent what the system has taken only in part.
"""

from __future__ import annotations

import struct
from functools import lru_cache

import gevent
from engineio.async_drivers.gevent import WebSocketWSGI  # type: ignore[import-untyped]
from flask_socketio import SocketIO

TEXT = 0x81  # a whole message of text (RFC 6455, section 5.2)
PATIENCE = 10.0  # seconds that a reader may leave what is sent to it lying; it heals over HTTP when it comes back
FRAMES = 64  # kept: as many messages as go out at about the same time


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


class FrameOnce(WebSocketWSGI):  # type: ignore[misc]  # the library has no annotations
    """One reader's socket. Its own green thread writes to it, so a slow one delays nobody."""

    def send(self, message: str) -> None:
        """Send it whole. Raises `OSError` if the reader is gone or does not read: the library ends the connection then."""
        if not self.ws.connected:
            raise OSError("the reader is gone")
        with gevent.Timeout(PATIENCE, OSError("the reader does not read")):
            self.ws.sock.sendall(frame(message))


def init_app(socketio: SocketIO) -> None:
    """Let the server use it. The library has no public place to say so; tests/core/test_live_socket.py sees that it does."""
    if socketio.async_mode == "gevent":
        socketio.server.eio._async["websocket"] = FrameOnce
