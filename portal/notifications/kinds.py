"""The kinds of notices: each feature registers its own, so that this room imports nothing of what it tells about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString

from portal.notifications.models import Channel

Words = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its name among the preferences, its one-line text, and how people hear of it unless they choose otherwise.

    `text` is called with the notice's details as keywords, in the reader's language; it runs `gettext`.
    """

    name: str
    label: LazyString
    text: Words
    default: Channel = Channel.MAIL
    section: LazyString | str = ""


_kinds: dict[str, Kind] = {}


def register(
    name: str, *, label: LazyString, text: Words, default: Channel = Channel.MAIL, section: LazyString | str = ""
) -> None:
    """Add a kind. Names are in the past tense (`meeting_called`); `section` is the heading above it among the preferences."""
    _kinds[name] = Kind(name, label, text, default, section)


def kind(name: str) -> Kind:
    """The kind of that name. Raises `KeyError` if no feature registered it."""
    return _kinds[name]


def all_kinds() -> list[Kind]:
    """All kinds, in the order in which the features registered them."""
    return list(_kinds.values())


def text_of(name: str, details: dict[str, Any]) -> str:
    """A notice's line in the present language; empty for a kind that no longer exists."""
    found = _kinds.get(name)
    return found.text(**details) if found is not None else ""
