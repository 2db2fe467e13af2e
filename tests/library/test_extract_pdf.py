"""What stands in a PDF beside its pages: all of it reaches the guard, and what cannot be read refuses the file (33, 34)."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
import typst
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NullObject,
    NumberObject,
    TextStringObject,
)

from portal.library.extract import Extracted, ExtractionError, Reason, extract
from portal.library.reading import PersonalData, read_file
from portal.web import Edge

NUMBER = "811228-9874"  # Skatteverket's published test number

Spoil = Callable[[PdfWriter], object]


def written(path: Path, spoil: Spoil) -> Path:
    made = typst.compile(b"#set document(title: [Manual])\nText\n#pagebreak()\nMer")
    assert isinstance(made, bytes)
    writer = PdfWriter(BytesIO(made))
    spoil(writer)
    writer.write(path)
    return path


def read(tmp_path: Path, spoil: Spoil) -> Extracted:
    return extract(written(tmp_path / "a.pdf", spoil), "a.pdf")


def note(**entries: object) -> DictionaryObject:
    named = {NameObject(f"/{name}"): value for name, value in entries.items()}
    return DictionaryObject({NameObject("/Subtype"): NameObject("/Text"), **named})


def annotate(writer: PdfWriter, *notes: DictionaryObject) -> None:
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(one) for one in notes])


def in_a_note(writer: PdfWriter) -> None:
    annotate(writer, note(Contents=writer._add_object(TextStringObject(NUMBER))))


def in_a_rich_note(writer: PdfWriter) -> None:
    rich = DecodedStreamObject()
    rich.set_data(f"<body><p>{NUMBER}</p></body>".encode())
    annotate(writer, note(RC=writer._add_object(rich)))


def in_a_link(writer: PdfWriter) -> None:
    annotate(writer, note(A=note(URI=TextStringObject(f"https://example.org/?id={NUMBER}"))))


def in_a_bookmark(writer: PdfWriter) -> None:
    writer.add_outline_item(title=NUMBER, page_number=1, parent=writer.add_outline_item(title="Kapitel", page_number=0))


def in_custom_metadata(writer: PdfWriter) -> None:
    writer.add_metadata({"/Ärende": NUMBER})


def in_indirect_metadata(writer: PdfWriter) -> None:
    assert writer._info_obj is not None
    about = writer._info_obj.get_object()
    assert isinstance(about, DictionaryObject)
    about[NameObject("/Arende")] = writer._add_object(TextStringObject(NUMBER))


def in_an_attribute_of_xmp(writer: PdfWriter) -> None:
    packet = DecodedStreamObject()
    space = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="urn:x"'
    packet.set_data(f'<rdf:RDF {space}><rdf:Description rdf:about="" x:Note="{NUMBER}"/></rdf:RDF>'.encode())
    writer.root_object[NameObject("/Metadata")] = writer._add_object(packet)


def in_a_field(writer: PdfWriter) -> None:
    field = writer._add_object(note(T=TextStringObject("Nummer"), V=TextStringObject(NUMBER)))
    above = writer._add_object(DictionaryObject({NameObject("/Kids"): ArrayObject([field])}))
    form = DictionaryObject({NameObject("/Fields"): ArrayObject([above])})
    writer.root_object[NameObject("/AcroForm")] = writer._add_object(form)


def in_a_form_of_xml(writer: PdfWriter) -> None:
    data = DecodedStreamObject()
    data.set_data(f"<data><id>{NUMBER}</id></data>".encode())
    parts = ArrayObject([TextStringObject("datasets"), writer._add_object(data)])
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/XFA"): parts})


def in_job_options(writer: PdfWriter) -> None:
    writer.add_attachment("Webb.joboptions", f"<< /Description ({NUMBER}) >>".encode())


@pytest.mark.parametrize(
    "spoil",
    [
        in_a_note, in_a_rich_note, in_a_link, in_a_bookmark, in_custom_metadata, in_indirect_metadata,
        in_an_attribute_of_xmp, in_a_field, in_a_form_of_xml, in_job_options,
    ],
)  # fmt: skip
def test_s33_a_number_beside_the_pages_stops_the_file(app: Edge, tmp_path: Path, spoil: Spoil) -> None:
    with pytest.raises(PersonalData):
        read_file(written(tmp_path / "a.pdf", spoil), "a.pdf")


def refused(tmp_path: Path, spoil: Spoil) -> Reason:
    with pytest.raises(ExtractionError) as refusal:
        read(tmp_path, spoil)
    return refusal.value.reason


def test_s34_more_notes_than_are_read_refuse_the_file(tmp_path: Path) -> None:
    def spoil(writer: PdfWriter) -> None:
        notes = (note(Contents=TextStringObject(f"anteckning {number}")) for number in range(10_002))
        annotate(writer, *notes)

    assert refused(tmp_path, spoil) is Reason.TOO_BIG_UNPACKED


def notes_that_are_a_number(writer: PdfWriter) -> None:
    in_custom_metadata(writer)
    writer.pages[0][NameObject("/Annots")] = NumberObject(3)


def a_note_that_is_a_number(writer: PdfWriter) -> None:
    writer.pages[0][NameObject("/Annots")] = ArrayObject([NumberObject(3)])


def fields_in_a_ring(writer: PdfWriter) -> None:
    field = DictionaryObject()
    at = writer._add_object(field)
    field[NameObject("/Kids")] = ArrayObject([at])
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): ArrayObject([at])})


@pytest.mark.parametrize("spoil", [notes_that_are_a_number, a_note_that_is_a_number, fields_in_a_ring])
def test_s34_what_cannot_be_read_refuses_the_file(tmp_path: Path, spoil: Spoil) -> None:
    assert refused(tmp_path, spoil) is Reason.BROKEN


def test_s34_bookmarks_in_a_ring_end(tmp_path: Path) -> None:
    def spoil(writer: PdfWriter) -> None:
        mark = DictionaryObject({NameObject("/Title"): TextStringObject("Kapitel")})
        at = writer._add_object(mark)
        mark[NameObject("/Next")] = at
        writer.root_object[NameObject("/Outlines")] = DictionaryObject({NameObject("/First"): at})

    assert refused(tmp_path, spoil) is Reason.TOO_BIG_UNPACKED


def an_attachment(writer: PdfWriter) -> None:
    writer.add_attachment("lista.txt", b"ord")


def a_note_with_a_file(writer: PdfWriter) -> None:
    content = DecodedStreamObject()
    content.set_data(b"ord")
    inside = DictionaryObject({NameObject("/F"): writer._add_object(content)})
    annotate(writer, note(FS=writer._add_object(DictionaryObject({NameObject("/EF"): inside}))))


@pytest.mark.parametrize("spoil", [an_attachment, a_note_with_a_file])
def test_s34_files_inside_refuse_the_file(tmp_path: Path, spoil: Spoil) -> None:
    assert refused(tmp_path, spoil) is Reason.EMBEDDED


def test_what_real_files_have_is_taken(tmp_path: Path) -> None:
    """Notes that are gone, and the settings of Adobe's Distiller."""

    def spoil(writer: PdfWriter) -> None:
        writer.pages[0][NameObject("/Annots")] = ArrayObject([NullObject()])
        writer.add_attachment("Webb.joboptions", b"<< /CompatibilityLevel 1.4 >>")

    found = read(tmp_path, spoil)
    assert [page.text for page in found.pages] == ["Text", "Mer"]
    assert "CompatibilityLevel" in found.properties["Webb.joboptions"]
    assert PdfReader(tmp_path / "a.pdf").metadata
