"""Public addresses: who makes them, what they show to anybody, and when they do not answer."""

from __future__ import annotations

import io
import json
import re
import threading

import pytest
import sqlalchemy as sa
from rdflib import Graph, Literal, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF, SKOS
from werkzeug.test import TestResponse

from portal import db, files
from portal.library.collections import actions as collections
from portal.library.collections.actions import CollectionPlan
from portal.library.collections.models import Collection
from portal.library.models import FileState, Licence, Resource
from portal.library.public import actions, catalogue
from portal.library.public.models import PublicDay, PublicLink
from portal.people.actions import add_group, add_member
from portal.people.models import HandlingClass, Role
from portal.topics.models import Topic
from portal.web import Edge
from tests import factories
from tests.conftest import Browser, Sign, make_portal, send
from tests.factories import Network

pytestmark = [
    pytest.mark.usefixtures("built_front_end"),
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated"),  # rdflib itself, when it reads JSON-LD
]

TEXT = "Om människohandel"


@pytest.fixture
def material(network: Network) -> Resource:
    """An open material."""
    made = factories.resource(network.open, network.convener, "Öppen manual", TEXT, "manual.txt")
    made.description, made.licence = "För alla som möter utsatta", Licence.CC_BY
    db.commit()
    return made


def linked(thing: Resource | Collection, network: Network) -> str:
    token = actions.make_link(thing, by=network.convener).token
    db.commit()
    return token


def days() -> list[tuple[int, int]]:
    db.rollback()
    return [(day.visits, day.downloads) for day in db.session.scalars(sa.select(PublicDay))]


# --- a material ---------------------------------------------------------------------------------------------------------


def test_anybody_reads_what_was_made_public(app: Edge, network: Network, sign_in: Sign, material: Resource) -> None:
    convener = sign_in(network.convener)
    assert send(convener, f"/resources/{material.id}/public-links").status_code == 302
    token = db.session.scalars(sa.select(PublicLink.token)).one()
    assert len(token) >= 22, "128 bits and more"
    stranger = app.test_client()
    page = stranger.get(f"/public/{token}")
    assert page.status_code == 200
    for text in ("Öppen manual", "För alla som möter utsatta", "Myndigheten", "CC BY 4.0"):
        assert text in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in page.text
    file = stranger.get(f"/public/{token}/file")
    assert file.data == TEXT.encode()
    assert file.headers["Content-Disposition"] == "attachment; filename=manual.txt"
    assert file.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert file.headers["X-Robots-Tag"] == "noindex"
    assert file.headers["Cache-Control"] == "no-store"
    assert days() == [(1, 1)]


@pytest.mark.parametrize(
    ("wish", "asked", "language"),
    [("", "", "sv"), ("en-GB,en;q=0.9", "", "en"), ("sv-FI,en;q=0.5", "", "sv"), ("de,fr", "", "sv"), ("*", "", "sv"),
     ("en-GB", "?lang=sv", "sv"), ("sv", "?lang=en", "en"), ("\x00;q=x,,", "?lang=de", "sv")],
)  # fmt: skip
def test_the_page_speaks_the_readers_language(
    app: Edge, network: Network, material: Resource, wish: str, asked: str, language: str
) -> None:
    where = f"/public/{linked(material, network)}{asked}"
    page = app.test_client().get(where, headers=[("Accept-Language", wish)]).text
    assert f'<html lang="{language}"' in page


def test_no_person_and_no_way_into_the_portal_is_shown(app: Edge, network: Network, material: Resource) -> None:
    gathered = factories.collection(network.open, network.convener, "Samlingen", of=(material,))
    for token in (linked(material, network), linked(gathered, network)):
        page = app.test_client().get(f"/public/{token}").text
        assert network.convener.name not in page
        assert "Öppna gruppen" not in page
        links = set(re.findall(r'href="([^"]+)"', page))
        inside = {link for link in links if not link.startswith(("/static/", f"/public/{token}", "#"))}
        assert inside == {"/accessibility", "/privacy"}


