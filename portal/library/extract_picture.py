"""Pictures for the child process of `extract`: that they are what they say, and what they tell of who took them and where.
Imports nothing of the portal. Their text, if there is any, is read afterwards (ocr.py).
"""

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
        exif = picture.getexif()
        properties = {name: _words(exif.get(tag), tag) for tag, name in _TAGS.items() if exif.get(tag)}
        details = exif.get_ifd(_DETAILS)
        properties |= {name: _words(details.get(tag), tag) for tag, name in _TAGS.items() if details.get(tag)}
        properties["camera"] = " ".join(_words(exif.get(tag), tag) for tag in _CAMERA if exif.get(tag))
        properties["gps"] = _place(exif.get_ifd(_GPS))
        # PNG's texts, XMP in any of the three, comments of JPEG
        properties |= {f"note {name}": _words(value, 0) for name, value in picture.info.items() if isinstance(value, str | bytes)
                       and name not in ("icc_profile", "exif", "jfif", "adobe")}  # fmt: skip
        properties["pages without words"] = "1"  # as in extract.py
        picture.load()  # a picture that ends in the middle is broken
    return [(1, "")], properties.get("title"), properties


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
