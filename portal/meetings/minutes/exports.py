"""Minutes as Markdown, and as a package for an authority's own records."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from portal import files
from portal.meetings.minutes.content import Content
from portal.meetings.minutes.documents import (
    NBSP,
    Standing,
    action_line,
    attendance_notes,
    attendance_rows,
    grouped,
    previous_line,
    seal_data,
    state_line,
    title_of,
    when_and_where,
    words,
)

# --- Markdown -----------------------------------------------------------------------------------------------------------


def markdown(content: Content, standing: Standing) -> str:
    """The minutes as Markdown; what people wrote is Markdown already."""
    said = words()
    parts = [
        f"# {_one_line(title_of(content))}",
        f"{when_and_where(content)}. {state_line(standing)}.",
        previous_line(content),
    ]
    if rows := attendance_rows(content):
        parts += [
            f"## {said['present' if content['attendance']['basis'] == 'noted' else 'announced']}",
            _grid(said["columns"], rows),
        ]
    parts += attendance_notes(content)
    for item in content["items"]:
        parts += [f"## §{NBSP}{item['paragraph']} {_one_line(item['title'])}", item["note"]]
        parts += [f"**{said['decision']} {one['number']}:** {one['text']}" for one in item["decisions"]]
        for title, actions in ((said["action"], item["actions"]), (said["open_actions"], item["open_actions"])):
            parts.append(
                "\n".join(f"- **{title}:** {_one_line(one['text'])} ({_one_line(action_line(one))})" for one in actions)
            )
    for addition in standing.additions:
        parts += [f"## {said['addendum']} {addition.number}", addition.text]
    if standing.seal is not None:
        shown = seal_data(standing.seal)
        parts += [
            f"## {said['seal']}",
            shown["at"],
            _grid(said["adjuster_columns"], shown["rows"]),
            f"{said['sum']}: `{shown['sum']}`",
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(head), ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_one_line(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


# --- the package for the record -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file of the package: its name there, its stored content, and what is said about it."""

    name: str
    sha256: str
    size: int
    title: str
    kind: str
    path: Path


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A paper that is not in the package: its title, if the reader may know it, and why."""

    title: str
    reason: str


def metadata(
    content: Content, standing: Standing, enclosures: Sequence[Enclosure], left_out: Sequence[LeftOut], *, organisation: str,
    made_at: datetime,
) -> dict[str, Any]:  # fmt: skip
    """What a record system wants to know of the package."""
    return {
        "title": title_of(content), "group": content["group"], "series": content["series"], "number": content["number"],
        "class": content["class"], "starts_at": content["starts_at"], "ends_at": content["ends_at"], "place": content["place"],
        "edition": standing.edition, "sealed_at": standing.seal.at.isoformat() if standing.seal else None,
        "content_sha256": standing.sha256, "adjusters": [
            {"name": one.name, "organisation": one.organisation, "approved_at": one.at.isoformat()}
            for one in (standing.seal.approvals if standing.seal else ())
        ],
        "language": "sv", "organisation": organisation, "diary_number": standing.record_number, "made_at": made_at.isoformat(),
        "files": [
            {"name": one.name, "title": one.title, "kind": one.kind, "sha256": one.sha256, "size": one.size} for one in enclosures
        ],
        "left_out": [{"title": one.title, "reason": one.reason} for one in left_out],
    }  # fmt: skip


def readme(content: Content, standing: Standing, organisation: str, left_out: Sequence[LeftOut]) -> str:
    """What the package is and what it lacks, in a few lines."""
    lines = [
        title_of(content), when_and_where(content), f"{state_line(standing)}.", "",
        _("Record package for %(organisation)s.", organisation=organisation),
        _("Diary number: %(number)s", number=standing.record_number or _("not noted")),
        _("Checksum of the content (SHA-256): %(sum)s", sum=grouped(standing.sha256)), "",
        _("The minutes are PDF/A-2a and PDF/UA-1. metadata.json describes the package, content.json is what the checksum was taken of."),
        _("Check the files with: sha256sum -c SHA256SUMS"),
    ]  # fmt: skip
    if left_out:
        lines += ["", _("Not in the package:")]
        lines += [f"- {one.title or _('A paper')}: {one.reason}" for one in left_out]
    return "\n".join(lines) + "\n"


class _Pieces(io.RawIOBase):
    """What zipfile writes to: it keeps only what has not been sent yet."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def writable(self) -> bool:
        """It takes what is written."""
        return True

    def write(self, data: Any) -> int:
        """Keep a piece."""
        self.waiting.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """All that waits."""
        taken, self.waiting = b"".join(self.waiting), []
        return taken


def package(texts: dict[str, bytes], enclosures: Sequence[Enclosure], *, at: datetime) -> Iterator[bytes]:
    """The zip file piece by piece: small texts, stored files, and SHA256SUMS of them all. It needs neither database nor app."""
    pieces, stamp = _Pieces(), at.astimezone(UTC).timetuple()[:6]
    sums = {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}
    sums |= {one.name: one.sha256 for one in enclosures}
    listed = "".join(f"{sha256}  {name}\n" for name, sha256 in sums.items()).encode()
    with zipfile.ZipFile(pieces, "w") as archive:
        for name, text in {**texts, "SHA256SUMS": listed}.items():
            archive.writestr(zipfile.ZipInfo(name, stamp), text, zipfile.ZIP_DEFLATED)
        for one in enclosures:
            about = zipfile.ZipInfo(one.name, stamp)
            with one.path.open("rb") as source, archive.open(about, "w", force_zip64=True) as target:
                while chunk := source.read(files.CHUNK):
                    target.write(chunk)
                    yield pieces.take()
    yield pieces.take()


def as_json(value: Any) -> bytes:
    """For a file in the package: keys in order, readable."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2) + "\n").encode()
