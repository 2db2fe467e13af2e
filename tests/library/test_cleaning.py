"""What a file says about people is taken out of it on request, and the rest stays as it is."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
import sqlalchemy as sa
from odf.meta import InitialCreator
from odf.opendocument import OpenDocumentText
from odf.text import P
from PIL import Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Text
from pypdf.generic import NameObject, StreamObject, TextStringObject

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
            return b"\n".join(package.read(one) for one in package.namelist())
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
