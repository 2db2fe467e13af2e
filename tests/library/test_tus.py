"""Files in pieces, by the tus 1.0 protocol: from the first byte to the row that is added, and all that goes wrong on the way."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from portal import db, files, outbox
from portal.library import actions as library
from portal.library.extract import ExtractionError, Reason
from portal.library.intake import actions, incoming
from portal.library.intake.models import Upload, UploadState
from portal.library.models import FileState, Resource, ResourceShare, ResourceVersion
from portal.people.models import Membership
from portal.web import Edge
from tests import factories
from tests.conftest import Browser, Sign
from tests.factories import Network
from tests.library.test_library import NAMES, NUMBER, kept, pdf, upload, word

pytestmark = pytest.mark.usefixtures("built_front_end")

TUS = {"Tus-Resumable": "1.0.0"}
TEXT = "Checklista för första samtalet. Det är bra att ha en plan för hur du går till väga med den som söker stöd.".encode()


def headers(client: Browser, **more: str) -> dict[str, str]:
    return TUS | {"X-CSRFToken": client.csrf} | {name.replace("_", "-"): value for name, value in more.items()}


def begin(client: Browser, size: int, name: str = "fil.txt") -> TestResponse:
    told = f"filename {base64.b64encode(name.encode()).decode()},stamp {base64.b64encode(b'17').decode()}"
    return client.post("/library/uploads", headers=headers(client, Upload_Length=str(size), Upload_Metadata=told))


def piece(client: Browser, where: str, content: bytes, offset: int, **more: str) -> TestResponse:
    return client.patch(
        where, data=content, content_type="application/offset+octet-stream",
        headers=headers(client, Upload_Offset=str(offset), **more),
    )  # fmt: skip


def offset(client: Browser, where: str) -> int:
    answer = client.head(where, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


def sent(client: Browser, content: bytes = TEXT, name: str = "fil.txt") -> str:
    """Send a file whole and let the worker read it; its token."""
    begun = begin(client, len(content), name)
    assert begun.status_code == 201, begun.text
    where = begun.headers["Location"]
    assert piece(client, where, content, 0).status_code == 204
    outbox.run_all()
    return where.rsplit("/", 1)[1]


def add(client: Browser, *tokens: str, group: str = "natverket", **more: str) -> TestResponse:
    form: dict[str, Any] = {"csrf_token": client.csrf, "batch-group": group, "batch-publisher": "Polisen"}
    for number, token in enumerate(tokens):
        form |= {
            f"f{token}-is_added": "y",
            f"f{token}-title": f"Titel {number}",
            f"f{token}-kind": "checklist",
            f"f{token}-language": "sv",
        }
    return client.post("/library/uploads/add", data=form | more)


def uploads() -> list[UploadState]:
    db.rollback()
    return list(db.session.scalars(sa.select(Upload.state).order_by(Upload.id)))


# --- the good way -----------------------------------------------------------------------------------------------------


def test_a_file_comes_in_pieces_is_read_and_added(app: Edge, network: Network, sign_in: Sign) -> None:
    member, convener = sign_in(network.member), sign_in(network.convener)
    begun = begin(member, len(TEXT), "Checklista_första samtalet.txt")
    where = begun.headers["Location"]
    assert (begun.status_code, begun.headers["Tus-Resumable"]) == (201, "1.0.0")
    assert "GMT" in begun.headers["Upload-Expires"]
    for start in range(0, len(TEXT), 40):
        assert offset(member, where) == start
        answer = piece(member, where, TEXT[start : start + 40], start)
        assert answer.status_code == 204
    assert answer.headers["Upload-Offset"] == str(len(TEXT))
    row = member.get(f"{where}/row").text
    assert "data-poll" in row
    outbox.run_all()
    row = member.get(f"{where}/row").text
    assert 'value="Checklista första samtalet"' in row
    assert '<option selected value="checklist">' in row
    assert '<option selected value="sv">' in row
    assert "Checklista" not in convener.get("/library").text
    answer = add(member, where.rsplit("/", 1)[1])
    assert answer.status_code == 302
    outbox.run_all()
    assert convener.get(answer.headers["Location"] + "/file").data == TEXT
    assert uploads() == []
    assert len(kept(app)) == 1, "nothing is left in the folder for what comes"


def test_several_files_are_added_at_once(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    tokens = [sent(member, TEXT + str(number).encode(), f"fil {number}.txt") for number in range(4)]
    page = member.get("/library/upload?group=natverket").text
    assert "Lägg till 4 filer" in page or "Add 4 files" in page
    answer = add(member, *tokens)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/groups/natverket/materials")
    outbox.run_all()
    db.rollback()
    found = db.session.execute(
        sa.select(Resource.title, Resource.publisher, Resource.state).order_by(Resource.id)
    ).all()
    assert [tuple(row) for row in found] == [(f"Titel {n}", "Polisen", FileState.READY) for n in range(4)]


@pytest.mark.parametrize("name", ["rapport.txt", "rapport.MD", "sida.html"])
def test_a_text_that_is_too_long_is_refused_before_it_is_sent(network: Network, sign_in: Sign, name: str) -> None:
    member = sign_in(network.member)
    answer = begin(member, 110_000_000, name)
    assert (answer.status_code, "20\N{NO-BREAK SPACE}MB" in answer.text) == (422, True)
    assert uploads() == []
    assert begin(member, 110_000_000, "rapport.pdf").status_code == 201
    assert begin(member, 20_000_000, name).status_code == 201


def test_the_page_promises_what_is_taken(network: Network, sign_in: Sign) -> None:
    network.member.language = "en"
    db.commit()
    page = sign_in(network.member).get("/library/upload").text
    assert page.count("OpenDocument text (odt)") == 2
    assert page.count("20\N{NO-BREAK SPACE}MB") == 2


def test_the_same_file_twice_stops_nothing(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    tokens = [
        sent(member, content, name)
        for content, name in ((TEXT, "ett.txt"), (TEXT, "samma igen.txt"), (b"annat", "tre.txt"))
    ]
    rows = [member.get(f"/library/uploads/{token}/row").text for token in tokens]
    assert ["upload-copy" in row for row in rows] == [False, True, False]
    assert "ett.txt" in rows[1]
    assert ["checked" in row for row in rows] == [True, False, True]
    assert member.get("/library/upload").text.count("upload-copy") == 1
    answer = add(member, *tokens)
    assert answer.status_code == 302
    assert "samma igen.txt" in member.get(answer.headers["Location"]).text
    outbox.run_all()
    assert uploads() == []
    assert list(db.session.scalars(sa.select(Resource.title).order_by(Resource.id))) == ["Titel 0", "Titel 2"]


def test_of_two_copies_the_later_may_be_the_one_that_is_added(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    sent(member, TEXT, "ett.txt")
    assert add(member, sent(member, TEXT, "samma igen.txt")).status_code == 302
    db.rollback()
    assert db.session.scalars(sa.select(Resource.title)).all() == ["Titel 0"]
    assert 'class="upload-hint upload-twin"' in member.get("/library/upload").text, "the other one is here already"


def test_a_checksum_is_kept_to(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    where = begin(member, 10).headers["Location"]
    right = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    assert piece(member, where, b"hallo", 0, Upload_Checksum=f"sha256 {right}").status_code == 460
    assert offset(member, where) == 0, "what was wrong is not kept"
    assert piece(member, where, b"hello", 0, Upload_Checksum=f"md4 {right}").status_code == 400
    assert piece(member, where, b"hello", 0, Upload_Checksum="sha256 ???").status_code == 400
    assert piece(member, where, b"hello", 0, Upload_Checksum=f"sha256 {right}").status_code == 204
    assert offset(member, where) == 5


def test_the_portal_says_what_it_speaks(network: Network, sign_in: Sign) -> None:
    answer = sign_in(network.member).options("/library/uploads")
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,expiration,termination,checksum"
    assert answer.headers["Tus-Max-Size"] == "500000000"


# --- the bad twins ----------------------------------------------------------------------------------------------------


def test_another_persons_file_is_not_there(network: Network, sign_in: Sign) -> None:
    member, convener = sign_in(network.member), sign_in(network.convener)
    where = begin(member, 10).headers["Location"]
    missing = "/library/uploads/" + "0" * 32
    for one in (where, missing, "/library/uploads/..%2f..%2fetc"):
        assert convener.head(one, headers=TUS).status_code == 404
        assert piece(convener, one, b"x", 0).status_code == 404
        assert convener.delete(one, headers=headers(convener)).status_code == 404
        assert convener.get(f"{one}/row").status_code == 404
    fragment = {"X-Fragment": "1"}
    assert convener.get(f"{where}/row", headers=fragment).data == convener.get(f"{missing}/row", headers=fragment).data
    assert offset(member, where) == 0


def test_wrong_offsets_types_versions_and_sizes(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    where = begin(member, 10).headers["Location"]
    assert piece(member, where, b"hello", 3).status_code == 409
    assert piece(member, where, b"hello", -1).status_code == 400
    assert piece(member, where, b"hello world", 0).status_code == 413
    assert offset(member, where) == 0
    wrong = member.patch(where, data=b"hello", content_type="text/plain", headers=headers(member, Upload_Offset="0"))
    assert wrong.status_code == 415
    assert member.head(where).status_code == 412
    assert begin(member, 0).status_code == 422
    assert begin(member, 500_000_001).status_code == 413
    assert begin(member, 10**30).status_code == 413
    assert member.post("/library/uploads", headers=headers(member)).status_code == 400
    garbled = headers(member, Upload_Length="5", Upload_Metadata="filename ???")
    assert member.post("/library/uploads", headers=garbled).status_code == 422
    assert len(uploads()) == 1


def test_more_bytes_than_announced_without_a_length(network: Network, sign_in: Sign) -> None:
    """A sender that does not say how long its piece is."""
    token = begin(sign_in(network.member), 10).headers["Location"].rsplit("/", 1)[1]
    with pytest.raises(incoming.Refused) as refused:
        incoming.append(token, io.BytesIO(b"x" * 11), offset=0, size=10)
    assert refused.value.status == 413
    assert incoming.offset_of(token) == 0


def test_what_has_come_whole_takes_no_more(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    token = sent(member)
    assert piece(member, f"/library/uploads/{token}", b"", len(TEXT)).status_code == 409
    assert offset(member, f"/library/uploads/{token}") == len(TEXT)


def test_s31_without_a_token_nothing_comes(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    assert member.post("/library/uploads", headers=TUS | {"Upload-Length": "5"}).status_code == 400
    assert uploads() == []


def test_two_pieces_at_once(network: Network, sign_in: Sign) -> None:
    token = begin(sign_in(network.member), 10).headers["Location"].rsplit("/", 1)[1]
    may_go, has_begun = threading.Event(), threading.Event()
    where = incoming.path_of(token)
    errors: list[BaseException] = []

    def slow() -> None:
        try:
            with where.open("r+b", buffering=0) as target:
                import fcntl

                fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
                has_begun.set()
                assert may_go.wait(20)
        except BaseException as error:
            errors.append(error)

    other = threading.Thread(target=slow)
    other.start()
    assert has_begun.wait(20)
    client = sign_in(network.member)
    assert piece(client, f"/library/uploads/{token}", b"hello", 0).status_code == 423
    may_go.set()
    other.join()
    assert errors == []
    assert piece(client, f"/library/uploads/{token}", b"hello", 0).status_code == 204


def test_nobody_waits_for_a_slow_piece(network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    """While bytes arrive no transaction is open."""
    before = incoming.append
    open_ones: list[bool] = []

    def note(*args: Any, **more: Any) -> int:
        open_ones.append(db.session().in_transaction())
        return before(*args, **more)

    monkeypatch.setattr(incoming, "append", note)
    sent(sign_in(network.member))
    assert open_ones == [False]


class Broken(io.RawIOBase):
    """A piece whose connection breaks in the middle."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self, _size: int = -1) -> bytes:
        if self.content:
            found, self.content = self.content, b""
            return found
        raise ConnectionResetError("the line is dead")


