"""Frames that are made once for all readers, and readers who do not read."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import engineio  # type: ignore[import-untyped]  # the library has no annotations
import gevent
import gevent.socket
import pytest
from engineio.async_drivers import gevent as driver  # type: ignore[import-untyped]
from engineio.exceptions import QueueEmpty  # type: ignore[import-untyped]
from engineio.packet import MESSAGE, PING, Packet  # type: ignore[import-untyped]
from engineio.socket import Socket  # type: ignore[import-untyped]
from flask import Flask
from flask_socketio import SocketIO
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from portal import live_backlog, live_socket
from portal.live_backlog import MOST_WAITING, Backlog
from portal.live_socket import FrameOnce, frame


@pytest.fixture
def server() -> engineio.Server:
    """The library's server, with our queues."""
    made = engineio.Server(async_mode="gevent", monitor_clients=False)
    made.create_queue = partial(Backlog, made)
    return made


def reader(server: engineio.Server) -> Socket:
    """A connection as the library makes it."""
    made = server.sockets["a reader"] = Socket(server, "a reader")
    made.connected = True
    return made


def writer(sock: object, *, connected: bool = True) -> FrameOnce:
    """A reader's socket as the library leaves it after the handshake."""
    server = engineio.Server(async_mode="gevent", monitor_clients=False)
    server.create_queue = partial(Backlog, server)
    made = FrameOnce(reader(server)._websocket_handler, server)
    made.ws = SimpleNamespace(sock=sock, connected=connected)
    return made


def text(size: int) -> Packet:
    return Packet(MESSAGE, "x" * size)


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
    waiting, ended = gevent.spawn(writer(deaf).send, "x" * 5_000_000), gevent.spawn(deaf.recv, 10)
    gevent.sleep(0)
    writer(here).send("hej")
    assert there.recv(10) == b"\x81\x03hej"
    assert not waiting.ready(), "the other one was served meanwhile"
    with pytest.raises(OSError, match="does not read"):
        waiting.get(timeout=30)
    with pytest.raises(OSError, match="closed"):  # who waits for a word of the reader ends too
        ended.get(timeout=30)
    for one in (deaf, _never, here, there):
        one.close()


def test_a_slow_reader_is_not_taken_for_one_who_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is that the system takes something, not how long a message takes."""
    monkeypatch.setattr(live_socket, "PATIENCE", 2.0)
    here, there = gevent.socket.socketpair()
    here.setsockopt(gevent.socket.SOL_SOCKET, gevent.socket.SO_SNDBUF, 4096)
    wanted, came = frame("x" * 100_000), b""
    sending = gevent.spawn(writer(here).send, "x" * 100_000)
    while len(came) < len(wanted) and not sending.ready():
        gevent.sleep(0.1)
        came += there.recv(4_000)
    sending.get(timeout=30)
    for one in (here, there):
        one.close()


def test_the_end_of_a_connection_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_socket, "PATIENCE", 0.3)
    deaf, never = gevent.socket.socketpair()
    line = writer(deaf)
    line.ws.close = partial(deaf.sendall, b"x" * 5_000_000)  # as a word of farewell when nothing is taken any more
    ending = gevent.spawn(line.close)
    ending.get(timeout=30)
    for one in (deaf, never):
        one.close()


def test_who_is_gone_is_an_error_that_the_library_knows() -> None:
    with pytest.raises(OSError, match="gone"):
        writer(None, connected=False).send("hej")


# --- what waits ---------------------------------------------------------------------------------------------------------


def test_what_waits_for_who_does_not_ask_has_an_end(server: engineio.Server) -> None:
    gone: list[str] = []
    server.on("disconnect", lambda sid, _reason: gone.append(sid))
    deaf = reader(server)
    cut: list[str] = []
    deaf.queue.hang_up = partial(cut.append, "cut")
    message = text(10_000)  # one for all readers
    for _ in range(1_000):
        deaf.queue.put(message)
        assert deaf.queue.waiting <= MOST_WAITING
    assert deaf.queue.qsize() < MOST_WAITING / 10_000
    gevent.sleep(0)
    assert (gone, cut) == (["a reader"], ["cut"])
    assert deaf.closed
    assert server.sockets == {}, "the next word of a poller is of a session that nobody knows"
    assert message.encode_cache is None, "made for nobody only to know its length"


def test_empty_packets_count_too(server: engineio.Server) -> None:
    deaf = reader(server)
    for _ in range(MOST_WAITING // live_backlog.EACH + 1):
        deaf.queue.put(Packet())
    assert deaf.queue.is_over


def test_what_is_in_the_writer_s_hands_waits_too(server: engineio.Server) -> None:
    slow = reader(server)
    for _ in range(2):
        slow.queue.put(text(100_000))
    assert len(slow.poll()) == 2
    slow.queue.put(text(100_000))
    assert slow.queue.is_over


def test_who_reads_hears_all_however_much_comes_at_once(server: engineio.Server) -> None:
    quick = reader(server)
    came: list[Packet] = []

    def read() -> None:
        while len(came) < 100:
            came.extend(quick.poll())

    reading = gevent.spawn(read)
    gevent.sleep(0)
    quick.queue.put(text(MOST_WAITING * 2))
    for _ in range(99):
        quick.queue.put(text(50_000))
    reading.get(timeout=30)
    assert not quick.queue.is_over


def test_the_library_does_not_wait_for_ever_for_who_never_asks(
    server: engineio.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_backlog, "PATIENCE", 0.3)
    reader(server).queue.put(text(10))
    gevent.spawn(server.disconnect, "a reader").get(timeout=30)
    assert server.sockets == {}


# --- what goes at once ---------------------------------------------------------------------------------------------------


def line_of(server: engineio.Server, sock: object) -> tuple[Socket, FrameOnce]:
    """A reader behind a line, as the library leaves both when the hands are shaken."""
    made = reader(server)
    made.upgraded = True
    line = FrameOnce(made._websocket_handler, server)
    line.ws = SimpleNamespace(sock=sock, connected=True)
    return made, line


def write_for(one: Socket, line: FrameOnce) -> None:
    """What the library's writer does."""
    while packets := one.poll():
        for packet in packets:
            line.send(packet.encode())


