"""Who has a topic open, over all web processes."""

from __future__ import annotations

import json
import logging
import time
import uuid
from typing import Any

import redis

log = logging.getLogger("portal.live")

Card = dict[str, Any]
STALE_SECONDS = 30.0  # a process says anew every ten seconds who is there; one that died is forgotten after this
AWAY_SECONDS = 5.0  # so long a Redis that did not answer is not asked again: nobody waits for it topic after topic


class Presence:
    """What this process knows of its own sockets, beside what the others say in Redis. Without Redis it is alone."""

    def __init__(self, redis_url: str = "") -> None:
        self._name = uuid.uuid4().hex
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1) if redis_url else None
        self._away_until = float("-inf")

    def tell(self, topic: str, here: list[Card]) -> list[Card]:
        """Say who is here, and hear who is anywhere: one card a person, in order of name.

        Redis being away costs the others' names, nothing else.
        """
        everywhere = {card["id"]: card for card in here}
        if self._redis is not None and time.monotonic() >= self._away_until:
            try:
                for card in self._exchange(self._redis, topic, here):
                    everywhere.setdefault(card["id"], card)
            except redis.RedisError:
                self._away_until = time.monotonic() + AWAY_SECONDS
                log.warning("who is in a thread could not be shared between the web processes")
        return sorted(everywhere.values(), key=lambda card: str(card["name"]))

    def _exchange(self, shared: redis.Redis, topic: str, here: list[Card]) -> list[Card]:
        key, now = f"portal:presence:{topic}", time.time()
        with shared.pipeline() as steps:
            if here:
                steps.hset(key, self._name, json.dumps({"at": now, "people": here}))
            else:
                steps.hdel(key, self._name)
            steps.expire(key, int(STALE_SECONDS * 2))
            steps.hvals(key)
            parts = [json.loads(part) for part in steps.execute()[-1]]
        return [card for part in parts if now - part["at"] < STALE_SECONDS for card in part["people"]]
