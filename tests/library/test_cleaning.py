"""What a file says about people is taken out of it on request, and the rest stays as it is."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import docx
import openpyxl
import pptx
import pypdfium2
import pytest
import sqlalchemy as sa
from odf.meta import InitialCreator
from odf.opendocument import OpenDocumentText
from odf.text import P
from PIL import Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Text
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, StreamObject, TextStringObject

from portal import db, files, outbox
from portal.library import actions, cleaning
from portal.library.extract import ExtractionError, Reason, extract
from portal.library.file_types import EXTENSIONS
from portal.library.models import FileState, ResourceVersion
from portal.library.reading import about_people
from portal.web import Edge
from tests.conftest import Sign
from tests.factories import Network
from tests.library.test_library import added, kept, pdf, states, upload, word

pytestmark = pytest.mark.usefixtures("built_front_end")

NAME = "Anna Berg"
HOME = ("59.3293", "18.0686")


def exif() -> Image.Exif:
    made = Image.Exif()
    made[0x013B], made[0x0110], made[0x0112] = NAME, "Kamera 1", 6
    degrees = TiffImagePlugin.IFDRational
    made[0x8825] = {
        1: "N",
        2: (degrees(59), degrees(19), degrees(4548, 100)),
        3: "E",
        4: (degrees(18), degrees(4), degrees(696, 100)),
    }
    return made


def photo(kind: str) -> bytes:
    picture = Image.effect_noise((64, 48), 80).convert("RGB")
    stream = io.BytesIO()
    if kind == "PNG":
        info = PngInfo()
        info.add_text("Author", NAME)
        picture.save(stream, kind, exif=exif(), pnginfo=info)
    elif kind == "WEBP":
        picture.save(stream, kind, exif=exif(), xmp=f"<x>{NAME}</x>".encode())
    else:
        picture.save(stream, kind, exif=exif(), comment=NAME.encode(), quality=90)
        stream.write(b"a film of two seconds, behind the end: " + NAME.encode())
    return stream.getvalue()


def noted_pdf() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(author=NAME))))
    writer.add_metadata({"/Company": "Berg AB"})
    note = Text(text="Titta här", rect=(50, 550, 200, 650))
    note[NameObject("/T")] = TextStringObject(NAME)
    writer.add_annotation(0, note)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def document() -> bytes:
    made = docx.Document(io.BytesIO(word()))
    made.core_properties.last_modified_by = NAME
    run = made.add_paragraph("Text med kommentar").runs[0]
    made.add_comment(run, text="Så är det", author=NAME, initials="AB")
    picture = io.BytesIO(photo("JPEG"))
    made.add_picture(picture)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def book() -> bytes:
    made = openpyxl.Workbook()
    made.properties.creator = made.properties.lastModifiedBy = NAME
    made.create_sheet("Data")["A1"] = "Cell"
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def show() -> bytes:
    made = pptx.Presentation()
    made.core_properties.author = NAME
    made.slides.add_slide(made.slide_layouts[0]).shapes.title.text = "Rubrik"
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def open_document() -> bytes:
    made = OpenDocumentText()
    made.meta.addElement(InitialCreator(text=NAME))
    made.text.addElement(P(text="Stycke"))
    stream = io.BytesIO()
    made.write(stream)
    return stream.getvalue()


MAKERS: dict[str, Callable[[], bytes]] = {
    "a.pdf": noted_pdf, "a.docx": document, "a.xlsx": book, "a.pptx": show, "a.odt": open_document,
    "a.jpg": lambda: photo("JPEG"), "a.png": lambda: photo("PNG"), "a.webp": lambda: photo("WEBP"),
}  # fmt: skip


def everything_in(content: bytes, name: str) -> bytes:
    """All bytes of a file, unpacked."""
    if name.endswith(".pdf"):
        reader = PdfReader(io.BytesIO(content))
        numbers = range(1, len(reader.xref[0]) + 1)
        things = (reader.get_object(number) for number in numbers)
        streams = [thing.get_data() for thing in things if isinstance(thing, StreamObject)]
        return b"".join([content, *streams, *(repr(reader.get_object(number)).encode() for number in numbers)])
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return b"\n".join(everything_in(package.read(one), "") for one in package.namelist())
    return content


@pytest.mark.parametrize("name", MAKERS)
def test_s37_the_names_are_shown_and_can_be_taken_out(app: Edge, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(MAKERS[name]())
    before = extract(path, name)
    assert NAME in "".join(about_people(before).values())
    assert NAME.encode() in everything_in(path.read_bytes(), name)
    made = files.path_of(cleaning.cleaned(path, EXTENSIONS[path.suffix]).sha256)
    after = extract(made, name)
    assert about_people(after) == {}
    assert NAME.encode() not in everything_in(made.read_bytes(), name)
    assert [page.text for page in after.pages] == [page.text for page in before.pages]
    assert after.title == before.title


# --- what stands deeper in a file ---------------------------------------------------------------------------------------


def with_picture(way: str) -> bytes:
    """A PDF that shows a photograph, put into it in one of the ways that programs have."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    stream = StreamObject()
    for name, value in {"/Type": "/XObject", "/Subtype": "/Image", "/ColorSpace": "/DeviceRGB"}.items():
        stream[NameObject(name)] = NameObject(value)
    for name, number in {"/Width": 64, "/Height": 48, "/BitsPerComponent": 8}.items():
        stream[NameObject(name)] = NumberObject(number)
    content, filters = photo("JPEG"), NameObject("/DCTDecode")
    stream.set_data({"a line before": b"\n" + content, "packed again": zlib.compress(content)}.get(way, content))
    stream[NameObject("/Filter")] = {
        "packed again": ArrayObject([NameObject("/FlateDecode"), filters]),
        "in a list": ArrayObject([filters]),
        "elsewhere": writer._add_object(filters),
    }.get(way, filters)
    page = writer.pages[0]
    resources = page["/Resources"].get_object()
    assert isinstance(resources, DictionaryObject)
    resources[NameObject("/XObject")] = DictionaryObject({NameObject("/Bild"): writer._add_object(stream)})
    drawn = StreamObject()
    contents = page.get_contents()
    assert contents is not None
    drawn.set_data(contents.get_data() + b" q 200 0 0 150 100 100 cm /Bild Do Q")
    page[NameObject("/Contents")] = writer._add_object(drawn)
    return written(writer)


