"""Saved searches: kept, asked again, told of."""

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest
import sqlalchemy as sa

from portal import audit, db, outbox, search
from portal.notifications import letters
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import Membership, Person
from portal.searches import actions, telling
from portal.searches.actions import Hit, Wish
from portal.searches.models import Place, SavedSearch
from portal.web import Edge
from tests import factories
from tests.conftest import Browser, Sign, send
from tests.factories import Network

LISTED = "/searches"
NEW = '<span class="tag tag-tint">1 '


def index() -> None:
    """Let the worker do what waits."""
    db.commit()
    search.mend()
    outbox.run_all()


def keep(person: Person, text: str = "spritkök", **more: Any) -> SavedSearch:
    saved, _is_new = actions.save_search(
        Wish(more.pop("place", Place.EVERYWHERE), text=text, **more), name=text, by=person
    )
    index()
    return saved


def hour_passes() -> None:
    telling.ask_again()
    db.session.execute(sa.update(outbox.Job).values(run_at=db.now()))  # they come one after the other
    index()
    db.session.expire_all()


def told(person: Person) -> list[dict[str, Any]]:
    rows = sa.select(Notice).where(Notice.person_id == person.id, Notice.kind == "search_has_new").order_by(Notice.id)
    return [notice.details for notice in db.session.scalars(rows)]


def saved_of(person: Person) -> list[SavedSearch]:
    return list(db.session.scalars(sa.select(SavedSearch).where(SavedSearch.person_id == person.id)))


# --- keeping ------------------------------------------------------------------------------------------------------------


def test_what_a_page_shows_is_kept_and_run_again(network: Network, sign_in: Sign, built_front_end: object) -> None:
    factories.resource(network.group, network.convener, "Manual om spritkök", "spritkök")
    factories.resource(network.group, network.convener, "Annat om spritkök", "spritkök").publisher = "Polisen"
    index()
    client = sign_in(network.member)
    page = client.get("/groups/natverket/materials?q=spritkök&kind=manual").text
    (form,) = re.findall(r'<form method="post" class="save-search".*?</form>', page, re.DOTALL)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert fields | {"csrf_token": ""} == {
        "csrf_token": "", "place": "group", "slug": "natverket", "q": "spritkök", "kind": "manual"
    }  # fmt: skip
    answer = client.post(LISTED, data=fields)
    (saved,) = saved_of(network.member)
    assert answer.headers["Location"] == f"/searches/{saved.id}/edit"
    assert (saved.name, saved.place, saved.chosen) == (
        "spritkök, Manual och handbok",
        Place.GROUP,
        {"kind": ["manual"]},
    )
    assert saved.group_id == network.group.id
    there = client.get(f"/searches/{saved.id}").headers["Location"]
    assert there == "/groups/natverket/materials?kind=manual&order=new&q=spritk%C3%B6k"
    assert "Manual om" in client.get(there).text
    listed = client.get(LISTED).text
    assert "spritkök, Manual och handbok" in listed
    assert "Nätverket" in listed
    assert audit.verify() is None


def test_the_same_is_kept_once_and_there_is_an_end(network: Network, sign_in: Sign, built_front_end: object) -> None:
    client = sign_in(network.member)
    for _time in range(2):
        assert send(client, LISTED, place="library", q="ord", year=["2024", "2025"]).status_code == 302
    assert len(saved_of(network.member)) == 1
    for number in range(actions.MOST_SEARCHES - 1):
        actions.save_search(Wish(Place.LIBRARY, text=f"ord {number}"), name="x", by=network.member)
    db.commit()
    answer = send(client, LISTED, place="everywhere", q="ett till")
    assert answer.status_code == 409
    assert "/search?q=ett+till" in answer.text, "the way back to it"
    assert len(saved_of(network.member)) == actions.MOST_SEARCHES


def test_a_long_search_is_shown_cut(network: Network, sign_in: Sign, built_front_end: object) -> None:
    client = sign_in(network.member)
    assert send(client, LISTED, place="everywhere", q="o" * 2000).status_code == 302
    for page in (LISTED, f"/searches/{saved_of(network.member)[0].id}/edit"):
        text = client.get(page).text
        assert "o" * 79 + "…" in text
        assert "o" * 130 not in text