def test_the_first_page_is_shown_as_a_picture(app: Edge, network: Network, material: Resource) -> None:
    content = b"RIFF\x00\x00\x00\x00WEBPbild"
    material.current.picture_sha256 = files.store(io.BytesIO(content), limit=1000).sha256
    token, stranger = linked(material, network), app.test_client()
    assert f"/public/{token}/picture" in stranger.get(f"/public/{token}").text
    answer = stranger.get(f"/public/{token}/picture")
    assert (answer.data, answer.mimetype) == (content, "image/webp")
    assert days() == [(1, 0)], "a picture is part of the visit"


def test_nothing_runs_in_a_picture(app: Edge, network: Network, material: Resource) -> None:
    material.current.picture_sha256 = files.store(io.BytesIO(b"<svg onload=alert(1)>"), limit=1000).sha256
    answer = app.test_client().get(f"/public/{linked(material, network)}/picture")
    assert answer.mimetype == "image/webp", "as which no browser runs anything"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_making_one_twice_gives_the_same_and_revoking_ends_it_for_good(
    app: Edge, network: Network, sign_in: Sign, material: Resource
) -> None:
    convener, stranger = sign_in(network.convener), app.test_client()
    first = linked(material, network)
    assert linked(material, network) == first
    link = db.session.scalars(sa.select(PublicLink)).one()
    for _ in range(2):
        assert send(convener, f"/public-links/{link.id}/revocation").status_code == 302
    assert stranger.get(f"/public/{first}").status_code == 404
    second = linked(material, network)
    assert second != first
    assert (stranger.get(f"/public/{first}").status_code, stranger.get(f"/public/{second}").status_code) == (404, 200)


