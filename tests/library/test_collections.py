"""Collections: who sees what in them, their order, and two who work on one at once."""

from __future__ import annotations

import io
import re
import threading

import pytest
import sqlalchemy as sa
import time_machine
from flask import render_template

from portal import db, files
from portal.audit import AuditEntry
from portal.library.collections import actions, policy
from portal.library.collections.actions import CollectionPlan
from portal.library.collections.models import Collection, CollectionItem
from portal.library.models import Resource
from portal.web import Edge
from tests import factories
from tests.conftest import Browser, Sign, send
from tests.factories import Network

NUMBER = "811228-9874"  # Skatteverket's published test number

pytestmark = pytest.mark.usefixtures("built_front_end")


def materials(network: Network, count: int = 3) -> list[Resource]:
    return [
        factories.resource(network.group, network.convener, f"Material {n}", f"text {n}") for n in range(1, count + 1)
    ]


@pytest.fixture
def gathered(network: Network) -> Collection:
    """A heading and three materials."""
    made = factories.collection(network.group, network.convener, "Kampanjen", of=tuple(materials(network)))
    db.commit()
    return made


def order(collection_id: int) -> list[str]:
    db.rollback()
    rows = sa.select(CollectionItem).where(CollectionItem.collection_id == collection_id)
    items = list(db.session.scalars(rows.order_by(CollectionItem.position)))
    assert [item.position for item in items] == sorted({item.position for item in items}), "each place once"
    return [item.text if item.resource is None else item.resource.title for item in items]


def row(collection_id: int, name: str) -> int:
    query = sa.select(CollectionItem.id).outerjoin(Resource).where(CollectionItem.collection_id == collection_id)
    return db.session.scalars(query.where((Resource.title == name) | (CollectionItem.text == name))).one()


# --- making -----------------------------------------------------------------------------------------------------------


def test_a_collection_is_made_filled_and_read(network: Network, sign_in: Sign) -> None:
    member, observer = sign_in(network.member), sign_in(network.observer)
    one, two, _three = materials(network)
    db.commit()
    made = send(
        member, "/groups/natverket/collections/new", title="Manualen", description="För socialtjänsten", cover="0"
    )
    where = made.headers["Location"]
    assert "Manualen" in member.get("/collections").text
    assert "Manualen" in observer.get("/groups/natverket/collections").text
    send(member, f"{where}/headings", text="Börja här")
    for material in (two, one):
        assert send(member, f"{where}/materials", resource=str(material.id), q="").status_code == 302
    page = observer.get(where).text
    assert page.index("Börja här") < page.index("Material 2") < page.index("Material 1")
    assert "För socialtjänsten" in page
    assert "/materials" not in page, "an observer gets no tools"
    assert "Material 3" in member.get(f"{where}/materials").text
    assert "Material 1" not in member.get(f"{where}/materials").text.split("<main")[1], "it is there already"


def test_the_materials_are_looked_up_by_words(network: Network, sign_in: Sign, gathered: Collection) -> None:
    other = factories.resource(network.group, network.convener, "Taxi 100 % tryggt", "annat")
    db.commit()
    member = sign_in(network.member)
    page = member.get(f"/collections/{gathered.id}/materials?q=100 %25").text
    assert other.title in page
    assert other.title not in member.get(f"/collections/{gathered.id}/materials?q=1_0").text, "no pattern, but words"


def test_twice_is_once(network: Network, sign_in: Sign, gathered: Collection) -> None:
    member, first = sign_in(network.member), gathered.items[1].resource_id
    for _ in range(2):
        assert send(member, f"/resources/{first}/collections", collection=str(gathered.id)).status_code == 302
    assert order(gathered.id) == ["Kapitel", "Material 1", "Material 2", "Material 3"]