def test_what_is_stopped_is_not_said_to_be_published(network: Network, sign_in: Sign, built_front_end: object) -> None:
    network.admin.language = "en"
    db.commit()
    client = sign_in(network.admin)
    for path, form in (
        (LISTED, {"place": "everywhere", "q": "811228-9874"}),
        ("/synonyms", {"words": "811228-9874, ord"}),
    ):
        answer = send(client, path, **form)
        assert answer.status_code == 422
        assert "personal identity number" in answer.text
        assert "published" not in answer.text


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 400), ({"place": "https://evil.example"}, 400), ({"place": "everywhere"}, 422), ({"place": "everywhere", "q": " \n"}, 422),
        ({"place": "everywhere", "unknown": "x"}, 422), ({"place": "group", "q": "x"}, 404), ({"place": "group", "slug": "slutna", "q": "x"}, 404),
        ({"place": "everywhere", "q": "*"}, 422), ({"place": "everywhere", "q": "-ord"}, 422), ({"place": "everywhere", "q": '"'}, 422),
        ({"place": "everywhere", "q": "efter:2025"}, 302),
        ({"place": "everywhere", "q": "811228-9874"}, 422), ({"place": "library", "publisher": "811228-9874"}, 422),
        ({"place": "everywhere", "q": "x" * 5000}, 302), ({"place": "everywhere", "q": "a\x01\x7fb <b>å</b> 🧭 \u202e"}, 302),
        ({"place": "library", "year": ["2024"] * 500}, 302), ({"place": "library", "kind": "x" * 5000}, 302),
        ({"place": "everywhere", "group": "999999"}, 302), ({"place": "everywhere", "group": "9" * 100}, 302),
    ],
)  # fmt: skip
def test_what_can_be_sent(
    network: Network, sign_in: Sign, built_front_end: object, form: dict[str, Any], status: int
) -> None:
    index()
    client = sign_in(network.member)
    assert send(client, LISTED, **form).status_code == status
    assert len(saved_of(network.member)) == (status == 302)
    hour_passes()
    listed = client.get(LISTED)
    assert listed.status_code == 200
    assert "<b>å" not in listed.text
    for saved in saved_of(network.member):
        where = client.get(f"/searches/{saved.id}").headers["Location"]
        assert where.startswith(("/search?", "/library?"))
        assert client.get(where).status_code == 200


def test_another_s_search_is_not_there(network: Network, sign_in: Sign, built_front_end: object) -> None:
    saved = keep(network.convener)
    client = sign_in(network.member)
    missing = client.get("/searches/999999")
    for where in (f"/searches/{saved.id}", f"/searches/{saved.id}/edit"):
        assert client.get(where).status_code == missing.status_code == 404
    assert send(client, f"/searches/{saved.id}/edit", name="Mitt").status_code == 404
    assert send(client, f"/searches/{saved.id}/deletion").status_code == 404
    assert "spritkök" not in client.get(LISTED).text
    assert send(client, "/searches/feeds", name="x", search=str(saved.id)).status_code == 422


def test_a_name_and_whether_to_be_told(network: Network, sign_in: Sign, built_front_end: object) -> None:
    saved = keep(network.member)
    client, where = sign_in(network.member), f"/searches/{saved.id}/edit"
    for name, status in (("", 422), ("x" * 121, 422), ("Om 811228-9874", 422), ("<i>Nytt</i>", 302)):
        answer = send(client, where, name=name)
        assert answer.status_code == status, name
        assert status == 302 or name in answer.text
    db.session.expire_all()
    assert (saved.name, saved.is_told) == ("<i>Nytt</i>", False)
    assert "&lt;i&gt;Nytt" in client.get(LISTED).text
    assert send(client, f"/searches/{saved.id}/deletion").status_code == 302
    assert saved_of(network.member) == []


# --- telling ------------------------------------------------------------------------------------------------------------


