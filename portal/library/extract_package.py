"""Looks a zip-based file over before a library opens it (ASVS 5.2.3-5.2.5); for the child process of
`extract`.

Number and sizes of the parts, names that lead out of the package, packed files inside, document type
declarations in the XML. Declared sizes can be trusted this far: zipfile never gives more bytes of a part than
its entry declares.
"""

import re
import stat
import zipfile
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.parsers import expat

MAX_ENTRIES = 10_000
MAX_UNPACKED = 300 << 20  # bytes of all parts together
MAX_RATIO = 250  # of one part over 5 MB; real worksheets stay under 60
_DECLARATIONS = [
    mark.encode(coding) for mark in ("<!DOCTYPE", "<!ENTITY") for coding in ("ascii", "utf-16-le", "utf-16-be")
]
_OFFICE = (".docx", ".pptx", ".xlsx")
_XML = (".xml", ".rels", ".vml", ".rdf")
_OWN = re.compile(
    r"customXml/|docProps/|docMetadata/|META-INF/|\[Content_Types\]"
)  # the programs' parts, not the people's
# Pictures, sound, film and fonts by how they begin. What is seen or heard in them is not read.
_MEDIA = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II\xbc\x01", b"\0\0\x01\0", b"\xd7\xcd\xc6\x9a",
    b"\x01\0\x09\0", b"\x01\0\0\0", b"VCLMTF", b"RIFF", b"OggS", b"fLaC", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1",
    b"\x30\x26\xb2\x75", b"\x1aE\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3", b"\0\0\0\x0cjP", b"MThd", b"glTF",
    b"\0\x01\0\0", b"OTTO", b"ttcf",
)  # fmt: skip
_PHOTOGRAPHS = (b"\x89PNG", b"\xff\xd8\xff")  # of those, the ones that a camera writes into
# Binary parts with nothing that a page shows: the printer, locked fonts, where lines were broken, what Office threw away
_OPAQUE = re.compile(
    r"\[trash\]/|(?:.*/)?(?:printerSettings\d*\.bin|customProperty\d*\.bin|layout-cache|mimetype|[^/]*\.(?:odttf|fntdata))$"
)
_FILES = (b"\xd0\xcf\x11\xe0", b"%PDF")  # OLE and PDF
_ARCHIVES = (*_OFFICE, ".zip", ".jar", ".7z", ".rar", ".gz", ".tar", ".odt", ".docm", ".xlsm", ".pptm")


class Screen:
    """One file with all that it embeds: the limits hold for them together.

    `parts` (`extract_parts.Parts`) is given every part to read, `told_inside` (`extract_picture`) every picture; what it answers
    is gathered in `told`.
    """

    def __init__(
        self, refused: type[Exception], parts: Any, told_inside: Callable[[bytes], Iterable[dict[str, str]]]
    ) -> None:
        self.refused = refused
        self.unpacked = 0
        self.parts = parts
        self.told_inside = told_inside
        self.told: list[dict[str, str]] = []

    def __call__(self, source: Path | BytesIO, depth: int) -> dict[str, bytes]:
        """Raise `refused(reason)` for what no library should open; answers the embedded Office files by name.

        Those (the sheets behind diagrams) may stand one level deep and in their own folder; any other file inside is
        refused, because nobody would have looked into it.
        """
        inside: dict[str, bytes] = {}
        with zipfile.ZipFile(source) as package:
            entries = package.infolist()
            self.unpacked += sum(entry.file_size for entry in entries)
            if len(entries) > MAX_ENTRIES or self.unpacked > MAX_UNPACKED:
                raise self.refused("too_big_unpacked")
            if len({entry.filename for entry in entries}) < len(entries):
                raise self.refused("unsafe")
            for entry in entries:
                self._entry(entry)
                if not entry.file_size:
                    continue
                name, head = entry.filename.lower(), _head(package, entry)
                if name.endswith(_XML):
                    self._xml(entry.filename, package.read(entry))
                elif name.endswith(_ARCHIVES) or head.startswith(b"PK\x03\x04"):
                    if depth or "/embeddings/" not in name or not name.endswith(_OFFICE):
                        raise self.refused("unsafe")
                    inside[entry.filename] = package.read(entry)
                elif head.startswith(_FILES):
                    raise self.refused("embedded")
                elif _OPAQUE.match(entry.filename):
                    self._opaque(package.read(entry))
                elif name.endswith(".svg"):
                    self._picture(package.read(entry))
                elif head.startswith(_PHOTOGRAPHS):
                    self.told += self.told_inside(package.read(entry))
                elif not head.startswith(_MEDIA) and head[4:8] != b"ftyp":
                    raise self.refused("embedded")
        return inside

    def _entry(self, entry: zipfile.ZipInfo) -> None:
        name = entry.filename
        if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
            raise self.refused("unsafe")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise self.refused("unsafe")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self.refused("unsafe")
        if entry.flag_bits & 1:
            raise self.refused("encrypted")
        if entry.file_size > 5 << 20 and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            raise self.refused("too_big_unpacked")

    def _xml(self, name: str, data: bytes) -> None:
        if any(mark in data for mark in _DECLARATIONS):
            raise self.refused("unsafe")
        try:
            self.parts.read(data, is_shown=not _OWN.match(name) and not name.endswith(".rels"))
        except expat.ExpatError:
            if not name.endswith(".vml"):  # Excel's own are HTML rather than XML
                raise
            self.parts.add_text(data.decode("utf-8", "replace"))

    def _picture(self, data: bytes) -> None:
        """A drawing as text: it may bear a declaration of its type, and its attributes are coordinates."""
        self.parts.read(data, is_picture=True)

    def _opaque(self, data: bytes) -> None:
        for coding in ("latin-1", "utf-16-le"):
            self.parts.add_attribute(data.decode(coding, "replace"))


def _head(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with package.open(entry) as stream:
        return stream.read(16)
