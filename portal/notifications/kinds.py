"""The kinds of notices: each feature registers its own, so that this room imports nothing of what it tells about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString

from portal.notifications.models import Channel
from portal.people.models import Person

Words = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail may say beside the line, and how mail programs keep what belongs together."""

    subject: str
    text: str
    name: str  # of the message, the same for the same thing to the same person
    thread: str  # the name that all messages of one conversation refer to
    reply_to: str = ""  # where an answer goes


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
    content: Callable[[Person, dict[str, Any]], Content | None] | None = (
        None  # read when it is sent; None: nothing to add
    )
    texts: Callable[[Person, Sequence[dict[str, Any]]], list[str]] | None = (
        None  # the texts of many contents, with a constant number of queries
    )


_kinds: dict[str, Kind] = {}


def register(
    name: str,
    *,
    label: LazyString,
    text: Words,
    default: Channel = Channel.MAIL,
    section: LazyString | str = "",
    content: Callable[[Person, dict[str, Any]], Content | None] | None = None,
    texts: Callable[[Person, Sequence[dict[str, Any]]], list[str]] | None = None,
) -> None:
    """Add a kind. Names are in the past tense (`meeting_called`); `section` is the heading above it among the preferences."""
    _kinds[name] = Kind(name, label, text, default, section, content, texts)


def kind(name: str) -> Kind:
    """The kind of that name. Raises `KeyError` if no feature registered it."""
    return _kinds[name]


def all_kinds() -> list[Kind]:
    """All kinds, in the order in which the features registered them."""
    return list(_kinds.values())


_other_labels: dict[str, LazyString] = {}


def register_letter(name: str, *, label: LazyString) -> None:
    """Name a sort of mail that is no notice (a calendar invitation), for the log of deliveries."""
    _other_labels[name] = label


def label_of(name: str) -> str:
    """What a kind is called; the name itself for one that no longer exists."""
    found = _kinds.get(name)
    return str(found.label if found is not None else _other_labels.get(name, name))


def text_of(name: str, details: dict[str, Any]) -> str:
    """A notice's line in the present language; empty for a kind that no longer exists."""
    found = _kinds.get(name)
    return found.text(**details) if found is not None else ""


def content_of(name: str, person: Person, details: dict[str, Any]) -> Content | None:
    """What a mail to that person may add to a notice's line, in the present language."""
    found = _kinds.get(name)
    return found.content(person, details) if found is not None and found.content is not None else None


def texts_of(name: str, person: Person, many: Sequence[dict[str, Any]]) -> list[str]:
    """The texts of what one mail to that person may add to the lines of many notices of a kind, by their details; empty where
    there is nothing to add.
    """
    found = _kinds.get(name)
    return found.texts(person, many) if found is not None and found.texts is not None else [""] * len(many)
