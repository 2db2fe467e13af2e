"""Material: in through the page or the command, read by the worker, out through policy."""

from __future__ import annotations

import contextlib
import io
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import docx
import openpyxl
import pytest
import sqlalchemy as sa
import typst
from pypdf import PdfReader, PdfWriter
from werkzeug.datastructures import FileStorage
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse, encode_multipart

from portal import db, files, markup, outbox
from portal.audit import AuditEntry
from portal.library import actions, reading
from portal.library.models import FileState, Resource, ResourceKind, ResourcePage, ResourceVersion
from portal.people.models import Person
from portal.web import Edge
from tests import commands, factories
from tests.conftest import Browser, Sign
from tests.factories import Network

NUMBER = "811228-9874"  # Skatteverket's published test number
MASKED_PARTS = ("9874", "1228-9")

pytestmark = pytest.mark.usefixtures("built_front_end")


def pdf(text: str = "Människohandel", *, title: str = "Manual", author: str = "") -> bytes:
    source = f'#set document(title: "{title}", author: "{author}")\n{text}\n#pagebreak()\nSida två'
    made = typst.compile(source.encode())
    assert isinstance(made, bytes)
    return made


def word(text: str = "Människohandel", *, title: str = "Manual", subject: str = "") -> bytes:
    document = docx.Document()
    document.core_properties.title, document.core_properties.subject = title, subject
    document.core_properties.author = "Anna Berg"
    document.add_paragraph(text)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def upload(client: Browser, content: bytes, name: str = "fil.txt", **more: str) -> TestResponse:
    form: dict[str, Any] = {
        "file": FileStorage(io.BytesIO(content), name), "title": "Material", "group": "natverket", "kind": "manual",
        "csrf_token": client.csrf, **more,
    }  # fmt: skip
    boundary, body = encode_multipart(form)
    return client.post("/library/upload", data=body, content_type=f"multipart/form-data; boundary={boundary}")


def added(client: Browser, content: bytes, name: str = "fil.txt", **more: str) -> str:
    """Upload a file and let the worker read it; the address of its page."""
    answer = upload(client, content, name, **more)
    assert answer.status_code == 302, answer.text
    outbox.run_all()
    return answer.headers["Location"]


def kept(app: Edge) -> list[str]:
    """The names of all stored contents but the pictures that are drawn of them."""
    db.rollback()
    root: Path = app.config["SETTINGS"].data_dir / "files"
    drawn = sa.select(ResourceVersion.thumbnail_sha256, ResourceVersion.picture_sha256, ResourceVersion.pdf_sha256)
    pictures = {sha256 for row in db.session.execute(drawn) for sha256 in row}
    return sorted({path.name for path in root.rglob("*") if path.is_file()} - pictures)


def states() -> list[FileState]:
    db.rollback()
    return list(db.session.scalars(sa.select(Resource.state).order_by(Resource.id)))


# --- in and out ---------------------------------------------------------------------------------------------------------


def test_a_file_comes_in_is_read_and_found(app: Edge, network: Network, sign_in: Sign) -> None:
    member, convener = sign_in(network.member), sign_in(network.convener)
    content = pdf("Om människohandel i Örebro")
    where = added(
        member,
        content,
        "manual.pdf",
        title="Metodstöd",
        publisher="Jämställdhetsmyndigheten",
        published_on="2025-03-01",
    )
    page = convener.get(where)
    assert page.status_code == 200
    for text in ("Metodstöd", "Jämställdhetsmyndigheten", "Om människohandel i Örebro", "manual.pdf"):
        assert text in page.text
    assert "Metodstöd" in convener.get("/library").text
    assert "Metodstöd" in convener.get("/library?q=örebro").text
    assert "Metodstöd" in convener.get("/search?q=människohandel").text
    answer = convener.get(f"{where}/file")
    assert answer.data == content
    assert answer.mimetype == "application/pdf"
    assert kept(app) == [db.session.scalars(sa.select(ResourceVersion.sha256)).one()]


