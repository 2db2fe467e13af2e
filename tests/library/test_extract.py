"""Reading uploaded files: every type, every reason to refuse one, and the limits on the child (requirements
34, 37).

All files are made here, by the libraries that offices use or byte by byte.
"""

import os
import random
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
import typst
from docx.enum.text import WD_BREAK
from odf import meta
from odf import text as odf_text
from odf.opendocument import OpenDocumentText
from openpyxl.comments import Comment
from pptx.util import Cm
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText

from portal import child, guard
from portal.library import extract as extraction
from portal.library.extract import Extracted, ExtractionError, Page, Reason, extract, sniff
from portal.library.file_types import DOCX, HTML, MARKDOWN, ODT, PDF, PPTX, TEXT, XLSX, message


def pdf_bytes(*pages: str) -> bytes:
    source = '#set document(title: [Manual], author: "Anna Berg", keywords: ("metod",))\n' + "\n#pagebreak()\n".join(
        pages
    )
    answer = typst.compile(source.encode())
    assert isinstance(answer, bytes)
    return answer


def make_pdf(path: Path) -> None:
    path.write_bytes(pdf_bytes("Människohandel i Örebro", "Sidan två – slut"))


def make_docx(path: Path) -> None:
    document = docx.Document()
    document.core_properties.title = "Manual"
    document.core_properties.author = "Anna Berg"
    document.core_properties.comments = "utkast"
    document.add_heading("Människohandel i Örebro")
    document.add_table(1, 2).rows[0].cells[1].text = "i en tabell"
    document.sections[0].header.paragraphs[0].text = "sidhuvudet"
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    paragraph = document.add_paragraph("Sidan två – slut")
    document.add_comment(paragraph.runs, text="en kommentar", author="Tor", initials="T")
    document.save(str(path))


def make_pptx(path: Path) -> None:
    show = pptx.Presentation()
    show.core_properties.title = "Manual"
    show.core_properties.author = "Anna Berg"
    for title in ("Människohandel i Örebro", "Sidan två – slut"):
        slide = show.slides.add_slide(show.slide_layouts[5])
        assert slide.shapes.title is not None
        slide.shapes.title.text = title
    table = slide.shapes.add_table(1, 1, Cm(1), Cm(5), Cm(5), Cm(2)).table
    table.cell(0, 0).text = "i en tabell"
    notes = slide.notes_slide.notes_text_frame
    assert notes is not None
    notes.text = "till den som talar"
    show.save(str(path))


def make_xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    book.properties.title = "Manual"
    book.properties.creator = "Anna Berg"
    sheet = book.active
    assert sheet is not None
    sheet.title = "Län"
    sheet["A1"] = "Människohandel i Örebro"
    sheet["C3"] = 8112289874
    sheet["C4"] = 2.0
    sheet["C3"].comment = Comment("en kommentar", "Tor")
    book.create_sheet("Två")["B2"] = "Sidan två – slut"
    book.save(path)


def make_odt(path: Path) -> None:
    document = OpenDocumentText()
    document.meta.addElement(meta.InitialCreator(text="Anna Berg"))
    document.meta.addElement(meta.UserDefined(name="Diarienummer", text="2016-1"))
    document.text.addElement(odf_text.H(outlinelevel=1, text="Människohandel i Örebro"))
    document.text.addElement(odf_text.P(text="Sidan två – slut"))
    document.save(str(path))


