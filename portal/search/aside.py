"""Work that takes the processor goes aside (house rule 8): under gevent into a real thread, so that the loop goes on with
its sockets and pages meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import gevent
from gevent import monkey

P = ParamSpec("P")
T = TypeVar("T")


def aside(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What `function` answers or raises. It must not touch the database, the request or a lock: those belong to the loop."""
    if not monkey.is_module_patched("threading"):
        return function(*args, **kwargs)
    answer, error = gevent.get_hub().threadpool.apply(_caught, (function, args, kwargs))
    if error is not None:
        raise error
    return cast(T, answer)


def _caught(function: Callable[..., T], args: Any, kwargs: Any) -> tuple[T | None, Exception | None]:
    """What was answered or raised: an error that ends in the thread itself, gevent would print with all its lines."""
    try:
        return function(*args, **kwargs), None
    except Exception as error:  # noqa: BLE001  # raised again by `aside`
        return None, error
