"""What an Office file holds beside its text: every part is read for the guard or refuses the file (33, 34)."""

import zipfile
from pathlib import Path

import pytest

from portal.library.extract import ExtractionError, Reason, extract
from portal.library.file_types import DOCX
from portal.library.reading import PersonalData, read_file
from portal.web import Edge
from tests.library.test_extract import MAKERS

NUMBER = "811228-9874"  # Skatteverket's published test number
BARE = "8112289874"
SURE = "198112289874"
OTHER_ID = "{811228AB-9874-4711-8112-289874198112}"


def with_part(folder: Path, name: str, part: str, content: str | bytes) -> Path:
    path = folder / name
    MAKERS[name][0](path)
    with zipfile.ZipFile(path, "a") as package:
        package.writestr(part, content)
    return path


def change(path: Path, part: str, old: str, new: str) -> None:
    with zipfile.ZipFile(path) as package:
        parts = {info: package.read(info) for info in package.infolist()}
    with zipfile.ZipFile(path, "w") as package:
        for info, data in parts.items():
            if info.filename == part:
                assert old.encode() in data
                data = data.replace(old.encode(), new.encode(), 1)
            package.writestr(info, data)


DIAGRAM = (
    '<d:dataModel xmlns:d="urn:d" xmlns:a="urn:a"><a:p><a:r><a:rPr b="1"/><a:t>811228</a:t></a:r>'
    "<a:r><a:t>-9874</a:t></a:r></a:p></d:dataModel>"
)
CHART = '<c:chart xmlns:c="urn:c"><c:pt idx="0"><c:v>811228-9874</c:v></c:pt></c:chart>'


@pytest.mark.parametrize(
    ("name", "part", "content"),
    [
        ("a.docx", "word/diagrams/data1.xml", DIAGRAM),
        ("a.docx", "word/charts/chart1.xml", CHART),
        ("a.docx", "word/charts/chart1.xml", CHART.replace("-", "")),
        ("a.docx", "word/glossary/document.xml", f"<w><t>{NUMBER}</t></w>"),
        ("a.docx", "word/footnotes9.xml", f"<w><!-- {NUMBER} --></w>"),
        ("a.docx", "word/drawing9.xml", f'<w><docPr descr="{BARE}"/></w>'),
        ("a.docx", "word/media/image9.svg", f"<!DOCTYPE svg><svg><text>{NUMBER}</text></svg>"),
        ("a.docx", "customXml/item9.xml", f"<a>{NUMBER}</a>"),
        ("a.docx", "word/settings9.xml", f'<w><var w="{NUMBER}"/></w>'),
        ("a.docx", "word/settings9.xml", f'<w><var w="{SURE}"/></w>'),
        ("a.pptx", "ppt/slideMasters/slideMaster9.xml", DIAGRAM),
        ("a.pptx", "ppt/slideLayouts/slideLayout99.xml", DIAGRAM),
        ("a.xlsx", "xl/pivotCache/pivotCacheRecords1.xml", f'<p><r><n v="{BARE}"/></r></p>'),
        ("a.xlsx", "xl/drawings/vmlDrawing9.vml", f"<div>{NUMBER}<br></div>"),
        ("a.xlsx", "xl/printerSettings/printerSettings9.bin", NUMBER.encode("utf-16-le")),
        ("a.odt", "Object 1/content.xml", "<office><p>8112<span>28</span>-9874</p></office>"),
    ],
)
def test_s33_a_number_in_any_part_stops_the_file(
    app: Edge, tmp_path: Path, name: str, part: str, content: str | bytes
) -> None:
    with pytest.raises(PersonalData):
        read_file(with_part(tmp_path, name, part, content), name)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</sheetData>", f"</sheetData><headerFooter><oddHeader>{NUMBER}</oddHeader></headerFooter>"),
        ("</sheetData>", f'<row r="9"><c r="A9"><f>{BARE}*1</f></c></row></sheetData>'),
    ],
)
def test_s33_a_number_that_a_sheet_does_not_show_in_a_cell(app: Edge, tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "a.xlsx"
    MAKERS["a.xlsx"][0](path)
    change(path, "xl/worksheets/sheet1.xml", "8112289874", "1")  # its own cell is not what is looked for here
    read_file(path, "a.xlsx")
    change(path, "xl/worksheets/sheet1.xml", old, new)
    with pytest.raises(PersonalData):
        read_file(path, "a.xlsx")


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("word/settings9.xml", f'<w><id w="{BARE}"/><id w="{OTHER_ID}"/></w>'),
        ("word/charts/chart1.xml", "<c><v>811228</v><v>9874</v><v>0.8112289874</v></c>"),
        ("customXml/item9.xml", f"<a>{BARE}</a>"),
        ("docProps/custom9.xml", f"<a>{OTHER_ID}</a>"),
        ("word/media/image9.svg", '<svg><path d="M811228 9874"/></svg>'),
        ("word/media/film.mp4", b"\0\0\0\x18ftypmp42" + NUMBER.encode()),
        ("[trash]/0000.dat", b"\xff" * 100),
        ("word/fonts/font1.odttf", bytes(range(100))),
    ],
)
def test_ids_coordinates_and_media_do_not_stop_a_file(
    app: Edge, tmp_path: Path, part: str, content: str | bytes
) -> None:
    read_file(with_part(tmp_path, "a.docx", part, content), "a.docx")


@pytest.mark.parametrize(
    ("name", "part", "content", "reason"),
    [
        ("a.docx", "word/embeddings/oleObject1.bin", b"\xd0\xcf\x11\xe0" + bytes(600), Reason.EMBEDDED),
        ("a.docx", "word/embeddings/file.pdf", b"%PDF-1.7", Reason.EMBEDDED),
        ("a.docx", "word/afchunk.html", b"<html><p>text</p></html>", Reason.EMBEDDED),
        ("a.docx", "word/afchunk.mht", b"MIME-Version: 1.0", Reason.EMBEDDED),
        ("a.docx", "word/media/image9.png", b"<html><p>text</p></html>", Reason.EMBEDDED),
        ("a.xlsx", "xl/vbaProject.bin", b"\xd0\xcf\x11\xe0" + bytes(600), Reason.EMBEDDED),
        ("a.odt", "Object 1", b"\xd0\xcf\x11\xe0" + bytes(600), Reason.EMBEDDED),
        ("a.docx", "word/media/image9.svg", '<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', Reason.UNSAFE),
        ("a.docx", "word/odd.xml", "<a>no end", Reason.BROKEN),
    ],
)
def test_s34_what_nobody_has_looked_into_refuses_the_file(
    tmp_path: Path, name: str, part: str, content: str | bytes, reason: Reason
) -> None:
    with pytest.raises(ExtractionError) as refusal:
        extract(with_part(tmp_path, name, part, content), name)
    assert refusal.value.reason is reason


def test_parts_are_for_the_guard_and_not_for_the_search(tmp_path: Path) -> None:
    found = extract(with_part(tmp_path, "a.docx", "word/charts/chart1.xml", CHART), "a.docx")
    assert found.media_type == DOCX
    assert NUMBER not in "".join(page.text for page in found.pages)
    assert NUMBER in found.properties["texts of parts"]