def test_what_is_not_ready_or_withdrawn_or_foreign_is_not_put_in(
    network: Network, sign_in: Sign, gathered: Collection
) -> None:
    withdrawn = factories.resource(network.group, network.convener, "Indraget", "x")
    withdrawn.withdrawn_at = db.now()
    closed = factories.resource(network.closed, network.convener, "Hemligt", "y")
    db.commit()
    member = sign_in(network.member)
    for material, status in ((withdrawn, 409), (closed, 404)):
        assert send(member, f"/resources/{material.id}/collections", collection=str(gathered.id)).status_code == status
        assert send(member, f"/collections/{gathered.id}/materials", resource=str(material.id)).status_code == 404
    for bad in ("", "0", "-1", "x", "99999999999999"):
        assert send(member, f"/collections/{gathered.id}/materials", resource=bad).status_code == 404
    assert len(order(gathered.id)) == 4


BAD_FORMS = {
    "no title": {"title": "  "},
    "too long": {"title": "x" * 201},
    "a cover that is none": {"title": "Titel", "cover": "77"},
    "cover of another kind": {"title": "Titel", "cover": "x"},
    "a number in the title": {"title": f"Om {NUMBER}"},
    "a number in the text": {"title": "Titel", "description": f"Om {NUMBER}"},
}


@pytest.mark.parametrize("case", BAD_FORMS)
def test_what_cannot_be_taken_is_said_and_stays_in_the_form(network: Network, sign_in: Sign, case: str) -> None:
    member = sign_in(network.member)
    answer = send(
        member, "/groups/natverket/collections/new", **{"cover": "0", "description": "Mina ord"} | BAD_FORMS[case]
    )
    assert answer.status_code == 422
    assert BAD_FORMS[case].get("description", "Mina ord") in answer.text
    assert db.session.scalar(sa.select(sa.func.count(Collection.id))) == 0


def test_numbers_in_lines_and_headings_are_stopped(network: Network, sign_in: Sign, gathered: Collection) -> None:
    member, item = sign_in(network.member), gathered.items[1].id
    heading = send(member, f"/collections/{gathered.id}/headings", text=f"Om {NUMBER}")
    line = send(member, f"/collection-items/{item}/edit", text=f"Om {NUMBER}", based_on="1")
    assert (heading.status_code, line.status_code) == (422, 422)
    assert f"Om {NUMBER}" in heading.text
    assert f"Om {NUMBER}" in line.text
    assert len(order(gathered.id)) == 4


def test_a_heading_needs_words(network: Network, sign_in: Sign, gathered: Collection) -> None:
    member = sign_in(network.member)
    assert send(member, f"/collections/{gathered.id}/headings", text=" ").status_code == 422
    assert send(member, f"/collection-items/{gathered.items[0].id}/edit", text=" ", based_on="1").status_code == 422
    with pytest.raises(sa.exc.IntegrityError):
        db.session.execute(sa.update(CollectionItem).values(text="", resource_id=None))
    db.rollback()


def test_a_collection_has_an_end(
    network: Network, gathered: Collection, monkeypatch: pytest.MonkeyPatch, sign_in: Sign
) -> None:
    monkeypatch.setattr(actions, "MOST_ITEMS", 4)
    answer = send(sign_in(network.member), f"/collections/{gathered.id}/headings", text="En till")
    assert answer.status_code == 409
    assert "4" in answer.text


# --- order --------------------------------------------------------------------------------------------------------------


def test_rows_move_up_and_down_and_to_where_they_are_dragged(
    network: Network, sign_in: Sign, gathered: Collection
) -> None:
    member, number = sign_in(network.member), gathered.id

    def move(name: str, **form: str) -> list[str]:
        assert send(member, f"/collection-items/{row(number, name)}/place", **form).status_code == 302
        return order(number)

    assert move("Material 3", direction="up") == ["Kapitel", "Material 1", "Material 3", "Material 2"]
    assert move("Kapitel", direction="down") == ["Material 1", "Kapitel", "Material 3", "Material 2"]
    assert move("Material 1", direction="up") == ["Material 1", "Kapitel", "Material 3", "Material 2"], "at the edge"
    assert move("Material 2", direction="down") == ["Material 1", "Kapitel", "Material 3", "Material 2"]
    assert move("Material 2", before=str(row(number, "Material 1"))) == [
        "Material 2",
        "Material 1",
        "Kapitel",
        "Material 3",
    ]
    assert move("Material 2", before="0") == ["Material 1", "Kapitel", "Material 3", "Material 2"]
    assert move("Material 1", before="99999") == ["Kapitel", "Material 3", "Material 2", "Material 1"], (
        "it was taken away"
    )
    assert move("Kapitel", before=str(row(number, "Kapitel"))) == ["Kapitel", "Material 3", "Material 2", "Material 1"]
    assert send(member, f"/collection-items/{row(number, 'Kapitel')}/place", direction="sideways").status_code == 400


