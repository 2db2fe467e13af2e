"""Newcomers and accounts of one's own organisation."""

from __future__ import annotations

from portal import db
from portal.people.models import PersonStatus
from tests import factories
from tests.conftest import Sign
from tests.factories import Network


def test_a_newcomer_waits_on_the_administrators_start_page(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    newcomer = factories.person(network.authority, "Ny Ansökt", status=PersonStatus.PENDING)
    db.commit()
    page = sign_in(network.admin).get("/").text
    assert "Ny Ansökt" in page
    assert "Inte en adress hos organisationen" not in page
    newcomer.email = "ny@annan.example"
    db.commit()
    assert "Inte en adress hos organisationen" in sign_in(network.admin).get("/").text, (
        "whoever decides sees it at once"
    )
    assert "Ny Ansökt" not in sign_in(network.convener).get("/").text
    client = sign_in(network.admin)
    client.post(f"/people/{newcomer.id}/approval", data={"csrf_token": client.csrf})
    db.session.expire_all()
    assert newcomer.status is PersonStatus.ACTIVE


def test_a_closed_account_can_be_opened_again(network: Network, sign_in: Sign, built_front_end: object) -> None:
    client = sign_in(network.admin)
    for path, status in (("closing", PersonStatus.DISABLED), ("approval", PersonStatus.ACTIVE)):
        answer = client.post(f"/people/{network.convener.id}/{path}", data={"csrf_token": client.csrf})
        db.session.expire_all()
        assert (answer.status_code, network.convener.status) == (302, status)
    again = client.post(f"/people/{network.convener.id}/approval", data={"csrf_token": client.csrf})
    assert again.status_code == 409


def test_a_title_of_blanks_is_none(network: Network, sign_in: Sign, built_front_end: object) -> None:
    client = sign_in(network.convener)
    form = {"title": " \t ", "kind": "discussion", "body": "Text", "client_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12}
    answer = client.post(f"/groups/{network.group.slug}/threads/new", data=form | {"csrf_token": client.csrf})
    assert answer.status_code == 422
    assert "Skriv en rubrik." in answer.text