def make_text(encoding: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_text("# Människohandel i Örebro\nSidan två – slut\n", encoding)

    return make


def make_html(path: Path) -> None:
    path.write_text(
        "<!doctype html><html><head><title>Manual &amp;\n råd</title><style>p { color: red }</style>"
        '<meta name="author" content="Anna Berg"></head><body><h1>Människohandel\n i Örebro</h1>'
        "<script>alert(1)</script>"
        '<!-- dolt --><p>Sidan <b>två</b> – slut<br>rad</p><img alt="en bild">'
        '<a href="mailto:a@b.example">x</a></body></html>',
        "utf-8",
    )


MAKERS: dict[str, tuple[Callable[[Path], None], str, int]] = {
    "a.pdf": (make_pdf, PDF, 2),
    "a.docx": (make_docx, DOCX, 2),
    "a.pptx": (make_pptx, PPTX, 2),
    "a.xlsx": (make_xlsx, XLSX, 2),
    "a.odt": (make_odt, ODT, 1),
    "a.txt": (make_text("utf-8"), TEXT, 1),
    "A.TXT": (make_text("utf-8-sig"), TEXT, 1),
    "b.txt": (make_text("utf-16"), TEXT, 1),
    "c.txt": (make_text("cp1252"), TEXT, 1),
    "a.md": (make_text("utf-8"), MARKDOWN, 1),
    "a.html": (make_html, HTML, 1),
}


def read(folder: Path, name: str) -> Extracted:
    path = folder / name
    MAKERS[name][0](path)
    return extract(path, name)


def reason_of(path: Path, name: str | None = None, **limits: int) -> Reason:
    with pytest.raises(ExtractionError) as refusal:
        extract(path, name or path.name, **limits)
    return refusal.value.reason


@pytest.mark.parametrize("name", MAKERS)
def test_every_type_gives_its_text_page_by_page(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, name)
    text = "\n".join(page.text for page in found.pages)
    assert found.media_type == MAKERS[name][1] == sniff(tmp_path / name, name)
    assert [page.number for page in found.pages] == list(range(1, MAKERS[name][2] + 1))
    assert "Människohandel i Örebro" in text
    assert "Sidan två – slut" in found.pages[-1].text


@pytest.mark.parametrize("name", MAKERS)
def test_a_stored_file_is_read_by_its_content_and_not_by_a_name_of_the_disk(tmp_path: Path, name: str) -> None:
    before = read(tmp_path, name)
    assert extract((tmp_path / name).rename(tmp_path / "0f3a"), name) == before


def test_s37_metadata_and_hidden_texts_are_answered_for_the_guard(tmp_path: Path) -> None:
    pdf = read(tmp_path, "a.pdf")
    assert (pdf.title, pdf.properties["author"], pdf.properties["keywords"]) == (
        "Manual",
        "Anna Berg",
        "metod",
    )
    word = read(tmp_path, "a.docx")
    assert (word.title, word.properties["author"], word.properties["description"]) == (
        "Manual",
        "Anna Berg",
        "utkast",
    )
    assert word.properties["comments"] == "en kommentar"
    assert "i en tabell" in word.pages[0].text
    assert "sidhuvudet" in word.pages[-1].text
    show = read(tmp_path, "a.pptx")
    assert (show.title, show.properties["author"]) == ("Manual", "Anna Berg")
    assert show.pages[1].text.split("\n") == ["Sidan två – slut", "i en tabell", "till den som talar"]
    sheet = read(tmp_path, "a.xlsx")
    assert (sheet.title, sheet.properties["author"]) == ("Manual", "Anna Berg")
    assert sheet.pages[0].text == "Län\nMänniskohandel i Örebro\n8112289874\n2"
    assert "en kommentar" in sheet.properties["comments"]
    odt = read(tmp_path, "a.odt")
    assert (odt.properties["initial-creator"], odt.properties["Diarienummer"]) == ("Anna Berg", "2016-1")
    page = read(tmp_path, "a.html")
    assert page.title == "Manual & råd"
    assert page.pages == [Page(1, "Människohandel i Örebro\nSidan två – slut\nrad\nx")]
    assert page.properties["meta author"] == "Anna Berg"
    assert page.properties["links"] == "en bild\nmailto:a@b.example"
    assert read(tmp_path, "a.md").title == "Människohandel i Örebro"


def test_s33_numbers_in_files_and_their_metadata_reach_the_guard(tmp_path: Path) -> None:
    writer = PdfWriter(BytesIO(pdf_bytes("811228-9874")))
    writer.add_metadata({"/Ärende": "701063-2391"})
    writer.add_annotation(0, FreeText(text="640823-3234", rect=(0, 0, 99, 99)))
    writer.write(tmp_path / "a.pdf")
    found = extract(tmp_path / "a.pdf", "a.pdf")
    texts = {str(page.number): page.text for page in found.pages} | found.properties
    with pytest.raises(guard.Stopped) as stop:
        guard.check(texts)
    assert {find.masked for find in stop.value.finds} == {"811228-****", "701063-****", "640823-****"}


def test_a_diagram_in_word_brings_its_sheet_along(tmp_path: Path) -> None:
    read(tmp_path, "a.docx")
    read(tmp_path, "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.docx", "a") as package:
        package.write(tmp_path / "a.xlsx", "word/embeddings/Microsoft_Excel_Sheet1.xlsx")
    found = extract(tmp_path / "a.docx", "a.docx")
    assert "8112289874" in found.properties["word/embeddings/Microsoft_Excel_Sheet1.xlsx"]


def test_a_pdf_of_pictures_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf_bytes("#circle()", "#rect()"))
    found = extract(tmp_path / "a.pdf", "a.pdf")
    assert [page.text.strip() for page in found.pages] == ["", ""]


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_passwords_of_pdfs(tmp_path: Path, algorithm: str) -> None:
    for name, password in (("open.pdf", ""), ("shut.pdf", "hemligt")):
        writer = PdfWriter(BytesIO(pdf_bytes("Människohandel")))
        writer.add_metadata({"/Ärende": "1"})
        writer.encrypt(password, owner_password="owner", algorithm=algorithm)
        writer.write(tmp_path / name)
    found = extract(tmp_path / "open.pdf", "open.pdf")
    assert found.pages[0].text == "Människohandel"
    assert found.properties["ärende"] == "1"
    assert reason_of(tmp_path / "shut.pdf") is Reason.ENCRYPTED