def test_people_are_told_once_of_what_is_new(network: Network, sign_in: Sign, built_front_end: object) -> None:
    thread = factories.thread(network.group, network.convener, "Spritkök", "Gammalt")
    index()
    saved = keep(network.member)
    hour_passes()
    assert told(network.member) == [], "what was there is nothing new"
    factories.post(thread, network.convener, "Mer om spritkök")
    factories.post(thread, network.convener, "Om något annat")
    index()
    hour_passes()
    hour_passes()
    assert told(network.member) == [{"number": 1, "name": "spritkök"}]
    client = sign_in(network.member)
    assert NEW in client.get(LISTED).text
    assert "spritkök" in client.get("/notices").text
    client.get(f"/searches/{saved.id}")
    db.session.expire_all()
    assert saved.fresh == []


def test_nobody_is_told_who_does_not_wish_it_or_has_left(network: Network) -> None:
    silent, gone = keep(network.member), keep(network.observer)
    actions.change_search(silent, name="Tyst", is_told=False, by=network.member)
    people.disable_person(network.observer, by=network.admin)
    factories.thread(network.group, network.convener, "Spritkök", "Nytt")
    index()
    hour_passes()
    assert told(network.member) == told(network.observer) == []
    assert (len(silent.fresh), gone.fresh) == (1, [])


def test_with_the_rights_of_the_hour(network: Network, sign_in: Sign, built_front_end: object) -> None:
    saved = keep(network.member)
    in_group = keep(network.member, place=Place.GROUP, group=network.group)
    factories.thread(network.closed, network.convener, "Spritkök", "Slutet")
    factories.resource(network.group, network.convener, "Spritkök")
    index()
    hour_passes()
    assert [len(one.fresh) for one in (saved, in_group)] == [1, 1]
    client = sign_in(network.member)
    assert client.get(LISTED).text.count(NEW) == 2
    mine = sa.select(Membership).where(Membership.person_id == network.member.id)
    people.remove_member(db.session.scalars(mine).one(), by=None)
    factories.resource(network.group, network.convener, "Spritkök igen")
    index()
    before = len(told(network.member))
    hour_passes()
    listed = client.get(LISTED).text
    assert NEW not in listed, "what is not seen any more is not counted"
    assert "Nätverket" not in listed
    assert len(told(network.member)) == before
    assert client.get(f"/searches/{in_group.id}").headers["Location"] == LISTED


def test_of_sensitive_groups_it_is_only_said_how_many(network: Network) -> None:
    everywhere = keep(network.convener)
    quiet = keep(network.convener, text="tält grupp:slutna")
    of_closed = keep(network.convener, text="kompass", place=Place.GROUP, group=network.closed)
    for text in ("Spritkök", "Tält"):
        factories.thread(network.closed, network.convener, text, "Hemligheten")
    factories.resource(network.closed, network.convener, "Kompass")
    index()
    hour_passes()
    assert all(saved.fresh for saved in (everywhere, quiet, of_closed))
    assert all(not details["name"] for details in told(network.convener))
    mixed = factories.thread(network.group, network.convener, "Spritkök", "Öppnare")
    factories.post(db.session.merge(mixed), network.member, "Spritkök")
    index()
    hour_passes()
    assert told(network.convener)[-1] == {"number": 2, "name": "spritkök"}
    with db.reading():
        lines = " ".join(
            letters.line(notice) for notice in db.session.scalars(sa.select(Notice)) if notice.kind == "search_has_new"
        )
    assert not re.search("hemlig|slut|tält|kompass", lines, re.IGNORECASE)


def test_only_what_was_asked_for_counts(network: Network) -> None:
    """The search page offers other words and some of the words; nobody is told of those."""
    factories.thread(network.group, network.convener, "Människohandel", "Arbete")
    index()
    both, misspelt = keep(network.member, "människohandel stormkök"), keep(network.member, "människohandek")
    factories.thread(network.group, network.convener, "Människohandel", "Arbete")
    index()
    hour_passes()
    assert (both.fresh, misspelt.fresh, told(network.member)) == ([], [], [])


