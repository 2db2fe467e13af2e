"""Pictures of material: drawn by the worker under limits, shown through policy."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import sqlalchemy as sa
from PIL import Image
from werkzeug.test import TestResponse

from portal import child, db, files, outbox
from portal.audit import AuditEntry
from portal.child import ChildError, Limits
from portal.library import actions
from portal.library.file_types import DOCX, PDF, XLSX
from portal.library.models import ResourceVersion
from portal.library.previews import draw, making, office
from portal.people.models import Group, Person
from portal.web import Edge
from tests import commands, factories
from tests.conftest import Browser, Sign
from tests.factories import Network
from tests.library.test_library import added, pdf, word
from tests.servers import wait_for

pytestmark = pytest.mark.usefixtures("built_front_end")


def picture_of(answer: TestResponse) -> Image.Image:
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    return Image.open(io.BytesIO(answer.data))


def stored(group: Group, by: Person, content: bytes, media_type: str) -> ResourceVersion:
    """A material with this content, without pictures, as it was before there were any."""
    made = factories.resource(group, by, "Gammalt", "ord på sidan")
    version = made.current
    version.sha256, version.media_type = files.store(io.BytesIO(content), limit=10**9).sha256, media_type
    version.thumbnail_sha256 = None
    db.commit()
    return version


def test_a_pdf_gets_a_small_and_a_large_picture(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    where = added(member, pdf("Om människohandel"), "manual.pdf")
    assert picture_of(member.get(f"{where}/thumbnail")).size == (132, 176)
    large = picture_of(member.get(f"{where}/picture"))
    assert large.width >= 1000
    dark = sum(large.convert("L").histogram()[:128])
    assert dark > 100, "there is ink on the page"
    shown = member.get(f"{where}/preview.pdf")
    assert (shown.mimetype, shown.data[:5]) == (PDF, b"%PDF-")
    for answer in (shown, member.get(f"{where}/picture")):
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Disposition"] == "inline"
    part = member.get(f"{where}/preview.pdf", headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.data)) == (206, 10), "long documents come in parts"


def test_what_has_no_pages_gets_a_sheet_with_its_first_words(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    where = added(member, word("Checklista för första samtalet"), "lista.docx")
    thumbnail = picture_of(member.get(f"{where}/thumbnail"))
    assert thumbnail.size == (132, 176)
    assert sum(thumbnail.convert("L").histogram()[:128]) > 10, "the words are on it"
    if office.program() is None:
        assert member.get(f"{where}/picture").status_code == 404
        assert member.get(f"{where}/preview.pdf").status_code == 404


def test_pictures_are_only_for_those_who_may_read(network: Network, sign_in: Sign) -> None:
    where = added(sign_in(network.convener), pdf("Slutet"), "slutet.pdf", group="slutna")
    for page in ("thumbnail", "picture", "preview.pdf"):
        for person in (network.member, network.outsider):
            assert sign_in(person).get(f"{where}/{page}").status_code == 404, page


def test_s42_to_read_a_sensitive_material_leaves_a_trace(network: Network, sign_in: Sign) -> None:
    convener = sign_in(network.convener)
    where = added(convener, pdf("Slutet"), "slutet.pdf", group="slutna")
    reads = sa.select(sa.func.count()).where(AuditEntry.action == "resource_read")
    db.rollback()
    counts = []
    for page in ("thumbnail", "picture", "preview.pdf"):
        convener.get(f"{where}/{page}")
        counts.append(db.session.scalar(reads))
        db.rollback()
    assert counts == [0, 1, 2], "a thumbnail cannot be read"


def test_a_file_that_cannot_be_drawn_gets_a_sheet(network: Network) -> None:
    version = stored(network.group, network.member, b"%PDF-1.7 and nothing more", PDF)
    assert making.ask_for_missing() == 1
    db.commit()
    outbox.run_all()
    db.session.refresh(version)
    assert version.thumbnail_sha256 is not None
    assert version.picture_sha256 is None
    assert outbox.failed_count() == 0


def test_missing_pictures_are_asked_for_once(app: Edge, network: Network) -> None:
    version = stored(network.group, network.member, pdf("Gammalt"), PDF)
    assert "1 versions wait" in commands.run(app, "library", "previews").output
    assert making.ask_for_missing() == 0, "they wait already"
    outbox.run_all()
    db.session.refresh(version)
    assert version.thumbnail_sha256
    assert making.ask_for_missing() == 0
    db.rollback()
    assert making.ask_for_missing(again=True) == 1


def test_pictures_are_kept_when_files_are_swept(network: Network) -> None:
    from portal.library.actions import sweep_files

    version = stored(network.group, network.member, pdf("Gammalt"), PDF)
    making.make_previews(version.id)
    db.commit()
    names = (version.sha256, version.thumbnail_sha256 or "", version.picture_sha256 or "")
    for name in names:
        os.utime(files.path_of(name), (0, 0))
    db.rollback()
    sweep_files()
    assert all(files.path_of(name).exists() for name in names)


def test_s37_a_photograph_loses_what_the_camera_wrote(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Kameran"
    exif[0x0112] = 6  # lies on its side
    path = tmp_path / "bild.jpg"
    Image.new("RGB", (400, 200), "red").save(path, exif=exif)
    made = draw.of_picture(path)
    assert made is not None
    shown = Image.open(io.BytesIO(made.picture))
    assert not shown.getexif()
    assert shown.height > shown.width, "it stands upright"


def test_s34_a_picture_that_is_a_bomb_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(path)
    assert path.stat().st_size < 200_000
    assert draw.of_picture(path) is None


def test_a_table_and_an_empty_text_have_sheets() -> None:
    for text in ("Namn\tLän\n" + "Örebro\tT\n" * 100, "", "\t\t\n", "x" * 100_000, "#let x = panic()\n= *" * 20):
        assert draw.sheet(XLSX, text).thumbnail[:4] == b"RIFF"
        assert draw.sheet(DOCX, text).thumbnail[:4] == b"RIFF"


@pytest.mark.parametrize(
    "script", ["while True: pass", "print('x' * 10**7)", "raise SystemExit(3)", "x = bytearray(10**10)"]
)
def test_a_child_that_misbehaves_is_ended(tmp_path: Path, script: str) -> None:
    path = tmp_path / "child.py"
    path.write_text(script)
    with pytest.raises(ChildError):
        child.answer_of(path, limits=Limits(2, 1 << 29), most_bytes=1 << 20)


def test_what_a_child_started_does_not_outlive_it(tmp_path: Path) -> None:
    path = tmp_path / "child.py"
    path.write_text(
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], stdout=subprocess.DEVNULL)\n"
        "print(p.pid)\n"
    )
    answer = child.answer_of(path, limits=Limits(20, 1 << 29, may_fork=True), most_bytes=100)
    state = Path(f"/proc/{int(answer)}/stat")
    wait_for(lambda: not state.exists() or state.read_text().split()[2] == "Z", seconds=10, what="its end")


def a_program(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program called soffice, first in the path."""
    path = folder / "soffice"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_an_office_file_is_shown_as_pdf_where_there_is_a_program(
    network: Network, sign_in: Sign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "made.pdf").write_bytes(pdf("Som PDF"))
    a_program(tmp_path, f'cp "{tmp_path}/made.pdf" ./file.pdf', monkeypatch)
    member: Browser = sign_in(network.member)
    where = added(member, word("Checklista"), "lista.docx")
    assert member.get(f"{where}/preview.pdf").data == (tmp_path / "made.pdf").read_bytes()
    assert picture_of(member.get(f"{where}/picture")).width >= 1000


