"""Pictures for the child process of `extract`: that they are what they say, and what they tell of who took them and where.
Imports nothing of the portal. Their text, if there is any, is read afterwards (ocr.py).
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

Result = tuple[list[tuple[int, str]], str | None, dict[str, str]]

MAX_PIXELS = 60_000_000  # a sheet of A3 in 400 dots per inch is 31 million; unpacked these are 240 MB
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_GPS = 0x8825
_CAMERA = (0x010F, 0x0110)
# tag: our name for it; the words that Windows' own dialog writes are UTF-16
_TAGS = {0x010E: "description", 0x013B: "artist", 0x8298: "copyright", 0x0131: "software", 0x9286: "comment",
         0xA430: "owner", 0xA431: "serial number", 0x9C9B: "title", 0x9C9C: "remark", 0x9C9D: "xpauthor",
         0x9C9E: "keywords", 0x9C9F: "subject"}  # fmt: skip
_EXIF = [
    re.compile(mark + rb"(?=MM\0\*|II\*\0)") for mark in (rb"Exif\0\0", rb"eXIf")
]  # in JPEG, in PNG: two are faster
_LONGEST_EXIF = 1 << 16
_DETAILS = 0x8769  # the part of EXIF where the camera writes


def read(path: Path, media_type: str, *, refused: type[Exception]) -> Result:
    """One page without text; what the picture says of itself as properties."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # looked at before anything is unpacked, and with our own reason
    with Image.open(path, formats=[_FORMATS[media_type]]) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise refused("too_big_unpacked")
        if getattr(picture, "n_frames", 1) > 1:  # only the first one would be looked at
            raise refused("unsafe")
        properties = _told(picture.getexif())
        # PNG's texts, XMP in any of the three, comments of JPEG
        properties |= {f"note {name}": _words(value, 0) for name, value in picture.info.items() if isinstance(value, str | bytes)
                       and name not in ("icc_profile", "exif", "jfif", "adobe")}  # fmt: skip
        properties["pages without words"] = "1"  # as in extract.py
        picture.load()  # a picture that ends in the middle is broken
    return [(1, "")], properties.get("title"), properties


def _told(exif: Any) -> dict[str, str]:
    """What a camera and its owner wrote, by our names."""
    told = {name: _words(exif.get(tag), tag) for tag, name in _TAGS.items() if exif.get(tag)}
    details = exif.get_ifd(_DETAILS)
    told |= {name: _words(details.get(tag), tag) for tag, name in _TAGS.items() if details.get(tag)}
    told["camera"] = " ".join(_words(exif.get(tag), tag) for tag in _CAMERA if exif.get(tag))
    told["gps"] = _place(exif.get_ifd(_GPS))
    return told


def told_inside(data: Any) -> Iterator[dict[str, str]]:
    """What the pictures inside another file say of themselves, as far as they are not packed."""
    for found in chain.from_iterable(mark.finditer(data) for mark in _EXIF):
        from PIL import Image

        exif = Image.Exif()
        try:
            exif.load(bytes(data[found.end() : found.end() + _LONGEST_EXIF]))
            told = _told(exif)
        except Exception:  # noqa: BLE001 - whatever Pillow raises for a damaged one: there is something, and nobody can tell what
            told = {"camera": "?"}
        told.pop("serial number", None)  # of the camera; some are as long as personal numbers
        yield told


def gathered(told: Iterable[dict[str, str]]) -> dict[str, str]:
    """What several pictures say, each thing once, as properties of the file that they stand in."""
    found: dict[str, dict[str, None]] = {}
    for one in told:
        for name, words in one.items():
            if words:
                found.setdefault(f"pictures {name}", {})[words] = None
    return {name: "; ".join(words) for name, words in found.items()}


def _words(value: Any, tag: int) -> str:
    """A value as text."""
    if isinstance(value, bytes):
        coding = "utf-16-le" if 0x9C9B <= tag <= 0x9C9F else "utf-8"
        return value.removeprefix(b"ASCII\0\0\0").removeprefix(b"UNICODE\0").decode(coding, "replace").strip("\0 ")
    if isinstance(value, tuple) and value and all(isinstance(part, int) and 0 <= part < 256 for part in value):
        return _words(bytes(value), tag)
    return str(value or "").strip("\0 ")


def _place(gps: dict[int, Any]) -> str:
    """Latitude and longitude in degrees, to some ten metres."""
    try:
        north, east = (
            (gps[part][0] + gps[part][1] / 60 + gps[part][2] / 3600) * (-1 if gps.get(part - 1) in ("S", "W") else 1)
            for part in (2, 4)
        )
        return f"{float(north):.4f}, {float(east):.4f}"
    except (KeyError, IndexError, TypeError, ZeroDivisionError):
        return "?" if gps else ""
