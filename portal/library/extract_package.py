"""Looks a zip-based file over before a library opens it (ASVS 5.2.3-5.2.5); for the child process of
`extract`.

Number and sizes of the parts, names that lead out of the package, packed files inside, document type
declarations in the XML. Declared sizes can be trusted this far: zipfile never gives more bytes of a part than
its entry declares.
"""

import stat
import zipfile
from io import BytesIO
from pathlib import Path

MAX_ENTRIES = 10_000
MAX_UNPACKED = 300 << 20  # bytes of all parts together
MAX_RATIO = 250  # of one part over 5 MB; real worksheets stay under 60
_DECLARATIONS = [
    mark.encode(coding) for mark in ("<!DOCTYPE", "<!ENTITY") for coding in ("ascii", "utf-16-le", "utf-16-be")
]
_OFFICE = (".docx", ".pptx", ".xlsx")
_ARCHIVES = (*_OFFICE, ".zip", ".jar", ".7z", ".rar", ".gz", ".tar", ".odt", ".docm", ".xlsm", ".pptm")


class Screen:
    """One file with all that it embeds: the limits hold for them together."""

    def __init__(self, refused: type[Exception]) -> None:
        self.refused = refused
        self.unpacked = 0

    def __call__(self, source: Path | BytesIO, depth: int) -> dict[str, bytes]:
        """Raise `refused(reason)` for what no library should open; answers the embedded Office files by name.

        Those (the sheets behind diagrams) may stand one level deep and in their own folder; any other packed
        file inside is refused, because nobody would have looked into it.
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
                name = entry.filename.lower()
                if name.endswith((".xml", ".rels", ".vml")):
                    self._xml(package.read(entry))
                elif name.endswith(_ARCHIVES) or _is_package(package, entry):
                    if depth or "/embeddings/" not in name or not name.endswith(_OFFICE):
                        raise self.refused("unsafe")
                    inside[entry.filename] = package.read(entry)
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

    def _xml(self, data: bytes) -> None:
        if any(mark in data for mark in _DECLARATIONS):
            raise self.refused("unsafe")


def _is_package(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    with package.open(entry) as stream:
        return stream.read(4) == b"PK\x03\x04"
