"""Minutes as files: what stands in them, whatever people wrote, and whether a file is what it says."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from docx import Document
from pypdf import PdfReader

from portal import db, files, outbox
from portal.library import actions as library
from portal.library.models import FileState
from portal.meetings.agenda import actions as agenda
from portal.meetings.minutes import actions, adjusting_actions, jobs
from portal.meetings.minutes.changes import MOST_WORDS, compare
from portal.meetings.minutes.content import digest
from portal.meetings.minutes.models import Minutes, MinutesEdition
from portal.web import Edge
from tests import factories
from tests.conftest import Browser, Sign, send
from tests.factories import Network

pytestmark = pytest.mark.usefixtures("built_front_end")

TITLES = [
    "Åäö ÅÄÖ é ü", "”Citat” \"rakt\" 'enkelt'", "# $ \\ @ #panic(1) $x^2$ \\input{x} <b> & {{ x }} %(title)s | cell", "Ö" * 200,
]  # fmt: skip


def sealed(network: Network, title: str = "Möte", *, item: str = "Punkt", text: str = "Anteckning **fet**") -> Minutes:
    meeting = factories.held_meeting(network.group, network.convener, title)
    meeting.items[0].title = item
    actions.save_note(meeting.items[0], text=text, based_on=1, by=network.secretary)
    made = factories.circulated(meeting, network.secretary, [network.member, network.convener])
    for adjuster in made.adjusters:
        adjusting_actions.approve(adjuster, edition=1, by=adjuster.person)
    db.commit()
    outbox.run_all()
    db.session.refresh(made)
    return made


def words(pdf: bytes) -> str:
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


@pytest.mark.parametrize("title", TITLES)
def test_any_title_goes_through_every_file(network: Network, sign_in: Sign, title: str) -> None:
    made = sealed(network, title, item=(title + "å" * 300)[:300], text=f"{title}\n\n- {title}\n\n1. {title}")
    client, where = sign_in(network.member), f"/meetings/{made.meeting_id}/minutes"
    assert client.get(where).status_code == 200
    squeezed = "".join(title.split())
    pdf = client.get(f"{where}.pdf")
    assert squeezed[:60] in words(pdf.data).replace("“", '"').replace("\u2019", "'")
    assert pdf.headers["Content-Disposition"].isascii()
    document = Document(io.BytesIO(client.get(f"{where}.docx").data))
    headings = [
        one.text for one in document.paragraphs if (one.style.name if one.style else "").startswith("Heading 2")
    ]
    assert any(title in heading for heading in headings)
    assert document.core_properties.language == "sv"
    assert f" {title}" in client.get(f"{where}.md").text
    package = zipfile.ZipFile(io.BytesIO(client.get(f"{where}.zip").data))
    assert json.loads(package.read("metadata.json"))["title"].endswith(title)


def test_the_sealed_pdf_says_who_when_and_what(network: Network, sign_in: Sign) -> None:
    made = sealed(network)
    client = sign_in(network.observer)
    pdf = client.get(f"/meetings/{made.meeting_id}/minutes.pdf").data
    assert hashlib.sha256(pdf).hexdigest() == made.pdf_sha256
    text = words(pdf)
    for expected in (made.newest.sha256, "MedLem", "SamMankallande", "§1Punkt"):
        assert expected in text, expected
    reader = PdfReader(io.BytesIO(pdf))
    assert reader.metadata is not None
    assert "Sek Reterare" in (reader.metadata.author or "")
    network.member.name = "Helt Annat Namn"
    db.commit()
    jobs.make_sealed_pdf(minutes_id=made.id)
    assert made.pdf_sha256 == hashlib.sha256(pdf).hexdigest(), "run again it is the same file"
    files.path_of(str(made.pdf_sha256)).unlink()
    jobs.make_sealed_pdf(minutes_id=made.id)
    assert files.path_of(str(made.pdf_sha256)).exists(), "what is gone is made anew"


def test_the_package_checks_itself(network: Network, sign_in: Sign, tmp_path: Path) -> None:
    paper = factories.resource(network.group, network.convener, "Bilaga", "innehåll", "../../b å.txt")
    meeting = factories.meeting(network.group, network.convener, "Mötet", days=2)
    db.session.refresh(meeting)
    agenda.add_paper(meeting.items[0], paper, by=network.convener)
    meeting.starts_at, meeting.ends_at = db.now() - timedelta(hours=3), db.now() - timedelta(hours=2)
    made = factories.circulated(meeting, network.secretary, [network.member])
    adjusting_actions.approve(made.adjusters[0], edition=1, by=network.member)
    adjusting_actions.note_record_number(made, number="2026/17", by=network.member)
    db.commit()
    client, where = sign_in(network.member), f"/meetings/{meeting.id}/minutes.zip"
    assert client.get(where).status_code == 409, "the PDF is not there yet"
    outbox.run_all()
    package = zipfile.ZipFile(io.BytesIO(client.get(where).data))
    assert package.testzip() is None
    listed = dict(line.split("  ", 1)[::-1] for line in package.read("SHA256SUMS").decode().splitlines())
    assert set(listed) == set(package.namelist()) - {"SHA256SUMS"}
    assert {name: hashlib.sha256(package.read(name)).hexdigest() for name in listed} == listed
    assert [name for name in listed if name.startswith("bilagor/")] == ["bilagor/01-b å.txt"]
    about = json.loads(package.read("metadata.json"))
    assert (about["diary_number"], about["organisation"]) == ("2026/17", "Foreningen")
    assert digest(json.loads(package.read("content.json"))) == about["content_sha256"] == made.newest.sha256
    readme = package.read("README.txt").decode()
    assert "2026/17" in readme
    assert (
        json.loads(zipfile.ZipFile(io.BytesIO(sign_in(network.convener).get(where).data)).read("metadata.json"))[
            "diary_number"
        ]
        == ""
    )


def test_the_package_says_what_it_lacks_and_why(network: Network, sign_in: Sign) -> None:
    named = [
        factories.resource(network.group, network.convener, f"Bilaga {number}", f"innehåll {number}", "b.txt")
        for number in range(3)
    ]
    meeting = factories.meeting(network.group, network.convener, "Mötet", days=2)
    db.session.refresh(meeting)
    for paper in named:
        agenda.add_paper(meeting.items[0], paper, by=network.convener)
    meeting.starts_at, meeting.ends_at = db.now() - timedelta(hours=3), db.now() - timedelta(hours=2)
    made = factories.circulated(meeting, network.secretary, [network.member])
    adjusting_actions.approve(made.adjusters[0], edition=1, by=network.member)
    db.commit()
    outbox.run_all()
    named[1].state = FileState.STOPPED
    files.path_of(named[2].current.sha256).unlink()
    db.commit()
    for person, titles in ((network.member, ["Bilaga 2", ""]), (network.convener, ["Bilaga 1", "Bilaga 2"])):
        answer = sign_in(person).get(f"/meetings/{meeting.id}/minutes.zip")
        package = zipfile.ZipFile(io.BytesIO(answer.data))
        assert [name for name in package.namelist() if name.startswith("bilagor/")] == ["bilagor/01-b.txt"]
        about = json.loads(package.read("metadata.json"))
        assert [one["title"] for one in about["left_out"]] == titles
        assert all(one["reason"] for one in about["left_out"])
        readme = package.read("README.txt").decode()
        assert "Finns inte i paketet" in readme or "Not in the package" in readme
        assert ("Bilaga 1" in readme) == (person is network.convener), "what one may not read is not named"


def check(client: Browser, content: bytes) -> str:
    form = {"csrf_token": client.csrf, "file": (io.BytesIO(content), "x.pdf")}
    answer = client.post("/minutes/check", data=form, content_type="multipart/form-data")
    assert answer.status_code == 200
    return answer.text


def test_a_file_is_compared_and_not_kept(network: Network, sign_in: Sign) -> None:
    made = sealed(network, "Det låsta mötet")
    member, outsider = sign_in(network.member), sign_in(network.outsider)
    where = f"/meetings/{made.meeting_id}/minutes"
    pdf = member.get(f"{where}.pdf").data
    edition = db.session.scalars(sa.select(MinutesEdition)).one()
    circulated = b"".join(files.chunks(str(edition.pdf_sha256)))
    before = set(files.all_older(timedelta(seconds=-5)))
    assert "Det här är den låsta PDF-filen" in check(member, pdf)
    assert "Det här är version 1 " in check(member, circulated)
    assert "Inget protokoll som du får läsa" in check(member, pdf + b" ")
    assert "Det låsta mötet" not in check(outsider, pdf), "what one may not read is not named"
    assert set(files.all_older(timedelta(seconds=-5))) == before
    assert send(member, "/minutes/check").status_code == 422


def test_files_of_minutes_are_not_swept_away(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    made = sealed(network)
    kept = {made.pdf_sha256, made.newest.pdf_sha256}
    monkeypatch.setattr(library, "FORGOTTEN", timedelta(seconds=-1))
    library.sweep_files()
    for sha256 in kept:
        library.discard_if_unused(str(sha256))
        assert files.path_of(str(sha256)).exists()


def test_an_earlier_edition_can_be_read_and_fetched(network: Network, sign_in: Sign) -> None:
    meeting = factories.held_meeting(network.group, network.convener)
    made = factories.circulated(meeting, network.secretary, [network.member])
    actions.save_note(meeting.items[0], text="De **nya** orden", based_on=1, by=network.secretary)
    actions.make_edition(made, reason="Nytt", based_on=1, render=factories.plain_render, by=network.secretary)
    db.commit()
    outbox.run_all()
    client, where = sign_in(network.member), f"/meetings/{meeting.id}/minutes"
    assert "De <strong>nya</strong> orden" in client.get(where).text
    assert "De <strong>nya</strong> orden" not in client.get(f"{where}?edition=1").text
    assert "nyaorden" not in words(client.get(f"{where}.pdf?edition=1").data)
    assert "nyaorden" in words(client.get(f"{where}.pdf").data)
    assert "nya** orden" not in client.get(f"{where}.md?edition=1").text
    changed = client.get(f"{where}?changes=1").text
    assert "<ins>" in changed
    assert "<del>" in changed
    assert client.get(f"{where}?edition=99999999999999999999&changes=1").status_code == 200


def test_a_draft_has_its_files_too(network: Network, sign_in: Sign) -> None:
    meeting = factories.held_meeting(network.group, network.convener)
    db.commit()
    client, where = sign_in(network.member), f"/meetings/{meeting.id}/minutes"
    assert "Anteckning" in words(client.get(f"{where}.pdf").data)
    assert Document(io.BytesIO(client.get(f"{where}.docx").data)).paragraphs
    assert "Anteckning" in client.get(f"{where}.md").text
    assert client.get(f"{where}.zip").status_code == 404


def test_words_that_changed_are_marked() -> None:
    assert compare("ett två tre", "ett fyra tre") == [
        ("same", "ett "),
        ("del", "två"),
        ("ins", "fyra"),
        ("same", " tre"),
    ]
    assert compare("", "ny") == [("ins", "ny")]
    assert compare("lika", "lika") == [("same", "lika")]


def test_long_texts_are_compared_line_by_line(app: Edge) -> None:
    same = "ett två\n" * (MOST_WORDS // 2)
    parts = [part for part in compare(same + "ett tre", same + "ett fyra") if part[1]]
    assert parts == [("same", same), ("del", "ett tre"), ("ins", "ett fyra")]
    short = "ett två\n" * (MOST_WORDS // 4 - 1)
    assert compare(short + "ett tre", short + "ett fyra") == [("same", short + "ett "), ("del", "tre"), ("ins", "fyra")]


def test_texts_that_are_hard_to_compare_lose_nothing(app: Edge) -> None:
    for before, after in (
        ("a " * 25_000, "b " * 25_000),
        ("a " * 2_000, "a b " * 990),
        ("x\n" * 25_000, "x\ny\n" * 12_000),
    ):
        parts = compare(before, after)
        assert "".join(text for step, text in parts if step != "del") == after