def written(writer: PdfWriter) -> bytes:
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def with_private_data() -> bytes:
    """A PDF as drawing programs make it: their own notes hang on the page, and XMP that does not say what it is."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    told = DictionaryObject({NameObject("/Private"): writer._add_object(TextStringObject(NAME))})
    writer.pages[0][NameObject("/PieceInfo")] = writer._add_object(told)
    xmp = StreamObject()
    xmp.set_data(f"<x>{NAME}</x>".encode())
    writer.pages[0][NameObject("/Metadata")] = writer._add_object(xmp)
    return written(writer)


def rewritten(content: bytes, change: Callable[[str, bytes], tuple[str, bytes]]) -> bytes:
    """An Office file with some parts changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w") as target:
        for entry in source.infolist():
            target.writestr(*change(entry.filename, source.read(entry)))
    return stream.getvalue()


def with_odd_picture() -> bytes:
    """A Word file that calls its photograph by another ending."""
    return rewritten(
        document(), lambda name, data: (name.replace(".jpg", ".jfif"), data.replace(b"image1.jpg", b"image1.jfif").replace(b'"jpg"', b'"jfif"'))
    )  # fmt: skip


def with_sheet_inside() -> bytes:
    """A Word file with a diagram, whose sheet is a file of its own."""
    stream = io.BytesIO(document())
    with zipfile.ZipFile(stream, "a") as package:
        package.writestr("word/embeddings/Sheet1.xlsx", book())
    return rewritten(
        stream.getvalue(),
        lambda name, data: (
            name, data.replace(b"</Types>", b'<Default Extension="xlsx" ContentType="application/x"/></Types>')
        ),
    )  # fmt: skip


def with_folder() -> bytes:
    """An Excel file as Excel writes it: with the folder in which its author keeps it."""
    told = (
        f'<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice Requires="x15">'
        f'<x15ac:absPath url="C:\\Users\\{NAME}\\" xmlns:x15ac="http://schemas.microsoft.com/office/spreadsheetml/2010/11/ac"/>'
        f"</mc:Choice></mc:AlternateContent>"
    ).encode()
    return rewritten(
        book(),
        lambda name, data: (
            name,
            re.sub(rb"(<bookViews)", lambda found: told + found[1], data) if name == "xl/workbook.xml" else data,
        ),
    )


DEEPER: dict[str, tuple[str, Callable[[], bytes]]] = {
    **{way: ("a.pdf", partial(with_picture, way)) for way in ("as it is", "in a list", "elsewhere", "packed again", "a line before")},
    "private data": ("a.pdf", with_private_data), "another ending": ("a.docx", with_odd_picture),
    "a sheet inside": ("a.docx", with_sheet_inside), "the folder": ("a.xlsx", with_folder),
}  # fmt: skip


