"""The demo's materials as files of eight formats, each readable by the portal's own extraction.

The same material gives the same bytes, so that loading again after a crash finds what is there.
"""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, time
from typing import Any

import docx
import openpyxl
import pptx
import typst
from lxml import etree
from odf.opendocument import OpenDocumentText
from odf.style import Style, TextProperties
from odf.table import Table, TableCell, TableColumn, TableRow
from odf.text import H, List, ListItem, P, Span
from openpyxl.styles import Alignment, Font, PatternFill
from pptx.util import Pt

from demo.content import FOLDER
from demo.documents import Block, Material, bare, runs

NOTICE = "Demo: påhittat innehåll"


def _steady(data: bytes, material: Material) -> bytes:
    """A package of fixed times, in place of those of the moment at which a library wrote it."""
    stamp = f"{material.published_on:%Y-%m-%d}T08:00:00Z".encode()
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            day = material.published_on
            entry = zipfile.ZipInfo(member.filename, (day.year, day.month, day.day, 8, 0, 0))
            entry.compress_type = zipfile.ZIP_STORED if member.filename == "mimetype" else zipfile.ZIP_DEFLATED
            content = old.read(member)
            if member.filename == "docProps/core.xml":
                content = re.sub(rb"(?<=W3CDTF\">)[^<]+", stamp, content)
            elif material.file_name.endswith(".odt") and member.filename.endswith(".xml"):
                # the library declares namespaces in any order, and more of them with every document it writes
                content = etree.tostring(etree.fromstring(content), method="c14n", exclusive=True)
            new.writestr(entry, content)
    return made.getvalue()


def _describe(properties: Any, material: Material) -> None:
    """The properties of an Office file."""
    made = datetime.combine(material.published_on, time(8))
    properties.title, properties.subject = material.title, NOTICE
    for name in ("author", "creator"):
        if hasattr(properties, name):
            setattr(properties, name, material.publisher)
    properties.created = properties.modified = made


_compilers: list[typst.Compiler] = []


def _pdf_block(block: Block) -> dict[str, Any]:
    return {
        "kind": block.kind,
        "words": runs(block.text),
        "items": [runs(item) for item in block.items],
        "rows": [[runs(cell) for cell in row] for row in block.rows],
    }


def pdf(material: Material) -> bytes:
    """A tagged PDF."""
    if not _compilers:  # it reads the fonts when it is made: once is enough
        _compilers.append(typst.Compiler(str(FOLDER / "document.typ"), root=str(FOLDER), ignore_system_fonts=True))
    data = {
        "title": material.title,
        "publisher": material.publisher,
        "about": f"{material.about} · Demo",
        "blocks": [_pdf_block(block) for block in material.blocks],
    }
    made = _compilers[0].compile(sys_inputs={"data": json.dumps(data)}, pdf_standards=["ua-1"])
    assert isinstance(made, bytes)
    return made


_WORD_STYLES = {"bullets": "List Bullet", "numbers": "List Number", "checks": "Normal", "paragraph": "Normal"}


def docx_file(material: Material) -> bytes:
    """A Word document."""
    document = docx.Document()
    _describe(document.core_properties, material)
    document.add_heading(material.title, 0)
    document.add_paragraph(f"{material.about} · {NOTICE}")
    for block in material.blocks:
        if block.kind in {"section", "heading"}:
            document.add_heading(bare(block.text), 1 if block.kind == "section" else 2)
        elif block.kind == "page":
            document.add_page_break()  # type: ignore[no-untyped-call]  # the library is untyped here
        elif block.kind == "table":
            _word_table(document, block)
        else:
            for item in block.items or [block.text]:
                paragraph = document.add_paragraph("☐ " if block.kind == "checks" else "", _WORD_STYLES[block.kind])
                for piece, is_bold in runs(item):
                    paragraph.add_run(piece).bold = is_bold
    target = io.BytesIO()
    document.save(target)
    return _steady(target.getvalue(), material)


def _word_table(document: Any, block: Block) -> None:
    table = document.add_table(len(block.rows), len(block.rows[0]), "Light Grid Accent 1")
    for cells, row in zip(block.rows, table.rows, strict=True):
        for text, cell in zip(cells, row.cells, strict=True):
            cell.text = bare(text)


def pptx_file(material: Material) -> bytes:
    """A presentation: a slide for each section."""
    show = pptx.Presentation()
    _describe(show.core_properties, material)
    first = show.slides.add_slide(show.slide_layouts[0])
    first.shapes.title.text = material.title
    first.placeholders[1].text = f"{material.about}\n{NOTICE}"
    for title, blocks in material.parts():
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = title
        frame = slide.placeholders[1].text_frame
        for number, line in enumerate(line for block in blocks for line in _lines(block)):
            paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
            paragraph.text = line
            paragraph.font.size = Pt(20)
    target = io.BytesIO()
    show.save(target)
    return _steady(target.getvalue(), material)


