"""Scanned pages are read with Tesseract, and by the guard, before anybody sees them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import sqlalchemy as sa
import typst
from PIL import Image

from portal import db, outbox
from portal.child import Limits
from portal.library import actions, ocr, ocr_actions
from portal.library.models import FileState, Resource, ResourcePage, ResourceVersion
from portal.web import Edge
from tests.conftest import Sign
from tests.factories import Network
from tests.library.test_library import MASKED_PARTS, NUMBER, added, kept, pdf, states, upload

pytestmark = pytest.mark.usefixtures("built_front_end")

WORDS = "Stöd till människohandelsoffren"


def scan_of(*pages: str, kind: str = "PDF") -> bytes:
    """Pages as a scanner makes them: pictures of text, as crooked as paper lies."""
    drawn = []
    for text in pages:
        source = f'#set page(width: 16cm, height: 9cm)\n#set text(size: 18pt, lang: "sv")\n{text}'
        page = typst.compile(source.encode(), format="png", ppi=150)
        assert isinstance(page, bytes)
        drawn.append(Image.open(io.BytesIO(page)).convert("L").rotate(0.4, fillcolor=255))
    stream = io.BytesIO()
    if kind == "PDF":
        drawn[0].save(stream, kind, save_all=True, append_images=drawn[1:], resolution=150)
    else:
        drawn[0].save(stream, kind)
    return stream.getvalue()


def test_a_scanned_pdf_is_found_by_its_words(network: Network, sign_in: Sign) -> None:
    member, convener = sign_in(network.member), sign_in(network.convener)
    where = added(member, scan_of("En sida om något annat\nsom ingen söker", f"{WORDS}\nberättas här"), "skannad.pdf")
    assert states() == [FileState.READY]
    version = db.session.scalars(sa.select(ResourceVersion)).one()
    assert version.is_ocr
    pages = db.session.scalars(sa.select(ResourcePage.text).order_by(ResourcePage.number)).all()
    assert "ingen söker" in pages[0]
    assert WORDS in pages[1]
    assert convener.get("/library?q=människohandel").text.count('class="result"') == 1
    assert "version-ocr" in convener.get(f"{where}/versions").text


@pytest.mark.parametrize(("name", "kind"), [("bild.png", "PNG"), ("bild.jpg", "JPEG"), ("bild.webp", "WEBP")])
def test_a_picture_is_read(network: Network, sign_in: Sign, name: str, kind: str) -> None:
    added(sign_in(network.member), scan_of(WORDS, kind=kind), name)
    assert states() == [FileState.READY]
    assert WORDS in db.session.scalars(sa.select(ResourcePage.text)).one()


@pytest.mark.parametrize("kind", ["PDF", "PNG"])
def test_s33_a_number_on_a_scanned_page_stops_it(app: Edge, network: Network, sign_in: Sign, kind: str) -> None:
    member, convener = sign_in(network.member), sign_in(network.convener)
    where = upload(member, scan_of(f"Ärendet gäller\npersonnummer {NUMBER}", kind=kind), f"a.{kind.lower()}").headers[
        "Location"
    ]
    actions_done = 0
    while outbox.run_once():
        actions_done += 1
        assert convener.get(where).status_code == 404, "never shown meanwhile"
        db.rollback()
    assert actions_done >= 2
    assert states() == [FileState.STOPPED]
    assert kept(app) == []
    assert db.session.scalar(sa.select(sa.func.count(ResourcePage.id))) == 0
    assert not any(part in repr(db.session.scalars(sa.select(ResourceVersion.finds)).all()) for part in MASKED_PARTS)


def test_pages_with_text_are_not_read_again(network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    before = ocr.read_page

    def note(path: Path, media_type: str, number: int) -> str:
        read.append(number)
        return before(path, media_type, number)

    monkeypatch.setattr(ocr, "read_page", note)
    added(sign_in(network.member), pdf("Kort"), "kort.pdf")
    source = "#rect(width: 5cm, height: 2cm)\n#pagebreak()\n#lorem(80)\n#pagebreak()\n#pagebreak()\nSlut"
    made = typst.compile(source.encode())
    assert isinstance(made, bytes)
    added(sign_in(network.member), made, "blandad.pdf")
    assert read == [1], "the page with a drawing and no words"
    assert states() == [FileState.READY] * 2


@pytest.fixture
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr_actions, "A_TURN", 0.0)


@pytest.mark.usefixtures("short_turns")
def test_a_long_scan_is_read_in_turns_and_a_killed_worker_loses_none(network: Network, sign_in: Sign) -> None:
    upload(
        sign_in(network.member),
        scan_of("Första sidan om stormkök", "Andra sidan om spritkök", "Tredje sidan om fältkök"),
        "a.pdf",
    )
    number = db.session.scalars(sa.select(ResourceVersion.id)).one()
    actions.read_added_file(version_id=number)
    db.commit()
    ocr_actions.read_wordless_pages(version_id=number, pages=[1, 2, 3])
    db.rollback()  # here the worker ends
    outbox.run_all()
    db.rollback()
    texts = " ".join(db.session.scalars(sa.select(ResourcePage.text)))
    assert all(word in texts for word in ("stormkök", "spritkök", "fältkök"))
    assert states() == [FileState.READY]
    ocr_actions.read_wordless_pages(version_id=number, pages=[1, 2, 3])
    db.commit()
    assert states() == [FileState.READY]


def test_only_so_many_pages_are_read(network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "MOST_PAGES", 1)
    added(sign_in(network.member), scan_of("Första sidan om stormkök", "Andra sidan om spritkök"), "a.pdf")
    texts = db.session.scalars(sa.select(ResourcePage.text).order_by(ResourcePage.number)).all()
    assert [bool(text) for text in texts] == [True, False]
    assert states() == [FileState.READY]


def test_a_page_that_takes_too_long_is_left(network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "LIMITS", Limits(seconds=0.01, memory_bytes=64 << 20, may_fork=True))
    added(sign_in(network.member), scan_of(WORDS), "a.pdf")
    assert states() == [FileState.READY]
    assert db.session.scalars(sa.select(ResourceVersion.is_ocr)).one() is False


def test_without_tesseract_nothing_changes(network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert ocr.languages() == ""
    added(sign_in(network.member), scan_of(WORDS), "a.pdf")
    assert states() == [FileState.READY]
    assert db.session.scalars(sa.select(ResourcePage.text)).one() == ""
    assert db.session.scalars(sa.select(Resource.id)).one()
    assert actions.OCR_JOB not in db.session.scalars(sa.select(outbox.Job.kind)).all()


@pytest.mark.parametrize(("text", "is_said"), [("#rect(width: 5cm, height: 2cm)", True), ("Några ord", False)])
def test_a_file_without_words_says_so(network: Network, sign_in: Sign, text: str, is_said: bool) -> None:
    member = sign_in(network.member)
    where = added(member, typst.compile(text.encode()), "bild.pdf")
    version = db.session.scalars(sa.select(ResourceVersion)).one()
    assert (version.state, version.reason) == (FileState.READY, "no_words" if is_said else "")
    assert ("Inga ord kunde läsas i filen" in member.get(where, headers=[("Accept-Language", "sv")]).text) == is_said


@pytest.mark.parametrize(
    ("read", "whole"),
    [
        ("Vår näringsverk-\nsamhet växer", "Vår näringsverksamhet växer"),
        ("verk- \r\n samhet", "verksamhet"),
        ("kvinno-\noch mansjourer", "kvinno-\noch mansjourer"),
        ("SOU 2016-\n70, A-\nB", "SOU 2016-\n70, A-\nB"),
        ("Nord-\nSyd", "Nord-\nSyd"),
        ("en punkt\n- en till", "en punkt\n- en till"),
        ("e-post på en rad", "e-post på en rad"),
    ],
)
def test_words_that_a_line_divides_are_made_whole(read: str, whole: str) -> None:
    assert ocr.joined(read) == whole
