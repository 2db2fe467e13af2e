"""Work that takes the processor goes aside (house rule 8): under gevent into a real thread, so that the loop goes on with
its sockets and pages meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import gevent
from gevent import monkey

P = ParamSpec("P")
T = TypeVar("T")


def aside(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What `function` answers or raises. It must not touch the database, the request or a lock: those belong to the loop."""
    if not monkey.is_module_patched("threading"):
        return function(*args, **kwargs)
    answer: T = gevent.get_hub().threadpool.apply(function, args, kwargs)
    return answer