def xlsx_file(material: Material) -> bytes:
    """A workbook: a sheet for each section."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    _describe(book.properties, material)
    for title, blocks in material.parts():
        sheet = book.create_sheet(title[:31])
        sheet.append([material.title])
        sheet.append([f"{material.about} · {NOTICE}"])
        sheet["A1"].font = Font(bold=True, size=14)
        for block in blocks:
            sheet.append([])
            for number, row in enumerate(block.rows or [[line] for line in _lines(block)]):
                sheet.append([bare(cell) for cell in row])
                for cell in sheet[sheet.max_row]:
                    cell.alignment = Alignment(wrap_text=bool(block.rows), vertical="top")
                    if block.rows and number == 0:
                        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E4EFF1")
        for letter in "ABCDEFG":
            sheet.column_dimensions[letter].width = 26
    target = io.BytesIO()
    book.save(target)
    return _steady(target.getvalue(), material)


def odt_file(material: Material) -> bytes:
    """An OpenDocument text."""
    document = OpenDocumentText()
    bold = Style(name="Bold", family="text")
    bold.addElement(TextProperties(fontweight="bold"))
    document.automaticstyles.addElement(bold)
    document.text.addElement(H(outlinelevel=1, text=material.title))
    document.text.addElement(P(text=f"{material.about} · {NOTICE}"))
    for block in material.blocks:
        for element in _odt(block, bold):
            document.text.addElement(element)
    target = io.BytesIO()
    document.save(target)
    return _steady(target.getvalue(), material)


def _odt_words(element: Any, text: str, bold: Any) -> Any:
    for piece, is_bold in runs(text):
        element.addElement(Span(stylename=bold, text=piece)) if is_bold else element.addText(piece)
    return element


def _odt(block: Block, bold: Any) -> Iterator[Any]:
    if block.kind in {"section", "heading"}:
        yield H(outlinelevel=2 if block.kind == "section" else 3, text=bare(block.text))
    elif block.kind == "table":
        table = Table()
        table.addElement(TableColumn(numbercolumnsrepeated=len(block.rows[0])))
        for cells in block.rows:
            row = TableRow()
            for text in cells:
                cell = TableCell()
                cell.addElement(_odt_words(P(), text, bold))
                row.addElement(cell)
            table.addElement(row)
        yield table
    elif block.items:
        made = List()
        for item in block.items:
            entry = ListItem()
            entry.addElement(_odt_words(P(), f"☐ {item}" if block.kind == "checks" else item, bold))
            made.addElement(entry)
        yield made
    elif block.kind == "paragraph":
        yield _odt_words(P(), block.text, bold)


_STYLE = "body{font:17px/26px system-ui,sans-serif;max-width:42rem;margin:2rem auto}td,th{padding:.3rem .6rem;text-align:left}"


def html_file(material: Material) -> bytes:
    """A web page."""
    title = html.escape(material.title)
    body = "\n".join(_html(block) for block in material.blocks if block.kind != "page")
    page = (
        f'<!doctype html>\n<html lang="sv">\n<head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>\n'
        f"<body>\n<h1>{title}</h1>\n<p>{html.escape(material.about)} · {NOTICE}</p>\n{body}\n</body>\n</html>\n"
    )
    return page.encode()


def _html_words(text: str) -> str:
    return "".join(f"<strong>{html.escape(p)}</strong>" if bold else html.escape(p) for p, bold in runs(text))


def _html(block: Block) -> str:
    if block.kind == "table":
        rows = [
            "<tr>" + "".join(f"<{tag}>{_html_words(cell)}</{tag}>" for cell in row) + "</tr>"
            for tag, row in zip(["th"] + ["td"] * len(block.rows), block.rows, strict=False)
        ]
        return "<table>\n" + "\n".join(rows) + "\n</table>"
    if block.items:
        tag = "ol" if block.kind == "numbers" else "ul"
        box = "☐ " if block.kind == "checks" else ""
        return f"<{tag}>\n" + "\n".join(f"<li>{box}{_html_words(item)}</li>" for item in block.items) + f"\n</{tag}>"
    tag = {"section": "h2", "heading": "h3"}.get(block.kind, "p")
    return f"<{tag}>{_html_words(block.text)}</{tag}>"


def markdown_file(material: Material) -> bytes:
    """Markdown."""
    marks = {"section": "## ", "heading": "### "}
    pieces = [f"# {material.title}", f"{material.about} · {NOTICE}"]
    for block in material.blocks:
        if block.kind == "table":
            head, *rows = [f"| {' | '.join(row)} |" for row in block.rows]
            pieces.append("\n".join([head, "|" + " --- |" * len(block.rows[0]), *rows]))
        elif block.items:
            mark = {"numbers": "1. ", "checks": "- [ ] "}.get(block.kind, "- ")
            pieces.append("\n".join(mark + item for item in block.items))
        elif block.kind != "page":
            pieces.append(marks.get(block.kind, "") + block.text)
    return ("\n\n".join(pieces) + "\n").encode()


def text_file(material: Material) -> bytes:
    """Plain text."""
    pieces = [material.title.upper(), f"{material.about} · {NOTICE}"]
    for block in material.blocks:
        lines = "\n".join(_lines(block))
        pieces.append(f"{lines}\n{'=' * len(lines)}" if block.kind == "section" else lines)
    return ("\n\n".join(filter(None, pieces)) + "\n").encode()


def _lines(block: Block) -> list[str]:
    """A block as lines of plain text."""
    if block.kind == "table":
        return [" – ".join(bare(cell) for cell in row) for row in block.rows]
    if block.items:
        mark = {"bullets": "- ", "checks": "☐ "}.get(block.kind)
        return [f"{mark or f'{number}. '}{bare(item)}" for number, item in enumerate(block.items, 1)]
    return [bare(block.text)] if block.text else []


_WRITERS: dict[str, Callable[[Material], bytes]] = {
    "pdf": pdf,
    "docx": docx_file,
    "pptx": pptx_file,
    "xlsx": xlsx_file,
    "odt": odt_file,
    "html": html_file,
    "md": markdown_file,
    "txt": text_file,
}


def write(material: Material) -> bytes:
    """The material as a file of the format that its name ends on."""
    return _WRITERS[material.file_name.rpartition(".")[2]](material)
