"""The child process of `cleaning`: writes the file to standard output without what it says about people.

Run by path (`clean_child.py media_type path`, after child_start.py); it imports nothing of the portal. The pages stay as they
are. Any error ends it with a trace on standard error, and the parent keeps nothing.
"""

import re
import sys
import traceback
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

# --- pictures: whole segments are left out, nothing is unpacked -----------------------------------------------------------

_END = 0xD9
_SCAN = 0xDA
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # after a scan; zero is stuffing, d0-d7 restart it


def jpeg(data: bytes, orientation: int = 1) -> bytes:
    """Without EXIF, XMP, IPTC, comments and whatever stands before the picture or hangs behind its end; colours and the way up
    stay. Raises `ValueError` or `IndexError` for what is no such picture: half of one would be none.
    """
    start = data.index(b"\xff\xd8\xff")
    kept, place, has_scan = [data[start : start + 2]], start + 2, False
    if orientation != 1:
        kept.append(_upright(orientation))
    while place < len(data):
        marker = data[place + 1]
        if data[place] != 0xFF or marker in (0, 0xFF):  # what decoders pass over
            place += 1
            continue
        if marker == _END:
            break
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        is_ours = marker in (0xE0, 0xEE) or (marker == 0xE2 and data.startswith(b"ICC_PROFILE", place + 4))
        is_told = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if marker == _SCAN:
            following = _NEXT_MARKER.search(data, end)
            end, has_scan = following.start() if following else len(data), True
        if is_ours or not is_told:
            kept.append(data[place:end])
        place = end
    if not has_scan:
        raise ValueError("a picture that shows nothing")
    return b"".join([*kept, b"\xff\xd9"])


def _upright(orientation: int) -> bytes:
    """A segment of EXIF that says nothing but which way is up."""
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01" + orientation.to_bytes(2, "big") + b"\0\0"
    body = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + b"\0\0\0\0"
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body


_SEEN = {
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"iCCP",
    b"sBIT",
    b"pHYs",
    b"bKGD",
    b"cICP",
}


def png(data: bytes) -> bytes:
    """Only the parts that the picture is drawn with."""
    kept, place = [data[:8]], 8
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        name = data[place + 4 : place + 8]
        if name in _SEEN:
            kept.append(data[place:end])
        if name == b"IEND":
            break
        place = end
    return b"".join(kept)


_DRAWN = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"}


def webp(data: bytes) -> bytes:
    """Only the parts that the picture is drawn with; the head says so too."""
    kept, place = [], 12
    last = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while place < last:
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        end = place + 8 + size + size % 2
        part = data[place:end]
        if name == b"VP8X":
            part = part[:8] + bytes((part[8] & ~0x0C,)) + part[9:]  # neither EXIF nor XMP
        if name in _DRAWN:
            kept.append(part)
        place = end
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _jpeg_file(path: Path) -> bytes:
    from PIL import Image

    with Image.open(path, formats=["JPEG"]) as picture:
        orientation = picture.getexif().get(0x0112, 1)
    return jpeg(path.read_bytes(), orientation if orientation in range(1, 9) else 1)


# --- PDF ------------------------------------------------------------------------------------------------------------------


def pdf(path: Path) -> bytes:
    """Written anew from what the pages need: no author, no XMP, no notes' authors, no EXIF in the pictures. The title stays."""
    import logging

    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import DictionaryObject, StreamObject

    logging.disable(logging.CRITICAL)  # pypdf's warnings quote the file
    reader = PdfReader(path)
    if reader.is_encrypted:
        reader.decrypt("")
    title = reader.metadata.title if reader.metadata else None
    writer = PdfWriter(clone_from=reader)
    writer.metadata = None
    if title:
        writer.add_metadata({"/Title": title})
    for thing in writer._objects:
        if not isinstance(thing, DictionaryObject):
            continue
        if isinstance(thing, StreamObject):
            _clean_stream(thing)
        for name in ("/Metadata", "/PieceInfo"):
            if name in thing:
                del thing[name]
        if "/T" in thing and "/Rect" in thing and thing.get("/Subtype") != "/Widget":
            del thing["/T"]  # who wrote a note; of a form field it is the name
    _forget_unreached(writer)
    made = BytesIO()
    writer.write(made)
    return made.getvalue()


def _clean_stream(thing: Any) -> None:
    from pypdf.generic import ArrayObject, NameObject

    found = thing.get("/Filter", ArrayObject()).get_object()
    filters = [one.get_object() for one in found] if isinstance(found, list) else [found]
    if "/Subtype" in thing and thing["/Subtype"] == "/Image" and filters and filters[-1] == "/DCTDecode":
        thing._data = jpeg(thing.get_data() if len(filters) > 1 else thing._data)
        thing[NameObject("/Filter")] = NameObject("/DCTDecode")
        if len(filters) > 1:
            thing.pop("/DecodeParms", None)


