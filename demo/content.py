"""Reading the demo's content: plain files below demo/content, made to be read and edited by people."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.discussions.models import ReactionKind, ThreadKind

FOLDER = Path(__file__).with_name("content")

_SPEAKER = re.compile(r"^@(?P<nick>[a-zåäö-]+)(?P<update>!?):[ \t]*", re.MULTILINE)
_EDIT = re.compile(r"^~~ (?P<before>.+?) => (?P<after>.+)$", re.MULTILINE)
_ADDED = re.compile(r"^\+\+ (?P<kind>[a-z]+): (?P<what>.+)$\n?", re.MULTILINE)
_ABOUT = re.compile(r"^(?P<kind>[a-z]+), days (?P<first>[\d.]+) to (?P<last>[\d.]+)$")


@dataclass(frozen=True, slots=True)
class Said:
    """One post. `first_body` is what it said before its author changed it, if so; `reactions` are nicknames by kind, `files` titles
    of the group's material.
    """

    nick: str
    body: str
    is_update: bool = False
    first_body: str | None = None
    reactions: dict[ReactionKind, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Talk:
    """One thread: its posts were written between `first_day` and `last_day` days before the demo was loaded."""

    group: str
    title: str
    kind: ThreadKind
    first_day: float
    last_day: float
    posts: list[Said] = field(default_factory=list)


def read_toml(name: str) -> dict[str, Any]:
    """One of the TOML files."""
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def read_talks() -> list[Talk]:
    """Every thread of threads/<group>.md, file by file."""
    talks = []
    for path in sorted((FOLDER / "threads").glob("*.md")):
        parts = re.split(r"^# ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
        talks += [_talk(path.stem, part) for part in parts]
    return talks


def _talk(group: str, part: str) -> Talk:
    title, about, text = part.split("\n", 2)
    found = _ABOUT.match(about)
    if found is None:
        raise ValueError(f"{group}: {title}: {about!r} does not say kind and days")
    posts = _posts(text)
    if not posts:
        raise ValueError(f"{group}: {title} has no posts")
    return Talk(group, title.strip(), ThreadKind(found["kind"]), float(found["first"]), float(found["last"]), posts)


def _posts(text: str) -> list[Said]:
    starts = list(_SPEAKER.finditer(text))
    ends = [start.start() for start in starts[1:]] + [len(text)]
    return [
        _said(start["nick"], bool(start["update"]), text[start.end() : end])
        for start, end in zip(starts, ends, strict=True)
    ]


def _said(nick: str, is_update: bool, raw: str) -> Said:
    added = [(found["kind"], found["what"].strip()) for found in _ADDED.finditer(raw)]
    raw = _ADDED.sub("", raw)
    body = _EDIT.sub("", raw).strip()
    first_body = body
    for edit in _EDIT.finditer(raw):
        if edit["after"] not in body:
            raise ValueError(f"{edit['after']!r} does not stand in the post it is said to change")
        first_body = first_body.replace(edit["after"], edit["before"])
    return Said(
        nick, body, is_update, first_body if first_body != body else None,
        reactions={ReactionKind(kind): what.split(", ") for kind, what in added if kind != "file"},
        files=[what for kind, what in added if kind == "file"],
    )  # fmt: skip
