"""A large index: a made-up corpus of 100,000 documents, asked through the embedded engine, PostgreSQL and tantivy.

BENCH_DOCUMENTS says how many documents (making them takes longest: some minutes per engine).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

import sqlalchemy as sa
import tantivy

from bench import data
from bench.corpus import GROUPS, documents, vocabulary
from bench.figures import Row, compare, milliseconds, percentile
from bench.servers import ROOT, environment, running
from portal import db, markup
from portal.discussions import actions as discussions
from portal.discussions.models import Post, PostKind, Thread
from portal.search.engine import Ask, Engine
from portal.search.postgres import PostgresEngine
from portal.search.query import parse
from portal.search.whoosh import WhooshEngine
from tests.servers import postgresql

SIZE = int(os.environ.get("BENCH_DOCUMENTS", "100000"))
FACETS = ("type", "group", "topic", "publisher", "county", "language", "year")
MINE = tuple(range(1, GROUPS + 1, 4))  # 50 of 200 groups
ROUNDS, ASKED = 5, 20
POSTS = 40


def _again(_keys: object) -> Any:
    return [], set()


def _seconds(function: Callable[[], object], times: int = ASKED) -> list[float]:
    taken = []
    for _time in range(times):
        began = perf_counter()
        function()
        taken.append(perf_counter() - began)
    return taken


def _tantivy(folder: Path, size: int) -> Callable[[str], object]:
    """The same documents in tantivy, and the same question: a word, the groups, facets, the number, the best twenty."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("words")
    builder.add_unsigned_field("group", indexed=True, fast=True)
    for facet in FACETS:
        builder.add_text_field(f"facet_{facet}", fast=True, tokenizer_name="raw", index_option="basic")
    schema = builder.build()
    folder.mkdir()
    index = tantivy.Index(schema, str(folder))
    writer = index.writer(256_000_000)
    for document in documents(size):
        facets = {**document.facets, "type": [document.type], "group": [str(group) for group in document.group_ids]}
        made = tantivy.Document(words=[document.title, document.body])
        for group in document.group_ids:
            made.add_unsigned("group", group)
        for facet, values in facets.items():
            for value in values:
                made.add_text(f"facet_{facet}", value)
        writer.add_document(made)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()
    fence = tantivy.Query.const_score_query(tantivy.Query.term_set_query(schema, "group", list(MINE)), 0.0)
    counted = {facet: {"terms": {"field": f"facet_{facet}", "size": 500}} for facet in FACETS}

    def ask(word: str) -> object:
        wanted = tantivy.Query.term_query(schema, "words", word)
        both = tantivy.Query.boolean_query([(tantivy.Occur.Must, wanted), (tantivy.Occur.Must, fence)])
        return searcher.search(both, limit=20, count=True), searcher.aggregate(both, counted)

    return ask


def _ask(engine: Engine, text: str, **more: Any) -> Callable[[], object]:
    return lambda: engine.search(Ask(parse(text), MINE, counted=FACETS, **more))


def _any_question(engine: WhooshEngine, words: list[str]) -> list[float]:
    """Whatever may be asked, nothing of it in memory: rare and frequent words, phrases, beginnings, many words."""
    texts = [*words[:40:2], *(f"{one} {other}" for one, other in zip(words[:20], words[20:40], strict=True))]
    texts += [f'"{words[0]} {words[1]}"', f'"{words[2]} {words[0]}"', " ".join(words[:24]), f"-{words[0]}", "och i att"]
    texts += [f"{beginning}*" for beginning in ("för", "und", "sam", "kon", "över", "inter", "abc", "utr")]
    texts += [" ".join(f"{word[:3]}*" for word in words[:10]), words[1_000], words[30_000]]
    taken = []
    for text in texts:
        for is_loose in (False, True):
            engine.close()
            engine.check()
            taken += _seconds(_ask(engine, text, is_loose=is_loose), 1)
    return taken


_MEMORY = """
import sys, json
from pathlib import Path
from portal.search.engine import Ask
from portal.search.query import parse
from portal.search.whoosh import WhooshEngine
def own():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("RssAnon")) / 1024
words, facets, mine = json.loads(sys.argv[2]), json.loads(sys.argv[3]), json.loads(sys.argv[4])
for word in words: parse(word)
before = own()
engine = WhooshEngine(Path(sys.argv[1]))
for word in words: engine.search(Ask(parse(word), mine, counted=facets))
print(own() - before)
"""


