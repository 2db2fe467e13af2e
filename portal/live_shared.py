"""What several web processes publish to each other, through Redis: a hint, never the truth.

The library's own listener waits up to a minute before it looks for a Redis that was away, and never notices one that says
nothing; and whoever publishes waits for the answer. Here a green thread of its own does that, so a Redis that is silent keeps
no reader and no writer of this process waiting. What was missed meanwhile is found by `live_sweep`.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Iterator
from typing import Any

from redis import Redis
from socketio import RedisManager

from portal.live_dispatch import start_once

log = logging.getLogger("portal.live")

RETRY_SECONDS = 1.0
SILENCE_SECONDS = 5  # after which Redis is asked whether it is there; after as many again without an answer it is not
PATIENCE = 1.0  # seconds for it to take what is published
MOST_WAITING = 1_000  # messages; beyond that the readers of other processes find by looking what they lack


class Shared(RedisManager):  # type: ignore[misc]  # the library has no annotations
    """Sends and hears what the other processes publish."""

    def __init__(self, url: str) -> None:
        super().__init__(url, channel="portal", redis_options={"health_check_interval": SILENCE_SECONDS})
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue(maxsize=MOST_WAITING)

    def _publish(self, data: dict[str, Any]) -> None:
        """Let it be sent to the other processes; the own readers have it already."""
        start_once("publish", self._publish_forever)
        try:
            self._waiting.put_nowait(data)
        except queue.Full:
            log.warning("too much waits for Redis; the readers of other processes will ask for it")

    def _publish_forever(self) -> None:
        """Send what waits. What Redis does not take is not sent again: it may have it, and the others look for themselves."""
        redis = Redis.from_url(self.redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
        was_away = False
        while True:
            data = self._waiting.get()
            try:
                redis.publish(self.channel, self.json.dumps(data))
                was_away = False
            except Exception as error:  # noqa: BLE001  # whatever it was: without sending, the readers of other processes hear late
                if not was_away:
                    log.warning("Redis takes nothing (%s)", type(error).__name__)
                was_away = True
                self._forget()

    def _forget(self) -> None:
        """Drop what came while Redis was waited for: who is typing now is of no use to anybody later."""
        while not self._waiting.empty():
            self._waiting.get_nowait()

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
                    elif self.pubsub.health_check_response_counter > 1:
                        raise TimeoutError("Redis does not answer")
            except Exception as error:  # noqa: BLE001  # whatever it was: without listening, the readers of other processes hear nothing
                if not was_away:
                    log.warning("Redis cannot be heard (%s); looking for it every second", type(error).__name__)
                was_away = True
                time.sleep(RETRY_SECONDS)
