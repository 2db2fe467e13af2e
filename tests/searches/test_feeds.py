"""The Atom feed of saved searches: what it shows, to whom, and how often it is fetched."""

from __future__ import annotations

import re
from typing import Any

import feedparser
import pytest
import sqlalchemy as sa

from portal import db, outbox, search
from portal.library.models import ResourceShare
from portal.people import actions as people
from portal.people.models import Membership, Person
from portal.searches import actions
from portal.searches.actions import Wish
from portal.searches.models import Place, SearchFeed
from portal.secret_address import MOST_EACH
from portal.web import Edge
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network


def index() -> None:
    db.commit()
    search.mend()
    outbox.run_all()


def address(person: Person, *texts: str, of_first: bool = False) -> str:
    """A feed of searches for these words."""
    saved = [actions.save_search(Wish(Place.EVERYWHERE, text=text), name=text, by=person)[0] for text in texts]
    _feed, token = actions.make_feed("Läsaren", search=saved[0] if of_first else None, by=person)
    index()
    return f"/searches/feed/{token}.atom"


def read(app: Edge, where: str) -> Any:
    answer = app.test_client().get(where)
    assert answer.status_code == 200
    parsed = feedparser.parse(answer.data)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    return parsed


def titles(app: Edge, where: str) -> list[str]:
    return [entry.title for entry in read(app, where).entries]


def test_the_newest_hits_with_title_link_group_and_date(app: Edge, network: Network, sign_in: Sign) -> None:
    thread = factories.thread(network.group, network.convener, "Spritkök & <tält>\x0b", "Inget")
    resource = factories.resource(network.open, network.convener, "Manual", "spritkök")
    factories.thread(network.group, network.convener, "Kompass", "Inget")
    index()
    where = address(network.member, "spritkök", "kompass")
    found = read(app, where)
    assert found.feed.title == "Samverkansportalen: sparade sökningar"
    assert {entry.title for entry in found.entries} == {"Spritkök & <tält>", "Manual", "Kompass"}
    by_title = {entry.title: entry for entry in found.entries}
    entry = by_title["Manual"]
    assert entry.link == f"https://portal.test/resources/{resource.id}"
    assert entry.tags[0].term == "Öppna gruppen"
    assert entry.updated_parsed[:5] == resource.changed_at.timetuple()[:5]
    assert by_title["Spritkök & <tält>"].link == f"https://portal.test/threads/{thread.id}"
    assert len({entry.id for entry in found.entries}) == 3
    assert titles(app, address(network.member, "kompass", of_first=True)) == ["Kompass"]
    client = sign_in(network.member)
    assert client.get(entry.link.removeprefix("https://portal.test")).status_code == 200


def test_every_type_of_thing_has_a_line(app: Edge, network: Network) -> None:
    factories.things(network, network.group, word="spritkök")
    where = address(network.member, "spritkök")
    entries = read(app, where).entries
    kinds = {re.sub(r"\d+.*", "", entry.link.removeprefix("https://portal.test")) for entry in entries}
    assert kinds == {
        "/threads/",
        "/resources/",
        "/collections/",
        "/meetings/",
        "/actions/",
        "/activities/",
        "/plans/",
        "/trainings/",
    }
    assert all(entry.title for entry in entries)


def test_at_most_fifty(app: Edge, network: Network) -> None:
    thread = factories.thread(network.group, network.convener, "Spritkök", "Spritkök")
    for number in range(60):
        factories.post(thread, network.member, f"Spritkök {number}")
    index()
    found = read(app, address(network.member, "spritkök"))
    assert len(found.entries) == 50
    assert [entry.updated for entry in found.entries] == sorted(
        (entry.updated for entry in found.entries), reverse=True
    )


def test_the_feed_obeys_at_each_request(app: Edge, network: Network) -> None:
    factories.thread(network.group, network.convener, "Spritkök i gruppen", "x")
    factories.thread(network.open, network.convener, "Spritkök för alla", "x")
    where = address(network.member, "spritkök")
    assert len(titles(app, where)) == 2
    tag = app.test_client().get(where).headers["ETag"]
    mine = sa.select(Membership).where(Membership.person_id == network.member.id)
    people.remove_member(db.session.scalars(mine).one(), by=None)
    db.commit()  # the index has heard of nothing
    assert titles(app, where) == ["Spritkök för alla"]
    answer = app.test_client().get(where, headers={"If-None-Match": tag})
    assert answer.status_code == 200, "what was taken away is taken away at once"
    assert b"i gruppen" not in answer.data


def test_what_is_sensitive_has_no_title(app: Edge, network: Network) -> None:
    factories.thread(network.closed, network.convener, "Spritkök i det slutna", "x")
    where = address(network.convener, "spritkök")
    body = app.test_client().get(where).text
    assert len(read(app, where).entries) == 1
    assert not re.search("slutna|spritkök", body, re.IGNORECASE)
    assert "/threads/" not in body


def test_shared_material_names_the_group_that_one_reads(app: Edge, network: Network) -> None:
    other = people.add_group(
        "dold", "Dolda gruppen", description="", handling_class=network.group.handling_class, by=None
    )
    people.add_member(other, network.convener, by=None)
    shared = factories.resource(other, network.convener, "Spritkök")
    shared.shares.append(ResourceShare(group=network.group, shared_by_id=network.convener.id))
    where = address(network.member, "spritkök")
    assert [entry.tags[0].term for entry in read(app, where).entries] == ["Nätverket"]
    assert "Dolda" not in app.test_client().get(where).text


