"""Word, PowerPoint, Excel and OpenDocument for the child process of `extract`; imports nothing of the portal.

Texts that do not show on the page (comments, alt texts, link targets, custom properties) are answered too, so
that the personal-data guard sees them.
"""

import re
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

Pages = list[tuple[int, str]]
Result = tuple[Pages, str | None, dict[str, str]]
Source = Path | BytesIO
Screen = Callable[[Source, int], dict[str, bytes]]

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BASE = "application/vnd.openxmlformats-officedocument."

MAX_CELLS = 2_000_000
_EMBEDDED = {".docx": _BASE + "wordprocessingml.document", ".xlsx": _BASE + "spreadsheetml.sheet"}
_EMBEDDED[".pptx"] = _BASE + "presentationml.presentation"


class Office:
    """Reads one file with what it embeds.

    `screen` is called before a package is opened and answers the Office files inside it, `refused` is the
    exception class of the child, `room` the number of characters that may still come.
    """

    def __init__(self, screen: Screen, refused: type[Exception], characters: int) -> None:
        self.screen = screen
        self.refused = refused
        self.room = characters

    def read(self, media_type: str, source: Source, depth: int = 0) -> Result:
        """Content of one package and, one level deep, of the Office files in it (sheets behind diagrams)."""
        inside = self.screen(source, depth)
        pages, title, properties = self._readers()[media_type](source)
        self.room -= sum(len(text) for _number, text in pages) + sum(map(len, properties.values()))
        if self.room < 0:
            raise self.refused("too_big_unpacked")
        for name, data in inside.items():
            kind = _EMBEDDED[Path(name).suffix.lower()]
            embedded, _title, hidden = self.read(kind, BytesIO(data), depth + 1)
            properties[name] = "\n".join([text for _number, text in embedded] + list(hidden.values()))
        return pages, title, properties

    def _readers(self) -> dict[str, Callable[[Source], Result]]:
        return {
            _BASE + "wordprocessingml.document": self._word,
            _BASE + "presentationml.presentation": self._slides,
            _BASE + "spreadsheetml.sheet": self._sheets,
            "application/vnd.oasis.opendocument.text": self._open_text,
        }

    def _word(self, source: Source) -> Result:
        import docx

        document = docx.Document(source if isinstance(source, BytesIO) else str(source))
        pages = list(enumerate(_word_pages(document.element.body), start=1))
        parts = list(document.part.package.iter_parts())
        notes: list[str] = []
        comments: list[str] = []
        for part in parts:
            kind = part.content_type.removesuffix("+xml").rpartition(".")[2]
            if kind in ("header", "footer", "footnotes", "endnotes"):
                notes += _word_pages(_xml(part.blob))
            elif kind.startswith("comments"):
                comments += _word_pages(_xml(part.blob))
        number, text = pages[-1]
        pages[-1] = (number, "\n".join([text, *notes]).strip())
        properties = _core(document.core_properties) | _parts(parts)
        properties["comments"] = "\n".join(comments)
        properties["alt texts"] = _alt_texts(document.element)
        return pages, document.core_properties.title or None, properties

    def _slides(self, source: Source) -> Result:
        import pptx

        show = pptx.Presentation(source if isinstance(source, BytesIO) else str(source))
        pages: Pages = []
        alt_texts: list[str] = []
        for number, slide in enumerate(show.slides, start=1):
            text = _drawn(slide._element)
            if slide.has_notes_slide:
                text = f"{text}\n{_drawn(slide.notes_slide._element)}".strip()
            alt_texts.append(_alt_texts(slide._element))
            pages.append((number, text))
        parts = list(show.part.package.iter_parts())
        properties = _core(show.core_properties) | _parts(parts)
        comments = [part.blob for part in parts if "comment" in part.content_type.lower()]
        properties["comments"] = "\n".join(_all_text(_xml(blob)) for blob in comments)
        properties["alt texts"] = "\n".join(filter(None, alt_texts))
        return pages or [(1, "")], show.core_properties.title or None, properties

    def _sheets(self, source: Source) -> Result:
        import openpyxl

        # given a name, openpyxl wants it to end on .xlsx; stored files are called by their hash
        source = source if isinstance(source, BytesIO) else BytesIO(source.read_bytes())
        book = openpyxl.load_workbook(source, read_only=True, data_only=True, keep_links=False)
        pages: Pages = []
        cells, room = 0, self.room
        for number, sheet in enumerate(book.worksheets, start=1):
            sheet.reset_dimensions()  # what the file says of its own size is not to be trusted
            lines = [sheet.title]
            for row in sheet.iter_rows(values_only=True):
                values = [_cell(value) for value in row if value is not None and value != ""]
                cells += len(values)
                if values:
                    lines.append("\t".join(values))
                    room -= len(lines[-1])
                if cells > MAX_CELLS or room < 0:
                    raise self.refused("too_big_unpacked")
            pages.append((number, "\n".join(lines)))
        properties = _core(book.properties)
        book.close()
        with zipfile.ZipFile(source) as package:
            if "docProps/app.xml" in package.namelist():
                properties |= _workplace(_xml(package.read("docProps/app.xml")))
            names = [name for name in package.namelist() if re.match(r"xl/(?:threaded)?[cC]omments.*\.xml$", name)]
            properties["comments"] = "\n".join(_all_text(_xml(package.read(name))) for name in names)
            names = [
                name
                for name in package.namelist()
                if re.match(r"(?:docProps/custom|xl/(?:drawings|charts)/.*)\.xml$", name)
            ]
            properties["drawings"] = "\n".join(filter(None, (_all_text(_xml(package.read(name))) for name in names)))
            names = [name for name in package.namelist() if name.endswith(".rels")]
            properties["links"] = "\n".join(_targets(_xml(package.read(name))) for name in names).strip()
        return pages or [(1, "")], properties.get("title"), properties

    def _open_text(self, source: Source) -> Result:
        from odf.opendocument import load

        document = load(source if isinstance(source, BytesIO) else str(source))
        text = "".join(_odf_text(document.text))
        headers = "".join(_odf_text(document.masterstyles))
        sections = [part.strip() for part in text.split("\f")]
        sections[-1] = f"{sections[-1]}\n{headers.strip()}".strip()
        properties = {}
        for node in document.meta.childNodes:
            name = node.getAttribute("name") if node.qname[1] == "user-defined" else node.qname[1]
            if node.qname[1] not in ("generator", "editing-cycles", "editing-duration", "document-statistic"):
                properties[str(name)] = "".join(_odf_text(node)).strip()
        properties["links"] = "\n".join(_odf_links(document.text))
        return list(enumerate(sections, start=1)), properties.get("title"), properties


