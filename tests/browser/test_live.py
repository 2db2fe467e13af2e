"""The live edge on a real server: what strangers and broken answers do to it."""

from __future__ import annotations

import time

import pytest
import websocket

from tests.browser.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_s24_a_stranger_s_websocket_is_refused_before_it_opens(stack: Stack) -> None:
    address = f"{stack.address.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    for _ in range(40):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            websocket.create_connection(address, timeout=10)
        assert refused.value.status_code == 401
    started = time.monotonic()
    assert stack.is_up()
    assert time.monotonic() - started < 3
