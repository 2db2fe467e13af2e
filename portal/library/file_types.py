"""Which files the library takes, told by what is in them and not by their names (ASVS 5.2.1-5.2.3).

Nothing is unpacked or parsed here: `sniff` reads the first and last bytes, and of an Office file the small
list of its parts. Everything else happens in the child process of `extract`.
"""

import mmap
import re
import stat
import zipfile
import zlib
from enum import StrEnum
from pathlib import Path, PurePath

from flask_babel import gettext as _

from portal import errors
from portal.files import human_size


class Reason(StrEnum):
    """Why a file gives no text."""

    EMPTY = "empty"
    UNKNOWN_TYPE = "unknown_type"
    MISLABELLED = "mislabelled"
    ENCRYPTED = "encrypted"
    BROKEN = "broken"
    UNSAFE = "unsafe"
    EMBEDDED = "embedded"
    TOO_BIG_UNPACKED = "too_big_unpacked"
    TOO_LONG = "too_long"
    TIME_OUT = "time_out"
    MEMORY = "memory"
    INFECTED = "infected"
    NOT_CLEANED = "not_cleaned"
    GIVEN_UP = "given_up"  # its job failed again and again
    NO_WORDS = "no_words"  # the file is taken in all the same


class ExtractionError(errors.Invalid):
    """The file is not taken; `reason` for the statistics, the message for the person."""

    reason: Reason

    def __init__(self, reason: Reason, *, field: str | None = "file") -> None:
        super().__init__(message(reason), field=field)
        self.reason = reason


def message(reason: Reason) -> str:
    """What happened and what to do about it, in the reader's language."""
    texts: dict[Reason, str] = {
        Reason.EMPTY: _("The file is empty. Choose another one."),
        Reason.UNKNOWN_TYPE: _(
            "This type of file cannot be added. Save it as PDF, docx, pptx, xlsx, odt, txt, md, html, jpg, png or webp."
        ),
        Reason.MISLABELLED: _(
            "The name of the file does not fit its content. Open the file, save it anew and add it again."
        ),
        Reason.ENCRYPTED: _("The file has a password. Remove it and add the file again."),
        Reason.BROKEN: _("The file cannot be read. Open it, save it anew and add it again."),
        Reason.UNSAFE: _("The file has parts that are not allowed here. Save it as PDF and add the PDF."),
        Reason.EMBEDDED: _(
            "The file has other files inside it. Take them out, or print it to a new PDF, and add that."
        ),
        Reason.TOO_BIG_UNPACKED: _("The file is too big when unpacked. Divide it and add the parts."),
        Reason.TOO_LONG: _(
            "The text is longer than what can be read here: at most %(limit)s. Divide it and add the parts.",
            limit=human_size(LARGEST_TEXT),
        ),
        Reason.TIME_OUT: _("The file took too long to read. Divide it or save it as PDF."),
        Reason.MEMORY: _("The file is too heavy to read. Divide it or save it as PDF."),
        Reason.INFECTED: _("The virus scanner found something in the file. Tell those who look after your computer."),
        Reason.NOT_CLEANED: _(
            "What the file says about people could not be removed. Remove it in the program that you made the file with."
        ),
        Reason.GIVEN_UP: _(
            "The portal has tried many times and cannot read the file. Save it anew, or as PDF, and add it again."
        ),
        Reason.NO_WORDS: _(
            "No words could be read in the file. It is found by its title, its description and its topics."
        ),
    }
    return texts[reason]


PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
TEXT = "text/plain"
MARKDOWN = "text/markdown"
HTML = "text/html"
JPEG = "image/jpeg"
PNG = "image/png"
WEBP = "image/webp"

EXTENSIONS = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".pptx": PPTX,
    ".xlsx": XLSX,
    ".odt": ODT,
    ".txt": TEXT,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".png": PNG,
    ".webp": WEBP,
}
PICTURES = {JPEG, PNG, WEBP}
_PACKAGES = {DOCX, PPTX, XLSX, ODT}
_TEXTS = {TEXT, MARKDOWN, HTML}