def test_what_came_before_the_line_broke_is_kept(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    where = begin(member, len(TEXT)).headers["Location"]
    token = where.rsplit("/", 1)[1]
    with pytest.raises(ConnectionResetError):
        incoming.append(token, Broken(TEXT[:30]), offset=0, size=len(TEXT))  # type: ignore[arg-type]  # it reads as one
    assert offset(member, where) == 30
    assert piece(member, where, TEXT[30:], 30).status_code == 204
    outbox.run_all()
    assert uploads() == [UploadState.READY]


def test_the_process_is_killed_before_the_row_knows(network: Network, sign_in: Sign) -> None:
    """All bytes are there, but the transaction that says so is not stored: housekeeping finds it."""
    token = begin(sign_in(network.member), len(TEXT)).headers["Location"].rsplit("/", 1)[1]
    incoming.append(token, io.BytesIO(TEXT), offset=0, size=len(TEXT))
    assert uploads() == [UploadState.RECEIVING]
    actions.mend_uploads()
    db.commit()
    outbox.run_all()
    assert uploads() == [UploadState.READY]


def test_the_worker_is_killed_while_it_reads(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    where = begin(member, len(TEXT)).headers["Location"]
    piece(member, where, TEXT, 0)
    number = db.session.scalars(sa.select(Upload.id)).one()
    db.pause()
    actions.read_arrived_upload(upload_id=number)
    db.rollback()  # here it ends
    assert uploads() == [UploadState.ARRIVED]
    outbox.run_all()
    assert uploads() == [UploadState.READY]
    assert len(kept(app)) == 1
    actions.read_arrived_upload(upload_id=number)
    db.commit()
    assert uploads() == [UploadState.READY]


def late(monkeypatch: pytest.MonkeyPatch, module: Any, do: Callable[[], object]) -> None:
    """While one worker reads, another one does the whole job; then the first one runs out of time."""
    before = module.read_file

    def read(path: Path, name: str) -> None:
        monkeypatch.setattr(module, "read_file", before)
        do()
        db.commit()
        raise ExtractionError(Reason.TIME_OUT)

    monkeypatch.setattr(module, "read_file", read)


def test_a_worker_that_is_late_takes_no_upload_away(
    network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = sign_in(network.member)
    piece(member, begin(member, len(TEXT)).headers["Location"], TEXT, 0)
    number = db.session.scalars(sa.select(Upload.id)).one()
    db.pause()
    monkeypatch.setattr(incoming, "drop", lambda token: None)  # the other one has not come so far yet
    late(monkeypatch, actions, lambda: actions.read_arrived_upload(number))
    actions.read_arrived_upload(number)
    db.commit()
    assert uploads() == [UploadState.READY]


def test_a_worker_that_is_late_takes_no_material_away(
    app: Edge, network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(sign_in(network.member), TEXT)
    number = db.session.scalars(sa.select(ResourceVersion.id)).one()
    db.pause()
    late(monkeypatch, library, lambda: library.read_added_file(number))
    library.read_added_file(number)
    db.commit()
    assert db.session.scalars(sa.select(ResourceVersion.state)).one() is FileState.READY
    assert len(kept(app)) == 1


def test_a_piece_that_is_taken_back_does_not_count_as_come(network: Network, sign_in: Sign) -> None:
    """All bytes are there, but whether the last piece is right is not known yet: housekeeping waits for it."""
    token = begin(sign_in(network.member), len(TEXT)).headers["Location"].rsplit("/", 1)[1]
    looked: list[list[UploadState]] = []

    class Last(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            if self.tell() == len(TEXT):
                actions.mend_uploads()
                db.commit()
                looked.append(uploads())
            return super().read(len(TEXT))

    wrong = "sha256 " + base64.b64encode(hashlib.sha256(b"else").digest()).decode()
    db.pause()
    with pytest.raises(incoming.Refused):
        incoming.append(token, Last(TEXT), offset=0, size=len(TEXT), checksum=wrong)
    assert looked == [[UploadState.RECEIVING]]
    assert incoming.offset_of(token) == 0


def test_a_process_that_is_killed_in_the_middle_keeps_what_came(network: Network, sign_in: Sign) -> None:
    """A real kill -9, while the piece still comes: what is there stays, nothing stays locked, and the rest goes on."""
    member = sign_in(network.member)
    where = begin(member, len(TEXT)).headers["Location"]
    token = where.rsplit("/", 1)[1]
    path, here, there = incoming.path_of(token), *os.pipe()

    class Slow(io.RawIOBase):
        def __init__(self) -> None:
            self.came = [TEXT[:30]]

        def read(self, _size: int = -1) -> bytes:
            if self.came:
                return self.came.pop()
            os.write(there, b"x")
            time.sleep(60)
            return b""

    child = os.fork()
    if child == 0:
        try:
            incoming.append(token, Slow(), offset=0, size=len(TEXT))  # type: ignore[arg-type]  # it reads as one
        finally:
            os._exit(1)
    assert os.read(here, 1) == b"x"
    assert piece(member, where, TEXT[30:], 30).status_code == 423, "it is at it"
    os.kill(child, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert path.read_bytes() == TEXT[:30]
    assert offset(member, where) == 30
    assert piece(member, where, TEXT[30:], 30).status_code == 204
    outbox.run_all()
    assert uploads() == [UploadState.READY]


def test_what_the_worker_has_not_read_yet_is_not_swept(app: Edge, network: Network, sign_in: Sign) -> None:
    """The worker was away for a weekend: that is nobody's fault who sent a file before."""
    member = sign_in(network.member)
    where = begin(member, len(TEXT)).headers["Location"]
    piece(member, where, TEXT, 0)
    db.session.execute(sa.update(Upload).values(changed_at=db.now() - 3 * library.FORGOTTEN))
    db.commit()
    orphan = incoming.path_of("0" * 32)
    orphan.write_bytes(b"whose row was never stored")
    for path in (orphan, incoming.path_of(where.rsplit("/", 1)[1])):
        os.utime(path, (1, 1))
    library.sweep_files()
    actions.sweep_uploads()
    db.commit()
    assert not orphan.exists()
    outbox.run_all()
    assert uploads() == [UploadState.READY]


def test_a_stamp_is_a_number_or_nothing(network: Network, sign_in: Sign) -> None:
    """It comes from the browser and is read by no guard."""
    member = sign_in(network.member)
    for stamp in (b"1732300000000", b"-5", b"\0", b"Anna Berg", b"9" * 50):
        told = f"filename {base64.b64encode(b'a.txt').decode()},stamp {base64.b64encode(stamp).decode()}"
        answer = member.post("/library/uploads", headers=headers(member, Upload_Length="5", Upload_Metadata=told))
        assert answer.status_code == 201
    db.rollback()
    stamps = db.session.scalars(sa.select(Upload.stamp).order_by(Upload.id)).all()
    assert stamps == ["1732300000000", "-5", "", "", ""]


def test_a_session_that_ends_in_the_middle(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    where = begin(member, len(TEXT)).headers["Location"]
    piece(member, where, TEXT[:20], 0)
    stranger = app.test_client()
    assert isinstance(stranger, Browser)
    assert stranger.head(where, headers=TUS).status_code == 401 or "sign-in" in stranger.get(where).headers["Location"]
    assert piece(stranger, where, TEXT[20:], 20).status_code == 401
    again = sign_in(network.member)
    assert offset(again, where) == 20
    assert piece(again, where, TEXT[20:], 20).status_code == 204


def test_membership_lost_in_the_middle(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    where = begin(member, len(TEXT)).headers["Location"]
    piece(member, where, TEXT[:20], 0)
    token = sent(member, TEXT + b"2")
    membership = db.session.scalars(sa.select(Membership).where(Membership.person_id == network.member.id)).one()
    membership.left_at = db.now()
    db.commit()
    assert piece(member, where, TEXT[20:], 20).status_code == 403
    assert begin(member, 10).status_code == 403
    assert add(member, token).status_code == 403
    assert db.session.scalar(sa.select(sa.func.count(Resource.id))) == 0
    assert member.delete(where, headers=headers(member)).status_code == 403, "swept after a day"


def test_a_group_that_is_not_ones_own(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    token = sent(member)
    assert add(member, token, group="slutna").status_code == 422
    assert uploads() == [UploadState.READY]


def test_a_full_disk_keeps_what_has_come(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    content = os.urandom(6_000_000)
    where = begin(member, len(content)).headers["Location"]
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_500_000, unlimited[1]))
        assert piece(member, where, content, 0).status_code == 503
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    have = offset(member, where)
    assert have == 5_500_000
    assert piece(member, where, content[have:], have).status_code == 204


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_s35_names_from_hell(network: Network, sign_in: Sign, name: str) -> None:
    member = sign_in(network.member)
    token = sent(member, name=name)
    assert db.session.scalars(sa.select(Upload.file_name)).one() == NAMES[name]
    page = member.get("/library/upload")
    assert page.status_code == 200
    assert add(member, token).status_code == 302


def test_s33_a_number_in_the_name_stops_it_at_once(network: Network, sign_in: Sign) -> None:
    answer = begin(sign_in(network.member), 10, f"{NUMBER}.txt")
    assert answer.status_code == 422
    assert NUMBER not in answer.text
    assert uploads() == []


def test_s33_a_number_in_the_file_stops_it(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    token = sent(member, f"Född {NUMBER}".encode())
    assert uploads() == [UploadState.STOPPED]
    assert kept(app) == []
    row = member.get(f"/library/uploads/{token}/row").text
    assert "personnummer" in row
    assert NUMBER not in row
    assert add(member, token).status_code == 422, "it cannot be added all the same"


def test_s33_a_number_in_a_title_stops_all_of_them(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    good, bad = sent(member), sent(member, TEXT + b"2")
    answer = add(member, good, bad, **{f"f{bad}-title": f"Om {NUMBER}"})
    assert answer.status_code == 422
    assert "data-guard" in answer.text
    assert 'value="Titel 0"' in answer.text, "what was filled in stays"
    assert db.session.scalar(sa.select(sa.func.count(Resource.id))) == 0
    assert uploads() == [UploadState.READY] * 2


def test_a_file_that_cannot_be_read(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    token = sent(member, pdf()[:300], "trasig.pdf")
    assert uploads() == [UploadState.UNREADABLE]
    assert kept(app) == []
    assert "field-error" in member.get(f"/library/uploads/{token}/row").text


def test_what_is_not_wanted_goes(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    where = begin(member, 10).headers["Location"]
    piece(member, where, b"hello", 0)
    assert member.delete(where, headers=headers(member)).status_code == 204
    token = sent(member)
    answer = member.post(f"/library/uploads/{token}/removal", data={"csrf_token": member.csrf})
    assert answer.status_code == 302
    assert (uploads(), kept(app)) == ([], [])


def test_only_so_many_wait(network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    member, convener = sign_in(network.member), sign_in(network.convener)
    monkeypatch.setattr(actions, "MOST_WAITING", 3)
    assert [begin(member, 10).status_code for _ in range(4)] == [201, 201, 201, 409]
    assert begin(convener, 10).status_code == 201, "each for herself"


def test_only_so_much_room_is_taken(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    assert [begin(member, 500_000_000, "fil.pdf").status_code for _ in range(11)] == [201] * 10 + [409]


def test_forgotten_files_are_swept_after_a_day(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    forgotten, coming = (begin(member, 10).headers["Location"].rsplit("/", 1)[1] for _ in range(2))
    sent(member)
    day_ago = db.now() - library.FORGOTTEN - library.FORGOTTEN
    db.session.execute(sa.update(Upload).values(changed_at=day_ago))
    db.commit()
    long_ago = time.time() - 25 * 3600
    os.utime(incoming.path_of(forgotten), (long_ago, long_ago))
    actions.sweep_uploads()
    db.commit()
    assert db.session.scalars(sa.select(Upload.token)).all() == [coming]
    assert kept(app) == [coming]


# --- what the row says ------------------------------------------------------------------------------------------------


def test_the_same_content_is_named_where_it_may_be_seen(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    factories.resource(network.group, network.convener, "Den som finns", TEXT.decode())
    factories.resource(network.closed, network.convener, "Den hemliga", TEXT.decode())
    db.commit()
    token = sent(member)
    row = member.get(f"/library/uploads/{token}/row").text
    assert "Den som finns" in row
    assert "hemliga" not in row
    assert add(member, token).status_code == 422, "the group has it already"


def test_what_stands_in_a_closed_group_is_not_hinted_at(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    factories.resource(network.closed, network.convener, "Den hemliga", TEXT.decode())
    db.commit()
    token, other = sent(member), sent(member, TEXT + b" och mer")
    rows = [member.get(f"/library/uploads/{one}/row").text.replace(one, "") for one in (token, other)]
    assert "upload-hint" not in rows[0]
    assert rows[0].replace(f"{len(TEXT)}", "") == rows[1].replace(f"{len(TEXT) + 8}", "")


def test_the_group_of_what_is_shared_with_her_is_not_named(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    shared = factories.resource(network.closed, network.convener, "Den som delas", TEXT.decode())
    shared.shares.append(ResourceShare(group=network.group, shared_by_id=network.convener.id))
    name = network.closed.name
    db.commit()
    row = member.get(f"/library/uploads/{sent(member)}/row").text
    assert "Den som delas" in row
    assert name not in row


def test_the_same_title_becomes_a_new_version_with_one_click(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    made = factories.resource(network.group, network.member, "Handbok för kök", "gammal text")
    foreign = factories.resource(network.group, network.convener, "Handbok för kök", "annan text")
    db.commit()
    numbers = made.id, foreign.id
    token = sent(member, word(title="Handbok för kök"), "h.docx")
    row = member.get(f"/library/uploads/{token}/row").text
    assert f"/resources/{numbers[0]}/versions" in row
    assert f"/resources/{numbers[1]}/versions" not in row, "another organisation's is not hers to change"
    form = {"csrf_token": member.csrf, "upload": token}
    assert member.post(f"/resources/{numbers[0]}/versions", data=form).status_code == 302
    outbox.run_all()
    db.rollback()
    assert [version.number for version in db.session.get_one(Resource, numbers[0]).versions] == [1, 2]
    assert db.session.get_one(Resource, numbers[0]).current.file_name == "h.docx"
    assert uploads() == []


def test_what_has_come_is_not_sent_again_because_of_a_note(network: Network, sign_in: Sign) -> None:
    member, convener = sign_in(network.member), sign_in(network.convener)
    made = factories.resource(network.group, network.member, "Handbok", "gammal text")
    made.organisation_id = network.member.organisation_id
    db.commit()
    where, token = f"/resources/{made.id}/versions", sent(member)
    form = {"csrf_token": member.csrf, "upload": token, "note": f"Om {NUMBER}"}
    answer = member.post(where, data=form)
    assert answer.status_code == 422
    assert f'name="upload" value="{token}"' in answer.text
    assert "fil.txt" in answer.text
    foreign = convener.post(where, data=form | {"csrf_token": convener.csrf})
    assert foreign.status_code == 404
    broken = convener.post(where, data=form | {"csrf_token": convener.csrf, "note": "x" * 301})
    assert (broken.status_code, token in broken.text, "fil.txt" in broken.text) == (422, False, False)
    assert member.post(where, data=form | {"note": "Nytt"}).status_code == 302
    assert uploads() == []


def test_another_persons_file_becomes_no_version(network: Network, sign_in: Sign) -> None:
    made = factories.resource(network.group, network.convener)
    db.commit()
    number = made.id
    token = sent(sign_in(network.member))
    convener = sign_in(network.convener)
    form = {"csrf_token": convener.csrf, "upload": token}
    assert convener.post(f"/resources/{number}/versions", data=form).status_code == 404
    db.rollback()
    assert db.session.scalar(sa.select(sa.func.count(ResourceVersion.id))) == 1


def test_s37_what_the_file_says_about_people_is_shown(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    token = sent(member, word(), "a.docx")
    row = member.get(f"/library/uploads/{token}/row").text
    assert "Anna Berg" in row
    assert "remove_people" in row


def test_a_stored_content_is_not_swept_while_it_waits(app: Edge, network: Network, sign_in: Sign) -> None:
    sent(sign_in(network.member))
    (name,) = kept(app)
    long_ago = time.time() - 25 * 3600
    os.utime(files.path_of(name), (long_ago, long_ago))
    library.sweep_files()
    assert kept(app) == [name]
