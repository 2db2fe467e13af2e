"""Sharing and moving: one action each, nothing copied, the classes' rules; who reads, who fetched, where it is used."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from portal import db
from portal.audit import AuditEntry
from portal.library.material.compare import compare
from portal.library.material.models import ResourceDownload
from portal.library.models import FileState, Resource, ResourcePage, ResourceShare, ResourceVersion
from portal.meetings.agenda import actions as agenda
from portal.people import actions as people
from portal.people.models import Role
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network

pytestmark = pytest.mark.usefixtures("built_front_end")


@pytest.fixture
def closed(network: Network) -> Resource:
    """A material of the sensitive group, which the convener's authority owns."""
    made = factories.resource(network.closed, network.convener, "Slutet papper", "hemligheter")
    made.responsible = network.convener
    db.session.commit()
    return made


def groups_of(resource: Resource) -> list[str]:
    db.session.expire_all()
    return [share.group.slug for share in resource.shares]


def test_sharing_shows_it_to_the_group_and_unsharing_takes_it_back(
    network: Network, closed: Resource, sign_in: Sign
) -> None:
    convener, member, where = sign_in(network.convener), sign_in(network.member), f"/resources/{closed.id}"
    assert member.get(where).status_code == 404
    asked = send(convener, f"{where}/shares", group="natverket")
    assert asked.status_code == 422, "the network is more open: who shares is asked"
    assert re.search(r"4 person|4 people", asked.text), "and told how many will read it"
    assert groups_of(closed) == []
    for _twice in range(2):
        send(convener, f"{where}/shares", group="natverket", sure="y")
    assert groups_of(closed) == ["natverket"]
    page = member.get(where)
    assert page.status_code == 200
    assert "Slutna gruppen" not in page.text, "a group that she may not read is not named to her"
    assert member.get(f"{where}/file").status_code == 200
    (share,) = closed.shares
    assert send(member, f"{where}/shares/{share.id}/removal").status_code == 403
    assert send(convener, f"{where}/shares/{share.id}/removal").status_code == 302
    assert member.get(where).status_code == 404
    actions = db.session.scalars(
        sa.select(AuditEntry.action).where(AuditEntry.action.like("resource_%shared")).order_by(AuditEntry.id)
    ).all()
    assert actions == ["resource_shared", "resource_unshared"]


def test_who_leads_a_group_may_take_out_what_was_shared_with_it(
    network: Network, closed: Resource, sign_in: Sign
) -> None:
    other = factories.person(network.ngo, "Annan Ledare")
    people.add_member(network.open, other, role=Role.CONVENER, by=None)
    db.session.commit()
    where = f"/resources/{closed.id}"
    assert send(sign_in(network.convener), f"{where}/shares", group="oppna", sure="y").status_code == 302
    db.session.expire_all()
    (share,) = closed.shares
    leader = sign_in(other)
    assert leader.get(where).status_code == 200
    assert send(leader, f"{where}/shares/{share.id}/removal").status_code == 302
    assert leader.get(where).status_code == 404


@pytest.mark.parametrize("group", ["", "slutna", "finnsinte", "oppna"])
def test_only_with_other_groups_that_one_writes_in(network: Network, sign_in: Sign, group: str) -> None:
    material = factories.resource(network.group, network.member, "Lathund", "ord")
    db.session.commit()
    for act in ("shares", "move"):
        answer = send(sign_in(network.member), f"/resources/{material.id}/{act}", group=group, sure="y")
        assert answer.status_code == 409
    assert groups_of(material) == []
    assert material.group_id == network.group.id


def test_moving_changes_the_readers_and_keeps_the_shares(network: Network, sign_in: Sign) -> None:
    material = factories.resource(network.group, network.convener, "Lathund", "ord")
    material.responsible = network.convener
    material.shares.append(ResourceShare(group=network.closed, shared_by_id=network.convener.id))
    db.session.commit()
    convener, outsider, where = sign_in(network.convener), sign_in(network.outsider), f"/resources/{material.id}"
    assert outsider.get(where).status_code == 404
    assert send(convener, f"{where}/move", group="oppna").status_code == 422
    assert send(convener, f"{where}/move", group="oppna", sure="y").status_code == 302
    assert outsider.get(where).status_code == 200
    assert groups_of(material) == ["slutna"]
    assert send(convener, f"{where}/move", group="slutna").status_code == 302, "less open: no question"
    assert outsider.get(where).status_code == 404
    assert groups_of(material) == [], "it belongs there now"


def test_a_group_has_a_content_once_also_after_a_move(network: Network, closed: Resource, sign_in: Sign) -> None:
    factories.resource(network.group, network.convener, "Samma", "hemligheter")
    db.session.commit()
    answer = send(sign_in(network.convener), f"/resources/{closed.id}/move", group="natverket", sure="y")
    assert answer.status_code == 409
    assert "Samma" in answer.text


def test_the_responsible_person_who_cannot_write_there_hands_over(network: Network, sign_in: Sign) -> None:
    material = factories.resource(network.group, network.member, "Lathund", "ord")
    material.responsible = network.member
    db.session.commit()
    answer = send(sign_in(network.convener), f"/resources/{material.id}/move", group="slutna")
    assert answer.status_code == 302
    db.session.expire_all()
    assert material.responsible is network.convener


