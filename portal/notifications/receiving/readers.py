"""Who reads what comes in: each feature registers the addresses that are its own, and what it does with their mail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

security_log = logging.getLogger("portal.security")


@dataclass(frozen=True, slots=True)
class Reader:
    """One who reads. `take` gets the message and the address, judges it, and raises only for what is to be tried again."""

    is_ours: Callable[[str], bool]
    take: Callable[[bytes, str], object]
    largest: int  # bytes


_readers: dict[str, Reader] = {}


def register(name: str, *, is_ours: Callable[[str], bool], take: Callable[[bytes, str], object], largest: int) -> None:
    """Let a feature read what is sent to addresses of its own."""
    _readers[name] = Reader(is_ours, take, largest)


def reader_of(address: str) -> Reader | None:
    """Who reads what comes to that address; None if it is none of ours."""
    return next((reader for reader in _readers.values() if reader.is_ours(address)), None)


def largest() -> int:
    """The largest message that anybody reads."""
    return max(reader.largest for reader in _readers.values())


class NotForUs(ValueError):
    """No address of ours."""


class TooLarge(ValueError):
    """More than its reader reads."""


def take(content: bytes, recipients: Iterable[str]) -> None:
    """Give a message to the reader of the first address of ours. Raises `NotForUs` and `TooLarge`."""
    for address in recipients:
        reader = reader_of(address)
        if reader is None:
            continue
        if len(content) > reader.largest:
            raise TooLarge
        reader.take(content, address)
        return
    security_log.warning("mail to an address without a valid signature")
    raise NotForUs