def test_a_sensitive_group_that_something_is_shared_with_is_not_named(app: Edge, network: Network) -> None:
    other = people.add_group(
        "dold", "Dolda gruppen", description="", handling_class=network.group.handling_class, by=None
    )
    shared = factories.resource(other, network.convener, "Spritkök")
    shared.shares.append(ResourceShare(group=network.closed, shared_by_id=network.convener.id))
    where = address(network.convener, "spritkök")
    body = app.test_client().get(where).text
    assert len(read(app, where).entries) == 1
    assert not re.search("slutna|dold", body, re.IGNORECASE)
    shared.shares.append(ResourceShare(group=network.group, shared_by_id=network.convener.id))
    db.commit()
    assert [entry.tags[0].term for entry in read(app, where).entries] == ["Nätverket"]


def test_nothing_new_is_304_and_may_be_kept_by_its_reader_only(app: Edge, network: Network) -> None:
    where = address(network.member, "spritkök")
    first = app.test_client().get(where)
    again = app.test_client().get(where, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "private, no-cache"
    factories.thread(network.group, network.convener, "Spritkök", "x")
    index()
    assert app.test_client().get(where, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_unknown_revoked_and_shut_out_are_the_same_bytes(app: Edge, network: Network, built_front_end: object) -> None:
    revoked, shut, closed = (address(person, "ord") for person in (network.member, network.observer, network.secretary))
    actions.revoke_feed(
        db.session.scalars(sa.select(SearchFeed).where(SearchFeed.person_id == network.member.id)).one(),
        by=network.member,
    )
    people.disable_person(network.observer, by=network.admin)
    network.county.is_active = False
    db.commit()
    client = app.test_client()

    def told(where: str) -> tuple[int, str]:
        answer = client.get(where, headers={"If-None-Match": "*"})
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status_code, re.sub(r"[\w-]{30,}|/searches/feed/[^\"]*", "", answer.text)

    missing = told(f"/searches/feed/{'x' * 43}.atom")
    assert missing[0] == 404
    assert [told(where) for where in (revoked, shut, closed, "/searches/feed/x.atom")] == [missing] * 4


def test_an_address_is_shown_once_and_revoked(
    app: Edge, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.member)
    page = send(client, "/searches/feeds", name="Outlook", search="0")
    (made,) = re.findall(r'value="https://portal\.test(/searches/feed/[\w-]{43}\.atom)"', page.text)
    again = client.get("/searches/feeds").text
    assert "Outlook" in again
    assert "/searches/feed/" not in again
    token = made.rpartition("/")[2].removesuffix(".atom")
    with db.engine().connect() as connection:  # a copy of the database opens no feed
        for table in db.Base.metadata.sorted_tables:
            assert token not in repr(connection.execute(sa.select(table)).all()), table.name
    index()
    assert titles(app, made) == []
    row = db.session.scalars(sa.select(SearchFeed)).one()
    db.session.expire_all()
    assert row.read_at is not None
    assert send(client, f"/searches/feeds/{row.id}/revocation").status_code == 302
    assert app.test_client().get(made).status_code == 404


def test_a_deleted_search_takes_its_addresses_along(app: Edge, network: Network) -> None:
    where = address(network.member, "ett", "två", of_first=True)
    feed = db.session.scalars(sa.select(SearchFeed)).one()
    assert feed.search is not None
    actions.delete_search(feed.search, by=network.member)
    db.commit()
    assert app.test_client().get(where).status_code == 404


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"name": "", "search": "0"}, 422), ({"name": "x" * 81, "search": "0"}, 422), ({"name": "Mobil", "search": "x"}, 422), ({"name": "Mobil"}, 422),
        ({"name": "Mobil", "search": "999999"}, 422), ({"name": "Mobil 811228-9874", "search": "0"}, 422), ({"name": "<b>M</b>", "search": "0"}, 200),
    ],
)  # fmt: skip
def test_what_is_filled_in(
    network: Network, sign_in: Sign, built_front_end: object, form: dict[str, str], status: int
) -> None:
    answer = send(sign_in(network.member), "/searches/feeds", **form)
    assert answer.status_code == status
    assert "<b>M" not in answer.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SearchFeed)) == (status == 200)


def test_a_program_that_asks_without_end_is_held_back(app: Edge, network: Network) -> None:
    greedy, other = address(network.member, "ord"), address(network.observer, "ord")
    client = app.test_client()
    assert {client.get(greedy).status_code for _time in range(30)} == {200}
    assert client.get(greedy).status_code == 429
    assert client.get(other).status_code == 200


def test_there_is_an_end_to_addresses(network: Network, sign_in: Sign, built_front_end: object) -> None:
    for number in range(MOST_EACH):
        actions.make_feed(f"Program {number}", search=None, by=network.member)
    db.commit()
    answer = send(sign_in(network.member), "/searches/feeds", name="Ett till", search="0")
    assert answer.status_code == 409
    assert "Ett till" in answer.text


def test_a_search_that_does_not_work_is_503(app: Edge, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    where = address(network.member, "ord")
    folder = app.config["SETTINGS"].data_dir / "index"
    app.extensions["search_engine"].close()
    folder.rename(folder.with_name("away"))
    folder.mkdir()
    answer = app.test_client().get(where)
    folder.rmdir()
    folder.with_name("away").rename(folder)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "600")
