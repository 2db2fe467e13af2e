"""How often somebody may write: one limit for all writing routes, per person, per organisation and per address.

The counts are shared between processes: through Redis, or through a file of the data directory on one machine. What needs
no session has a stricter limit of its own beside this one (`@limiter.limit` at the view).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, current_app, request, session
from flask_limiter import ApplicationLimit, Limiter

from portal.rate_counters import SCHEME

View = TypeVar("View", bound=Callable[..., Any])

WRITING = ["POST", "PUT", "PATCH", "DELETE"]
REDIS_PATIENCE = 1.0  # seconds; without an answer every process counts for itself until Redis is back


def _address() -> str:
    """Where a request came from; of IPv6 the network that one household or office gets."""
    given = request.remote_addr or ""
    try:
        address = ip_address(given)
    except ValueError:
        return f"address:{given or 'none'}"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return f"address:{IPv6Address(int(address) >> 64 << 64)}/64"
    return f"address:{address}"


def _person() -> str:
    return f"person:{session.person.id}"  # type: ignore[attr-defined]  # our own kind of session


def _organisation() -> str:
    return f"organisation:{session.person.organisation_id}"  # type: ignore[attr-defined]  # as above


def _is_nobody() -> bool:
    return getattr(session, "person", None) is None


def _is_counted_apart() -> bool:
    return hasattr(current_app.view_functions.get(request.endpoint or ""), "is_counted_apart")


def _is_nobody_or_apart() -> bool:
    return _is_nobody() or _is_counted_apart()


def _is_somebody_or_apart() -> bool:
    return not _is_nobody() or _is_counted_apart()


def _setting(name: str) -> Callable[[], str]:
    return lambda: str(getattr(current_app.config["SETTINGS"], name))


def counted_apart(view: View) -> View:
    """Mark a writing view that has a limit of its own instead of this one: the pieces of an upload."""
    view.is_counted_apart = True  # type: ignore[attr-defined]  # a mark on a function
    return view


public_limit = _setting("public_limit")  # of one address, for what needs no session

limiter = Limiter(
    key_func=lambda: _address() if _is_nobody() else _person(),
    application_limits=[
        ApplicationLimit(_setting("write_limit"), _person, methods=WRITING, scope="writes", exempt_when=_is_nobody_or_apart),
        ApplicationLimit(
            _setting("organisation_write_limit"), _organisation, methods=WRITING, scope="writes", exempt_when=_is_nobody_or_apart
        ),
        ApplicationLimit(
            _setting("address_write_limit"), _address, methods=WRITING, scope="writes", exempt_when=_is_nobody_or_apart
        ),
        # what comes without a session (any page of the web can make a browser send that) stops nobody who has one
        ApplicationLimit(
            _setting("address_write_limit"), _address, methods=WRITING, scope="strangers", exempt_when=_is_somebody_or_apart
        ),
    ],
    headers_enabled=False,
)  # fmt: skip


def seconds_to_wait() -> int:
    """How long until the limit that this request met lets somebody through."""
    met = limiter.current_limit
    return max(1, math.ceil(met.window.reset_time - time.time())) if met is not None else 60


def init_app(app: Flask) -> None:
    """Count from now on."""
    settings = app.config["SETTINGS"]
    is_redis = bool(settings.redis_url)
    app.config.update(
        RATELIMIT_STORAGE_URI=settings.redis_url
        or f"{SCHEME}://{quote(str(settings.data_dir.resolve() / 'limits.db'))}",
        RATELIMIT_STORAGE_OPTIONS=(
            {"socket_connect_timeout": REDIS_PATIENCE, "socket_timeout": REDIS_PATIENCE} if is_redis else {}
        ),
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,  # the counter may die; the portal may not
        RATELIMIT_SWALLOW_ERRORS=False,
    )
    limiter.init_app(app)
