"""Reading a file before it is let into the library: its text, and what the personal-data guard says of it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from flask_babel import gettext as _

from portal import guard, markup, scan
from portal.errors import Invalid
from portal.library.extract import ATTRIBUTES, TEXTS, WORDLESS, Extracted, ExtractionError, Reason, extract
from portal.library.file_types import HTML, MARKDOWN

LONGEST_NAME = 200
LONGEST_MARKDOWN = 200_000  # characters, parsed in a few seconds; a longer one is stored with its marks
_SOURCES = {HTML, MARKDOWN}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found: page number (None: in the file's properties), words masked, never the number itself."""

    kind: str
    page: int | None
    masked: str

    def as_json(self) -> dict[str, Any]:
        """For storing with the version."""
        return {"kind": self.kind, "page": self.page, "masked": self.masked}


class PersonalData(Invalid):
    """A file holds personal identity numbers; `places` says where."""

    def __init__(self, places: list[Place]) -> None:
        pages = ", ".join(str(page) for page in sorted({place.page for place in places if place.page is not None})[:10])
        where = _("page %(pages)s", pages=pages) if pages else _("the file's properties")
        super().__init__(
            _("The file holds a personal identity number (%(where)s) and is not kept.", where=where),
            field="file",
        )
        self.places = places


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that may be kept: what is in it, its pages' words as they are stored and searched, and what the guard asks
    about (phone numbers, addresses), which is listed."""

    extracted: Extracted
    texts: list[tuple[int, str]]
    listed: list[Place] = field(default_factory=list)
    wordless: list[int] = field(default_factory=list)  # pages that show something but hardly a letter


# what a file says about people and where they were: our name for it, and the names that the formats have
_ABOUT = {
    "author": ("author", "initial-creator", "artist", "xpauthor", "owner"),
    "last_changed_by": ("last modified by", "creator"),
    "manager": ("manager",),
    "company": ("company",),
    "place": ("gps",),
    "device": ("camera",),
}
INSIDE = "pictures "  # before the names of what the pictures inside a file say (extract_picture.py)
_LONGEST_ABOUT = 200


def about_people(extracted: Extracted) -> dict[str, str]:
    """Who made the file, changed it last, and where: what its reader may not have meant to tell."""
    found: dict[str, str] = {}
    for ours, theirs in _ABOUT.items():
        words = dict.fromkeys(
            _shown(extracted.properties.get(key, ""), spaces=True).strip()
            for name in theirs
            for key in (name, INSIDE + name)
        )
        text = ", ".join(filter(None, words))[:_LONGEST_ABOUT]
        if text:
            found[ours] = text
    return found


def read_file(path: Path, file_name: str) -> Reading:
    """Read a file in a limited subprocess and let the guard look at every word of it.

    The virus scanner sees it first, if there is one. Takes up to half a minute, and for the scanner what it takes: never call
    it while a transaction is open. Raises `ExtractionError` with its reason, `PersonalData`, or `scan.ScannerAway`. Contact
    details in published material are listed and do not stop it (domain.md).
    """
    try:
        scan.check(path)
    except scan.Infected:
        raise ExtractionError(Reason.INFECTED) from None
    extracted = extract(path, file_name)
    properties = dict(extracted.properties)
    markup = properties.pop(TEXTS, ""), properties.pop(ATTRIBUTES, "")
    wordless = [int(number) for number in properties.pop(WORDLESS, "").split()]
    texts: list[tuple[int | None, str]] = [(page.number, page.text) for page in extracted.pages]
    texts.append((None, "\n".join([extracted.title or "", *properties.values()])))
    if extracted.media_type in _SOURCES:  # comments and attributes are sent along, though no page shows them
        texts.append((None, path.read_text(encoding="utf-8", errors="replace")))
    finds = [(number, find) for number, text in texts for find in guard.scan(text)]
    finds += [(None, find) for find in _in_markup(*markup)]
    places = list(dict.fromkeys(Place(find.kind.value, number, find.masked) for number, find in finds))
    _stop_numbers(places)
    stored = [(page.number, _storable(page.text, extracted.media_type)) for page in extracted.pages]
    return Reading(extracted, stored, places[:200], wordless)


def _stop_numbers(places: list[Place]) -> None:
    """In a file nobody can be asked, and a column of ten digits is how a spreadsheet holds personal numbers."""
    numbers = [place for place in places if place.kind in {kind.value for kind in guard.PERSONAL_NUMBERS}]
    if numbers:
        raise PersonalData(numbers)


def check_page(number: int, text: str) -> list[Place]:
    """What the guard says of a page that was read later than the rest. Raises `PersonalData`."""
    places = [Place(find.kind.value, number, find.masked) for find in guard.scan(text)]
    _stop_numbers(places)
    return places


def _storable(text: str, media_type: str) -> str:
    """A page's words: of Markdown without its marks, if it is not too long to be parsed, and without null characters, which
    PostgreSQL cannot store. The guard has read the text as it came."""
    if media_type == MARKDOWN and len(text) <= LONGEST_MARKDOWN:
        text = markup.plain(text)
    return text.replace("\x00", "")


def _in_markup(texts: str, attributes: str) -> list[guard.Find]:
    """Personal numbers in the XML of an Office file; in its attributes, which are full of ids, only those that are sure."""
    finds = [find for find in guard.scan(texts) if find.kind in guard.PERSONAL_NUMBERS]
    sure = (find for find in guard.scan(attributes) if find.verdict is guard.Verdict.BLOCK)
    return finds + [find for find in sure if find.kind in guard.PERSONAL_NUMBERS]


def _shown(text: str, *, spaces: bool = False) -> str:
    """The text without what nobody sees: control and direction marks. `spaces` True puts a space in a control's place."""
    parts = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if category == "Cc":
            parts.append(" " if spaces else "")
        elif category not in {"Cf", "Cs"}:
            parts.append(char)
    return "".join(parts)


def safe_name(name: str) -> str:
    """A file name that can be stored and sent: no folders, no control or direction marks, at most 200 characters.

    The extension is kept: it says what the file claims to be.
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    shown = _shown(last)
    stem, dot, extension = shown.rpartition(".")
    if not dot:
        stem, extension = shown, ""
    stem = stem.strip(" .")[: LONGEST_NAME - len(extension)] or _("file")
    return f"{stem}{dot}{extension[:12]}"


def title_from(extracted: Extracted, file_name: str) -> str:
    """What to call a file that nobody has named: its own title, or its name made readable."""
    own = " ".join(_shown(extracted.title or "", spaces=True).split())
    if 3 < len(own) <= 300:
        return own
    stem = PurePosixPath(file_name).stem.replace("_", " ").replace("-", " ")
    return " ".join(stem.split())[:300].capitalize() or file_name