def test_office_files_with_a_password_and_of_the_old_kind(tmp_path: Path) -> None:
    shell = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    path = tmp_path / "a.docx"
    path.write_bytes(shell + "EncryptedPackage".encode("utf-16-le"))
    assert reason_of(path) is Reason.ENCRYPTED
    path.write_bytes(shell)
    assert reason_of(path, "a.doc") is Reason.UNKNOWN_TYPE
    assert reason_of(path, "a.docx") is Reason.MISLABELLED


@pytest.mark.parametrize(
    ("made", "called", "reason"),
    [
        ("a.pdf", "a.docx", Reason.MISLABELLED),
        ("a.docx", "a.pdf", Reason.MISLABELLED),
        ("a.docx", "a.xlsx", Reason.MISLABELLED),
        ("a.docx", "a.doc", Reason.MISLABELLED),
        ("a.docx", "a", Reason.MISLABELLED),
        ("a.odt", "a.docx", Reason.MISLABELLED),
        ("a.pdf", "a.txt", Reason.MISLABELLED),
        ("a.txt", "a.pdf", Reason.MISLABELLED),
        ("a.txt", "a.html", Reason.MISLABELLED),
        ("a.txt", "a.csv", Reason.UNKNOWN_TYPE),
        ("a.txt", "a.svg", Reason.UNKNOWN_TYPE),
        ("a.html", "a", Reason.UNKNOWN_TYPE),
    ],
)
def test_s34_names_must_fit_the_content(tmp_path: Path, made: str, called: str, reason: Reason) -> None:
    read(tmp_path, made)
    assert reason_of(tmp_path / made, called) is reason


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "a.pdf", Reason.EMPTY),
        (b"\x7fELF\x02\x01\x01\0\0\0", "a.txt", Reason.MISLABELLED),
        (b"MZ\x90\0\x03\0", "a.exe", Reason.UNKNOWN_TYPE),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.png", Reason.BROKEN),
        (b"GIF89a\1\0\1\0", "a.gif", Reason.UNKNOWN_TYPE),
        (b"%PDF-1.7\nnothing more", "a.pdf", Reason.BROKEN),
        (b"PK\x03\x04nothing more", "a.docx", Reason.BROKEN),
        (b"PK\x03\x04" + bytes(40) + b"PK\x05\x06" + b"\xff" * 18, "a.docx", Reason.TOO_BIG_UNPACKED),
    ],
)
def test_s34_what_is_not_on_the_list_is_refused(tmp_path: Path, content: bytes, name: str, reason: Reason) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert reason_of(path) is reason


def test_s34_two_files_in_one_are_refused(tmp_path: Path) -> None:
    read(tmp_path, "a.pdf")
    read(tmp_path, "a.docx")
    both = tmp_path / "both.pdf"
    both.write_bytes((tmp_path / "a.pdf").read_bytes() + (tmp_path / "a.docx").read_bytes())
    assert reason_of(both) is Reason.MISLABELLED


def test_truncated_files_are_broken(tmp_path: Path) -> None:
    for name in ("a.docx", "a.pptx", "a.xlsx", "a.odt"):
        read(tmp_path, name)
        damaged = bytearray((tmp_path / name).read_bytes())
        damaged[60:400] = bytes(340)
        (tmp_path / name).write_bytes(damaged)
        assert reason_of(tmp_path / name) is Reason.BROKEN


def add_slip(package: zipfile.ZipFile) -> None:
    package.writestr("../../etc/passwd", "x")


def add_absolute(package: zipfile.ZipFile) -> None:
    package.writestr("/etc/passwd", "x")


