"""What differs between two editions, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from portal import markup
from portal.meetings.minutes.content import Content
from portal.meetings.minutes.documents import action_line

MOST_WORDS = 4_000  # beyond that whole lines are compared: word by word would take seconds

Part = tuple[Literal["same", "ins", "del"], str]


def compare(before: str, after: str) -> list[Part]:
    """The two texts as one: what stayed, what was put in, what was taken out, in reading order."""
    pattern = r"\S+|\s+" if len(before.split()) + len(after.split()) <= MOST_WORDS else r".*\n?"
    old, new = re.findall(pattern, before), re.findall(pattern, after)
    parts: list[Part] = []
    for step, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        if step == "equal":
            parts.append(("same", "".join(new[c:d])))
            continue
        if a < b:
            parts.append(("del", "".join(old[a:b])))
        if c < d:
            parts.append(("ins", "".join(new[c:d])))
    return parts


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What an item says differently: each text as parts, none for one that is the same."""

    note: list[Part] | None
    decisions: list[tuple[str, list[Part]]]
    actions: list[Part] | None


def changed_items(before: Content, after: Content) -> dict[int, ItemChange]:
    """The items of an edition that differ from an earlier one. The agenda itself is fixed by then."""
    old = {item["id"]: item for item in before["items"]}
    found = {}
    for item in after["items"]:
        was: dict[str, Any] = old.get(item["id"], {"note": "", "decisions": [], "actions": []})
        change = ItemChange(
            _text(markup.plain(was["note"]), markup.plain(item["note"])), _decisions(was, item), _text(_lines(was), _lines(item))
        )  # fmt: skip
        if change.note or change.decisions or change.actions:
            found[item["id"]] = change
    return found


def _text(before: str, after: str) -> list[Part] | None:
    return compare(before, after) if before != after else None


def _decisions(was: dict[str, Any], item: dict[str, Any]) -> list[tuple[str, list[Part]]]:
    old = {one["number"]: one["text"] for one in was["decisions"]}
    new = {one["number"]: one["text"] for one in item["decisions"]}
    if old == new:
        return []
    return [(number, compare(old.get(number, ""), new.get(number, ""))) for number in sorted(old | new, key=_by_number)]


def _by_number(number: str) -> int:
    return int(number.rpartition(":")[2])


def _lines(item: dict[str, Any]) -> str:
    return "\n".join(f"{action['text']} ({action_line(action)})" for action in item["actions"])
