"""What a CSV says of the files of a folder: one row for each file, written and read here.

UTF-8 with or without a byte order mark; separated by semicolons, commas or tabs, as the first line shows. Spreadsheet programs
take a cell that begins with =, +, - or @ for a formula, some also their full-width twins: such a cell is written with an
apostrophe before it, which is taken off again when it is read.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath

from flask_babel import gettext as _

from portal import guard, spreadsheet
from portal.county_codes import COUNTIES, in_order
from portal.errors import Invalid
from portal.fields import one_line, tidy
from portal.library.languages import CODES
from portal.library.models import Audience, Licence, ResourceKind
from portal.spreadsheet import as_written

COLUMNS = ("file", "title", "kind", "publisher", "published_on", "description", "language", "licence", "audiences", "counties",
           "topics", "review_by")  # fmt: skip
LARGEST = 20_000_000  # bytes
LONGEST = {"title": 300, "publisher": 200, "description": 5_000}
LONGEST_TOPIC, MOST_TOPICS = 80, 20
_LISTED = re.compile(r"[|;,]")


class BadTable(Invalid):
    """Nothing of the CSV is used; `problems` names every line that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Facts:
    """What is said of one file; what is empty is not said."""

    line: int = 0
    title: str = ""
    kind: ResourceKind | None = None
    publisher: str = ""
    published_on: date | None = None
    description: str = ""
    language: str = ""
    licence: Licence | None = None
    audiences: list[str] = field(default_factory=list)
    counties: list[str] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    review_by: date | None = None


def read_table(path: Path) -> dict[str, Facts]:
    """The rows of a CSV by the file that they are about, below the folder. Raises `BadTable` with all that is wrong in it."""
    rows = _rows(_text(path))
    header = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    problems = _wrong_header(header, rows[0][0] if rows else 1)
    if problems:
        raise BadTable(problems)
    table: dict[str, Facts] = {}
    for line, cells in rows[1:]:
        try:
            name, facts = _row(line, header, cells)
            if name in table:
                raise Invalid(_("the file stands on line %(line)s already", line=table[name].line))
            table[name] = facts
        except Invalid as error:
            problems.append(_("Line %(line)s: %(problem)s.", line=line, problem=error.message.rstrip(".")))
    if problems:
        raise BadTable(problems)
    return table


def _text(path: Path) -> str:
    content = path.read_bytes()
    if len(content) > LARGEST:
        raise BadTable([_("The table is larger than %(number)s MB.", number=LARGEST // 1_000_000)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadTable([_("Line %(line)s: the table is not in UTF-8. Save it as CSV UTF-8.", line=line)]) from None


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """The rows that are not empty, each with the number of its first line."""
    first = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    reader, rows, line = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error:
        problem = _("the quotes of this line do not fit together, or a cell is too long")
        raise BadTable([_("Line %(line)s: %(problem)s.", line=line, problem=problem)]) from None
    return rows


def _wrong_header(header: list[str], line: int) -> list[str]:
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        known = ", ".join(COLUMNS)
        problem = _("there is no column called %(names)s; known are %(known)s", names=", ".join(unknown), known=known)
    elif "file" not in header:
        problem = _("the first line must name the columns, and one of them must be ”file”")
    elif len(set(header)) < len(header):
        problem = _("a column stands there twice")
    else:
        return []
    return [_("Line %(line)s: %(problem)s.", line=line, problem=problem)]


def _row(line: int, header: list[str], cells: list[str]) -> tuple[str, Facts]:
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        raise Invalid(_("there are more cells than columns"))
    found = {name: as_written(cell.strip()) for name, cell in zip(header, cells, strict=False)}
    said = {name: found.get(name, "") for name in COLUMNS}
    for name in ("title", "publisher"):
        said[name] = one_line(said[name]) or ""
    said["description"] = tidy(said["description"]).strip()
    for name, most in LONGEST.items():
        if len(said[name]) > most:
            raise Invalid(_("%(column)s: at most %(most)s characters", column=name, most=most))
    topics = _topics(said["topics"])
    guard.check_numbers({name: said[name] for name in LONGEST} | {"topics": "\n".join(topics), "file": said["file"]})
    facts = Facts(
        line=line, title=said["title"], publisher=said["publisher"], description=said["description"], topics=topics,
        kind=_kind(said["kind"]), licence=_licence(said["licence"]),
        published_on=_date("published_on", said["published_on"]), review_by=_date("review_by", said["review_by"]),
        language=_one_of("language", said["language"], CODES),
        audiences=[_one_of("audiences", word, list(Audience)) for word in _words(said["audiences"])],
        counties=in_order([_one_of("counties", word.upper(), list(COUNTIES)) for word in _words(said["counties"])]),
    )  # fmt: skip
    return file_name(said["file"]), facts


def file_name(name: str) -> str:
    """The name of a file below the folder as it is compared. Raises `Invalid` for one that leads out of it."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/"))
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise Invalid(_("”%(name)s” is no file below the folder", name=name))
    return str(path)


def _words(cell: str) -> list[str]:
    return list(dict.fromkeys(word.strip() for word in _LISTED.split(cell) if word.strip()))


def _topics(cell: str) -> list[str]:
    """Topics may hold commas: where there is an upright bar, that alone parts them."""
    words = cell.split("|") if "|" in cell else _LISTED.split(cell)
    topics = list(dict.fromkeys(filter(None, (one_line(word) or "" for word in words))))
    if len(topics) > MOST_TOPICS or any(len(topic) > LONGEST_TOPIC for topic in topics):
        raise Invalid(
            _("topics: at most %(most)s, of %(length)s characters each", most=MOST_TOPICS, length=LONGEST_TOPIC)
        )
    return topics


def _one_of(column: str, value: str, known: Iterable[str]) -> str:
    if value and value not in known:
        raise Invalid(
            _("%(column)s: ”%(value)s” is none of %(known)s", column=column, value=value[:80], known=", ".join(known))
        )
    return value


def _kind(value: str) -> ResourceKind | None:
    return ResourceKind(_one_of("kind", value.lower(), list(ResourceKind))) if value else None


def _licence(value: str) -> Licence | None:
    return Licence(_one_of("licence", value.lower(), list(Licence))) if value else None


def _date(column: str, value: str) -> date | None:
    if not value:
        return None
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise Invalid(
            _("%(column)s: ”%(value)s” is no day such as 2026-11-24", column=column, value=value[:80])
        ) from None


# --- writing ----------------------------------------------------------------------------------------------------------


def write_table(rows: Iterable[tuple[str, Facts]]) -> str:
    """The CSV that `read_table` reads, with a byte order mark so that spreadsheet programs see that it is UTF-8."""
    return spreadsheet.write_table(COLUMNS, (_cells(name, facts) for name, facts in rows))


def _cells(name: str, facts: Facts) -> list[str]:
    topics = "|".join(facts.topics)
    cells = [
        name, facts.title, facts.kind or "", facts.publisher, facts.published_on or "", facts.description, facts.language,
        facts.licence or "", "|".join(facts.audiences), "|".join(facts.counties),
        f"{topics}|" if topics and "|" not in topics and _LISTED.search(topics) else topics, facts.review_by or "",
    ]  # fmt: skip
    return [str(cell) for cell in cells]
