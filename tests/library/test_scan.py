"""The virus scanner, a real clamd: what it finds is not kept, and while it is away nothing is let through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from portal import db, outbox, scan
from portal.library.intake.models import UploadState
from portal.library.models import FileState, ResourceVersion
from portal.notifications.models import Notice
from portal.outbox import Job
from portal.web import Edge
from tests import commands, servers
from tests.conftest import Sign
from tests.factories import Network
from tests.library.test_library import added, kept, states, upload
from tests.library.test_tus import TEXT, begin, piece, uploads
from tests.servers import EICAR, Scanner

pytestmark = pytest.mark.usefixtures("built_front_end")


@pytest.fixture(scope="module")
def clamd() -> Iterator[Scanner]:
    with servers.clamd() as scanner:
        yield scanner


@pytest.fixture
def scanner(app: Edge, clamd: Scanner) -> Iterator[Scanner]:
    """The portal's scanner, running when the test begins and after it."""
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings.model_copy(update={"clamd_url": clamd.url})
    yield clamd
    app.config["SETTINGS"] = settings
    if clamd.process is None:
        clamd.start()


def due_now() -> None:
    """What waits for its next try is tried now."""
    db.session.execute(sa.update(Job).values(run_at=db.now()))
    db.commit()


def test_s36_what_the_scanner_finds_is_not_kept(app: Edge, network: Network, sign_in: Sign, scanner: Scanner) -> None:
    member = sign_in(network.member)
    where = added(member, EICAR, "eicar.txt")
    assert states() == [FileState.UNREADABLE]
    assert db.session.scalars(sa.select(ResourceVersion.reason)).one() == "infected"
    assert kept(app) == []
    assert member.get(f"{where}/file").status_code == 404
    assert "virus" in member.get(where).text.lower()
    added(member, b"Text om allt")
    assert states() == [FileState.UNREADABLE, FileState.READY]


def test_s36_while_the_scanner_is_away_the_file_waits(
    app: Edge, network: Network, sign_in: Sign, scanner: Scanner
) -> None:
    network.member.language = "en"
    db.commit()
    member = sign_in(network.member)
    scanner.stop()
    where = upload(member, b"Text om allt").headers["Location"]
    for _ in range(2):
        outbox.run_all()
        assert states() == [FileState.CHECKING]
        assert member.get(f"{where}/file").status_code == 404
        assert "ScannerAway" in str(db.session.scalars(sa.select(Job.error).where(Job.kind == "file_added")).one())
        due_now()
    scanner.start()
    due_now()
    outbox.run_all()
    assert states() == [FileState.READY]
    assert member.get(f"{where}/file").status_code == 200


def test_s36_what_the_scanner_does_not_look_at_is_not_let_through(
    app: Edge, network: Network, sign_in: Sign, scanner: Scanner
) -> None:
    """More than its StreamMaxLength: it says so in the middle, and closes."""
    upload(sign_in(network.member), b"Text om allt\n" * 2_000_000)
    outbox.run_all()
    assert states() == [FileState.CHECKING]


def test_a_folder_is_scanned_too(app: Edge, network: Network, tmp_path: Path, scanner: Scanner) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "eicar.txt").write_bytes(EICAR)
    (tmp_path / "a" / "bra.txt").write_text("Text om allt")
    command = ("library", "import", str(tmp_path / "a"), "--group", "natverket", "--by", network.member.email)
    done = commands.run(app, *command)
    assert "1 imported, 0 already there, 1 refused." in done.output
    scanner.stop()
    (tmp_path / "a" / "ny.txt").write_text("Ny text om allt")
    assert "2 refused" in commands.run(app, *command).output
    assert states() == [FileState.READY]


def test_without_a_scanner_nothing_is_asked(app: Edge, tmp_path: Path) -> None:
    (tmp_path / "eicar.txt").write_bytes(EICAR)
    assert app.config["SETTINGS"].clamd_url == ""
    scan.check(tmp_path / "eicar.txt")


def test_by_a_socket_of_the_machine(app: Edge, tmp_path: Path, scanner: Scanner) -> None:
    """clamd as Debian sets it up listens on a path."""
    with servers.clamd() as other:
        other.stop()
        socket = other.folder / "clamd.ctl"
        settings = (other.folder / "clamd.conf").read_text()
        (other.folder / "clamd.conf").write_text(settings + f"LocalSocket {socket}\n")
        other.start()
        app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update={"clamd_url": f"unix://{socket}"})
        (tmp_path / "eicar.txt").write_bytes(EICAR)
        with pytest.raises(scan.Infected, match="Eicar"):
            scan.check(tmp_path / "eicar.txt")
    with pytest.raises(scan.ScannerAway):
        scan.check(tmp_path / "eicar.txt")


def test_a_file_that_is_never_read_is_given_up_and_its_sender_told(
    app: Edge, network: Network, sign_in: Sign, scanner: Scanner
) -> None:
    """Such as one larger than the scanner takes: it does not stand as being read for ever."""
    member = sign_in(network.member)
    scanner.stop()
    where = upload(member, b"Text om allt").headers["Location"]
    begun = begin(member, len(TEXT)).headers["Location"]
    piece(member, begun, TEXT, 0)
    db.session.execute(sa.update(Job).values(attempts=outbox.LAST_ATTEMPT - 1, error="away"))
    db.commit()
    outbox.run_all()
    assert states() == [FileState.UNREADABLE]
    assert uploads() == [UploadState.UNREADABLE]
    assert hashlib.sha256(b"Text om allt").hexdigest() not in kept(app)
    for path in (where, "/library/upload"):
        assert "har försökt många gånger" in member.get(path).text
    assert sorted(db.session.scalars(sa.select(Notice.path))) == ["/library/upload", where]
    assert member.get("/notices").status_code == 200
