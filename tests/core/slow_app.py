"""The portal with one job more, which never ends by itself: for the test that kills the worker in the middle of it."""

from __future__ import annotations

import threading
from pathlib import Path

from portal import outbox
from wsgi import app

__all__ = ["app"]


@outbox.handler("never_ending")
def never_ending(marker: str) -> None:
    """Say that it has begun, and stay."""
    Path(marker).write_text("begun")
    threading.Event().wait()
