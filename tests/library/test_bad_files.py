"""Files that mean harm, or that are only odd: each is refused with its reason or read within its limits."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject

from portal.library.extract import ExtractionError, Reason, extract
from tests.commands import ROOT
from tests.library.test_library import pdf


def reason_of(path: Path) -> Reason | None:
    try:
        extract(path, path.name)
    except ExtractionError as error:
        return error.reason
    return None


def many_pages(number: int) -> bytes:
    writer = PdfWriter()
    for _ in range(number):
        writer.add_blank_page(200, 200)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def test_s34_ten_thousand_pages_are_too_many(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(many_pages(10_000))
    assert reason_of(path) is Reason.TOO_BIG_UNPACKED


def looping_pages() -> bytes:
    """A tree of pages whose branch is its own root."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    pages = writer._root_object["/Pages"].get_object()
    assert isinstance(pages, DictionaryObject)
    kids = pages["/Kids"]
    assert isinstance(kids, ArrayObject)
    kids.append(writer._root_object.raw_get("/Pages"))
    pages[NameObject("/Count")] = NumberObject(2)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def looping_form() -> bytes:
    """A drawing that draws itself."""
    body = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 5 0 R/Resources<</XObject<</A 4 0 R>>>>>>",
            b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</A 4 0 R>>>>/Length 5>>stream\n/A Do\nendstream",
            b"<</Length 5>>stream\n/A Do\nendstream"]  # fmt: skip
    made, places = b"%PDF-1.7\n", []
    for number, one in enumerate(body, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + table + b"trailer<</Root 1 0 R/Size 6>>\nstartxref\n%d\n%%%%EOF" % len(made)


@pytest.mark.parametrize("make", [looping_pages, looping_form])
def test_s34_pdfs_that_loop_end(tmp_path: Path, make: object) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(make())  # type: ignore[operator]  # one of the two above
    assert reason_of(path) in {None, Reason.BROKEN, Reason.TIME_OUT, Reason.TOO_BIG_UNPACKED, Reason.MEMORY}


def test_s34_svg_is_not_taken(tmp_path: Path) -> None:
    script = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><rect width="9" height="9"/></svg>'
    for name, reason in (("a.svg", Reason.UNKNOWN_TYPE), ("a.png", Reason.MISLABELLED), ("a.html", Reason.MISLABELLED)):
        path = tmp_path / name
        path.write_bytes(script)
        assert reason_of(path) is reason, name


def png_of(width: int, height: int) -> bytes:
    """A picture that is all one colour and unpacks to gigabytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack("!L", len(data)) + name + data + struct.pack("!L", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    line = bytes(1 + width // 8)
    rows = b"".join(packer.compress(line * 1000) for _ in range(height // 1000)) + packer.flush()
    head = struct.pack("!LLBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_s34_pictures_have_their_limits(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_of(40_000, 40_000))
    assert path.stat().st_size < 1_000_000
    assert reason_of(path) is Reason.TOO_BIG_UNPACKED
    stream = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), color) for color in ("red", "blue")]
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:])
    moving = tmp_path / "a.webp"
    moving.write_bytes(stream.getvalue())
    assert reason_of(moving) is Reason.UNSAFE
    stream = io.BytesIO()
    Image.effect_noise((400, 400), 90).save(stream, "JPEG")
    cut = tmp_path / "a.jpg"
    cut.write_bytes(stream.getvalue()[: len(stream.getvalue()) // 2])
    assert reason_of(cut) is Reason.BROKEN
    both = tmp_path / "b.jpg"
    both.write_bytes(stream.getvalue() + b"PK\x05\x06" + bytes(18))
    assert reason_of(both) is Reason.MISLABELLED
    wrong = tmp_path / "c.png"
    wrong.write_bytes(stream.getvalue())
    assert reason_of(wrong) is Reason.MISLABELLED


def test_s34_references_to_elsewhere_are_not_followed(tmp_path: Path) -> None:
    """A template and a picture from another host: nothing goes out, and the addresses are told to the guard."""
    made = docx.Document()
    made.add_paragraph("Text")
    for kind in (RELATIONSHIP_TYPE.IMAGE.replace("image", "attachedTemplate"), RELATIONSHIP_TYPE.IMAGE):
        made.part.rels.get_or_add_ext_rel(kind, f"http://127.0.0.1:9/{kind[-5:]}")
    path = tmp_path / "a.docx"
    made.save(str(path))
    found = extract(path, "a.docx")
    assert "127.0.0.1:9" in found.properties["links"]
    page = tmp_path / "a.html"
    page.write_text('<!doctype html><html><body><img src="http://127.0.0.1:9/x"><p>Text</p></body></html>')
    assert extract(page, "a.html").pages[0].text == "Text"


def test_reading_stays_within_its_memory(tmp_path: Path) -> None:
    """No reader has more than a gigabyte in memory. A process of its own reads: a child counts what its parent had when it began."""
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf("\n#pagebreak()\n".join("#lorem(400)" for _ in range(60))))
    heavy = tmp_path / "a.png"
    heavy.write_bytes(png_of(7_000, 7_000))
    code = (
        "import pathlib, resource, sys; from portal.library.extract import extract\n"
        "for name in sys.argv[1:]: extract(pathlib.Path(name), name)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, path, heavy], check=True, capture_output=True, text=True, cwd=ROOT
    )
    unit = 1024 if sys.platform == "linux" else 1
    most = int(answer.stdout) * unit
    assert 1 << 24 < most <= 1 << 30
