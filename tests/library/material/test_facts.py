"""What a material is: changed by those who may, never over somebody else's change, with topics."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from portal import audit, db
from portal.errors import Conflict, Invalid
from portal.library.material import actions, related
from portal.library.models import Resource
from portal.people import actions as people
from portal.topics import keeping as topics
from portal.topics.models import Topic
from tests import factories
from tests.conftest import Browser, Sign, send
from tests.factories import Network

NUMBER = "811228-9874"  # Skatteverket's published test number

pytestmark = pytest.mark.usefixtures("built_front_end")


@pytest.fixture
def material(network: Network) -> Resource:
    made = factories.resource(network.group, network.member, "Lathund", "ord i filen")
    made.responsible = network.member
    db.session.commit()
    return made


def form_of(page: TestResponse) -> dict[str, str]:
    stamp = re.search(r'name="based_on" value="(\w+)"', page.text)
    assert stamp is not None
    return {
        "based_on": stamp[1],
        "title": "Lathund",
        "kind": "manual",
        "language": "sv",
        "licence": "unknown",
        "responsible": "0",
    }


def change(client: Browser, where: str, **more: Any) -> TestResponse:
    return send(client, f"{where}/edit", **{**form_of(client.get(f"{where}/edit")), **more})


def test_what_a_material_is_can_be_changed(network: Network, material: Resource, sign_in: Sign) -> None:
    db.session.add(Topic(name="Tolk", folded="tolk", is_controlled=True))
    db.session.commit()
    member, where = sign_in(network.member), f"/resources/{material.id}"
    before = material.changed_at
    answer = change(
        member, where, title="Lathund för tolk", description="När du behöver tolk.\nRing först.", kind="checklist",
        publisher="Föreningen", published_on="2025-02-03", language="ar", licence="cc_by", audiences=["police", "ngo"],
        counties=["T", "AB"], topics=["Tolk"], own_topics="Första samtalet, tolk ,  ", responsible=str(network.member.id),
        review_by="2031-01-02",
    )  # fmt: skip
    assert answer.status_code == 302, answer.text
    page = sign_in(network.convener).get(where)
    for words in (
        "Lathund för tolk",
        "När du behöver tolk.",
        "2\xa0jan\xa02031",
        "arabiska",
        "Stockholms län, Örebro län",
        "Första samtalet, Tolk",
        "Med Lem",
    ):
        assert words in page.text, words
    db.session.expire_all()
    assert material.counties == ["AB", "T"]
    assert material.changed_at > before, "the index follows"
    assert sorted(topic.folded for topic in material.topics) == ["första samtalet", "tolk"]
    entry = db.session.scalars(sa.select(audit.AuditEntry).where(audit.AuditEntry.action == "resource_changed")).one()
    assert "title" in entry.details["fields"]
    assert "Lathund" not in str(entry.details), "the log says what was changed, not to what"


def test_two_who_change_it_at_once_lose_nothing(network: Network, material: Resource, sign_in: Sign) -> None:
    member, convener, where = sign_in(network.member), sign_in(network.convener), f"/resources/{material.id}"
    mine = form_of(member.get(f"{where}/edit"))
    assert change(convener, where, title="Sammankallandes rubrik").status_code == 302
    answer = send(member, f"{where}/edit", **{**mine, "title": "Min rubrik", "description": "Min text"})
    assert answer.status_code == 409
    for words in ("Sam Mankallande", "Sammankallandes rubrik", "Min rubrik", "Min text"):
        assert words in answer.text, words
    db.session.expire_all()
    assert material.title == "Sammankallandes rubrik"
    again = {**form_of(answer), "title": "Min rubrik", "description": "Min text"}
    assert send(member, f"{where}/edit", **again).status_code == 302, "on purpose"
    db.session.expire_all()
    assert (material.title, material.description) == ("Min rubrik", "Min text")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""), ("title", "x" * 301), ("kind", "sak"), ("language", "xx"), ("licence", "stulen"), ("audiences", "alla"),
        ("counties", "Q"), ("responsible", "999999"), ("responsible", "ett"), ("review_by", "i morgon"),
        ("review_by", "9999-12-31"), ("description", "x" * 4001), ("own_topics", "x" * 81),
        ("own_topics", ",".join(f"ord {n}" for n in range(30))), ("publisher", "x" * 201),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_its_place(
    network: Network, material: Resource, sign_in: Sign, field: str, value: str
) -> None:
    where = f"/resources/{material.id}"
    answer = change(sign_in(network.member), where, **{"description": "Kvar", field: value})
    assert answer.status_code == 422
    assert "field-error" in answer.text
    assert field == "description" or "Kvar" in answer.text
    db.session.expire_all()
    assert (material.title, material.description) == ("Lathund", "")


@pytest.mark.parametrize("field", ["title", "description", "publisher", "own_topics"])
def test_s33_no_personal_number_in_any_field(network: Network, material: Resource, sign_in: Sign, field: str) -> None:
    answer = change(sign_in(network.member), f"/resources/{material.id}", **{field: f"Om {NUMBER}"})
    assert answer.status_code == 422
    assert "personnummer" in answer.text
    db.session.expire_all()
    assert (material.title, material.description, material.publisher, material.topics) == ("Lathund", "", "", [])


def test_s29_only_the_fields_of_the_form_are_taken(network: Network, material: Resource, sign_in: Sign) -> None:
    before = material.organisation_id, material.group_id, material.created_by_id
    more = {"organisation_id": "1", "group_id": str(network.open.id), "created_by_id": "1", "state": "stopped"}
    assert change(sign_in(network.member), f"/resources/{material.id}", **more).status_code == 302
    db.session.expire_all()
    assert (material.organisation_id, material.group_id, material.created_by_id) == before


def test_only_who_may_change_it_can_be_responsible(network: Network, material: Resource, sign_in: Sign) -> None:
    member, where = sign_in(network.member), f"/resources/{material.id}"
    for person in (network.observer, network.outsider):
        assert change(member, where, responsible=str(person.id)).status_code == 422
    assert change(member, where, responsible=str(network.convener.id)).status_code == 302


def test_the_controlled_list_is_the_coordinators(network: Network, material: Resource, sign_in: Sign) -> None:
    admin = sign_in(network.admin)
    assert send(admin, "/library/topics", name="Boende").status_code == 302
    assert send(admin, "/library/topics", name=" boende ").status_code == 422, "it is there"
    assert send(admin, "/library/topics", name="").status_code == 422
    assert send(admin, "/library/topics", name=f"Om {NUMBER}").status_code in (400, 422)
    topic = db.session.scalars(sa.select(Topic)).one()
    material.topics.append(topic)
    db.session.commit()
    before = material.changed_at
    assert send(admin, f"/library/topics/{topic.id}", name="Skyddat boende").status_code == 302
    db.session.expire_all()
    assert (topic.name, topic.folded) == ("Skyddat boende", "skyddat boende")
    assert material.changed_at > before, "the index follows"


def test_topics_are_merged_on_every_material(network: Network, material: Resource, sign_in: Sign) -> None:
    admin = sign_in(network.admin)
    other = factories.resource(network.group, network.member, "Annat", "annat")
    material.topics = topics.find_or_make(["Tolk", "Tolkning"])
    other.topics = topics.find_or_make(["tolkning"])
    wrong, right = topics.find_or_make(["Tolkning", "Tolk"])
    gone = wrong.id
    db.session.commit()
    assert "Tolkning" not in admin.get("/library/topics").text, "words on material that the coordinator cannot see"
    assert send(admin, f"/library/topics/{gone}", into=str(right.id)).status_code == 404
    people.add_member(network.group, network.admin, by=None)
    db.commit()
    assert send(admin, f"/library/topics/{gone}", into=str(gone)).status_code == 422, "not with itself"
    assert send(admin, f"/library/topics/{gone}", into="999999").status_code == 404
    assert send(admin, f"/library/topics/{gone}", into=str(right.id)).status_code == 302
    db.session.expire_all()
    assert [topic.name for topic in material.topics] == ["Tolk"]
    assert [topic.name for topic in other.topics] == ["Tolk"]
    assert send(admin, f"/library/topics/{gone}", name="Spöke").status_code == 404


def test_a_topic_that_is_taken_off_the_list_stays_where_it_is_used(network: Network, material: Resource) -> None:
    used, unused = topics.find_or_make(["Använt", "Oanvänt"])
    used.is_controlled = unused.is_controlled = True
    material.topics = [used]
    db.session.flush()
    for topic in (used, unused):
        topics.release_topic(topic, by=network.admin)
    db.session.flush()
    assert db.session.scalars(sa.select(Topic.name)).all() == ["Använt"]
    with pytest.raises(Invalid):
        topics.rename_topic(used, "x" * 81, by=network.admin)
    topics.find_or_make(["Annat"])
    with pytest.raises(Conflict):
        topics.rename_topic(used, "ANNAT", by=network.admin)


def test_topics_stand_in_swedish_order() -> None:
    assert sorted(["Ö", "Å", "a", "Z", "Ä"], key=topics.swedish_order) == ["a", "Z", "Å", "Ä", "Ö"]


def test_related_material_is_shown_on_both_and_only_to_those_who_may_see_it(
    network: Network, material: Resource, sign_in: Sign
) -> None:
    hidden = factories.resource(network.closed, network.convener, "Slutet papper", "annat")
    other = factories.resource(network.group, network.convener, "Bredvid", "tredje")
    alike = factories.resource(network.group, network.convener, "Samma ämne", "fjärde")
    material.topics, alike.topics = topics.find_or_make(["Tolk"]), topics.find_or_make(["tolk"])
    actions.relate(material, hidden, by=network.convener)
    db.session.commit()
    member, convener = sign_in(network.member), sign_in(network.convener)
    where = f"/resources/{material.id}"
    assert send(member, f"{where}/related", other=str(hidden.id)).status_code == 404
    assert send(member, f"{where}/related", other=str(material.id)).status_code == 422
    for _twice in range(2):
        assert send(member, f"{where}/related", other=str(other.id)).status_code == 302
    assert "Bredvid" in member.get(where).text
    assert "Lathund" in member.get(f"/resources/{other.id}").text
    assert "Samma ämne" in member.get(where).text
    factories.collection(network.group, network.convener, "Kampanjen", of=(material, hidden, alike))
    beside = factories.resource(network.group, network.convener, "Samma samling", "femte")
    old = factories.resource(network.group, network.convener, "Ersatt i samlingen", "sjätte")
    old.replaced_by = beside
    factories.collection(network.group, network.convener, "Kursen", of=(beside, material, old))
    unseen = factories.resource(network.group, network.convener, "Samling i det slutna", "sjunde")
    factories.collection(network.closed, network.convener, "Hemligt", of=(unseen, material))
    db.session.commit()
    page = member.get(where).text
    assert re.search(r"Samma samling</a> <span[^>]*>(i samma samling|in the same collection)<", page)
    assert page.count("Samma ämne") == 1, "once, though it has the same topics too"
    assert "Ersatt i samlingen" not in page
    assert "Samling i det slutna" not in page, "a collection that she may not see puts nothing beside"
    assert "Slutet papper" not in member.get(where).text
    assert "Slutet papper" in convener.get(where).text
    assert send(member, f"{where}/related", remove=str(other.id)).status_code == 302
    assert not related.chosen(material, network.member)
