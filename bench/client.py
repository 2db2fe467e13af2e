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
from typing import ClassVar, TypeVar, cast

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


class Watcher(asyncio.BufferedProtocol):
    """A browser that watches a topic: notes when each `items` event arrived, and reads the events after the run.

    All are sent the same, so they read into one buffer, and each text is kept once for all of them.
    """

    _room = bytearray(256 * 1024)
    _texts: ClassVar[dict[bytes, tuple[bytes, int]]] = {}  # what was sent, and how many items are in it

    def __init__(self, topic: str, request: str) -> None:
        self._topic, self._request = topic, request
        self._rest = b""  # the beginning of what has not come whole
        self._is_open = False  # whether the answer to the upgrade has been read
        self.transport: asyncio.Transport | None = None
        self.watching: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.received: list[tuple[float, bytes]] = []
        self.count = 0  # of items in them
        self.is_closed = False

    def forget(self) -> None:
        """Begin anew."""
        self.received.clear()
        self._texts.clear()
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

    def get_buffer(self, sizehint: int) -> bytearray:
        """Where the bytes go: one place for all, for it is emptied before anybody else reads."""
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        """Note the time, then take the messages out of the bytes."""
        now = perf_counter()
        come = memoryview(self._room)[:nbytes]
        data = memoryview(self._rest + come) if self._rest else come
        at = 0 if self._is_open else self._open(data)
        while (found := _next_message(data, at)) is not None:
            message, at = found
            self._take(message, now)
        self._rest = bytes(data[at:])

    def _open(self, data: memoryview) -> int:
        """Read the answer to the upgrade; returns where it ends, 0 if it has not come whole."""
        answer = bytes(data)
        end = answer.find(b"\r\n\r\n") + 4
        if not answer.startswith(b"HTTP/1.1 101") and not self.watching.done():
            self.watching.set_exception(ConnectionError(answer[:200].decode("latin-1")))
        self._is_open = end >= 4 and answer.startswith(b"HTTP/1.1 101")
        return end if self._is_open else 0

    def _take(self, message: bytes, now: float) -> None:
        if message.startswith(ITEMS):
            known = self._texts.get(message)
            if known is None:
                known = self._texts[message] = (message, message.count(NUMBER))
            self.received.append((now, known[0]))
            self.count += known[1]
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


def _next_message(data: memoryview, at: int) -> tuple[bytes, int] | None:
    """The next whole frame's content, and where it ends; a server's frames are not masked. None until it has arrived."""
    if len(data) < at + 2:
        return None
    length, start = data[at + 1] & 0x7F, at + 2
    if length >= 126:
        kind, start = (">H", at + 4) if length == 126 else (">Q", at + 10)
        if len(data) < start:
            return None
        length = struct.unpack_from(kind, data, at + 2)[0]
    end = start + length
    return (bytes(data[start:end]), end) if len(data) >= end else None


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