def test_who_has_nothing_waiting_is_given_it_at_once(server: engineio.Server) -> None:
    here, there = gevent.socket.socketpair()
    one, _line = line_of(server, here)
    one.send(Packet(MESSAGE, "hej"))
    assert one.queue.empty(), "no writer was woken"
    assert there.recv(10) == frame("4hej")
    one.upgraded = False  # still shaking hands: only the poll may answer
    one.send(Packet(MESSAGE, "hej"))
    assert one.queue.qsize() == 1
    for sock in (here, there):
        sock.close()


def test_what_the_system_takes_in_part_goes_on_where_it_ended(server: engineio.Server) -> None:
    here, there = gevent.socket.socketpair()
    here.setsockopt(gevent.socket.SOL_SOCKET, gevent.socket.SO_SNDBUF, 4096)
    one, line = line_of(server, here)
    writing = gevent.spawn(write_for, one, line)
    gevent.sleep(0)
    sizes = [10, 90_000, 20, 50_000, 30]
    wanted, came = b"".join(frame("4" + "x" * size) for size in sizes), b""
    for size in sizes:
        one.send(text(size))
    while len(came) < len(wanted):
        came += there.recv(3_000)
    assert came == wanted
    gevent.sleep(0)
    one.send(text(40))
    assert one.queue.empty(), "nothing is in the way any more"
    assert there.recv(100) == frame("4" + "x" * 40)
    one.queue.put(None)
    writing.get(timeout=30)
    for sock in (here, there):
        sock.close()


def test_who_is_given_all_at_once_is_not_taken_for_one_who_hears_nothing(
    server: engineio.Server, request: pytest.FixtureRequest
) -> None:
    here, there = gevent.socket.socketpair()
    for sock in (here, there):
        request.addfinalizer(sock.close)
    one, line = line_of(server, here)
    server.ping_interval, server.ping_timeout = 0.2, 0.2  # the library's writer waits for both together
    one.last_ping = None  # nobody is asked here whether she is there
    writing = gevent.spawn(write_for, one, line)
    for _ in range(3):
        gevent.sleep(0.25)
        one.send(Packet(MESSAGE, "hej"))
    assert not writing.ready()
    with pytest.raises(QueueEmpty):  # nothing at all for so long
        writing.get(timeout=30)


def test_an_upgrade_that_fails_breaks_no_message_to_others(
    server: engineio.Server, request: pytest.FixtureRequest
) -> None:
    here, there = gevent.socket.socketpair()
    for sock in (here, there):
        request.addfinalizer(sock.close)
    one, _line = line_of(server, here)
    second = FrameOnce(one._websocket_handler, server)
    one.send(Packet(MESSAGE, "hej"))
    assert one.queue.qsize() == 1, "the second line never shook hands"
    with pytest.raises(RuntimeError, match="socket"):
        second({}, None)
    one.queue.get(block=False)
    one.send(Packet(MESSAGE, "igen"))
    assert one.queue.qsize() == 1, "nothing is left of the second line"
    hooks = (one.queue.give, one.queue.hang_up)
    assert [getattr(hook, "__self__", None) for hook in hooks] == [None, None], "and it is not kept"


def test_whoever_is_gone_is_found_out_by_the_writer(server: engineio.Server) -> None:
    here, there = gevent.socket.socketpair()
    one, line = line_of(server, here)
    there.close()
    here.close()
    one.send(Packet(MESSAGE, "hej"))
    with pytest.raises(OSError, match=r"closed|Bad file|Broken"):
        write_for(one, line)


def test_a_reader_is_asked_in_a_while_whether_it_is_there(
    server: engineio.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ping_interval", 0.05)
    monkeypatch.setattr(Socket, "schedule_ping", live_socket._schedule_ping)
    one = reader(server)
    one.schedule_ping()
    one.schedule_ping()
    assert [packet.packet_type for packet in one.poll()] == [PING]
    assert one.last_ping
    gevent.sleep(0.2)
    assert one.queue.empty(), "nobody is asked again before the answer"


def test_the_server_uses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(driver._async, "websocket", None)
    monkeypatch.setattr(Socket, "schedule_ping", None)
    socketio = SocketIO(Flask(__name__), async_mode="gevent")
    live_socket.init_app(socketio)
    made = reader(socketio.server.eio)
    assert isinstance(made.queue, Backlog)
    assert driver._async["websocket"] is FrameOnce
    assert Socket.schedule_ping is live_socket._schedule_ping
