"""A Redis that says nothing: nobody waits for it, it is found out, and it is heard again."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from portal import live_dispatch, live_shared
from portal.live_shared import Shared
from portal.web import Edge
from tests.house import Process
from tests.servers import answers, find_program, free_port, wait_for


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of something that takes a connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_nobody_waits_for_redis_to_take_what_is_published(
    app: Edge, silent: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live_shared, "PATIENCE", 3600)
    monkeypatch.delitem(live_dispatch._started, "publish", raising=False)
    shared = Shared(silent)
    shared.set_server(live_dispatch.socketio.server)

    def publish() -> None:
        for number in range(live_shared.MOST_WAITING + 2):
            shared.emit("items", {"seq": number}, namespace="/", room="thread:1")

    publishing = threading.Thread(target=publish, daemon=True)
    publishing.start()
    publishing.join(60)
    assert not publishing.is_alive()
    assert "too much waits for Redis" in caplog.text, "and what waits for it has an end"


def test_a_redis_that_says_nothing_is_found_out_and_heard_again(
    app: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live_shared, "SILENCE_SECONDS", 1)
    port = free_port()
    server = Process(
        (find_program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)),
        os.environ,
    )  # fmt: skip
    server.start()
    try:
        wait_for(lambda: answers(port), what="Redis's start")
        shared, heard = Shared(f"redis://127.0.0.1:{port}/0"), threading.Event()

        def listen() -> None:
            for _message in shared._redis_listen_with_retries():
                heard.set()
                return

        listening = threading.Thread(target=listen, daemon=True)
        listening.start()
        other = redis.Redis(port=port)
        wait_for(lambda: dict(other.pubsub_numsub("portal"))[b"portal"], what="listening")
        server.hold()
        wait_for(lambda: "Redis cannot be heard" in caplog.text, seconds=60, what="finding out")
        server.go_on()
        wait_for(lambda: other.publish("portal", "{}") and heard.wait(0.1), seconds=60, what="hearing again")
        listening.join(60)
        assert "Redis is back" in caplog.text
    finally:
        server.stop()