def _memory(folder: Path, words: list[str]) -> float:
    """What a process that reads the index has of its own after two hundred questions, in MB."""
    given = [str(folder), json.dumps(words[:200]), json.dumps(FACETS), json.dumps(MINE)]
    asked = subprocess.run(
        [sys.executable, "-c", _MEMORY, *given], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return float(asked.stdout)


def _searchable_after(folder: Path) -> list[float]:
    """From the stored post until another process finds it, with the worker running, in seconds."""
    taken = []
    with data.opened(folder) as app, running("flask", "--app", "wsgi", "worker", env=environment(folder, 1)):
        engine: Engine = app.extensions["search_engine"]
        thread = db.session.scalars(sa.select(Thread).limit(1)).one()
        group_id = thread.group_id
        db.session.rollback()
        sleep(5)
        for number in range(POSTS):
            word = f"mätord{uuid.uuid4().hex[:8]}"
            db.reads_only(False)
            by = data.writers(thread.group)[0]
            discussions.add_post(
                thread,
                body=f"Inlägg med {word}",
                kind=PostKind.REPLY,
                client_id=str(uuid.uuid4()),
                by=by,
                render=_render,
            )
            db.commit()
            began = perf_counter()
            while not engine.search(Ask(parse(word), [group_id], limit=1)).total:
                if perf_counter() - began > 30:
                    raise RuntimeError("a post was never found")
                sleep(0.002)
            taken.append(perf_counter() - began)
            sleep(0.05 * (number % 5))
    return taken


def _render(post: Post) -> dict[str, str]:
    return dict.fromkeys(("sv", "en"), str(markup.render(post.body)))


def run(folder: Path) -> list[Row]:
    """Make the indexes, ask them in turn."""
    words = vocabulary()
    word = words[0]
    place = folder.parent
    small, large = WhooshEngine(place / "small"), WhooshEngine(place / "large")
    small.rebuild(documents(SIZE // 10), _again)
    large.rebuild(documents(SIZE), _again)
    bare = _tantivy(place / "tantivy", SIZE)
    times: dict[str, list[list[float]]] = {name: [] for name in ("ours", "database", "bare", "small")}
    with postgresql() as url:
        database = sa.create_engine(f"{url}/postgres".replace("postgresql://", "postgresql+psycopg://"))
        in_database = PostgresEngine(lambda: database)
        in_database.rebuild(documents(SIZE), _again)
        with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
        for number in range(ROUNDS + 1):
            taken = {
                "ours": _seconds(_ask(large, word)), "database": _seconds(_ask(in_database, word)),
                "bare": _seconds(lambda: bare(word)), "small": _seconds(_ask(small, word)),
            }  # fmt: skip
            if number:  # the first one is the warm-up
                for name, some in taken.items():
                    times[name].append(some)
        database.dispose()
    question = f"{SIZE} documents, a frequent word, 50 of 200 groups, facets, number, best 20"
    half = {name: [percentile(one, 50) for one in rounds] for name, rounds in times.items()}
    whatever = _any_question(large, words)
    small.close()
    large.close()
    found = _searchable_after(folder)
    grown = median(half["ours"]) / median(half["small"])
    return [
        compare(f"{question}; bare: PostgreSQL, one statement: p50", ours=half["ours"], bare=half["database"], show=milliseconds),
        compare(f"{question}; bare: tantivy: p50", ours=half["ours"], bare=half["bare"], show=milliseconds),
        Row(f"the same for {SIZE // 10} documents; bare: of these", milliseconds(median(half["small"])),
            milliseconds(median(half["ours"])), f"{grown:.2f}"),
        Row("whatever may be asked, nothing in memory: p50, p99", "–",
            f"{milliseconds(median(whatever))}, {milliseconds(percentile(whatever, 99))}", "–"),
        Row("memory of a reader's own, after 200 questions", "–", f"{_memory(place / 'large', words):.0f} MB", "–"),
        Row(f"from {POSTS} stored posts until another process finds each: p50, p95, longest", "–",
            ", ".join(milliseconds(one) for one in (median(found), percentile(found, 95), max(found))), "–"),
    ]  # fmt: skip
