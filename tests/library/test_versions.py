"""New versions: the earlier one stays in force until the new one has been read, and for good if it is refused."""

from __future__ import annotations

import io
import threading

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from portal import db, outbox
from portal.library.models import FileState, Resource, ResourceVersion
from portal.notifications.models import Notice
from portal.web import Edge
from tests import factories
from tests.conftest import Browser, Sign
from tests.factories import Network
from tests.library.test_library import NUMBER, kept, upload

pytestmark = pytest.mark.usefixtures("built_front_end")


def send(client: Browser, resource_id: int, content: bytes, name: str = "ny.txt", **more: str) -> TestResponse:
    form = {
        "file": FileStorage(io.BytesIO(content), name),
        "note": "Nya telefonnummer",
        "csrf_token": client.csrf,
        **more,
    }
    boundary, body = encode_multipart(form)
    return client.post(
        f"/resources/{resource_id}/versions", data=body, content_type=f"multipart/form-data; boundary={boundary}"
    )


@pytest.fixture
def number(network: Network) -> int:
    """A material of the member's."""
    made = factories.resource(network.group, network.member, text="gammal text om stormkök")
    db.commit()
    return made.id


def current(number: int) -> int:
    db.rollback()
    return db.session.get_one(Resource, number).current.number


def test_a_new_version_comes_into_force_when_it_has_been_read(network: Network, sign_in: Sign, number: int) -> None:
    member, convener = sign_in(network.member), sign_in(network.convener)
    assert send(member, number, b"ny text om spritkok").status_code == 302
    assert current(number) == 1
    assert convener.get(f"/resources/{number}/file").data == "gammal text om stormkök".encode()
    assert "Nya telefonnummer" not in sign_in(network.observer).get(f"/resources/{number}/versions").text
    outbox.run_all()
    assert current(number) == 2
    assert convener.get(f"/resources/{number}/file").data == b"ny text om spritkok"
    assert convener.get("/library?q=spritkok").text.count('class="result"') == 1
    assert convener.get("/library?q=stormkök").text.count('class="result"') == 0
    page = sign_in(network.observer).get(f"/resources/{number}/versions").text
    assert "Nya telefonnummer" in page
    assert "data-resumable" not in page, "an observer adds none"


def test_an_older_version_can_still_be_fetched(network: Network, sign_in: Sign, number: int) -> None:
    member = sign_in(network.member)
    send(member, number, b"ny text")
    outbox.run_all()
    answer = member.get(f"/resources/{number}/versions/1/file")
    assert answer.data == "gammal text om stormkök".encode()
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert member.get(f"/resources/{number}/versions/3/file").status_code == 404
    assert sign_in(network.outsider).get(f"/resources/{number}/versions/1/file").status_code == 404


@pytest.mark.parametrize(
    ("content", "name"), [(f"Född {NUMBER}".encode(), "ny.txt"), (b"%PDF-1.7\n" + b"\xff" * 300, "ny.pdf")]
)
def test_a_refused_version_leaves_the_old_in_force(
    app: Edge, network: Network, sign_in: Sign, number: int, content: bytes, name: str
) -> None:
    member = sign_in(network.member)
    assert send(member, number, content, name).status_code == 302
    outbox.run_all()
    assert current(number) == 1
    assert db.session.get_one(Resource, number).state is FileState.READY
    assert len(kept(app)) == 1
    notice = db.session.scalars(sa.select(Notice)).one()
    assert (notice.kind, notice.person_id, notice.path) == (
        "file_refused",
        network.member.id,
        f"/resources/{number}/versions",
    )
    assert "tag-bad" in member.get(f"/resources/{number}/versions").text
    assert "tag-bad" not in sign_in(network.observer).get(f"/resources/{number}/versions").text
    assert "Material" in member.get("/notices").text
    assert member.get(f"/resources/{number}/versions/2/file").status_code == 404


@pytest.mark.parametrize(("who", "status"), [("member", 302), ("convener", 302), ("secretary", 302), ("observer", 403),
                                             ("outsider", 404), ("admin", 404)])  # fmt: skip
