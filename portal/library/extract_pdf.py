"""PDF for the child process of `extract`: the words of the pages (PDFium), and all that a reader does not see on them
(pypdf). Imports nothing of the portal.

The file is served whole, so whatever cannot be read refuses it: `refused(reason)` is raised, or a library's own error,
which the child answers as a broken file.
"""

import mmap
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Result = tuple[list[tuple[int, str]], str | None, dict[str, str]]

_MAX_PAGES = 5_000
_MAX_NOTES = 10_000  # notes, form fields and bookmarks together
_MAX_DEPTH = 50  # of bookmarks and form fields in each other
_SAID = ("/Contents", "/RC", "/Subj", "/T", "/TU", "/V", "/DV", "/Opt", "/URI", "/Title")  # where people's words stand
_TECHNICAL = ("producer", "creator", "creationdate", "moddate")
_TEXT_OBJECT = 1  # PDFium's FPDF_PAGEOBJ_TEXT
_FEW_LETTERS = 25
_WORDLESS = "pages without words"  # as in extract.py
_GUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")  # half of them could pass for numbers
_SETTINGS = ".joboptions"  # how the file was distilled; Adobe's programs put it into thousands of authorities' files


def read(path: Path, *, refused: type[Exception], characters: int, pictures: Any) -> Result:
    """Text page by page; metadata, notes, links, form values, bookmarks, settings and what the pictures say of themselves
    (`extract_picture`) as properties.
    """
    import pypdfium2

    with path.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        told = pictures.gathered(pictures.told_inside(whole))
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise refused("encrypted" if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD else "broken") from error
    if len(document) > _MAX_PAGES:
        raise refused("too_big_unpacked")
    pages, room, wordless = [], characters, []
    for number in range(len(document)):
        page = document[number]
        text_page = page.get_textpage()
        text = _joined(text_page.get_text_range())
        text_page.close()
        if _has_few_letters(text) and any(thing.type != _TEXT_OBJECT for thing in page.get_objects(max_depth=1)):
            wordless.append(str(number + 1))
        page.close()
        room -= len(text)
        if room < 0:
            raise refused("too_big_unpacked")
        pages.append((number + 1, text))
    if not pages:
        raise refused("broken")
    properties = {name.lower(): value for name, value in document.get_metadata_dict(skip_empty=True).items()}
    attached = [document.get_attachment(place) for place in range(document.count_attachments())]
    if any(not one.get_name().lower().endswith(_SETTINGS) for one in attached):
        raise refused("embedded")
    properties |= {one.get_name(): bytes(one.get_data()).decode("utf-8", "replace") for one in attached}
    protected = pypdfium2.raw.FPDF_GetSecurityHandlerRevision(document) >= 0
    document.close()
    properties |= told
    properties[_WORDLESS] = " ".join(wordless)
    # pypdf loads both of these, which takes longer than reading; it can do without, but for encrypted files.
    for heavy in ("PIL",) if protected else ("PIL", "cryptography"):
        sys.modules[heavy] = None  # type: ignore[assignment]
    properties |= unseen(path, refused)
    for technical in _TECHNICAL:
        properties.pop(technical, None)
    return pages, properties.get("title"), properties


def _has_few_letters(text: str) -> bool:
    """Whether it is no text worth the name: a page number, a stamp."""
    return sum(char.isalpha() for char in text[:1000]) < _FEW_LETTERS


def _joined(text: str) -> str:
    """PDFium marks a hyphen at the end of a line: keep it in numbers and names, join the two halves of a
    word.
    """
    text = text.replace("\r\n", "\n").replace("\x02", "\ufffe")
    text = re.sub(r"(?<=[a-zåäöéü])\ufffe\n?(?=[a-zåäöéü])", "", text)
    return text.replace("\ufffe", "-")


def unseen(path: Path, refused: type[Exception]) -> dict[str, str]:
    """What a reader does not see on the pages: custom entries, XMP, notes, link targets, form values, bookmarks."""
    import logging

    from pypdf import PdfReader

    logging.disable(logging.CRITICAL)  # pypdf's warnings quote the file
    reader = PdfReader(path)
    if reader.is_encrypted:
        reader.decrypt("")
    root = reader.root_object
    about: dict[str, Any] = reader.metadata or {}
    found = {str(name).lstrip("/").lower(): str(about[name]) for name in about}
    found["xmp"] = _GUID.sub("", _text(_at(root, "/Metadata")))
    form = _at(root, "/AcroForm")
    things: dict[str, Iterator[Any]] = {
        "notes": (note for page in reader.pages for note in _list(_at(page, "/Annots"))),
        "form": _tree(_list(_at(form, "/Fields"))),
        "bookmarks": _tree(_chain(_at(_at(root, "/Outlines"), "/First"))),
    }
    room = _MAX_NOTES
    for name, all_of_them in things.items():
        words: list[str] = []
        for thing in all_of_them:
            room -= 1
            if room < 0:
                raise refused("too_big_unpacked")
            if "/EF" in (_at(thing, "/FS") or ()):
                raise refused("embedded")
            words += (said for part in (thing, _at(thing, "/A")) for said in _said(part))
        if words:
            found[name] = "\n".join(words)
    if forms := _list(_at(form, "/XFA")):
        found["xfa"] = "\n".join(_text(part) for part in forms)
    return found


def _resolved(thing: Any) -> Any:
    """A thing, wherever in the file it stands; None for what is not there."""
    from pypdf.generic import NullObject

    thing = thing.get_object() if thing is not None else None
    return None if isinstance(thing, NullObject) else thing


def _at(thing: Any, name: str) -> Any:
    """An entry of a dictionary; None if there is none."""
    thing = _resolved(thing)
    return _resolved(thing[name]) if thing is not None and name in thing else None


def _list(thing: Any) -> list[Any]:
    """The members of an array, or a stream in its place. Raises `ValueError` for what is neither."""
    if thing is None or hasattr(thing, "get_data"):
        return [thing] if thing is not None else []
    if not isinstance(thing, list):
        raise ValueError("not an array")
    return [found for member in thing if (found := _resolved(member)) is not None]


def _chain(thing: Any) -> Iterator[Any]:
    """Bookmarks side by side. One that leads back makes a ring, which ends at the number of notes."""
    while thing is not None:
        yield thing
        thing = _at(thing, "/Next")


def _tree(things: Any, depth: int = 0) -> Iterator[Any]:
    """Bookmarks or form fields with those below them."""
    if depth > _MAX_DEPTH:
        raise ValueError("too deep")
    for thing in things:
        yield thing
        yield from _tree(_chain(_at(thing, "/First")), depth + 1)
        yield from _tree(_list(_at(thing, "/Kids")), depth + 1)


def _said(thing: Any) -> Iterator[str]:
    """The words in one note, field, bookmark or link."""
    for name in _SAID:
        value = _at(thing, name)
        for part in value if isinstance(value, list) else (value,):
            if text := _text(part):
                yield text


def _text(value: Any) -> str:
    """A text as PDF has it: a string, an array of strings, or a stream of its own."""
    value = _resolved(value)
    if isinstance(value, list):
        return "\n".join(map(_text, value))
    data = value.get_data() if hasattr(value, "get_data") else value
    return data.decode("utf-8", "replace") if isinstance(data, bytes) else data if isinstance(data, str) else ""
