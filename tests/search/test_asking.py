"""Search: what a person may find, and an index that is stale, busy, damaged or gone."""

from __future__ import annotations

import gc
import json
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC

from portal import db, outbox, search, worker
from portal.discussions.following.models import ThreadFollow
from portal.discussions.models import Post, Thread
from portal.library import searchable as library
from portal.library.models import ResourcePage
from portal.people.models import Group, Person
from portal.people.policy import readable_group_ids
from portal.search import asking, snippets
from portal.search.engine import Ask
from portal.search.query import parse
from portal.times import today
from portal.web import Edge
from tests import commands, factories
from tests.conftest import Sign
from tests.factories import Network
from tests.search.test_engines import MALICIOUS, document

# --- what a person may find -------------------------------------------------------------------------------------------


def ask(person: Person, text: str, **more: object) -> search.Results:
    groups = db.session.scalars(readable_group_ids(person)).all()
    return search.query(text, person=person, group_ids=groups, **more)  # type: ignore[arg-type]  # for brevity


def index() -> None:
    """Let the worker do what waits."""
    db.commit()
    outbox.run_all()


def test_what_is_written_is_found_by_those_who_may_read_it(network: Network) -> None:
    thread = factories.thread(network.group, network.convener, "Stormköket", "Om spritkök och tändstickor")
    factories.thread(network.closed, network.convener, "Slutet", "Om spritkök i det slutna")
    factories.thread(network.open, network.convener, "Öppet", "Om spritkök för alla")
    index()
    assert {found.obj.thread.title for found in ask(network.convener, "spritkök").found} == {
        "Stormköket",
        "Slutet",
        "Öppet",
    }
    results = ask(network.member, "spritkök")
    assert (results.total, results.counts) == (2, {"post": 2})
    assert "Slutet" not in {found.obj.thread.title for found in results.found}
    assert ask(network.outsider, "spritkök").total == 1
    assert ask(network.member, "slutet").total == 0
    assert (ask(network.member, "stormköket").found[0].type, ask(network.member, "stormköket").total) == ("thread", 1)
    assert thread.title == "Stormköket"


def test_types_and_pages(network: Network) -> None:
    thread = factories.thread(network.group, network.convener, "Spritkök", "Om spritkök")
    for number in range(30):
        factories.post(thread, network.member, f"Spritkök nummer {number}")
    index()
    first, second = ask(network.member, "spritkök", limit=20), ask(network.member, "spritkök", limit=20, offset=20)
    assert (first.total, first.counts, len(first.found), len(second.found)) == (32, {"thread": 1, "post": 31}, 20, 12)
    assert {f.obj.id for f in first.found if f.type == "post"}.isdisjoint(
        {f.obj.id for f in second.found if f.type == "post"}
    )
    assert ask(network.member, "spritkök", type_="thread").total == 1
    assert ask(network.member, "spritkök", type_="unheard_of").found == []