def drawn(path: Path) -> bytes:
    picture = pypdfium2.PdfDocument(path)[0].render().to_pil()
    return bytes(picture.convert("L").resize((40, 60)).tobytes())


@pytest.mark.parametrize("way", DEEPER)
def test_s37_what_stands_deeper_is_taken_out_too(app: Edge, tmp_path: Path, way: str) -> None:
    name, make = DEEPER[way]
    path = tmp_path / name
    path.write_bytes(make())
    before = extract(path, name)
    assert NAME.encode() in everything_in(path.read_bytes(), name)
    made = files.path_of(cleaning.cleaned(path, EXTENSIONS[path.suffix]).sha256)
    content = everything_in(made.read_bytes(), name)
    assert NAME.encode() not in content
    assert b"Exif" not in content
    assert [page.text for page in extract(made, name).pages] == [page.text for page in before.pages]
    if name == "a.pdf":
        assert drawn(made) == drawn(path)


@pytest.mark.parametrize("way", ["as it is", "in a list", "elsewhere", "a line before", "another ending"])
def test_s37_where_pictures_inside_a_file_were_taken_is_told(app: Edge, tmp_path: Path, way: str) -> None:
    name, make = DEEPER[way]
    path = tmp_path / name
    path.write_bytes(make())
    told = about_people(extract(path, name))
    assert all(part in told["place"] for part in HOME)
    assert NAME in told["author"]
    assert told["device"] == "Kamera 1"


def test_s37_what_is_left_after_the_cleaning_is_not_taken_in(network: Network, sign_in: Sign) -> None:
    """The name stands where the cleaning does not look: then it must not seem to be gone."""
    odd = rewritten(
        word(),
        lambda name, data: (
            name, data.replace(b"dc:", b"purl:").replace(b"xmlns:dc=", b"xmlns:purl=") if name == "docProps/core.xml" else data
        ),
    )  # fmt: skip
    member = sign_in(network.member)
    upload(member, odd, "a.docx", remove_people="y")
    outbox.run_all()
    assert states() == [FileState.UNREADABLE]
    assert db.session.scalars(sa.select(ResourceVersion.reason)).one() == Reason.NOT_CLEANED
    added(member, odd, "a.docx")
    assert states() == [FileState.UNREADABLE, FileState.READY]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_s37_a_picture_loses_its_place_and_nothing_else(app: Edge, tmp_path: Path, kind: str) -> None:
    name = f"a.{kind.lower()}"
    path = tmp_path / name
    path.write_bytes(photo(kind))
    told = about_people(extract(path, name))
    assert all(part in told["place"] for part in HOME)
    made = files.path_of(cleaning.cleaned(path, EXTENSIONS[path.suffix]).sha256)
    with Image.open(path) as old, Image.open(made) as new:
        assert old.tobytes() == new.tobytes()
        left = dict(new.getexif())
        assert left == ({0x0112: 6} if kind == "JPEG" else {}), "which way is up"
        assert not new.getexif().get_ifd(0x8825)


def test_s37_the_file_that_is_kept_is_the_cleaned_one(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    content = photo("JPEG")
    where = added(member, content, "bild.jpg", remove_people="y")
    got = member.get(f"{where}/file")
    assert (got.status_code, got.mimetype) == (200, "image/jpeg")
    assert NAME.encode() not in got.data
    version = db.session.scalars(sa.select(ResourceVersion)).one()
    assert version.properties == {}
    assert version.size == len(got.data)
    assert kept(app) == [version.sha256], "the file as it came is gone"
    assert upload(member, content, "samma.jpg").status_code == 422, "it is known again all the same"
    assert upload(member, got.data, "samma.jpg").status_code == 422


def test_s37_without_the_tick_it_stays_and_is_told(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    content = word()
    where = added(member, content, "a.docx")
    assert member.get(f"{where}/file").data == content
    assert db.session.scalars(sa.select(ResourceVersion.properties)).one() == {"author": NAME}


def test_what_cannot_be_cleaned_is_not_taken_in(app: Edge, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing")
    with pytest.raises(ExtractionError) as error:
        cleaning.cleaned(path, "application/pdf")
    assert error.value.reason is Reason.NOT_CLEANED


def test_the_worker_is_killed_after_the_cleaning(app: Edge, network: Network, sign_in: Sign) -> None:

    upload(sign_in(network.member), photo("PNG"), "bild.png", remove_people="y")
    number = db.session.scalars(sa.select(ResourceVersion.id)).one()
    db.pause()
    actions.read_added_file(version_id=number, remove_people=True)
    db.rollback()  # here it ends
    assert states() == [FileState.CHECKING]
    outbox.run_all()
    assert states() == [FileState.READY]