def test_only_the_one_who_added_it_sees_it_before_it_is_read(network: Network, sign_in: Sign) -> None:
    member, convener = sign_in(network.member), sign_in(network.convener)
    where = upload(member, b"Text om stormk\xc3\xb6k", title="Nytt").headers["Location"]
    assert member.get(where).status_code == 200
    assert member.get(f"{where}/file").status_code == 404
    assert convener.get(where).status_code == 404
    assert "Nytt" not in convener.get("/library").text
    outbox.run_all()
    assert convener.get(where).status_code == 200


def test_strangers_and_observers_add_nothing(network: Network, sign_in: Sign) -> None:
    assert upload(sign_in(network.outsider), b"Text").status_code == 403
    assert upload(sign_in(network.observer), b"Text").status_code == 403
    assert upload(sign_in(network.member), b"Text", group="slutna").status_code == 422, "not a group of hers"
    assert states() == []


def test_s35_what_is_sent_is_an_attachment_in_a_sandbox(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    where = added(member, b"<!doctype html><title>Sida</title><p>Text<script>alert(1)</script>", "sida.html")
    answer = member.get(f"{where}/file")
    assert answer.headers["Content-Disposition"] == "attachment; filename=sida.html"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    page = member.get(where).text
    assert "<script>alert" not in page


def test_s35_the_files_lie_under_random_names_outside_the_web_root(app: Edge, network: Network, sign_in: Sign) -> None:
    added(sign_in(network.member), b"Text om allt", "hemligt-namn.txt")
    (name,) = kept(app)
    assert len(name) == 64
    assert not (app.config["SETTINGS"].data_dir / "files").is_relative_to(Path(app.static_folder or "/x"))
    assert app.test_client().get(f"/files/{name[:2]}/{name}").status_code == 404


NAMES = {
    "../../etc/passwd.txt": "passwd.txt",
    "..\\..\\windows\\system.txt": "system.txt",
    "/etc/cron.d/x.txt": "x.txt",
    "a\r\nSet-Cookie: x=y.txt": "aSet-Cookie: x=y.txt",
    "a\nb\tc.txt": "abc.txt",
    'citat"tecken.txt': 'citat"tecken.txt',
    "semi;kolon.txt": "semi;kolon.txt",
    "\N{RIGHT-TO-LEFT OVERRIDE}txt.exe.txt": "txt.exe.txt",
    "pdf\N{RIGHT-TO-LEFT ISOLATE}x\N{ZERO WIDTH SPACE}.txt": "pdfx.txt",
    "å ä ö é.txt": "å ä ö é.txt",
    "o\N{COMBINING DIAERESIS}.txt": "ö.txt",
    ".txt": "fil.txt",
    "  . .txt": "fil.txt",
    "x" * 400 + ".txt": "x" * 197 + ".txt",
    "🧭.txt": "🧭.txt",
    "a%00b%2f.txt": "a%00b%2f.txt",
    "~root.txt": "~root.txt",
}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_s35_any_name_is_stored_and_sent_safely(network: Network, sign_in: Sign, name: str) -> None:
    member = sign_in(network.member)
    group, by = network.group, network.member
    resource = actions.add_resource(
        group, title="Material", kind=ResourceKind.OTHER, publisher="", published_on=None, file_name=name,
        stored=files.store(io.BytesIO(b"Text om allt"), limit=100), by=by,
    )  # fmt: skip
    db.commit()
    number = resource.id
    outbox.run_all()
    assert db.session.scalars(sa.select(ResourceVersion.file_name)).one() == NAMES[name]
    answer = member.get(f"/resources/{number}/file")
    assert answer.status_code == 200
    kind, options = parse_options_header(answer.headers["Content-Disposition"])
    assert kind == "attachment"
    assert options["filename"] == NAMES[name]
    assert "Set-Cookie" not in answer.headers
    assert "\n" not in answer.headers["Content-Disposition"]


# --- what is stopped --------------------------------------------------------------------------------------------------------


WITH_NUMBER: dict[str, tuple[str, Callable[[], bytes]]] = {
    "pdf text": ("a.pdf", lambda: pdf(f"Född {NUMBER} i Örebro")),
    "pdf title": ("a.pdf", lambda: pdf(title=f"Om {NUMBER}")),
    "pdf author": ("a.pdf", lambda: pdf(author=NUMBER)),
    "word text": ("a.docx", lambda: word(f"Född {NUMBER}")),
    "word properties": ("a.docx", lambda: word(subject=f"Om {NUMBER}")),
    "text": ("a.txt", lambda: f"Rad ett\nFödd {NUMBER}\n".encode()),
    "html": (
        "a.html",
        lambda: f"<!doctype html><html><body><p>{NUMBER[:6]}<b>-{NUMBER[7:]}</b></p></body></html>".encode(),
    ),
    "sheet": ("a.xlsx", lambda: sheet(NUMBER)),
}


def sheet(text: str) -> bytes:
    book = openpyxl.Workbook()
    book.create_sheet("Data")["B2"] = text
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("case", WITH_NUMBER)
def test_s33_a_file_with_a_personal_identity_number_is_not_kept(
    app: Edge, network: Network, sign_in: Sign, case: str
) -> None:
    name, make = WITH_NUMBER[case]
    member, convener = sign_in(network.member), sign_in(network.convener)
    where = added(member, make(), name)
    assert states() == [FileState.STOPPED]
    assert kept(app) == [], "the content is gone from the disk"
    page = member.get(where).text
    assert "personnummer" in page.lower()
    assert not any(part in page for part in MASKED_PARTS)
    assert convener.get(where).status_code == 404
    assert member.get(f"{where}/file").status_code == 404
    assert db.session.scalar(sa.select(sa.func.count(ResourcePage.id))) == 0
    stored = repr(db.session.execute(sa.select(ResourceVersion.finds, ResourceVersion.reason)).all())
    stored += repr([entry.details for entry in db.session.scalars(sa.select(AuditEntry))])
    assert not any(part in stored for part in MASKED_PARTS)


def test_s33_the_place_is_shown(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    source = "Ett\n#pagebreak()\nTvå\n#pagebreak()\n" + f"Född {NUMBER}"
    content = typst.compile(source.encode())
    assert isinstance(content, bytes)
    where = added(member, content, "a.pdf")
    finds = db.session.scalars(sa.select(ResourceVersion.finds)).one()
    assert [find["page"] for find in finds] == [3]
    assert "sida 3" in member.get(where).text.lower()


@pytest.mark.parametrize("field", ["title", "publisher", "file"])
def test_s33_words_around_the_file_are_read_too(app: Edge, network: Network, sign_in: Sign, field: str) -> None:
    member = sign_in(network.member)
    name = f"{NUMBER}.txt" if field == "file" else "a.txt"
    more = {field: f"Om {NUMBER}"} if field != "file" else {}
    answer = upload(member, b"Text utan nummer", name, **more)
    assert answer.status_code == 422
    assert (states(), kept(app)) == ([], [])
    if field != "file":
        assert f"Om {NUMBER}" in answer.text, "what was filled in stays in the form"


def test_phone_numbers_in_a_file_are_listed_and_do_not_stop_it(network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    where = added(member, b"Ring 070-174 06 58 eller skriv till anna@example.org")
    assert states() == [FileState.READY]
    finds = db.session.scalars(sa.select(ResourceVersion.finds)).one()
    assert {find["kind"] for find in finds} == {"phone", "email"}
    assert "174 06 58" not in repr(finds)
    assert member.get(where).status_code == 200


def encrypted() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    writer.encrypt("hemligt", algorithm="AES-256")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


BAD: dict[str, tuple[str, Callable[[], bytes], str | None]] = {
    "mislabelled": ("a.pdf", word, "mislabelled"),
    "a program": ("a.txt", lambda: b"\x7fELF" + bytes(2000), "mislabelled"),
    "unknown": ("a.exe", lambda: b"MZ" + bytes(2000), "unknown_type"),
    "no ending": ("manual", lambda: b"Text", "unknown_type"),
    "encrypted": ("a.pdf", encrypted, "encrypted"),
    "broken": ("a.pdf", lambda: pdf()[:300], "broken"),
    "half a package": ("a.docx", lambda: word()[:2000], None),
    "garbage": ("a.pdf", lambda: b"%PDF-1.7\n" + b"\xff" * 3000, "broken"),
}


@pytest.mark.parametrize("case", BAD)
def test_s34_what_cannot_be_read_is_said_and_not_kept(app: Edge, network: Network, sign_in: Sign, case: str) -> None:
    name, make, reason = BAD[case]
    member, convener = sign_in(network.member), sign_in(network.convener)
    where = added(member, make(), name)
    assert states() == [FileState.UNREADABLE]
    assert kept(app) == []
    given = db.session.scalars(sa.select(ResourceVersion.reason)).one()
    assert given == reason or reason is None
    page = member.get(where)
    assert page.status_code == 200
    assert 'class="notice' in page.text
    assert convener.get(where).status_code == 404
    assert "Material" not in convener.get("/library").text


def test_an_empty_file_and_no_file_are_refused_at_once(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    assert upload(member, b"").status_code == 422
    form = {"title": "Material", "group": "natverket", "kind": "manual", "csrf_token": member.csrf}
    answer = member.post("/library/upload", data=form, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert (states(), kept(app)) == ([], [])


# --- the same thing twice ------------------------------------------------------------------------------------------------------


def test_the_same_content_is_in_a_group_once(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    added(member, b"Samma text", title="Den f\xc3\xb6rsta".encode().decode("latin-1"))
    answer = upload(member, b"Samma text", "annat.txt", title="Den andra")
    assert answer.status_code == 422
    assert len(states()) == len(kept(app)) == 1
    convener = sign_in(network.convener)
    added(convener, b"Samma text", group="slutna")
    assert len(states()) == 2, "another group may have it"
    assert len(kept(app)) == 1


def test_what_was_refused_may_be_tried_again(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    for _ in range(2):
        added(member, f"Född {NUMBER}".encode())
    assert states() == [FileState.STOPPED] * 2
    assert kept(app) == []


def test_a_refused_file_does_not_take_the_content_of_another(app: Edge, network: Network, sign_in: Sign) -> None:
    convener = sign_in(network.convener)
    added(convener, b"Samma text", group="slutna")
    answer = upload(convener, b"Samma text", title=f"Om {NUMBER}")
    assert answer.status_code == 422
    assert len(kept(app)) == 1


def test_two_uploads_of_the_same_file_at_once(app: Edge, network: Network, sign_in: Sign) -> None:
    clients = [sign_in(person) for person in (network.member, network.convener, network.secretary, network.member)]
    db.session.remove()
    answers: list[int] = []
    start = threading.Barrier(len(clients))

    def send(client: Browser) -> None:
        start.wait()
        answers.append(upload(client, b"Samma text" * 1000).status_code)

    senders = [threading.Thread(target=send, args=(client,)) for client in clients]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(answers) == [302, 422, 422, 422]
    outbox.run_all()
    assert states() == [FileState.READY]
    assert len(kept(app)) == 1


def test_one_is_refused_while_another_adds_the_same(app: Edge, network: Network, sign_in: Sign) -> None:
    """Whoever wins: no row stands without its content."""
    good, bad = sign_in(network.convener), sign_in(network.member)
    db.session.remove()
    for number in range(6):
        content = f"Text nummer {number}".encode() * 500
        answers: dict[str, int] = {}
        start = threading.Barrier(2)

        def send(name: str, client: Browser, title: str, content: bytes = content) -> None:
            start.wait()  # noqa: B023  # each round waits for its own
            answers[name] = upload(client, content, title=title).status_code  # noqa: B023

        senders = [
            threading.Thread(target=send, args=("good", good, "Material")),
            threading.Thread(target=send, args=("bad", bad, f"Om {NUMBER}")),
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert answers["bad"] == 422
        assert answers["good"] in {302, 503}
    db.rollback()
    for version in db.session.scalars(sa.select(ResourceVersion)):
        assert files.path_of(version.sha256).exists()


def test_a_crash_between_file_and_row_leaves_no_row(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    stored = files.store(io.BytesIO(b"Text om allt"), limit=100)  # and here the process ends
    assert (states(), kept(app)) == ([], [stored.sha256])
    assert "Material" not in member.get("/library").text
    added(member, b"Text om allt")
    assert states() == [FileState.READY]
    assert kept(app) == [stored.sha256]


def test_a_crash_while_it_is_read_is_made_good(app: Edge, network: Network, sign_in: Sign) -> None:
    member = sign_in(network.member)
    upload(member, b"Text om allt")
    number = db.session.scalars(sa.select(ResourceVersion.id)).one()
    db.pause()
    actions.read_added_file(version_id=number)
    db.rollback()  # here the worker ends
    assert states() == [FileState.CHECKING]
    outbox.run_all()
    assert states() == [FileState.READY]
    actions.read_added_file(version_id=number)
    db.commit()
    assert db.session.scalar(sa.select(sa.func.count(ResourcePage.id))) == 1


# --- reads of sensitive things ----------------------------------------------------------------------------------------------------


def test_s42_reading_and_fetching_sensitive_material_is_noted(network: Network, sign_in: Sign) -> None:
    number = factories.resource(network.closed, network.convener).id
    db.commit()
    client = sign_in(network.secretary)
    client.get(f"/resources/{number}")
    client.get(f"/resources/{number}/file")
    db.rollback()
    noted = db.session.execute(
        sa.select(AuditEntry.action, AuditEntry.person_id, AuditEntry.object_id)
        .where(AuditEntry.object_type == "resource")
        .order_by(AuditEntry.id)
    ).all()
    assert [tuple(row) for row in noted] == [
        ("resource_read", network.secretary.id, number),
        ("resource_downloaded", network.secretary.id, number),
    ]


# --- narrowing and going on -----------------------------------------------------------------------------------------------------------


def test_facets_count_and_pages_go_on(network: Network, sign_in: Sign) -> None:
    for number in range(25):
        made = factories.resource(network.group, network.convener, f"Material {number}", f"text {number}")
        made.kind = ResourceKind.MANUAL if number % 2 else ResourceKind.CHECKLIST
        made.publisher = "Polisen" if number < 5 else ""
    db.commit()
    outbox.run_all()
    client = sign_in(network.member)
    first = client.get("/library").text
    assert first.count('class="result"') == 20
    assert "Gäller nu" not in first, "a facet in which all are alike tells nothing"
    last = db.session.scalars(
        sa.select(Resource).order_by(Resource.changed_at.desc(), Resource.id.desc()).offset(19).limit(1)
    ).one()
    second = client.get(f"/library?before={last.id}").text
    assert second.count('class="result"') == 5
    assert client.get("/library?kind=manual").text.count('class="result"') == 12
    assert client.get("/library?publisher=Polisen").text.count('class="result"') == 5
    assert client.get("/library?kind=unheard_of&publisher=Ingen").text.count('class="result"') == 0


# --- the command ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four good files in folders, two copies, and five that are refused."""
    made = tmp_path / "material"
    (made / "under" / "djupare").mkdir(parents=True)
    (made / "ett.txt").write_text("Text om stormkök")
    (made / "under" / "två.md").write_text("# Rubrik\n\nText om spritkök")
    (made / "under" / "djupare" / "tre.pdf").write_bytes(pdf("Text om fältkök", title="Handbok för kök"))
    (made / "fyra.docx").write_bytes(word("Text om tältkök", title=""))
    (made / "kopia.txt").write_text("Text om stormkök")
    (made / "under" / "kopia av två.md").write_text("# Rubrik\n\nText om spritkök")
    (made / "nummer.txt").write_text(f"Född {NUMBER}")
    (made / f"{NUMBER}.txt").write_text("Text utan nummer")
    (made / "tom.txt").write_text("")
    (made / "program.exe").write_bytes(b"MZ" + bytes(100))
    (made / "trasig.pdf").write_bytes(b"%PDF-1.7\n" + b"\xff" * 100)
    (made / "länk.txt").symlink_to("/etc/passwd")
    return made


def run_import(app: Edge, folder: Path, person: Person, slug: str = "natverket") -> Any:
    return commands.run(app, "library", "import", str(folder), "--group", slug, "--by", person.email)


def test_a_folder_comes_in(app: Edge, network: Network, folder: Path) -> None:
    done = run_import(app, folder, network.member)
    assert done.exit_code == 1
    assert "4 imported, 2 already there, 5 refused." in done.output
    for name in ("nummer.txt: ", f"{NUMBER}.txt: ", "tom.txt: ", "program.exe: ", "trasig.pdf: "):
        assert name in done.output
    assert "länk.txt: a symbolic link, not followed" in done.output
    assert states() == [FileState.READY] * 4
    assert len(kept(app)) == 4
    rows = db.session.execute(sa.select(Resource.title, Resource.created_by_id, Resource.organisation_id)).all()
    assert {row.title for row in rows} == {"Ett", "Rubrik", "Handbok för kök", "Fyra"}
    assert {(row.created_by_id, row.organisation_id) for row in rows} == {(network.member.id, network.ngo.id)}


def test_what_came_in_is_found(app: Edge, network: Network, sign_in: Sign, folder: Path) -> None:
    run_import(app, folder, network.member)
    outbox.run_all()
    client = sign_in(network.convener)
    for query in ("stormkök", "spritkök", "fältkök", "tältkök", "handbok"):
        assert client.get(f"/library?q={query}").text.count('class="result"') == 1, query
    assert sign_in(network.outsider).get("/library?q=stormkök").text.count('class="result"') == 0


def test_a_folder_can_be_taken_again(app: Edge, network: Network, folder: Path) -> None:
    run_import(app, folder, network.member)
    (folder / "nytt.txt").write_text("Text om nytt")
    done = run_import(app, folder, network.convener)
    assert "1 imported, 6 already there, 5 refused." in done.output
    assert len(states()) == len(kept(app)) == 5


def test_a_folder_without_faults_ends_well(app: Edge, network: Network, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Text")
    done = run_import(app, tmp_path, network.member)
    assert (done.exit_code, "1 imported, 0 already there, 0 refused." in done.output) == (0, True)


def test_a_crash_in_the_middle_loses_nothing(app: Edge, network: Network, folder: Path) -> None:
    group, by = network.group, network.member
    db.pause()
    actions.import_file(group, folder / "ett.txt", kind=ResourceKind.OTHER, limit=10_000, by=by)
    db.commit()
    db.pause()
    actions.import_file(group, folder / "under" / "två.md", kind=ResourceKind.OTHER, limit=10_000, by=by)
    db.rollback()  # here the process ends
    assert len(states()) == 1
    assert "3 imported, 3 already there, 5 refused." in run_import(app, folder, network.member).output


@pytest.mark.parametrize("who", ["observer", "outsider", "admin"])
def test_only_who_may_write_may_import(app: Edge, network: Network, tmp_path: Path, who: str) -> None:
    (tmp_path / "a.txt").write_text("Text")
    done = run_import(app, tmp_path, getattr(network, who))
    assert done.exit_code == 2
    assert "may not add material" in done.output
    assert states() == []


def test_unknown_groups_people_and_folders(app: Edge, network: Network, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Text")
    hidden, missing = (
        run_import(app, tmp_path, network.member, "slutna"),
        run_import(app, tmp_path, network.member, "finns-ej"),
    )
    assert (hidden.exit_code, missing.exit_code) == (2, 2)
    assert hidden.output.replace("slutna", "") == missing.output.replace("finns-ej", "")
    nobody = commands.run(app, "library", "import", str(tmp_path), "--group", "natverket", "--by", "ingen@example.org")
    assert nobody.exit_code == 2
    assert run_import(app, tmp_path / "missing", network.member).exit_code == 2
    assert states() == []


def test_odd_names_in_a_folder(app: Edge, network: Network, tmp_path: Path) -> None:
    names = [
        b"\xff\xfe.txt",
        "å\nrad.txt".encode(),
        "\N{RIGHT-TO-LEFT OVERRIDE}abc.txt".encode(),
        b" .txt",
        b"x" * 240 + b".txt",
    ]
    for number, name in enumerate(names):
        with open(bytes(tmp_path) + b"/" + name, "wb") as file:  # a name that is no text
            file.write(b"Text nummer %d" % number)
    (tmp_path / "trasig.pdf").write_bytes(b"skr\xe4p" * 10)
    with contextlib.suppress(OSError):
        (tmp_path / "\udcff.exe").write_bytes(b"MZ")
    done = run_import(app, tmp_path, network.member)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "5 imported" in done.output
    stored = db.session.scalars(sa.select(ResourceVersion.file_name)).all()
    assert not any(char in name for name in stored for char in "\n\N{RIGHT-TO-LEFT OVERRIDE}\udcff")


def test_a_title_from_a_file_may_hold_anything(app: Edge, network: Network, tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    writer.add_metadata({"/Title": "Om\x00 kök \N{RIGHT-TO-LEFT OVERRIDE}och\nannat"})
    writer.write(tmp_path / "a.pdf")
    done = run_import(app, tmp_path, network.member)
    assert "1 imported" in done.output, done.output
    title = db.session.scalars(sa.select(Resource.title)).one()
    assert not any(char in title for char in "\x00\n\N{RIGHT-TO-LEFT OVERRIDE}")


def test_too_large_a_file_is_one_of_the_refused(app: Edge, network: Network, tmp_path: Path) -> None:
    (tmp_path / "stor.txt").write_bytes(b"x" * (app.config["SETTINGS"].max_upload_bytes + 1))
    (tmp_path / "liten.txt").write_text("Text")
    done = run_import(app, tmp_path, network.member)
    assert "1 imported, 0 already there, 1 refused." in done.output
    assert len(kept(app)) == 1


# --- what a failure leaves behind -----------------------------------------------------------------------------------------


def aged(path: Path, hours: float) -> Path:
    at = time.time() - hours * 3600
    os.utime(path, (at, at))
    return path


def test_contents_that_nothing_refers_to_are_swept_away_after_a_day(app: Edge, network: Network) -> None:
    ready = factories.resource(network.group, network.member, text="det som finns kvar").current.sha256
    db.commit()
    contents = [files.store(io.BytesIO(text), limit=100).sha256 for text in (b"gammal", b"ny", b"kommer igen")]
    incoming = files.path_of(ready).parent.parent / "incoming"
    half, arriving = incoming / "half-1", incoming / "half-2"
    half.write_bytes(b"x")
    arriving.write_bytes(b"x")
    for path, hours in [(files.path_of(ready), 99.0), (half, 25.0), (arriving, 23.0),
                        *zip(map(files.path_of, contents), (25.0, 23.0, 99.0), strict=True)]:  # fmt: skip
        aged(path, hours)
    files.store(io.BytesIO(b"kommer igen"), limit=100)  # somebody adds it at this moment
    actions.sweep_files()
    db.commit()
    assert kept(app) == sorted(["half-2", ready, contents[1], contents[2]])


def test_a_content_whose_transaction_failed_is_swept_away(
    app: Edge, network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OSError("the disk is full")

    member = sign_in(network.member)
    with monkeypatch.context() as patch:
        patch.setattr(db, "commit", fail)
        assert upload(member, b"Text").status_code == 503
    (name,) = kept(app)
    aged(files.path_of(name), 25)
    actions.sweep_files()
    assert kept(app) == []


def test_many_contents_are_swept_without_a_lock_for_each(app: Edge, network: Network) -> None:
    """All pictures made anew leave tens of thousands; PostgreSQL has room for a few thousand locks in a transaction."""
    db.rollback()
    for number in range(5):
        aged(files.path_of(files.store(io.BytesIO(b"%d" % number), limit=10).sha256), 25)
    actions.sweep_files()
    if db.engine().dialect.name == "postgresql":
        held = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert db.session.scalar(held) == 0
    assert kept(app) == []


def test_nobody_waits_while_an_import_copies_a_file(
    app: Edge, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("Text om allt")
    before = files.store
    open_ones: list[bool] = []

    def note(stream: BinaryIO, *, limit: int) -> files.Stored:
        open_ones.append(db.session().in_transaction())
        return before(stream, limit=limit)

    monkeypatch.setattr(files, "store", note)
    done = commands.run(app, "library", "import", str(tmp_path), "--group", "natverket", "--by", network.member.email)
    assert (done.exit_code, open_ones) == (0, [False]), done.output


def test_markdown_is_parsed_before_a_transaction_is_open_and_only_so_much_of_it(
    network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bool] = []
    before = markup.plain

    def note(text: str) -> str:
        parsed.append(db.session().in_transaction())
        return before(text)

    monkeypatch.setattr(markup, "plain", note)
    monkeypatch.setattr(reading, "LONGEST_MARKDOWN", 40)
    member = sign_in(network.member)
    added(member, b"# Kort\n\nEn **fet** text", "kort.md")
    added(member, b"# Lang\n\nEn **fet** text" + b" ord" * 20, "lang.md")
    assert parsed == [False]
    assert [text[:5] for text in db.session.scalars(sa.select(ResourcePage.text).order_by(ResourcePage.id))] == [
        "Kort\n",
        "# Lan",
    ]