def test_two_make_one_at_once(app: Edge, network: Network, sign_in: Sign, material: Resource) -> None:
    clients, where = [sign_in(network.convener) for _ in range(4)], f"/resources/{material.id}/public-links"
    db.session.remove()
    answers: list[int] = []
    start = threading.Barrier(len(clients))

    def make(client: Browser) -> None:
        start.wait()
        answers.append(send(client, where).status_code)

    threads = [threading.Thread(target=make, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [302] * 4
    assert db.session.scalar(sa.select(sa.func.count(PublicLink.id))) == 1


def seen(answer: TestResponse, token: str) -> tuple[int, str, list[tuple[str, str]]]:
    """What a stranger can tell an answer by, apart from the address that she gave herself."""
    return answer.status_code, answer.text.replace(token, "TOKEN"), [one for one in answer.headers if one[0] != "Date"]


@pytest.mark.parametrize("way", ["its own", "a collection", "a foreign collection"])
def test_its_page_says_whether_the_public_reads_it(
    network: Network, sign_in: Sign, material: Resource, way: str
) -> None:
    client = sign_in(network.outsider)

    def is_told() -> bool:
        (line,) = re.findall(
            r"<li[^>]*>(?:(?!</li>).)*Allmänheten.*?</li>", client.get(f"/resources/{material.id}").text, re.DOTALL
        )
        return "kan inte läsa" not in line

    assert not is_told()
    other = add_group("annan", "Annan", description="", handling_class=HandlingClass.OPEN, by=None)
    of = {"a collection": material.group, "a foreign collection": other}.get(way)
    thing = material if of is None else factories.collection(of, network.convener, of=(material,))
    link = actions.make_link(thing, by=network.convener)
    db.commit()
    assert is_told() == (way != "a foreign collection")
    actions.revoke_link(link, by=network.convener)
    db.commit()
    assert not is_told()


DEAD = ("revoked", "closed", "archived", "withdrawn", "not ready")


@pytest.mark.parametrize("way", DEAD)
def test_a_dead_address_is_as_an_unknown_one(app: Edge, network: Network, material: Resource, way: str) -> None:
    token = linked(material, network)
    stranger, unknown = app.test_client(), "x" * len(token)
    assert stranger.get(f"/public/{token}").status_code == 200
    if way == "revoked":
        actions.revoke_link(db.session.scalars(sa.select(PublicLink)).one(), by=network.convener)
    elif way == "closed":
        network.open.handling_class = HandlingClass.NETWORK
    elif way == "archived":
        network.open.is_archived = True
    elif way == "withdrawn":
        material.withdrawn_at = db.now()
    else:
        material.state = FileState.STOPPED
    db.commit()
    for end in ("", "/file", "/picture", "/materials/1/file", f"/materials/{material.id}/file"):
        dead = stranger.get(f"/public/{token}{end}")
        assert seen(dead, token) == seen(stranger.get(f"/public/{unknown}{end}"), unknown)
        assert dead.status_code == 404
    assert days() == [(1, 0)], "nothing is counted where nothing is shown"


def test_a_share_to_an_open_group_makes_nothing_public(network: Network, sign_in: Sign) -> None:
    inner = factories.resource(network.group, network.convener, "Nätverkets", "inre")
    db.commit()
    answer = send(sign_in(network.convener), f"/resources/{inner.id}/public-links")
    assert answer.status_code == 409
    assert db.session.scalar(sa.select(sa.func.count(PublicLink.id))) == 0


def test_who_may_make_it_public(network: Network, sign_in: Sign) -> None:
    owner = factories.person(network.ngo, "Äga Re")
    colleague = factories.person(network.ngo, "Kol Lega")
    observer = factories.person(network.ngo, "Se Bara")
    other = factories.person(network.county, "Nå Gon")
    for person, role in (
        (owner, Role.MEMBER),
        (colleague, Role.MEMBER),
        (observer, Role.OBSERVER),
        (other, Role.MEMBER),
    ):
        add_member(network.open, person, role=role, by=None)
    made = factories.resource(network.open, owner, "Föreningens", "text")
    db.commit()
    where = f"/resources/{made.id}/public-links"
    got = [send(sign_in(person), where).status_code for person in (observer, other, network.outsider, network.admin)]
    assert got == [403] * 4
    for person in (colleague, network.convener):
        assert send(sign_in(person), where).status_code == 302


def test_addresses_of_strange_shapes(app: Edge, network: Network, material: Resource) -> None:
    linked(material, network)
    stranger = app.test_client()
    for token in ("x", "%", "%25", "' OR 1=1 --", "a" * 5000, "åäö", "..%2f..%2fetc"):
        assert stranger.get(f"/public/{token}").status_code == 404
    assert stranger.get("/public/").status_code == 404


def test_one_address_cannot_ask_without_end(tmp_path_factory: pytest.TempPathFactory) -> None:
    app = make_portal(tmp_path_factory.mktemp("limits"), public_limit="3/minute")
    with app.app_context():
        db.Base.metadata.create_all(db.engine())
        stranger = app.test_client()
        got = [stranger.get("/public/unknown").status_code for _ in range(5)]
        db.engine().dispose()
    assert got == [404, 404, 404, 429, 429]


# --- a collection -------------------------------------------------------------------------------------------------------


def test_a_public_collection_shows_what_its_group_answers_for(app: Edge, network: Network, material: Resource) -> None:
    inner = factories.resource(network.group, network.convener, "Nätverkets", "inre", "inre.txt")
    other_group = add_group("andra", "Andra öppna", description="", handling_class=HandlingClass.OPEN, by=None)
    theirs = factories.resource(other_group, network.convener, "De andras", "deras", "deras.txt")
    gathered = factories.collection(network.open, network.convener, "Samlingen", of=(material, inner, theirs))
    collections.add_heading(gathered, text="Tomt kapitel", by=network.convener)
    token, stranger = linked(gathered, network), app.test_client()
    page = stranger.get(f"/public/{token}").text
    assert "Öppen manual" in page
    assert "Kapitel" in page
    for text in ("Nätverkets", "De andras", "Tomt kapitel", "3 material"):
        assert text not in page
    where = f"/public/{token}/materials/{{}}/file"
    assert stranger.get(where.format(material.id)).data == TEXT.encode()
    for hidden in (inner.id, theirs.id, 999_999):
        assert stranger.get(where.format(hidden)).status_code == 404
    linked(theirs, network)
    assert "De andras" in stranger.get(f"/public/{token}").text, "made public by those who answer for it"
    assert days() == [(2, 1)]


def test_the_address_dies_with_the_collection(app: Edge, network: Network, material: Resource) -> None:
    gathered = factories.collection(network.open, network.convener, "Samlingen", of=(material,))
    token = linked(gathered, network)
    assert app.test_client().get(f"/public/{token}").status_code == 200
    collections.delete_collection(db.session.scalars(sa.select(Collection)).one(), by=network.convener)
    db.commit()
    assert app.test_client().get(f"/public/{token}").status_code == 404
    assert days() == []


def test_a_cover_that_is_not_open_is_drawn(app: Edge, network: Network, material: Resource) -> None:
    inner = factories.resource(network.group, network.convener, "Nätverkets", "inre")
    for one in (inner, material):
        one.current.thumbnail_sha256 = files.store(io.BytesIO(b"\x89PNG" + one.title.encode()), limit=100).sha256
    gathered = factories.collection(network.open, network.convener, "Samlingen", of=(inner, material))
    token, stranger = linked(gathered, network), app.test_client()
    for revision, (cover, status) in enumerate(((inner, 404), (material, 200)), 1):
        plan = CollectionPlan("Samlingen", cover_id=cover.id)
        collections.change_collection(gathered, plan, based_on=revision, by=network.convener)
        db.commit()
        assert stranger.get(f"/public/{token}/picture").status_code == status
        assert ("cover-drawn" in stranger.get(f"/public/{token}").text) == (status == 404)


def test_its_page_says_the_address_and_how_often_it_was_opened(
    app: Edge, network: Network, sign_in: Sign, material: Resource
) -> None:
    gathered = factories.collection(network.open, network.convener, "Samlingen", of=(material,))
    db.commit()
    where = f"/collections/{gathered.id}"
    assert "public-links" in sign_in(network.convener).get(where).text
    assert "public-links" not in sign_in(network.outsider).get(where).text
    token = linked(gathered, network)
    app.test_client().get(f"/public/{token}")
    assert f"https://portal.test/public/{token}" in sign_in(network.convener).get(where).text
    assert token not in sign_in(network.outsider).get(where).text


# --- the catalogue ------------------------------------------------------------------------------------------------------


def graph_of(answer: TestResponse) -> Graph:
    return Graph().parse(data=answer.data, format=answer.mimetype)


def test_the_catalogue_lists_public_material_and_nothing_else(
    app: Edge, network: Network, material: Resource, caplog: pytest.LogCaptureFixture
) -> None:
    hidden = factories.resource(network.open, network.convener, "Öppen men inte publik", "x")
    material.topics.append(Topic(name="Taxi", folded="taxi"))
    token, stranger = linked(material, network), app.test_client()
    found = {form: stranger.get(f"/public/catalogue.{form}") for form in catalogue.FORMS}
    assert {answer.status_code for answer in found.values()} == {200}
    graphs = [graph_of(answer) for answer in found.values()]
    for graph in graphs:
        assert isomorphic(graph, graphs[0]), "the same facts in every form"
        assert {str(title) for title in graph.objects(predicate=DCTERMS.title)} >= {"Öppen manual"}
        assert hidden.title not in str(list(graph.objects()))
        assert network.convener.name not in str(list(graph.objects()))
    (dataset,) = graphs[0].subjects(RDF.type, DCAT.Dataset)
    (distribution,) = graphs[0].objects(dataset, DCAT.distribution)
    (download,) = graphs[0].objects(distribution, DCAT.downloadURL)
    assert str(download) == f"https://portal.test/public/{token}/file"
    assert [str(word) for word in graphs[0].objects(dataset, DCAT.keyword)] == ["Taxi"]
    assert [str(one) for one in graphs[0].objects(dataset, URIRef("http://www.w3.org/ns/dcat#version"))] == ["1"]
    assert caplog.messages == [], "nothing to complain about"


# https://docs.dataportal.se/dcat/3.0.0/sv/: what is mandatory, and recommended where the portal knows it
MANDATORY = {
    DCAT.Catalog: (DCTERMS.title, DCTERMS.description, DCTERMS.publisher, DCAT.dataset),
    DCAT.Dataset: (
        DCTERMS.title,
        DCTERMS.description,
        DCTERMS.publisher,
        DCAT.contactPoint,
        DCAT.distribution,
        DCAT.theme,
    ),
    DCAT.Distribution: (DCAT.accessURL, DCTERMS.license, DCTERMS.format),
    FOAF.Agent: (FOAF.name, DCTERMS.type),
}


# what things are, as the SHACL shapes of DCAT-AP 3.0.0 (ranges) ask
CLASSES = {
    DCTERMS.language: DCTERMS.LinguisticSystem, DCAT.theme: SKOS.Concept, DCAT.themeTaxonomy: SKOS.ConceptScheme,
    DCAT.mediaType: DCTERMS.MediaType, DCTERMS.format: DCTERMS.MediaTypeOrExtent, DCTERMS.license: DCTERMS.LicenseDocument,
    DCTERMS.accessRights: DCTERMS.RightsStatement, DCAT.landingPage: FOAF.Document, FOAF.homepage: FOAF.Document,
    DCTERMS.publisher: FOAF.Agent, DCTERMS.type: SKOS.Concept, DCAT.distribution: DCAT.Distribution,
    DCAT.contactPoint: URIRef("http://www.w3.org/2006/vcard/ns#Kind"),
}  # fmt: skip


def test_things_are_of_the_classes_that_the_profile_asks_for(app: Edge, network: Network, material: Resource) -> None:
    linked(material, network)
    graph = graph_of(app.test_client().get("/public/catalogue.ttl"))
    for wanted, kind in CLASSES.items():
        found = list(graph.objects(predicate=wanted))
        assert found, wanted
        assert all((thing, RDF.type, kind) in graph for thing in found), wanted
    once = (DCTERMS.publisher, DCTERMS.issued, DCTERMS.modified, DCTERMS.accessRights)
    for dataset in graph.subjects(RDF.type, DCAT.Dataset):
        assert all(len(list(graph.objects(dataset, wanted))) == 1 for wanted in once)
    dates = [*graph.objects(predicate=DCTERMS.issued), *graph.objects(predicate=DCTERMS.modified)]
    assert all(isinstance(value, Literal) and not value.ill_typed for value in dates)


def test_what_the_profile_demands_is_there(app: Edge, network: Network, material: Resource) -> None:
    linked(material, network)
    graph = graph_of(app.test_client().get("/public/catalogue.ttl"))
    for kind, properties in MANDATORY.items():
        things = list(graph.subjects(RDF.type, kind))
        assert things
        for thing in things:
            assert isinstance(thing, URIRef)
            for wanted in properties:
                assert list(graph.objects(thing, wanted)), (thing, wanted)
    for publisher in graph.objects(predicate=DCTERMS.publisher):
        assert (publisher, RDF.type, FOAF.Agent) in graph


def test_the_catalogue_is_fetched_anew_only_when_it_has_changed(
    app: Edge, network: Network, material: Resource
) -> None:
    linked(material, network)
    stranger = app.test_client()
    first = stranger.get("/public/catalogue.ttl")
    again = stranger.get("/public/catalogue.ttl", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    material.title, material.changed_at = "Ny titel", db.now()
    db.commit()
    changed = stranger.get("/public/catalogue.ttl", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert "Ny titel" in changed.text
    material.withdrawn_at = db.now()
    db.commit()
    assert "Ny titel" not in stranger.get("/public/catalogue.ttl").text


def test_an_empty_catalogue_and_strange_words_are_well_formed(app: Edge, network: Network, material: Resource) -> None:
    stranger = app.test_client()
    assert len(list(graph_of(stranger.get("/public/catalogue.rdf")).subjects(RDF.type, DCAT.Catalog))) == 1
    material.title = '<script>"\\" ]]> & \N{RIGHT-TO-LEFT OVERRIDE} 🧭 @prefix .'
    linked(material, network)
    for form in catalogue.FORMS:
        titles = graph_of(stranger.get(f"/public/catalogue.{form}")).objects(predicate=DCTERMS.title)
        assert material.title in {str(title) for title in titles}
    assert stranger.get("/public/catalogue.exe").status_code == 404


def test_a_catalogue_that_cannot_be_written_says_nothing_of_the_inside(
    app: Edge, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "CHILD", catalogue.CHILD.with_name("missing.py"))
    catalogue._made.cache_clear()
    answer = app.test_client().get("/public/catalogue.ttl")
    assert answer.status_code == 500
    assert "missing.py" not in answer.text


def test_its_json_is_plain(app: Edge, network: Network, material: Resource) -> None:
    linked(material, network)
    answer = app.test_client().get("/public/catalogue.jsonld")
    assert answer.mimetype == "application/ld+json"
    assert json.loads(answer.data)
