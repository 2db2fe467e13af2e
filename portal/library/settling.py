"""Who hears that a material's file has been read, or refused: parts of the library that the writes themselves know nothing of."""

from __future__ import annotations

from collections.abc import Callable

from portal import db
from portal.library.models import Resource

_listening: list[Callable[[Resource], None]] = []


def on_settled(tell: Callable[[Resource], None]) -> Callable[[Resource], None]:
    """Hear of it, in the transaction that says so."""
    _listening.append(tell)
    return tell


def tell_settled(resource: Resource) -> None:
    """Say it to all who listen."""
    db.session.flush()
    for tell in _listening:
        tell(resource)