LARGEST_TEXT = 20_000_000  # bytes: the guard reads all of it, seen or not
MAX_ENTRIES = 10_000  # parts of one Office file
_MAX_DIRECTORY = 4 << 20  # bytes of a zip's list of parts
_MAX_PART_LIST = 1 << 20  # bytes of [Content_Types].xml
_TAIL = 66_000  # a zip's end record with the longest comment
_MAIN_PART = re.compile(rb'ContentType="(application/vnd\.[^"]{1,200}\.main\+xml)"')
_TAG = re.compile(rb"<(?:!doctype html|html|head|body|title|meta|div|p|h[1-6]|table|ul|ol|a|span|br)\b[^<>]*>", re.I)
_LEGACY = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # OLE: Word 97 and the like, and the shell of encrypted Office files
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def sniff(path: Path, file_name: str) -> str:
    """Media type of the file by its content.

    Raises ExtractionError when it is empty, not on the allow-list, encrypted, or when the extension of
    `file_name` says something else than the content (mislabelled).
    """
    claimed = EXTENSIONS.get(PurePath(file_name).suffix.lower())
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        head = stream.read(1 << 16)
        stream.seek(max(0, size - _TAIL))
        tail = stream.read()
    if not size:
        raise ExtractionError(Reason.EMPTY)
    found = _by_content(path, head, tail, claimed)
    if found is None:
        raise ExtractionError(Reason.MISLABELLED if claimed else Reason.UNKNOWN_TYPE)
    if found in _TEXTS and claimed is None:
        raise ExtractionError(Reason.UNKNOWN_TYPE)
    if found != claimed:
        raise ExtractionError(Reason.MISLABELLED)
    check_length(file_name, size)
    return found


def check_length(file_name: str, size: int) -> None:
    """Refuse a text that is longer than what can be read: its name and size say so before it is sent. Raises `ExtractionError`."""
    if EXTENSIONS.get(PurePath(file_name).suffix.lower()) in _TEXTS and size > LARGEST_TEXT:
        raise ExtractionError(Reason.TOO_LONG)


def _by_content(path: Path, head: bytes, tail: bytes, claimed: str | None) -> str | None:
    if head.startswith(_LEGACY):
        with path.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            is_encrypted = whole.find(_ENCRYPTED) >= 0
        if is_encrypted:
            raise ExtractionError(Reason.ENCRYPTED)
        return None
    if head.startswith(b"PK\x03\x04"):
        return _package_type(path, tail)
    if head.lstrip(b"\xef\xbb\xbf\0\t\r\n ").startswith(b"%PDF-"):
        # A PDF with a zip's end record is two files in one: what a reader shows is not what we would have
        # read.
        return None if _ends_as_zip(tail) else PDF
    if picture := _picture_type(head):
        return None if _ends_as_zip(tail) else picture
    if not _is_text(head):
        return None
    if claimed == HTML:
        return HTML if _TAG.search(head) or _TAG.search(head.replace(b"\0", b"")) else None
    return claimed if claimed in _TEXTS else TEXT


def _picture_type(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    return WEBP if head.startswith(b"RIFF") and head[8:12] == b"WEBP" else None


def _is_text(head: bytes) -> bool:
    """No NUL outside UTF-16, and hardly a control character."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    controls = sum(head.count(bytes((code,))) for code in range(32) if code not in (9, 10, 12, 13, 27))
    return b"\0" not in head and controls <= len(head) // 1000


def _ends_as_zip(tail: bytes) -> bool:
    place = tail.rfind(b"PK\x05\x06")
    return place >= 0 and len(tail) - place >= 22


def _package_type(path: Path, tail: bytes) -> str | None:
    """Type of an Office file. The size of its part list is looked at before the list is read."""
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < 22:
        raise ExtractionError(Reason.BROKEN)
    entries = int.from_bytes(tail[place + 10 : place + 12], "little")
    directory = int.from_bytes(tail[place + 12 : place + 16], "little")
    if tail[max(0, place - 20) : place].startswith(
        b"PK\x06\x07"
    ):  # then a record before it says how many there really are
        record = tail[max(0, place - 76) : place - 20]
        if not record.startswith(b"PK\x06\x06"):
            raise ExtractionError(Reason.BROKEN)
        entries, directory = int.from_bytes(record[32:40], "little"), int.from_bytes(record[40:48], "little")
    if entries > MAX_ENTRIES or directory > _MAX_DIRECTORY:
        raise ExtractionError(Reason.TOO_BIG_UNPACKED)
    try:
        with zipfile.ZipFile(path) as package:
            names = {info.filename: info for info in package.infolist()}
            if any(info.flag_bits & 1 for info in names.values()):
                raise ExtractionError(Reason.ENCRYPTED)
            if any(stat.S_ISLNK(info.external_attr >> 16) for info in names.values()):
                raise ExtractionError(Reason.UNSAFE)
            part = names.get("[Content_Types].xml") or names.get("mimetype")
            if part is None:
                return None
            if part.file_size > _MAX_PART_LIST:
                raise ExtractionError(Reason.TOO_BIG_UNPACKED)
            content = package.read(part)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise ExtractionError(Reason.BROKEN) from error
    if part.filename == "mimetype":
        return ODT if content.strip() == ODT.encode() else None
    mains = {main.decode("ascii", "replace").removesuffix(".main+xml") for main in _MAIN_PART.findall(content)}
    found = mains & _PACKAGES
    return found.pop() if len(mains) == 1 and found else None