def test_who_can_read_it_is_said_in_numbers_and_why(network: Network, closed: Resource, sign_in: Sign) -> None:
    convener, where = sign_in(network.convener), f"/resources/{closed.id}"
    page = convener.get(where).text
    assert re.search(r"2 person\w* .*2 organisation", page) or re.search(r"2 people in 2 organisations", page)
    send(convener, f"{where}/shares", group="oppna", sure="y")
    everybody = sign_in(network.outsider).get(where).text
    assert re.search(r"6 p\w+ i\w? 3 organisation", everybody)
    assert "Öppna gruppen" in everybody


def test_downloads_are_counted_by_organisation_without_names(network: Network, sign_in: Sign) -> None:
    material = factories.resource(network.group, network.member, "Lathund", "ord")
    db.session.commit()
    where = f"/resources/{material.id}"
    for person in (network.member, network.convener, network.convener):
        assert sign_in(person).get(f"{where}/file").status_code == 200
    sign_in(network.convener).get(where)  # to read it is no download
    rows = db.session.execute(sa.select(ResourceDownload.organisation_id, ResourceDownload.number)).all()
    assert sorted((one.organisation_id, one.number) for one in rows) == sorted(
        {network.ngo.id: 1, network.authority.id: 2}.items()
    )
    assert "person_id" not in ResourceDownload.__table__.columns
    db.session.rollback()
    page = sign_in(network.member).get(f"{where}/downloads").text
    assert "Myndigheten" in page or "myndigheten" in page
    assert "Sam Mankallande" not in page
    assert sign_in(network.convener).get(f"{where}/downloads").status_code == 403


def test_it_says_where_it_is_used_to_those_who_may_see_the_place(network: Network, sign_in: Sign) -> None:
    material = factories.resource(network.open, network.convener, "Lathund", "ord")
    meeting = factories.meeting(network.group, network.convener, "Vårmötet")
    secret = factories.meeting(network.closed, network.convener, "Slutna mötet")
    db.session.flush()
    for one in (meeting, secret):
        agenda.add_paper(one.items[0], material, by=network.convener)
    factories.thread(
        network.group, network.member, "Länktråden", f"Se https://portal.test/resources/{material.id} om detta"
    )
    factories.thread(network.group, network.member, "Annan tråd", f"Se /resources/{material.id}9 om annat")
    factories.thread(network.closed, network.convener, "Slutna tråden", f"Se /resources/{material.id}")
    db.session.commit()
    words = ("Vårmötet", "Slutna mötet", "Länktråden", "Annan tråd", "Slutna tråden")

    def shown(person: object) -> list[str]:
        page = sign_in(person).get(f"/resources/{material.id}").text  # type: ignore[arg-type]
        return [word for word in words if word in page]

    assert shown(network.member) == ["Vårmötet", "Länktråden"]
    assert shown(network.convener) == ["Vårmötet", "Slutna mötet", "Länktråden", "Slutna tråden"]
    assert shown(network.outsider) == []


# --- versions compared --------------------------------------------------------------------------------------------------


def test_two_versions_are_compared_page_by_page(network: Network, sign_in: Sign) -> None:
    material = factories.resource(network.group, network.member, "Lathund", "Ring 020-390 000 på vardagar.")
    first = material.versions[0]
    db.session.add(
        ResourceVersion(
            resource=material, number=2, sha256=first.sha256, size=1, file_name="b.txt", media_type="text/plain", page_count=2,
            state=FileState.READY, added_by=network.member,
            pages=[ResourcePage(number=1, text="Ring 020-390 000 alla dagar."), ResourcePage(number=2, text="Ny <b>sida</b>")],
        )
    )  # fmt: skip
    db.session.commit()
    member = sign_in(network.member)
    page = member.get(f"/resources/{material.id}/comparison").text
    assert "<del>på vardagar.</del>" in page
    assert "<ins>alla dagar.</ins>" in page
    assert "<ins>Ny &lt;b&gt;sida&lt;/b&gt;</ins>" in page
    assert "<ins>" not in member.get(f"/resources/{material.id}/comparison?earlier=2&later=2").text
    for query in ("earlier=99&later=0", "earlier=x", "earlier=-1", "later=2147483648"):
        assert member.get(f"/resources/{material.id}/comparison?{query}").status_code == 200
    assert sign_in(network.outsider).get(f"/resources/{material.id}/comparison").status_code == 404


def test_long_texts_are_compared_in_reasonable_time() -> None:
    words = " ".join(f"ord{n % 97}" for n in range(9_000))
    pages, is_cut = compare([words, "a\n" * 25_000], [words[::-1], "a b\n" * 12_000])
    assert pages
    assert is_cut or len(pages) == 2
    assert compare(["a\n" * 3_000], ["a\n" * 2_999 + "b\n"])[1], (
        "what differs stands beyond the lines that are compared"
    )
    assert compare(["Samma  text\n"], ["Samma\ntext"]) == ([], False)
    assert compare([], []) == ([], False)