def test_a_row_of_another_collection_is_no_place(network: Network, sign_in: Sign, gathered: Collection) -> None:
    other = factories.collection(network.group, network.convener, "Annan")
    db.commit()
    where = f"/collection-items/{row(gathered.id, 'Material 1')}/place"
    send(sign_in(network.member), where, before=str(other.items[0].id))
    assert order(gathered.id) == ["Kapitel", "Material 2", "Material 3", "Material 1"]
    assert order(other.id) == ["Kapitel"]


def test_two_who_work_at_once_lose_nothing(app: Edge, network: Network, sign_in: Sign, gathered: Collection) -> None:
    number, first = gathered.id, row(gathered.id, "Material 1")
    clients = [sign_in(person) for person in (network.member, network.convener, network.secretary, network.member)]
    db.session.remove()
    answers: list[int] = []
    start = threading.Barrier(len(clients))

    def work(client: Browser, index: int) -> None:
        start.wait()
        for step in range(4):
            where = f"/collections/{number}/headings" if step % 2 else f"/collection-items/{first}/place"
            form = {"text": f"Rubrik {index} {step}"} if step % 2 else {"before": "0"}
            answers.append(send(client, where, **form).status_code)

    threads = [threading.Thread(target=work, args=(client, index)) for index, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [302] * 16
    assert sorted(order(number)) == sorted(
        ["Kapitel", "Material 1", "Material 2", "Material 3", *(f"Rubrik {i} {s}" for i in range(4) for s in (1, 3))]
    )


def test_the_second_who_changes_a_line_sees_the_first(network: Network, sign_in: Sign, gathered: Collection) -> None:
    where = f"/collection-items/{row(gathered.id, 'Material 1')}/edit"
    assert send(sign_in(network.member), where, text="Den första", based_on="1").status_code == 302
    answer = send(sign_in(network.convener), where, text="Den andra", based_on="1")
    assert answer.status_code == 409
    assert "Den första" in answer.text
    assert "Den andra" in answer.text
    title = f"/collections/{gathered.id}/edit"
    assert send(sign_in(network.member), title, title="Ny", cover="0", based_on="1").status_code == 302
    answer = send(sign_in(network.convener), title, title="Annan", cover="0", based_on="1")
    assert answer.status_code == 409
    assert "Annan" in answer.text


def test_a_row_that_is_gone_is_not_found(network: Network, sign_in: Sign, gathered: Collection) -> None:
    member, gone = sign_in(network.member), row(gathered.id, "Material 1")
    assert send(member, f"/collection-items/{gone}/removal").status_code == 302
    for where, form in (("place", {"before": "0"}), ("removal", {}), ("edit", {"text": "x", "based_on": "1"})):
        assert send(member, f"/collection-items/{gone}/{where}", **form).status_code == 404


def test_taking_a_row_away_asks_first(network: Network, sign_in: Sign, gathered: Collection) -> None:
    member, where = sign_in(network.member), f"/collection-items/{row(gathered.id, 'Material 1')}/removal"
    assert f'href="{where}"' in member.get(f"/collections/{gathered.id}").text
    asked = member.get(where).text
    assert "Material 1" in asked
    assert "Material 1" in order(gathered.id), "asking takes nothing away"
    assert send(member, where).status_code == 302
    assert "Material 1" in member.get(f"/collections/{gathered.id}").text, "it says what was taken away"
    assert "Material 1" not in order(gathered.id)
    assert member.get(where).status_code == 404


def test_a_row_that_is_moved_keeps_the_focus(network: Network, sign_in: Sign, gathered: Collection) -> None:
    member = sign_in(network.member)

    def focused(name: str, direction: str) -> str:
        answer = send(member, f"/collection-items/{row(gathered.id, name)}/place", direction=direction)
        page = rows_of(member.get(answer.headers["Location"]).text)
        assert page.count("autofocus") == 1
        return page.split("autofocus>")[1].split("</button>")[0]

    def rows_of(page: str) -> str:
        return page.split("<main", 1)[1].split("</main>")[0]  # a dialog has a first button of its own

    assert len(order(gathered.id)) == 4
    assert re.match(r"(Flytta ner|Move down).*Kapitel.*2 .* 4<", focused("Kapitel", "down"))
    assert re.match(r"(Flytta ner|Move down).*Kapitel.*3 .* 4<", focused("Kapitel", "down"))
    assert re.match(r"(Flytta upp|Move up).*Kapitel.*4 .* 4<", focused("Kapitel", "down")), "no other button is left"
    assert "autofocus" not in rows_of(member.get(f"/collections/{gathered.id}").text)


# --- who sees what ------------------------------------------------------------------------------------------------------


def test_a_reader_sees_what_she_may_read_and_no_gap(network: Network, sign_in: Sign) -> None:
    secret = factories.resource(network.closed, network.convener, "Det hemliga", "hemligt")
    seen = factories.resource(network.open, network.convener, "Det öppna", "öppet")
    made = factories.collection(network.open, network.convener, "Blandat", of=(seen,))
    actions.add_heading(made, text="Bara för några", by=network.convener)
    actions.add_material(made, secret, text="Om det hemliga", by=network.convener)
    db.commit()
    page = sign_in(network.outsider).get(f"/collections/{made.id}").text
    assert "Det öppna" in page
    for text in ("Det hemliga", "Om det hemliga", "Bara för några", "2 material"):
        assert text not in page, "nothing says that there is more"
    assert "Det hemliga" in sign_in(network.convener).get(f"/collections/{made.id}").text
    assert "1 material" in sign_in(network.outsider).get("/collections").text
    assert "2 material" in sign_in(network.convener).get("/collections").text


def test_moving_among_what_one_sees_loses_nothing_that_is_hidden(network: Network, sign_in: Sign) -> None:
    secret = factories.resource(network.closed, network.convener, "Det hemliga", "hemligt")
    one, two, _ = materials(network)
    made = factories.collection(network.group, network.convener, "Blandat", of=(one, secret, two))
    db.commit()
    assert (
        send(
            sign_in(network.member), f"/collection-items/{row(made.id, 'Material 2')}/place", direction="up"
        ).status_code
        == 302
    )
    assert order(made.id) == ["Kapitel", "Material 2", "Material 1", "Det hemliga"]
    hidden = row(made.id, "Det hemliga")
    assert send(sign_in(network.member), f"/collection-items/{hidden}/removal").status_code == 404


def test_outsiders_see_no_collection_of_a_closed_group(network: Network, sign_in: Sign, gathered: Collection) -> None:
    outsider = sign_in(network.outsider)
    assert "Kampanjen" not in outsider.get("/collections").text
    with time_machine.travel(db.now(), tick=False):  # a form's token bears the second in which it was made
        hidden, missing = outsider.get(f"/collections/{gathered.id}"), outsider.get("/collections/99999999")
    assert (hidden.status_code, hidden.data) == (404, missing.data)


def test_what_is_replaced_or_withdrawn_says_so(network: Network, sign_in: Sign, gathered: Collection) -> None:
    old, gone = gathered.items[1].resource, gathered.items[2].resource
    assert old is not None
    assert gone is not None
    secret = factories.resource(network.closed, network.convener, "Hemlig ny", "z")
    old.replaced_by, gone.withdrawn_at = secret, db.now()
    db.commit()
    page = sign_in(network.member).get(f"/collections/{gathered.id}").text
    assert "Hemlig ny" not in page, "what replaces it is not for her"
    assert page.count("is-past") == 2
    assert "Hemlig ny" in sign_in(network.convener).get(f"/collections/{gathered.id}").text


def test_reading_a_sensitive_collection_is_noted(network: Network, sign_in: Sign) -> None:
    made = factories.collection(network.closed, network.convener, "Känslig")
    db.commit()
    sign_in(network.convener).get(f"/collections/{made.id}")
    assert db.session.scalar(sa.select(sa.func.count()).where(AuditEntry.action == "collection_read")) == 1


# --- covers and deleting --------------------------------------------------------------------------------------------------


def with_picture(material: Resource) -> bytes:
    content = b"RIFF" + material.title.encode()
    material.current.thumbnail_sha256 = files.store(io.BytesIO(content), limit=1000).sha256
    db.session.flush()
    return content


def test_the_cover_is_the_first_page_of_a_material_or_drawn(
    network: Network, sign_in: Sign, gathered: Collection
) -> None:
    member, material = sign_in(network.member), gathered.items[1].resource
    assert material is not None
    picture = with_picture(material)
    db.commit()
    assert "cover-drawn" in member.get(f"/collections/{gathered.id}").text
    form = {"title": "Kampanjen", "cover": str(material.id), "based_on": "1"}
    assert send(member, f"/collections/{gathered.id}/edit", **form).status_code == 302
    assert "cover-drawn" not in member.get(f"/collections/{gathered.id}").text
    answer = member.get(f"/collections/{gathered.id}/cover")
    assert (answer.data, answer.mimetype) == (picture, "image/webp")
    send(member, f"/collection-items/{row(gathered.id, 'Material 1')}/removal")
    assert "cover-drawn" in member.get(f"/collections/{gathered.id}").text, "its material is gone"
    assert member.get(f"/collections/{gathered.id}/cover").status_code == 404


def test_a_cover_that_a_reader_may_not_see_is_drawn(network: Network, sign_in: Sign) -> None:
    secret = factories.resource(network.closed, network.convener, "Hemligt", "h")
    with_picture(secret)
    made = factories.collection(network.open, network.convener, "Öppen", of=(secret,))
    actions.change_collection(made, CollectionPlan("Öppen", cover_id=secret.id), based_on=1, by=network.convener)
    db.commit()
    assert sign_in(network.convener).get(f"/collections/{made.id}/cover").status_code == 200
    outsider = sign_in(network.outsider)
    assert "cover-drawn" in outsider.get(f"/collections/{made.id}").text
    assert outsider.get(f"/collections/{made.id}/cover").status_code == 404


def test_deleting_asks_first_and_leaves_the_materials(network: Network, sign_in: Sign, gathered: Collection) -> None:
    convener, where = sign_in(network.convener), f"/collections/{gathered.id}/removal"
    assert "Kampanjen" in convener.get(where).text
    assert send(sign_in(network.member), where).status_code == 403, "only its maker and the group's leaders"
    assert send(convener, where).status_code == 302
    assert db.session.scalar(sa.select(sa.func.count(Collection.id))) == 0
    assert db.session.scalar(sa.select(sa.func.count(Resource.id))) == 3


def test_a_material_says_where_it_stands(network: Network, gathered: Collection) -> None:
    material = gathered.items[1].resource
    assert material is not None
    assert list(db.session.scalars(policy.collections_with(network.observer, material))) == [gathered]
    assert list(db.session.scalars(policy.collections_with(network.outsider, material))) == []
    factories.collection(network.group, network.convener, "Tom")
    wanted = [one.title for one in db.session.scalars(policy.collections_without(network.member, material))]
    assert wanted == ["Tom"]
    assert list(db.session.scalars(policy.collections_without(network.observer, material))) == [], "she changes none"


def test_the_parts_for_the_materials_page_say_so(app: Edge, network: Network, gathered: Collection) -> None:
    """They stand in the rail of the page of a material."""
    material, there = gathered.items[1].resource, factories.collection(network.group, network.convener, "Tom")
    assert material is not None
    shown = {}
    for person in (network.member, network.observer):
        with app.test_request_context():
            shown[person] = render_template("library/_in_collections.html", resource=material, person=person)
    assert all(f"/collections/{gathered.id}" in text for text in shown.values())
    assert f'value="{there.id}"' in shown[network.member]
    assert "<form" not in shown[network.observer]