def test_a_worker_that_is_killed_leaves_no_copy_of_a_document(
    app: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy lies where what is lost with its process is swept away, not in a folder that nobody looks after."""
    a_program(tmp_path, f'pwd > "{tmp_path}/where"', monkeypatch)
    path = tmp_path / "fil.docx"
    path.write_bytes(word())
    assert office.as_pdf(path, DOCX) is None
    where = Path((tmp_path / "where").read_text().strip())
    assert (where.parent, where.exists()) == (files.incoming().resolve(), False)
    for hours, name in ((25, where), (23, where.with_name("half-late"))):
        (name / "profile").mkdir(parents=True)
        (name / "file.docx").write_bytes(word())
        os.utime(name, (time.time() - hours * 3600,) * 2)
    files.drop_half_received(actions.FORGOTTEN)
    assert [path.name for path in files.incoming().iterdir()] == ["half-late"]


def test_the_profile_is_named_as_an_address(app: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The portal's folder may have any name."""
    a_program(tmp_path, f'for word; do echo "$word"; done > "{tmp_path}/words"', monkeypatch)
    odd = tmp_path / "ett namn #1 åäö"
    odd.mkdir()
    monkeypatch.setattr(files, "incoming", lambda: odd)
    path = tmp_path / "fil.docx"
    path.write_bytes(word())
    office.as_pdf(path, DOCX)
    told = (tmp_path / "words").read_text().splitlines()[0]
    address = urlsplit(told.removeprefix("-env:UserInstallation="))
    assert (address.scheme, address.fragment) == ("file", "")
    assert Path(unquote(address.path)).parent.parent == odd


@pytest.mark.parametrize(
    "script", ["exit 1", "exit 0", "echo text > file.pdf", "dd if=/dev/zero of=file.pdf bs=1M count=300"]
)
def test_a_program_that_fails_leaves_the_sheet(
    app: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    a_program(tmp_path, script, monkeypatch)
    path = tmp_path / "fil.docx"
    path.write_bytes(word())
    assert office.as_pdf(path, DOCX) is None
