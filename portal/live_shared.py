"""What several web processes publish to each other, through Redis.

The library's own listener waits up to a minute before it looks for a Redis that was away, and never notices one that says
nothing. What was missed meanwhile is found by `live_sweep`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

from socketio import RedisManager

log = logging.getLogger("portal.live")

RETRY_SECONDS = 1.0
SILENCE_SECONDS = 5  # after which Redis is asked whether it is there


class Shared(RedisManager):  # type: ignore[misc]  # the library has no annotations
    """Sends and hears what the other processes publish."""

    def __init__(self, url: str) -> None:
        super().__init__(url, channel="portal", redis_options={"health_check_interval": SILENCE_SECONDS})

    def _redis_listen_with_retries(self) -> Iterator[dict[str, Any]]:
        """What is published, for ever."""
        was_away = False
        while True:
            try:
                self._redis_connect()
                self.pubsub.subscribe(self.channel)
                if was_away:
                    log.warning("Redis is back")
                was_away = False
                while True:
                    message = self.pubsub.get_message(timeout=SILENCE_SECONDS)  # asks between, if Redis is there
                    if message is not None:
                        yield message
            except Exception as error:  # noqa: BLE001  # whatever it was: without listening, the readers of other processes hear nothing
                if not was_away:
                    log.warning("Redis cannot be heard (%s); looking for it every second", type(error).__name__)
                was_away = True
                time.sleep(RETRY_SECONDS)
