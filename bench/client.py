"""A light load client on asyncio: HTTP/1.1 connections that stay open, and Socket.IO watchers.

It speaks the wire formats by hand, so that the client costs little beside the server that it measures.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
from base64 import b64encode
from time import perf_counter
from typing import TypeVar, cast

HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds until a server that says nothing is taken for hanging
ITEMS = b'42["items"'
NUMBER = b'"seq":'  # in the JSON of each item once; inside its text the quotes are escaped
_TEXT = 0x1


class Connection:
    """One HTTP connection that stays open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def request(self, path: str, *, headers: str = "", body: bytes | None = None) -> tuple[int, bytes]:
        """Send a GET, or a POST when there is a body; returns status and content.

        Raises `ConnectionError` if the server does not answer like one, `TimeoutError` if it does not answer at all.
        """
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(HOST, self._port)
        head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: {HOST}:{self._port}\r\n{headers}"
        if body is not None:
            head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(head.encode() + b"\r\n" + (body or b""))
        try:
            answer = (await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode("latin-1")
        except asyncio.IncompleteReadError as error:
            raise ConnectionError(f"no answer to {path}") from error
        fields = dict(line.lower().split(": ", 1) for line in answer.split("\r\n")[1:] if ": " in line)
        content = await self._reader.readexactly(int(fields["content-length"]))
        if fields.get("connection") == "close":
            await self.close()
        return int(answer.split(" ", 2)[1]), content

    async def close(self) -> None:
        """Let go of it; the next request opens a new one."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def frame(text: str) -> bytes:
    """A client's text frame (RFC 6455). The mask is four zeros, which leaves the bytes as they are."""
    data = text.encode()
    if len(data) > 125:
        raise ValueError("the watchers only send short messages")
    return bytes((0x80 | _TEXT, 0x80 | len(data), 0, 0, 0, 0)) + data


class Watcher(asyncio.Protocol):
    """A browser that watches a topic: notes when each `items` event arrived, and reads the events after the run."""

    def __init__(self, topic: str, request: str) -> None:
        self._topic, self._request = topic, request
        self._buffer = bytearray()
        self._is_open = False  # whether the answer to the upgrade has been read
        self.transport: asyncio.Transport | None = None
        self.watching: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.received: list[tuple[float, bytes]] = []
        self.count = 0  # of items in them
        self.is_closed = False

    def forget(self) -> None:
        """Begin anew."""
        self.received.clear()
        self.count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        """A watcher that was dropped makes the run incomplete."""
        self.is_closed = True
        if not self.watching.done():
            self.watching.set_exception(ConnectionError("the server closed a watcher's socket"))

    def data_received(self, data: bytes) -> None:
        """Note the time, then take the messages out of the bytes."""
        now = perf_counter()
        self._buffer += data
        if not self._is_open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101"):
                self.watching.set_exception(ConnectionError(bytes(self._buffer[:200]).decode("latin-1")))
                return
            del self._buffer[: end + 4]
            self._is_open = True
        while (message := self._next_message()) is not None:
            self._take(message, now)

    def _next_message(self) -> bytes | None:
        """The next whole frame's content; a server's frames are not masked. None until it has arrived."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length >= 126:
            kind, start = (">H", 4) if length == 126 else (">Q", 10)
            if len(buffer) < start:
                return None
            length = struct.unpack_from(kind, buffer, 2)[0]
        if len(buffer) < start + length:
            return None
        message = bytes(buffer[start : start + length])
        del buffer[: start + length]
        return message

    def _take(self, message: bytes, now: float) -> None:
        if message.startswith(ITEMS):
            self.received.append((now, message))
            self.count += message.count(NUMBER)
        elif message == b"2":  # Engine.IO asks whether we are there
            self._send("3")
        elif message.startswith(b"0{"):  # Engine.IO is open: join the namespace
            self._send("40")
        elif message.startswith(b"40{"):  # joined: watch
            self._send(f'420["watch",{json.dumps({"topic": self._topic})}]')
        elif message.startswith(b"430["):
            answer = json.loads(message[3:])[0]
            self.watching.set_result(bool(answer["ok"]))

    def _send(self, text: str) -> None:
        if self.transport is not None:
            self.transport.write(frame(text))

    def say(self, event: str, message: object) -> None:
        """Tell the server something that no answer is waited for."""
        self._send(f"42{json.dumps([event, message])}")

    def close(self) -> None:
        """Leave."""
        if self.transport is not None:
            self.transport.abort()


W = TypeVar("W", bound=Watcher)


async def watch(port: int, topic: str, headers: str, kind: type[W]) -> W:
    """Open a socket and watch a topic. Raises `ConnectionError` if the server does not let us."""
    request = (
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {HOST}:{port}\r\n"
        f"Origin: http://{HOST}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {b64encode(os.urandom(16)).decode()}\r\n{headers}\r\n"
    )
    loop = asyncio.get_running_loop()
    _transport, watcher = await loop.create_connection(lambda: kind(topic, request), HOST, port)
    if not await asyncio.wait_for(watcher.watching, 30):
        raise ConnectionError(f"not allowed to watch {topic}")
    return watcher