def test_a_search_that_does_not_work_is_asked_the_next_time(app: Edge, network: Network) -> None:
    if app.config["SETTINGS"].search_engine != "whoosh":
        pytest.skip("the index is a folder with the embedded engine only")
    keep(network.member)
    factories.thread(network.group, network.convener, "Spritkök", "Nytt")
    index()
    folder = app.config["SETTINGS"].data_dir / "index"
    app.extensions["search_engine"].close()
    folder.rename(folder.with_name("away"))
    folder.mkdir()
    telling.ask_again()
    db.commit()
    job = db.session.scalars(sa.select(outbox.Job).where(outbox.Job.kind == actions.JOB)).one().payload
    db.pause()
    telling.look_for_new(**job)
    assert told(network.member) == []
    shutil.rmtree(folder)
    folder.with_name("away").rename(folder)
    hour_passes()
    assert len(told(network.member)) == 1


def test_the_hourly_asking_holds_up_nothing(network: Network) -> None:
    for number in range(20):
        keep(network.member, f"ord {number}")
    telling.ask_again()
    factories.thread(network.group, network.convener, "Spritkök", "Nytt")
    db.commit()
    due = db.session.scalars(outbox.due_jobs()).all()
    assert [job.kind for job in due].count(actions.JOB) == 1, "the others come later"
    assert search.JOB in {job.kind for job in due}
    waiting = db.session.scalars(sa.select(outbox.Job).where(outbox.Job.kind == actions.JOB)).all()
    assert len(waiting) == 20
    assert max(job.run_at for job in waiting) < db.now() + telling.HOUR


def test_two_workers_tell_once_and_a_crash_tells_nothing(network: Network) -> None:
    saved = keep(network.member)
    hits = [Hit(("thread", 1), False)]
    actions.note_hits(saved, hits, is_quiet=False, by=None)
    db.rollback()  # the worker was killed before its transaction ended
    assert told(network.member) == []
    for _worker in range(2):  # both had asked before either wrote
        db.lock(saved)
        actions.note_hits(saved, hits, is_quiet=False, by=None)
        db.commit()
    assert told(network.member) == [{"number": 1, "name": "spritkök"}]


def test_many_at_once_are_all_told_of(
    network: Network, sign_in: Sign, built_front_end: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "LOOKED_AT", 2)
    thread = factories.thread(network.group, network.convener, "Spritkök", "x")
    saved = keep(network.member)
    for number in range(7):
        factories.post(thread, network.convener, f"Spritkök {number}")
    index()
    hour_passes()
    hour_passes()
    assert [details["number"] for details in told(network.member)] == [7]
    assert len(saved.fresh) == 7
    factories.post(db.session.merge(thread), network.convener, "Spritkök till")
    index()
    hour_passes()
    assert [details["number"] for details in told(network.member)] == [7, 1]


def test_what_slips_in_from_below_is_not_new(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "LOOKED_AT", 2)
    threads = [factories.thread(network.group, network.convener, f"Spritkök {number}", "x") for number in range(5)]
    index()
    keep(network.member)
    newest = threads[-1]
    newest.title = "Annat"
    index()
    hour_passes()
    assert told(network.member) == []


def test_the_page_of_results_has_the_button_and_the_menu_the_list(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    index()
    client: Browser = sign_in(network.member)
    assert 'action="/searches"' not in client.get("/search").text, "nothing is asked for yet"
    page = client.get("/search?q=ord").text
    assert 'action="/searches"' in page
    assert 'href="/searches"' in page


def test_what_finds_nothing_by_itself_is_not_kept(network: Network, sign_in: Sign, built_front_end: object) -> None:
    client = sign_in(network.member)
    for text in ("*", "a*", '"', "-ord"):
        assert send(client, "/searches", place="everywhere", q=text).status_code == 422, text
    assert send(client, "/searches", place="everywhere", q="o" * 1_900).status_code == 302
    assert send(client, "/searches", place="everywhere", q="efter:2025").status_code == 302
    assert "o" * 200 not in client.get("/searches").text
    refused = send(client, "/searches", place="everywhere", q="811228-9874").text
    assert "publi" not in refused.partition("<main")[2].partition("</main>")[0]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SavedSearch)) == 2