def _forget_unreached(writer: Any) -> None:
    """Leave out what nothing leads to any more: it would be written all the same."""
    from pypdf.generic import IndirectObject

    reached = set[int]()
    ahead: list[Any] = [one.indirect_reference for one in (writer.root_object, writer._info) if one is not None]
    while ahead:
        thing = ahead.pop()
        if isinstance(thing, IndirectObject):
            if thing.idnum in reached:
                continue
            reached.add(thing.idnum)
            thing = thing.get_object()
        if isinstance(thing, dict):
            ahead += dict.values(thing)  # as they stand, not what they lead to
        elif isinstance(thing, list):
            ahead += list.__iter__(thing)
    writer._objects = [one if number in reached else None for number, one in enumerate(writer._objects, start=1)]


# --- Office and OpenDocument ------------------------------------------------------------------------------------------------

# (name of the part, what is replaced in it, by what)
_ELEMENTS = rb"dc:creator|cp:lastModifiedBy|dc:contributor|Company|Manager|meta:initial-creator|meta:printed-by"
_IN_PARTS: list[tuple[str, bytes, bytes]] = [
    (r"docProps/(core|app)\.xml|meta\.xml", rb"(<(" + _ELEMENTS + rb")(?:\s[^<>]*)?>)[^<]*(</\2>)", rb"\1\3"),
    (r"docProps/custom\.xml", rb"(<(?:\w+:)?Properties\b[^<>]*?)/?>.*", rb"\1/>"),
    (r"meta\.xml", rb"<meta:user-defined\b[^<>]*?(?:/>|>[^<]*</meta:user-defined>)", rb""),
    (r"(word|ppt|xl)/.*\.xml", rb"(\s(?:\w+:)?(?:author|initials|userId|providerId|lastModifiedBy|userName))=\"[^\"]*\"", rb'\1=""'),
    (r"ppt/(commentAuthors|authors)\.xml|xl/persons/.*\.xml", rb"(\s(?:name|displayName))=\"[^\"]*\"", rb'\1=""'),
    (r"xl/comments\d*\.xml|xl/comments/.*\.xml", rb"(<author>)[^<]*(</author>)", rb"\1\2"),
    (r"xl/workbook\.xml", rb"<mc:AlternateContent\b[^<>]*>\s*<mc:Choice\b[^<>]*>\s*<x15ac:absPath\b[^<>]*/>\s*</mc:Choice>\s*"
     rb"</mc:AlternateContent>", rb""),
    (r"(content|styles)\.xml", rb"(<(dc:creator|meta:creator-initials)>)[^<]*(</\2>)", rb"\1\3"),
]  # fmt: skip
_PATTERNS = [(re.compile(part), re.compile(found, re.DOTALL), put) for part, found, put in _IN_PARTS]
_DROPPED = re.compile(r"docProps/thumbnail\..*|Thumbnails/.*")  # how the first page looked when it was saved


def package(source: Path | BytesIO) -> bytes:
    """The same parts in the same order; the names in them are left empty, the pictures lose theirs, and so do the sheets behind
    diagrams, which are packages themselves.
    """
    made = BytesIO()
    with zipfile.ZipFile(source) as opened, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in opened.infolist():
            told = zipfile.ZipInfo(entry.filename)  # not when it was saved
            told.compress_type = entry.compress_type
            target.writestr(told, _part(entry.filename, opened.read(entry)))
    return made.getvalue()


def _part(name: str, data: bytes) -> bytes:
    if _DROPPED.fullmatch(name):
        return b""
    for begins, clean in _BY_CONTENT:
        if data.startswith(begins):
            return clean(data)
    for part, found, put in _PATTERNS:
        if part.fullmatch(name):
            data = found.sub(put, data)
    return data


_BY_CONTENT: list[tuple[bytes, Callable[[bytes], bytes]]] = [
    (b"\xff\xd8\xff", jpeg), (b"\x89PNG", png), (b"PK\x03\x04", lambda data: package(BytesIO(data))),
]  # fmt: skip


def run(media_type: str, path: Path, target: BinaryIO) -> None:
    """Write the cleaned file."""
    if media_type == "application/pdf":
        made = pdf(path)
    elif media_type == "image/jpeg":
        made = _jpeg_file(path)
    elif media_type == "image/png":
        made = png(path.read_bytes())
    elif media_type == "image/webp":
        made = webp(path.read_bytes())
    else:
        made = package(path)
    target.write(made)


if __name__ == "__main__":
    try:
        run(sys.argv[1], Path(sys.argv[2]), sys.stdout.buffer)
    except Exception as error:  # noqa: BLE001 - whatever a library raises here; its text may quote the file
        where = (f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__))
        sys.exit(f"{type(error).__name__} at {' '.join(where)}")