def test_who_may(network: Network, sign_in: Sign, number: int, who: str, status: int) -> None:
    assert send(sign_in(getattr(network, who)), number, b"ny text").status_code == status


def test_the_same_file_is_no_new_version(app: Edge, network: Network, sign_in: Sign, number: int) -> None:
    member = sign_in(network.member)
    answer = send(member, number, "gammal text om stormkök".encode())
    assert answer.status_code == 422
    other = factories.resource(network.group, network.member, "Den andra", "annan text")
    db.commit()
    answer = send(member, number, b"annan text")
    assert (answer.status_code, "Den andra" in answer.text) == (422, True)
    assert other.title == "Den andra"
    assert len(kept(app)) == 2


def test_an_earlier_version_counts_again(app: Edge, network: Network, sign_in: Sign, number: int) -> None:
    member, observer = sign_in(network.member), sign_in(network.observer)
    compared = f'href="/resources/{number}/comparison"'
    assert compared not in member.get(f"/resources/{number}/versions").text
    send(member, number, b"ny text om spritkok")
    outbox.run_all()
    assert compared in member.get(f"/resources/{number}/versions").text
    where, page = f"/resources/{number}/versions/1/restoration", f"/resources/{number}/versions"
    answer = send(member, number, "gammal text om stormkök".encode())
    assert answer.status_code == 422
    assert where in answer.text, "the refusal stands above the button that does what was meant"
    assert where not in observer.get(page).text
    assert observer.post(where, data={"csrf_token": observer.csrf}).status_code == 403
    assert member.post(where, data={"csrf_token": member.csrf}).status_code == 302
    assert member.post(where, data={"csrf_token": member.csrf}).status_code == 409, "once is enough"
    outbox.run_all()
    assert current(number) == 3
    assert member.get(f"/resources/{number}/file").data == "gammal text om stormkök".encode()
    assert member.get("/library?q=stormkök").text.count('class="result"') == 1
    assert "Version 1" in db.session.scalars(sa.select(ResourceVersion.note).where(ResourceVersion.number == 3)).one()
    assert len(kept(app)) == 2
    for wrong in (3, 9):
        status = member.post(f"/resources/{number}/versions/{wrong}/restoration", data={"csrf_token": member.csrf})
        assert status.status_code == (409 if wrong == 3 else 404)


def test_s33_the_note_is_read_by_the_guard(app: Edge, network: Network, sign_in: Sign, number: int) -> None:
    member = sign_in(network.member)
    answer = send(member, number, b"ny text", note=f"Om {NUMBER}")
    assert answer.status_code == 422
    assert "data-guard" in answer.text
    assert len(kept(app)) == 1
    assert send(member, number, b"ny text", name=f"{NUMBER}.txt").status_code == 422
    assert send(member, number, b"ny text", note="x" * 301).status_code == 422
    assert send(member, number, b"").status_code == 422


def test_two_versions_at_once_have_two_numbers(network: Network, sign_in: Sign, number: int) -> None:
    clients = [sign_in(person) for person in (network.member, network.convener, network.secretary)]
    db.session.remove()
    start = threading.Barrier(3)
    answers: list[int] = []

    def one(client: Browser, content: bytes) -> None:
        start.wait()
        answers.append(send(client, number, content).status_code)

    senders = [threading.Thread(target=one, args=(client, b"ny text %d" % n)) for n, client in enumerate(clients)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert answers == [302] * 3
    outbox.run_all()
    db.rollback()
    found = db.session.scalars(sa.select(ResourceVersion.number).order_by(ResourceVersion.number)).all()
    assert list(found) == [1, 2, 3, 4]
    assert current(number) == 4


def test_a_refused_first_version_is_told(network: Network, sign_in: Sign) -> None:
    upload(sign_in(network.member), f"Född {NUMBER}".encode())
    outbox.run_all()
    db.rollback()
    path = db.session.scalars(sa.select(Notice.path)).one()
    assert path == f"/resources/{db.session.scalars(sa.select(Resource.id)).one()}"