def _xml(data: bytes) -> Any:
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


def _visible(root: Any) -> Iterator[Any]:
    """All elements in the order of the text, but for the second copy that Word keeps for old readers."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(child for child in reversed(node) if child.tag != _FALLBACK)


def _word_pages(root: Any) -> list[str]:
    """Text of a Word part, cut where Word last broke the page."""
    pages: list[list[str]] = [[]]
    for node in _visible(root):
        tag = node.tag
        if tag in (f"{_WORD}t", f"{_WORD}delText", f"{_WORD}instrText", f"{_DRAWING}t"):
            pages[-1].append(node.text or "")
        elif tag in (f"{_WORD}tab", f"{_WORD}ptab"):
            pages[-1].append("\t")
        elif tag == f"{_WORD}noBreakHyphen":
            pages[-1].append("-")
        elif tag == f"{_WORD}lastRenderedPageBreak" or (tag == f"{_WORD}br" and node.get(f"{_WORD}type") == "page"):
            if "".join(pages[-1]).strip():
                pages.append([])
        elif tag in (f"{_WORD}p", f"{_WORD}br", f"{_WORD}cr", f"{_DRAWING}p"):
            pages[-1].append("\n")
    return ["".join(page).strip() for page in pages]


def _drawn(root: Any) -> str:
    """Text of a slide: one line per paragraph."""
    lines: list[str] = []
    for paragraph in root.iter(f"{_DRAWING}p"):
        pieces = [
            node.text or "" if node.tag == f"{_DRAWING}t" else "\n" if node.tag == f"{_DRAWING}br" else ""
            for node in paragraph.iter()
        ]
        lines.append("".join(pieces))
    return "\n".join(filter(str.strip, lines))


def _all_text(root: Any) -> str:
    return "\n".join(text.strip() for text in root.itertext() if text.strip())


def _alt_texts(root: Any) -> str:
    """Descriptions and titles of pictures."""
    nodes = (
        node for node in root.iter() if isinstance(node.tag, str) and node.tag.rpartition("}")[2] in ("docPr", "cNvPr")
    )
    return "\n".join(value for node in nodes for name in ("descr", "title") if (value := node.get(name)))


def _targets(root: Any) -> str:
    return "\n".join(node.get("Target", "") for node in root if node.get("TargetMode") == "External")


def _core(core: Any) -> dict[str, str]:
    """The document properties that people write in."""
    names = {"title": "title", "author": "author", "creator": "author", "lastModifiedBy": "last modified by"}
    names |= {
        "last_modified_by": "last modified by",
        "subject": "subject",
        "keywords": "keywords",
        "category": "category",
    }
    names |= {
        "comments": "description",
        "description": "description",
        "content_status": "status",
        "contentStatus": "status",
    }
    return {shown: str(value) for name, shown in names.items() if (value := getattr(core, name, None))}


def _parts(parts: list[Any]) -> dict[str, str]:
    """Custom and application properties, and the addresses of links."""
    found = {"links": "\n".join({link.target_ref for part in parts for link in part.rels.values() if link.is_external})}
    for part in parts:
        if part.content_type.endswith(("custom-properties+xml", "extended-properties+xml")):
            kept = (node for node in _xml(part.blob).iter() if str(node.tag).rpartition("}")[2] in _KEPT)
            found[str(part.partname)] = "\n".join(node.text for node in kept if node.text and node.text.strip())
        if part.content_type.endswith("extended-properties+xml"):
            found |= _workplace(_xml(part.blob))
    return found


def _workplace(root: Any) -> dict[str, str]:
    """The company and the manager that Office writes into its files by itself."""
    words = {str(node.tag).rpartition("}")[2].lower(): node.text for node in root}
    return {name: text for name in ("company", "manager") if (text := (words.get(name) or "").strip())}


_KEPT = {"lpwstr", "lpstr", "i4", "i8", "r8", "Manager", "Company", "HyperlinkBase"}


def _cell(value: object) -> str:
    """A cell as text; a whole number without the decimal that Excel gives it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _odf_text(node: Any) -> Iterator[str]:
    """Text of an OpenDocument element; a form feed where the page was last broken."""
    name = node.qname[1] if getattr(node, "qname", None) else ""
    if name in ("tab", "s", "line-break", "soft-page-break"):
        yield {"tab": "\t", "s": " ", "line-break": "\n", "soft-page-break": "\f"}[name]
    for child in node.childNodes:
        if child.nodeType in (3, 4):
            yield str(child.data)
        else:
            yield from _odf_text(child)
    if name in ("p", "h", "title", "desc"):
        yield "\n"


def _odf_links(node: Any) -> Iterator[str]:
    for child in node.childNodes:
        if child.nodeType == 1:
            if child.qname[1] == "a" and (address := child.getAttribute("href")):
                yield str(address)
            yield from _odf_links(child)


def reader_of(media_type: str, screen: Screen, refused: type[Exception], characters: int) -> Callable[[Path], Result]:
    """The function that reads this media type; it raises `refused(reason)`."""
    office = Office(screen, refused, characters)
    return lambda path: office.read(media_type, path)