def add_link(package: zipfile.ZipFile) -> None:
    link = zipfile.ZipInfo("word/link.xml")
    link.external_attr = 0o120777 << 16
    package.writestr(link, "/etc/passwd")


def add_entity(package: zipfile.ZipFile) -> None:
    package.writestr("customXml/spoilt.xml", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')


def add_wide_entity(package: zipfile.ZipFile) -> None:
    package.writestr("customXml/spoilt.xml", "<!DOCTYPE a []><a/>".encode("utf-16"))


def add_archive(package: zipfile.ZipFile) -> None:
    package.writestr("word/media/picture.png", b"PK\x03\x04" + bytes(100))


def add_named_archive(package: zipfile.ZipFile) -> None:
    package.writestr("word/media/files.zip", b"x")


def add_bomb(package: zipfile.ZipFile) -> None:
    package.writestr("word/bomb.bin", bytes(20 << 20), zipfile.ZIP_DEFLATED)


def add_many(package: zipfile.ZipFile) -> None:
    for number in range(10_001):
        package.writestr(f"word/{number}.bin", b"")


def add_method(package: zipfile.ZipFile) -> None:
    package.writestr("word/other.bin", b"x" * 100, zipfile.ZIP_BZIP2)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (add_slip, Reason.UNSAFE),
        (add_absolute, Reason.UNSAFE),
        (add_link, Reason.UNSAFE),
        (add_entity, Reason.UNSAFE),
        (add_wide_entity, Reason.UNSAFE),
        (add_archive, Reason.UNSAFE),
        (add_named_archive, Reason.UNSAFE),
        (add_method, Reason.UNSAFE),
        (add_bomb, Reason.TOO_BIG_UNPACKED),
        (add_many, Reason.TOO_BIG_UNPACKED),
    ],
)
@pytest.mark.parametrize("name", ["a.docx", "a.odt", "a.xlsx"])
def test_s34_hostile_packages(
    tmp_path: Path, name: str, spoil: Callable[[zipfile.ZipFile], None], reason: Reason
) -> None:
    MAKERS[name][0](tmp_path / name)
    with zipfile.ZipFile(tmp_path / name, "a") as package:
        spoil(package)
    assert reason_of(tmp_path / name) is reason


def big_sheet(path: Path, rows: int) -> None:
    """A worksheet with `rows` rows of random numbers, written as XML by hand."""
    make_xlsx(path)
    rng = random.Random(1)
    body = "".join(
        f'<row r="{r}"><c><v>{rng.random()}</v></c><c><v>{rng.random()}</v></c></row>' for r in range(1, rows)
    )
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{space}"><sheetData>{body}</sheetData></worksheet>'
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            package.writestr(name, data)


