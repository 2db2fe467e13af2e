"""Frames that are made once for all readers, and readers who do not read."""

from __future__ import annotations

from types import SimpleNamespace

import gevent
import gevent.socket
import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from portal import live_socket
from portal.live_socket import FrameOnce, frame


def writer(sock: object, *, connected: bool = True) -> FrameOnce:
    """A reader's socket as the library leaves it after the handshake."""
    made = FrameOnce(lambda _socket: None, None)
    made.ws = SimpleNamespace(sock=sock, connected=connected)
    return made


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 300_000])
def test_a_client_reads_the_frame(size: int) -> None:
    text = ("åäö€😀" * size)[:size]
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(frame(text))
    parts = list(client.events())
    assert "".join(part.data for part in parts if isinstance(part, TextMessage)) == text
    assert frame(text) is frame(text), "made once"


def test_what_is_sent_comes_whole_to_a_slow_reader() -> None:
    here, there = gevent.socket.socketpair()
    here.setsockopt(gevent.socket.SOL_SOCKET, gevent.socket.SO_SNDBUF, 4096)
    message = "x" * 200_000
    sending = gevent.spawn(writer(here).send, message)
    wanted, came = frame(message), b""
    while len(came) < len(wanted):
        came += there.recv(3_000)
    sending.get(timeout=30)
    assert came == wanted
    here.close()
    there.close()


def test_who_never_reads_is_let_go_and_delays_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_socket, "PATIENCE", 0.3)
    (deaf, _never), (here, there) = gevent.socket.socketpair(), gevent.socket.socketpair()
    waiting = gevent.spawn(writer(deaf).send, "x" * 5_000_000)
    gevent.sleep(0)
    writer(here).send("hej")
    assert there.recv(10) == b"\x81\x03hej"
    assert not waiting.ready(), "the other one was served meanwhile"
    with pytest.raises(OSError, match="does not read"):
        waiting.get(timeout=30)
    for one in (deaf, _never, here, there):
        one.close()


def test_who_is_gone_is_an_error_that_the_library_knows() -> None:
    with pytest.raises(OSError, match="gone"):
        writer(None, connected=False).send("hej")
