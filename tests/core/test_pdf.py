"""PDF by typst: tagged, titled, and whatever people wrote stays text."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from portal import pdf
from portal.markup import blocks
from portal.web import Edge


def data(**more: Any) -> dict[str, Any]:
    return {
        "title": "Protokoll: LAMP", "subtitle": "tisdag 24 november 2026, kl. 09.30–15.30.",
        "authors": ["Sam Mankallande", "Myndigheten"], "keywords": ["protokoll", "Nätverket"],
        "date": {"year": 2026, "month": 11, "day": 24, "hour": 9, "minute": 30, "second": 0},
        "group": "Länsstyrelsernas nätverk", "class": "Nätverket", "lang": "sv", "previous": "",
        "present": [["Myndigheten", "Sam Mankallande", "På plats", "09.30–"]], "present_title": "Närvaro", "present_notes": [],
        "items": [item("Lägesbild", "En **fet** text.")], "adjusters": [["Med Lem", "Föreningen", ""]], "seal": None,
        "words": {
            "columns": ["Organisation", "Namn", "Hur", "Tid"], "decision": "Beslut", "action": "Åtgärd", "page": "Sida", "of": "av",
            "open_actions": "Öppna åtgärder", "adjusters": "Justerare", "adjuster_columns": ["Namn", "Organisation", "Justerade"],
            "seal": "Låsning", "sum": "Kontrollsumma", "missing": "Tecken som visas som � saknas i filens typsnitt.",
        },
        **more,
    }  # fmt: skip


def read(**more: Any) -> tuple[PdfReader, str]:
    reader = PdfReader(io.BytesIO(pdf.compile_pdf("minutes.typ", data(**more))))
    return reader, "\n".join(page.extract_text() for page in reader.pages)


def item(title: str, text: str = "", decision: str = "", number: int = 1) -> dict[str, Any]:
    return {
        "paragraph": number,
        "title": title,
        "text": blocks(text),
        "decisions": [{"number": f"{number}:1", "text": blocks(decision)}] if decision else [],
        "actions": [{"text": title, "who": title}] if decision else [],
        "open_actions": [],
    }


def test_the_file_says_what_it_is(app: Edge) -> None:
    reader, text = read()
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("Protokoll: LAMP", "Sam Mankallande, Myndigheten")
    assert reader.metadata.keywords == "protokoll, Nätverket"
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.year == 2026
    catalog: Any = reader.trailer["/Root"]
    assert catalog["/Lang"] == "sv"
    assert catalog["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in catalog
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    packet = catalog["/Metadata"].get_data().decode()
    assert "pdfaid:part" in packet
    assert "pdfuaid:part" in packet
    for words in (
        "Protokoll: LAMP",
        "Lägesbild",
        "Närvaro",
        "Sam Mankallande",
        "Sida 1 av 1",
        "§\N{NO-BREAK SPACE}1",
        "Justerare",
    ):
        assert words in text


HOSTILE = [
    "#panic(\"x\")", "#read(\"/etc/passwd\")", "#import \"evil.typ\"", "#include \"x\"", "$ x^2 $", "= Rubrik", "*fet* _lutad_",
    "`kod`", "```", "<label>", "@referens", "[hak]", "]", "#", "\\", "//kommentar", "/* kommentar", "~", "---", "\"citat\"",
    "\\section{x} \\input{/etc/passwd}", "{{ config }}", "%(title)s", "🧭 emoji", "עברית مرحبا", "#let x = 1", "- punkt", "+ punkt",
]  # fmt: skip


def test_what_people_write_is_text_and_nothing_else(app: Edge) -> None:
    titles = [item(title, title, title, number) for number, title in enumerate(HOSTILE, 1)]
    _reader, text = read(title="#panic(1)", group="#panic(2)", subtitle="= x", authors=["#eval"], items=titles)
    flat = "".join(text.split())
    for hostile in HOSTILE[:22]:
        assert "".join(hostile.split()) in flat.replace("“", '"').replace("”", '"'), hostile
    assert "root:" not in text


def test_empty_minutes(app: Edge) -> None:
    reader, text = read(items=[], present=[], adjusters=[])
    assert len(reader.pages) == 1
    assert "Protokoll: LAMP" in text
    assert "Närvaro" not in text


def test_forty_items(app: Edge) -> None:
    items = [item(f"Punkt {number}", "Mening. " * 60, "Vi gör så.", number) for number in range(1, 41)]
    reader, text = read(items=items)
    assert len(reader.pages) > 5
    assert "Punkt 40" in text
    assert text.count("Vi gör så.") == 40
    assert f"Sida 1 av {len(reader.pages)}" in text


def test_every_form_of_text(app: Edge) -> None:
    markdown = (
        "# Rubrik\n\nStycke **fet**\n\n- a\n- b\n\n1. c\n\n> d\n\n```\ne\n```\n\n| f | g |\n|--|--|\n| h | i |\n\n"
        + "x" * 400
    )
    _reader, text = read(items=[item("Allt", markdown, markdown)])
    for word in ("Rubrik", "Stycke", "fet", "•", "1."):
        assert word in text


def test_lists_in_lists_and_quotes_are_numbered_as_they_were_written(app: Edge) -> None:
    text = "3. första\n   - inre\n4. andra\n\n> 1. citerad\n> 2. också\n\nEfter [länken](https://a.example/x)."
    _reader, shown = read(items=[item("Punkt", text, text)])
    for words in ("3. första", "• inre", "4. andra", "1. citerad", "2. också", "länken (https://a.example/x)."):
        assert shown.count(words) == 2, words
    deep = "".join("  " * level + f"- nivå {level}\n" for level in range(60)) + "\n" + "> " * 60 + "djupt citat"
    _reader, shown = read(items=[item("Djupt", deep, deep)])
    assert "nivå 5" in shown


def test_a_language_of_its_own(app: Edge) -> None:
    reader, _text = read(lang="en")
    catalog: Any = reader.trailer["/Root"]
    assert catalog["/Lang"] == "en"


def test_what_cannot_be_made_says_so(app: Edge) -> None:
    with pytest.raises(pdf.PdfError):
        pdf.compile_pdf("missing.typ", {})
    with pytest.raises(pdf.PdfError):
        pdf.compile_pdf("minutes.typ", {"title": "Bara rubrik"})


def child(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    script = folder / "child.py"
    script.write_text(code)
    monkeypatch.setattr(pdf, "CHILD", script)


def test_s46_the_child_has_limits_and_knows_no_secrets(
    app: Edge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PORTAL_SECRET_KEY", "hemligt")
    code = "import json, os, resource as r\nlimits = r.getrlimit(r.RLIMIT_AS)[1], r.getrlimit(r.RLIMIT_CPU)[1]\n"
    child(tmp_path, monkeypatch, code + "print('%PDF', json.dumps([dict(os.environ), limits]))")
    environment, limits = json.loads(pdf.compile_pdf("minutes.typ", {}).removeprefix(b"%PDF"))
    assert "hemligt" not in str(environment)
    assert limits == [pdf.MEMORY_BYTES, pdf.SECONDS]


def test_only_two_are_made_at_once(app: Edge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child(
        tmp_path, monkeypatch,
        "import time\nbegan = time.time()\ntime.sleep(0.4)\nprint('%PDF', began, time.time())",
    )  # fmt: skip

    def make(_number: int) -> list[float]:
        with app.app_context():
            return [float(word) for word in pdf.compile_pdf("minutes.typ", {}).split()[1:]]

    with ThreadPoolExecutor(6) as pool:
        spans = list(pool.map(make, range(6)))
    assert len(spans) == 6
    assert max(sum(began <= at < ended for began, ended in spans) for at, _ended in spans) == 2
    with monkeypatch.context() as patch:
        patch.setattr(pdf, "SECONDS", 0.05)
        with pdf._turns, pdf._turns, pytest.raises(pdf.PdfError, match="turn"):
            pdf.compile_pdf("minutes.typ", data())


def test_one_that_takes_too_long_is_stopped(app: Edge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    endless = tmp_path / "endless.typ"
    endless.write_text("#{ let n = 0; for a in range(1000000) { for b in range(1000000) { n += b } } }")
    monkeypatch.setattr(pdf, "SECONDS", 0.5)
    with pytest.raises(pdf.PdfError, match="ended with -"):
        pdf.compile_pdf(str(endless), {})


def test_the_seal_stands_in_the_file_and_the_same_gives_the_same(app: Edge) -> None:
    seal = {"at": "Låst 24 nov.", "sum": "abcd 1234", "rows": [["Med Lem", "Föreningen", "24 nov"]]}
    _reader, text = read(seal=seal, adjusters=[])
    for words in ("Låsning", "Låst 24 nov.", "abcd 1234", "Med Lem"):
        assert words in text
    sealed = data(seal=seal)
    assert pdf.compile_pdf("minutes.typ", sealed) == pdf.compile_pdf("minutes.typ", sealed)


@pytest.mark.parametrize("foreign", ["ไทย", "ትግርኛ", "中文", "\uf0b7", "\x07", "한국어"], ids=ascii)
def test_a_letter_that_no_font_has_stops_no_pdf(app: Edge, foreign: str) -> None:
    reader, text = read(items=[item(f"Punkt {foreign}", f"Tolk till {foreign}, Åsa – ”ja”. ✓ 5 €")])
    assert "Åsa – ”ja”. ✓ 5 €" in text
    assert foreign in text or ("\N{REPLACEMENT CHARACTER}" in text and "visas som" in text)
    assert reader.xmp_metadata is not None


def test_all_letters_that_are_taken_for_showable_are(app: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    ranges = [(0x20, 0x7E), (0xA0, 0x24F), (0x386, 0x38A), (0x38E, 0x3A1), (0x3A3, 0x3CE), (0x400, 0x45F), (0x1E00, 0x1EFF),
              (0x2010, 0x2027), (0x2030, 0x203E), (0x20AC, 0x20AC), (0x2190, 0x2199)]  # fmt: skip
    letters = "".join(chr(one) for first, last in ranges for one in range(first, last + 1))
    shown = " ".join(
        letters
        + "\u2116\u2122\u21d2\u2212\u2260\u2264\u2265\u25a0\u25a1\u25aa\u25cb\u25cf\u2610\u2611\u2713\u2714\u2717\ufffd"
    )
    _reader, text = read(present_notes=[shown, "ไทย"])
    assert "visas som" in text