def test_s34_time_and_memory_are_limited(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    big_sheet(path, 150_000)
    assert reason_of(path, seconds=1) is Reason.TIME_OUT
    document = docx.Document()
    rng = random.Random(1)
    for _ in range(100):
        document.add_paragraph(f"{rng.getrandbits(400_000):x}")
    document.save(str(tmp_path / "a.docx"))
    assert reason_of(tmp_path / "a.docx", memory_bytes=60 << 20) is Reason.MEMORY
    assert extract(tmp_path / "a.docx", "a.docx").pages


def largest_use(of: Callable[[], object]) -> int:
    """How many bytes of memory it takes at most."""
    tracemalloc.start()
    try:
        of()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_s34_an_old_word_file_is_not_read_whole(tmp_path: Path) -> None:
    """The worker looks at it, not the child: half a gigabyte must not come into its memory."""
    path = tmp_path / "a.doc"
    with path.open("wb") as made:
        made.write(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
        made.truncate(200 << 20)
        made.seek(100 << 20)
        made.write("EncryptedPackage".encode("utf-16-le"))

    assert largest_use(lambda: reason_of(path)) < 20 << 20
    assert reason_of(path) is Reason.ENCRYPTED


def test_s34_a_list_of_parts_that_stands_elsewhere_is_not_read_either(tmp_path: Path) -> None:
    """The end of the file says three parts; the record for very large files, which goes before it, says 100,000."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for number in range(100_000):
            package.writestr(f"{number}", b"")
    content = stream.getvalue()
    end = content.rindex(b"PK\x05\x06")
    assert content[end - 20 : end - 16] == b"PK\x06\x07", "it has that record"
    few = content[end : end + 8] + (3).to_bytes(2, "little") * 2 + (200).to_bytes(4, "little") + content[end + 16 :]
    path = tmp_path / "a.docx"
    path.write_bytes(content[:end] + few)
    assert largest_use(lambda: reason_of(path)) < 5 << 20
    assert reason_of(path) is Reason.TOO_BIG_UNPACKED


def test_an_excel_file_with_that_record_is_taken(tmp_path: Path) -> None:
    """Some programs (Apache POI) write the record for very large files into small ones too."""
    made = openpyxl.Workbook()
    made.create_sheet("Blad")["A1"] = "Cell"
    made.save(str(tmp_path / "a.xlsx"))
    content = (tmp_path / "a.xlsx").read_bytes()
    end = content.rindex(b"PK\x05\x06")
    number, size, start = (
        int.from_bytes(content[end + a : end + b], "little") for a, b in ((10, 12), (12, 16), (16, 20))
    )
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, number, number, size, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    (tmp_path / "b.xlsx").write_bytes(content[:end] + record + locator + content[end:])
    assert extract(tmp_path / "b.xlsx", "b.xlsx").pages[0].text == extract(tmp_path / "a.xlsx", "a.xlsx").pages[0].text


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_s34_a_text_of_many_books_is_refused(tmp_path: Path, name: str) -> None:
    """The guard would read it for a minute, in the worker; in a page it may stand where nobody sees it."""
    words = "ord och ord " * 2_000_000
    (tmp_path / name).write_text(f"<html><body><p>Hej</p><!-- {words} --></body></html>" if name == "a.html" else words)
    assert reason_of(tmp_path / name) is Reason.TOO_LONG


def test_s34_nothing_is_left_of_a_child_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child with a child of its own, both asleep: the whole group is gone after the time-out."""
    sleeper = tmp_path / "sleeper.py"
    pid_file = tmp_path / "pid"
    sleeper.write_text(
        "import os, pathlib, time\npid = os.fork()\n"
        f"if pid: pathlib.Path({str(pid_file)!r}).write_text(str(pid))\ntime.sleep(60)\n"
    )
    monkeypatch.setattr(extraction, "_CHILD", sleeper)
    monkeypatch.setattr(extraction, "_MAY_FORK", True)
    monkeypatch.setattr(child, "_GRACE", 0.5)
    (tmp_path / "a.txt").write_text("text")
    assert reason_of(tmp_path / "a.txt", seconds=1) is Reason.TIME_OUT
    grandchild = Path(f"/proc/{pid_file.read_text()}/stat")
    time.sleep(0.2)
    assert not grandchild.exists() or grandchild.read_text().rpartition(")")[2].split()[0] == "Z"


def test_the_child_sees_no_secrets_and_its_answer_has_a_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_SECRET_KEY", "hemligt")
    teller = tmp_path / "teller.py"
    answer = "{'pages': [[1, ' '.join(os.environ)]], 'title': None, 'properties': {}}"
    teller.write_text(f"import json, os\nprint(json.dumps({answer}))")
    (tmp_path / "a.txt").write_text("text")
    monkeypatch.setattr(extraction, "_CHILD", teller)
    assert "PORTAL_SECRET_KEY" not in extract(tmp_path / "a.txt", "a.txt").pages[0].text
    monkeypatch.setattr(extraction, "_MAX_ANSWER", 100)
    teller.write_text("print('x' * 1000)")
    assert reason_of(tmp_path / "a.txt") is Reason.TOO_BIG_UNPACKED
    teller.write_text("import os; os.abort()")
    assert reason_of(tmp_path / "a.txt") is Reason.BROKEN


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    read(tmp_path, "a.txt")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        extract(tmp_path / "a.txt", "a.txt")
    assert len(os.listdir("/proc/self/fd")) == before


def test_every_reason_has_its_own_sentence() -> None:
    sentences = {message(reason) for reason in Reason}
    assert len(sentences) == len(Reason)
    assert message(Reason.ENCRYPTED) == "The file has a password. Remove it and add the file again."


def test_a_hyphen_at_the_end_of_a_line_keeps_numbers_and_joins_words(tmp_path: Path) -> None:
    page = '#set page(width: 4.2cm, margin: 1cm)\n#set text(lang: "sv", hyphenate: true)\n'
    (tmp_path / "a.pdf").write_bytes(pdf_bytes(page + "människohandelsoffer och 811228-9874"))
    text = extract(tmp_path / "a.pdf", "a.pdf").pages[0].text
    assert "människohandelsoffer" in text
    assert [find.verdict for find in guard.scan(text)] == [guard.Verdict.BLOCK]
    assert PdfReader(tmp_path / "a.pdf").pages[0]["/MediaBox"]
