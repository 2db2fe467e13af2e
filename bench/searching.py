"""Search: against Whoosh alone, with its own Swedish analyzer, without rights and without the database."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from whoosh import index as whoosh_index
from whoosh.analysis import LanguageAnalyzer
from whoosh.fields import ID, TEXT, Schema
from whoosh.qparser import MultifieldParser

from bench import data
from bench.figures import Row, compare, compare_times
from portal import db, search
from portal.people.policy import readable_group_ids
from portal.search import keeping

ROUNDS = 3
QUERY_ROUNDS = 5
QUERIES = (
    *("stödlinjen", "människohandel", "möte", "länsstyrelsen", "checklista", "samverkan mot människohandel"),
    *('"nästa möte"', "utbildning kommun", "polisen", "finnsinte"),
)


def _bare_index(folder: Path, documents: list[search.Document]) -> Any:
    schema = Schema(
        key=ID(stored=True, unique=True), title=TEXT(LanguageAnalyzer("sv")), body=TEXT(LanguageAnalyzer("sv"))
    )
    index = whoosh_index.create_in(str(folder), schema)
    writer = index.writer(limitmb=128)
    for document in documents:
        writer.add_document(key=f"{document.type}:{document.id}", title=document.title, body=document.body)
    writer.commit(optimize=True)
    return index


def _rebuilds(documents: list[search.Document]) -> Row:
    ours, bare = [], []
    for _number in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            began = perf_counter()
            _bare_index(Path(folder), documents)
            bare.append(len(documents) / (perf_counter() - began))
        began = perf_counter()
        ours.append(search.rebuild() / (perf_counter() - began))
    what = f"rebuild of the index, {len(documents)} documents"
    return compare(what, ours=ours, bare=bare, show=lambda rate: f"{rate:.0f} documents/s")


def _queries(documents: list[search.Document]) -> list[Row]:
    person = data.busiest_person()
    group_ids = db.session.scalars(readable_group_ids(person)).all()
    times: dict[str, list[list[float]]] = {"bare": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        index = _bare_index(Path(folder), documents)
        parser = MultifieldParser(["title", "body"], index.schema)
        with index.searcher() as searcher:
            for number in range(QUERY_ROUNDS + 1):
                bare, ours = [], []
                for text in QUERIES:
                    began = perf_counter()
                    [hit["key"] for hit in searcher.search(parser.parse(text), limit=20)]
                    bare.append(perf_counter() - began)
                for text in QUERIES:
                    began = perf_counter()
                    search.query(text, person=person, group_ids=group_ids)
                    ours.append(perf_counter() - began)
                    db.rollback()
                if number:  # the first one is the warm-up
                    times["bare"].append(bare)
                    times["ours"].append(ours)
    return compare_times(f"query, warm, {len(QUERIES)} questions", ours=times["ours"], bare=times["bare"])


def run(folder: Path) -> list[Row]:
    """Rebuild and query."""
    with data.opened(folder):
        db.reads_only(True)
        documents = list(keeping._all_documents())  # what a rebuild reads: the bare index gets the very same
        return [_rebuilds(documents), *_queries(documents)]