def test_of_more_hits_than_are_looked_up_the_rest_is_counted(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_CHECKED", 5)
    thread = factories.thread(network.group, network.convener, "Spritkök", "Spritkök")
    for number in range(10):
        factories.post(thread, network.member, f"Spritkök {number}")
    closed = factories.thread(network.closed, network.convener, "Spritkök", "Spritkök")
    index()
    assert (ask(network.member, "spritkök").total, ask(network.convener, "spritkök").total) == (12, 14)
    results = ask(network.member, "spritkök", type_="post")
    assert (results.total, results.counts) == (11, {"thread": 1, "post": 11})
    factories.thread(network.group, network.convener, "Spritkök", "Spritkök")
    db.session.execute(sa.update(Thread).where(Thread.id == thread.id).values(group_id=network.closed.id))
    thread.title = "Spritkök i det slutna"
    for post in db.session.scalars(sa.select(Post).where(Post.thread_id == thread.id)):
        post.body += "."
    db.commit()  # the index has not heard of it
    assert ask(network.member, "spritkök").total == 0, "what moved is not counted where it was"
    assert closed.group_id == network.closed.id


def test_a_stale_index_shows_nothing_that_may_not_be_seen(network: Network) -> None:
    thread = factories.thread(network.group, network.convener, "Spritkök", "Om tändstickor")
    index()
    db.session.execute(sa.update(Thread).values(group_id=network.closed.id))  # behind the index's back
    db.commit()
    for text in ("spritkök", "tändstickor"):
        results = ask(network.member, text)
        assert (results.total, results.counts, results.found) == (0, {}, [])
    db.session.execute(sa.delete(Post))
    db.session.execute(sa.delete(ThreadFollow))
    db.session.execute(sa.delete(Thread))
    db.commit()
    assert ask(network.convener, "tändstickor").total == 0
    assert thread is not None


def test_an_index_that_lies_about_groups_shows_nothing(app: Edge, network: Network) -> None:
    factories.thread(network.closed, network.convener, "Slutet", "hemlighetsord")
    index()
    engine = app.extensions["search_engine"]
    rows = [document(found.obj.id, "Slutet", "hemlighetsord", network.group.id, found.type)
            for found in ask(network.convener, "hemlighetsord").found]  # fmt: skip
    engine.write(rows, [])
    assert engine.search(Ask(parse("hemlighetsord"), [network.group.id])).total
    results = ask(network.member, "hemlighetsord")
    assert (results.total, results.counts, results.found) == (0, {}, [])


def test_the_page_takes_anything(network: Network, sign_in: Sign, built_front_end: object) -> None:
    index()
    search.mend()
    client = sign_in(network.member)
    for text in MALICIOUS:
        words = text.encode("utf-8", "replace").decode()
        answer = client.get("/search", query_string={"q": words})
        assert answer.status_code == 200, text[:40]
        assert "<script>alert" not in answer.text
        assert client.get("/library", query_string={"q": words}).status_code == 200, text[:40]


# --- the index as a thing that can break --------------------------------------------------------------------------------


def folder_of(app: Edge) -> Path:
    folder: Path = app.config["SETTINGS"].data_dir / "index"
    return folder


def damage(app: Edge, how: str) -> None:
    current = (folder_of(app) / "current").resolve()
    if how == "gone":
        shutil.rmtree(folder_of(app))
    elif how == "old":
        old = current.rename(current.with_name("index-0123456789ab"))
        (folder_of(app) / "current").unlink()
        (folder_of(app) / "current").symlink_to(old.name)
    elif how == "target gone":
        shutil.rmtree(current)
    elif how == "empty":
        for file in current.iterdir():
            file.unlink()
    elif how == "cut":
        for file in current.iterdir():
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif how == "lists":  # the index opens, but what is in it cannot be read
        for file in current.glob("*.seg"):
            lists = re.escape(WHOOSH3_HEADER_MAGIC) + b".{40}"
            file.write_bytes(re.sub(lists, lambda found: b"\xff" * len(found[0]), file.read_bytes(), flags=re.DOTALL))
    else:
        for file in current.iterdir():
            file.write_bytes(b"\xff" * file.stat().st_size)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Whoosh leaves damaged files open
@pytest.mark.parametrize("how", ["gone", "target gone", "empty", "cut", "overwritten"])
def test_a_damaged_index_is_not_taken_for_an_empty_one(
    app: Edge, network: Network, sign_in: Sign, built_front_end: object, how: str
) -> None:
    factories.thread(network.group, network.convener, "Spritkök", "Om tändstickor")
    worker.sign("test")
    index()
    client = sign_in(network.member)
    assert client.get("/health").status_code == 200
    app.extensions["search_engine"].close()  # as a process that starts now
    damage(app, how)
    for where in ("/search?q=spritkök", "/library?q=spritkök", "/groups/natverket/materials?q=spritkök"):
        answer = client.get(where)
        assert answer.status_code == 503
        assert "notice-error" in answer.text
        assert "Om tändstickor" not in answer.text
        assert "Nätverket" in answer.text, "the rest of the page works"
    assert client.get("/search?q=spritkök&fragment=1").status_code == 503
    assert client.get("/search").status_code == client.get("/library").status_code == 200
    health = client.get("/health")
    assert (health.status_code, health.json["index"]["status"]) == (503, "down")  # type: ignore[index]
    asked = commands.run(app, "search", "query", "spritkök", "--as", network.member.email)
    assert (asked.exit_code, asked.output) == (1, "Error: The index cannot be read. Make it anew: search rebuild.\n")
    done = commands.run(app, "search", "rebuild")
    assert (done.exit_code, done.output) == (0, "2 documents are in the new index.\n")
    assert ask(network.member, "spritkök").total == 1
    factories.thread(network.group, network.convener, "Stormkök", "Om annat")
    index()
    assert ask(network.member, "stormkök").total == 1
    assert client.get("/health").status_code == 200
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Whoosh leaves damaged files open
@pytest.mark.parametrize("how", ["gone", "target gone", "empty", "cut", "overwritten", "lists", "old"])
def test_the_worker_mends_the_index(app: Edge, network: Network, how: str) -> None:
    factories.thread(network.group, network.convener, "Spritkök", "Om tändstickor")
    index()
    app.extensions["search_engine"].close()
    damage(app, how)
    with pytest.raises(search.SearchDown):
        ask(network.member, "spritkök")
    search.mend()
    assert ask(network.member, "spritkök").total == 1
    made = (folder_of(app) / "current").resolve()
    search.mend()
    assert (folder_of(app) / "current").resolve() == made, "what works is left alone"
    with app.extensions["search_engine"]._holding("rebuilding"):
        damage(app, "target gone")
        search.mend()  # somebody makes it already
    gc.collect()


def test_a_lost_index_is_made_anew_by_the_worker(app: Edge, network: Network) -> None:
    factories.thread(network.group, network.convener, "Spritkök", "Om tändstickor")
    index()
    damage(app, "gone")
    factories.thread(network.group, network.convener, "Stormkök", "Om annat")
    index()
    assert (ask(network.member, "spritkök").total, ask(network.member, "stormkök").total) == (1, 1)


def test_what_is_written_while_somebody_else_writes_is_written_later(app: Edge, network: Network) -> None:
    factories.thread(network.group, network.convener, "Spritkök", "Om tändstickor")
    index()
    engine = app.extensions["search_engine"]
    factories.thread(network.group, network.convener, "Stormkök", "Om annat")
    db.commit()
    with engine._holding("lock"), engine._holding("rebuilding"):
        outbox.run_once()
        waiting = db.session.scalars(sa.select(outbox.Job)).all()
        assert search.JOB in {job.kind for job in waiting}
        assert all(job.error is None for job in waiting)
        assert commands.run(app, "search", "rebuild").exit_code == 1
    assert ask(network.member, "stormkök", is_strict=True).total == 0
    db.session.execute(sa.update(outbox.Job).values(run_at=db.now()))
    index()
    assert ask(network.member, "stormkök").total == 1
    assert search.lag() == (0, 0.0)


def test_the_lag_is_what_waits(network: Network) -> None:
    factories.thread(network.group, network.convener, "Spritkök", "Om tändstickor")
    db.commit()
    waiting = sa.func.count(outbox.Job.id)
    assert search.lag()[0] == db.session.scalar(sa.select(waiting).where(outbox.Job.kind == search.JOB)) == 2
    db.session.execute(sa.update(outbox.Job).values(created_at=db.now() - timedelta(minutes=5)))
    db.session.execute(sa.insert(outbox.Job).values(kind=search.JOB, payload={}, attempts=12, failed_at=db.now()))
    count, seconds = search.lag()
    assert count == 2, "what was given up does not wait"
    assert 300 <= seconds < 3600
    index()
    assert search.lag() == (0, 0.0)


# --- passages -----------------------------------------------------------------------------------------------------------


def test_passages_mark_words_and_escape_everything_else() -> None:
    text = 'Före <script>alert("x")</script> & Människohandel efter <b>människohandeln</b>'
    snippet = snippets.best(text, parse("människohandel script"))
    assert snippet is not None
    assert str(snippet.html) == (
        "Före &lt;<mark>script</mark>&gt;alert(&#34;x&#34;)&lt;/<mark>script</mark>&gt; &amp; "
        "<mark>Människohandel</mark> efter &lt;b&gt;<mark>människohandeln</mark>&lt;/b&gt;"
    )


def test_a_passage_is_where_the_words_are() -> None:
    text = "ord " * 400 + "Nålen ligger här i höstacken " + "ord " * 400
    snippet = snippets.best(text, parse("nålen höstacken"))
    assert snippet is not None
    assert "<mark>Nålen</mark> ligger här i <mark>höstacken</mark>" in snippet.html
    assert snippet.html.startswith("… ")
    assert snippet.html.endswith(" …")
    assert len(snippet.html) < 500
    assert snippets.best(text, parse("synål")) is None


def test_passages_come_from_the_two_best_pages() -> None:
    filler = "annat om ingenting " * 300
    pages = [(number, filler) for number in range(1, 60)]
    pages[20] = (21, f"{filler} en metro {filler}")
    pages[40] = (41, f"{filler} människohandel i Métro {filler}")
    pages[50] = (51, f"{filler} Me\N{COMBINING ACUTE ACCENT}tro, människohandeln {filler}")
    made = snippets.passages(pages, parse("människohand* metro"))
    assert [snippet.page for snippet in made] == [41, 51]
    assert "<mark>människohandel</mark> i <mark>Métro</mark>" in made[0].html
    assert snippets.passages([(None, filler)], parse("metro")) == []
    alone = snippets.passages([(None, f"{filler} metro {filler} metro {filler}")], parse("metro"))
    assert [snippet.page for snippet in alone] == [None]


def test_letters_in_other_words_do_not_use_up_what_is_looked_through() -> None:
    pages = [(number, "ekonomin och en rekommendation " * 100) for number in range(1, 60)]
    made = snippets.passages([*pages, (60, "ett eko i dalen")], parse("eko"))
    assert [(snippet.page, str(snippet.html)) for snippet in made] == [(60, "ett <mark>eko</mark> i dalen")]


@pytest.mark.parametrize("word", ["tändstickor", "TÄNDSTICKOR", "Ändhållplatsen"])
def test_a_word_far_back_in_a_long_report_has_its_page(
    network: Network, sign_in: Sign, built_front_end: object, word: str
) -> None:
    made = factories.resource(network.group, network.convener, "Utredning", "x", "utredning.pdf")
    short = factories.resource(network.group, network.convener, f"Kort om {word}", "annat")
    filler = "annat om ingenting " * 150
    made.current.page_count = 500
    texts = {400: f"{filler} {word} {filler}"}
    made.current.pages += [ResourcePage(number=number, text=texts.get(number, filler)) for number in range(2, 501)]
    db.session.flush()
    index()
    results = ask(network.member, word.lower())
    pages = {one.obj.id: [passage.page for passage in one.passages] for one in results.found}
    assert pages == {made.id: [400], short.id: []}
    page = sign_in(network.member).get("/library", query_string={"q": word.lower()}).text
    assert f"/resources/{made.id}?page=400" in page


def test_only_so_much_is_looked_through(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    before = snippets.best

    def counting(text: str, *args: Any, **more: Any) -> snippets.Snippet | None:
        read.append(len(text))
        return before(text, *args, **more)

    monkeypatch.setattr(snippets, "best", counting)
    snippets.passages([(number, "spritkök " * 1_000) for number in range(500)], parse("spritkök tändstickor"))
    assert len(read) == snippets.MOST_PIECES
    assert max(read) <= snippets.PIECE
    monkeypatch.setattr(library, "MOST_CHARACTERS", 1_000)
    made = factories.resource(network.group, network.member, text="spritkök " * 1_000)
    made.current.page_count = 9
    made.current.pages += [ResourcePage(number=number, text="spritkök " * 10) for number in range(2, 10)]
    other = factories.resource(network.group, network.member, text="kort")
    db.session.flush()
    assert library._texts([made, other], ()) == {
        made.id: [(1, ("spritkök " * 1_000)[:1_000])],
        other.id: [(None, "kort")],
    }


def test_under_gevent_the_loop_goes_on_meanwhile() -> None:
    code = """
from gevent import monkey; monkey.patch_all()
import gevent, tempfile, threading, time
from pathlib import Path
from portal.search.aside import aside
from portal.search.engine import Ask, SearchDown
from portal.search.query import parse
from portal.search.whoosh import WhooshEngine
from tests.search.test_engines import CORPUS
ticks = []
def tick():
    while True:
        gevent.sleep(0.01)
        ticks.append(1)
gevent.spawn(tick)
def work(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return seconds
assert aside(work, 0.5) == 0.5
assert len(ticks) >= 5, ticks
try:
    aside(int, "x")
except ValueError:
    pass
else:
    raise SystemExit("the error is lost")
engine = WhooshEngine(Path(tempfile.mkdtemp()))
try:
    engine.check()
except SearchDown:
    pass
else:
    raise SystemExit("no index is no index")
engine.write(CORPUS, [])
def ask():
    return {hit.id for hit in engine.search(Ask(parse("människohandel"), [1])).hits}
asked = [gevent.spawn(ask) for _ in range(20)]
gevent.joinall(asked, timeout=20)
assert [one.value for one in asked] == [{1, 2}] * 20, [one.value for one in asked]
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=commands.ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_marking_a_title() -> None:
    assert str(snippets.mark("<i>Samverkan</i>", parse("samverk*"))) == "&lt;i&gt;<mark>Samverkan</mark>&lt;/i&gt;"


# --- the command --------------------------------------------------------------------------------------------------------


def test_the_command_sees_through_somebody_s_eyes(app: Edge, network: Network) -> None:
    factories.thread(network.group, network.convener, "Spritkök", "Om <b>tändstickor</b>")
    factories.thread(network.closed, network.convener, "Slutet", "Om tändstickor i hemlighet")
    index()
    member, convener, outsider = network.member.email, network.convener.email, network.outsider.email
    answer = json.loads(commands.run(app, "search", "query", "tändstickor", "--as", member, "--json").output)
    assert (answer["total"], answer["counts"], answer["is_loose"], answer["meant"]) == (1, {"post": 1}, False, None)
    assert answer["hits"][0]["snippet"] == "Om &lt;b&gt;<mark>tändstickor</mark>&lt;/b&gt;"
    both = json.loads(commands.run(app, "search", "query", "tändstickor", "--as", convener, "--json").output)
    assert both["total"] == 2
    nothing = json.loads(commands.run(app, "search", "query", "tändstickor", "--as", outsider, "--json").output)
    assert nothing == {"total": 0, "counts": {}, "is_loose": False, "meant": None, "hits": []}
    plain = commands.run(app, "search", "query", "spritkök", "--as", member)
    assert plain.output == "1 hits\n    thread  Spritkök\n"
    assert commands.run(app, "search", "query", "x", "--as", "nobody@example.org").exit_code == 2


def test_groups_are_read_when_the_question_is_asked(network: Network) -> None:
    factories.thread(network.group, network.convener, "Spritkök", "Om tändstickor")
    index()
    db.session.execute(sa.update(Group).where(Group.id == network.group.id).values(is_archived=True))
    db.commit()
    assert ask(network.member, "spritkök").total == 0


# --- the page -------------------------------------------------------------------------------------------------------------


def test_every_list_says_whether_a_material_still_holds(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    new = factories.resource(network.group, network.member, "Ny manual", "spritkök")
    hidden = factories.resource(network.closed, network.convener, "Sluten manual", "spritkök")
    old = factories.resource(network.group, network.member, "Gammal manual", "spritkök")
    older = factories.resource(network.group, network.member, "Äldre manual", "spritkök")
    late = factories.resource(network.group, network.member, "Sen manual", "spritkök")
    gone = factories.resource(network.group, network.member, "Indragen manual", "spritkök")
    old.replaced_by_id, older.replaced_by_id = new.id, hidden.id
    late.review_by = today() - timedelta(days=1)
    gone.withdrawn_at, gone.withdrawn_reason = db.now(), "fel"
    index()
    client = sign_in(network.member)
    link = f'<a href="/resources/{new.id}">Ny manual</a>'
    for where in ("/search?q=spritkök", "/library?q=spritkök", "/library"):
        page = client.get(where).text
        assert link in page, where
        assert "tag-bad" in page, where
        assert page.count("tag-outline") == 2, where
        assert "Sluten manual" not in page, where
    assert "indragen" in client.get("/search?q=spritkök").text.lower()


def test_a_page_number_leads_to_the_page(network: Network, sign_in: Sign, built_front_end: object) -> None:
    made = factories.resource(network.group, network.member, "Manual", "om annat")
    made.current.page_count = 2
    made.current.pages.append(ResourcePage(number=2, text="om spritkök"))
    index()
    page = sign_in(network.member).get("/search?q=spritkök").text
    assert re.search(rf'<a class="meta" href="/resources/{made.id}\?page=2&amp;q=spritk%C3%B6k"', page)


def test_the_window_says_why_and_puts_names_first(network: Network, sign_in: Sign, built_front_end: object) -> None:
    thread = factories.thread(network.group, network.convener, "Stormkök", "Om tändstickor")
    factories.post(thread, network.member, "Nätverket har spritkök i lager")
    factories.thread(network.group, network.convener, "Nätverket bygger ut", "Om annat")
    index()
    client = sign_in(network.member)
    page = client.get("/search?q=spritkök&fragment=1").text
    assert "<mark>spritkök</mark> i lager" in page
    assert network.member.name in page
    page = client.get("/search?q=nätv&fragment=1").text
    assert page.index("/groups/natverket") < page.index("/threads/"), "a group whose name begins so"
    assert page.count('"/groups/natverket"') == 1
    page = client.get("/search?q=verket&fragment=1").text
    assert '"/groups/natverket"' in page
    page = client.get("/search?q=örebro&fragment=1").text
    assert "county=T" in page.partition('role="option"')[2].partition(">")[0]


def test_htmx_writes_no_style_into_pages(network: Network, sign_in: Sign, built_front_end: object) -> None:
    """It carries the attributes of what it swaps over; a style among them breaks the page's own rule (CSP)."""
    page = sign_in(network.member).get("/search").text
    config = json.loads(re.findall(r"name=\"htmx-config\" content='([^']+)'", page)[0])
    assert config["attributesToSettle"] == ["class", "width", "height"]
    assert config["includeIndicatorStyles"] is False
    assert " style=" not in page
