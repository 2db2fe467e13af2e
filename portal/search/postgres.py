"""Search in PostgreSQL, for several machines on one database: the same words, the same hits and counts, another order.

But for very long texts: a vector holds places up to 16,383 and 255 of a word, so what is written in a row further on is not
found, and of texts of several hundred pages only the words are kept.

The language work is ours on both sides, so the database gets ready vectors and needs no dictionary. The tables are a cache,
as Whoosh's files are: made by the engine itself under a name with its form, not by migrations.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, time
from itertools import islice
from typing import Any

import sqlalchemy as sa

from portal.search.engine import FACETS, Answer, Ask, Busy, Document, Hit, Key, Renewed, SearchDown
from portal.search.query import Alternative, Beginning, Clause, Query
from portal.search.swedish import EXACT, postings, tokens
from portal.times import STOCKHOLM

FORM = 3  # of the tables; a new number lets the index be made anew
LAST_PLACE, MOST_PLACES = 16_383, 255  # what a vector can hold
LONGEST_VECTOR = 900_000  # bytes; of a longer text only words are kept, not how and where they were written
WEIGHTS = "{0.05, 0.3, 0.3, 1.0}"  # of parts, of nothing, of the body, of the title
WRITING, REBUILDING = 7_301_001, 7_301_002  # advisory locks
MOST_FORMS = 4_000
A_BATCH = 200
OLD, NEW = f"search_{FORM}", f"search_{FORM}_new"
JOURNAL = "search_journal"


class PostgresEngine:
    """The engine for several machines (see `Engine`)."""

    def __init__(self, database: Callable[[], sa.Engine]) -> None:
        self._database = database

    # --- reading ---

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._database().connect() as connection:
                yield connection
        except (sa.exc.OperationalError, sa.exc.ProgrammingError) as error:  # no table, or no database
            raise SearchDown from error

    def search(self, ask: Ask) -> Answer:
        """See `Engine.search`."""
        if not ask.group_ids:
            return Answer(counts={facet: {} for facet in ask.counted})
        statement, values = _statement(ask)
        with self._reading() as connection:
            rows = connection.execute(sa.text(statement), values).all()
        total, hits, counts = 0, [], {facet: {} for facet in ask.counted}  # type: ignore[var-annotated]
        readable = {str(group_id) for group_id in ask.group_ids}
        for kind, value, number in rows:
            if kind == "total":
                total = number
            elif kind == "hit":
                hits.append(Hit(value, number))
            elif kind != "group" or value in readable:  # of other groups that have it too, nobody is told
                counts[kind][value] = number
        return Answer(hits, total, counts)

    def words_like(self, beginnings: Collection[str]) -> list[str]:
        """See `Engine.words_like`."""
        like = sa.text(
            "SELECT found.form FROM unnest(CAST(:starts AS text[])) start CROSS JOIN LATERAL"
            f" (SELECT form FROM {OLD}_words WHERE form LIKE start ORDER BY form LIMIT {MOST_FORMS}) found"
        )
        with self._reading() as connection:
            starts = [f"{start}%" for start in beginnings if start.isalnum()]
            return sorted(set(connection.scalars(like, {"starts": starts})))

    def check(self) -> None:
        """See `Engine.check`."""
        with self._reading() as connection:
            connection.execute(sa.text(f"SELECT 1 FROM {OLD} LIMIT 1"))

    def exists(self) -> bool:
        """See `Engine.exists`."""
        with self._database().connect() as connection:
            return _is_there(connection, OLD)

    def is_worn(self) -> bool:
        """The database keeps its own house."""
        return False

    def close(self) -> None:
        """The connections are the app's."""

    # --- writing ---

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self._database().begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITING})
            yield connection

    def write(self, documents: Iterable[Document], gone: Iterable[Key]) -> None:
        """See `Engine.write`."""
        with self._writing() as connection:
            documents, gone = list(documents), list(gone)
            if not _is_there(connection, OLD):
                _make(connection, OLD)
            if _is_there(connection, JOURNAL):
                keys = [{"type": type_, "id": number} for type_, number in [*(one.key for one in documents), *gone]]
                connection.execute(sa.text(f"INSERT INTO {JOURNAL} VALUES (:type, :id)"), keys)
            _write(connection, OLD, documents, gone)

    def rebuild(self, documents: Iterable[Document], again: Renewed) -> int:
        """See `Engine.rebuild`."""
        count = 0
        with self._rebuilding():
            with self._writing() as connection:
                for name in (NEW, f"{NEW}_words", JOURNAL):
                    connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))
                _make(connection, NEW)
                connection.execute(sa.text(f"CREATE TABLE {JOURNAL} (type text, id bigint)"))
            for batch in _batches(documents):
                with self._database().begin() as connection:
                    _write(connection, NEW, batch, ())
                count += len(batch)
            with self._writing() as connection:
                keys = {
                    (type_, number) for type_, number in connection.execute(sa.text(f"SELECT type, id FROM {JOURNAL}"))
                }
                if keys:
                    _write(connection, NEW, *again(keys))
                _swap(connection)
        return count

    @contextmanager
    def _rebuilding(self) -> Iterator[None]:
        """A lock that the database lets go of when this process ends."""
        with self._database().connect() as connection:
            if not connection.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": REBUILDING}):
                raise Busy
            connection.commit()
            try:
                yield
            finally:
                connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": REBUILDING})
                connection.commit()


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    there = iter(documents)
    while batch := list(islice(there, A_BATCH)):
        yield batch


def _is_there(connection: sa.Connection, table: str) -> bool:
    return connection.scalar(sa.text("SELECT to_regclass(:name) IS NOT NULL"), {"name": table}) is True


def _make(connection: sa.Connection, name: str) -> None:
    facets = ", ".join(f"facet_{facet} text[] NOT NULL" for facet in FACETS)
    connection.execute(sa.text(
        f"CREATE TABLE {name} (type text NOT NULL, id bigint NOT NULL, words tsvector NOT NULL, groups int[] NOT NULL,"
        f" changed timestamptz NOT NULL, rank real NOT NULL, {facets}, PRIMARY KEY (type, id))"
    ))  # fmt: skip
    mark = secrets.token_hex(4)  # names of indexes are not swapped with their table
    connection.execute(
        sa.text(f"CREATE INDEX search_{mark} ON {name} USING gin (words, groups) WITH (fastupdate = off)")
    )
    connection.execute(sa.text(f"CREATE TABLE {name}_words (form text PRIMARY KEY)"))
    connection.execute(sa.text(f"CREATE INDEX search_words_{mark} ON {name}_words (form text_pattern_ops)"))


def _swap(connection: sa.Connection) -> None:
    for name in (OLD, f"{OLD}_words", JOURNAL):
        connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))
    for ending in ("", "_words"):
        connection.execute(sa.text(f"ALTER TABLE {NEW}{ending} RENAME TO {OLD}{ending}"))


def _write(connection: sa.Connection, name: str, documents: Iterable[Document], gone: Iterable[Key]) -> None:
    replaced = {document.key: document for document in documents}
    keys = [{"type": type_, "id": number} for type_, number in {*replaced, *gone}]
    if keys:
        connection.execute(sa.text(f"DELETE FROM {name} WHERE type = :type AND id = :id"), keys)
    if replaced:
        facets = [f"facet_{facet}" for facet in FACETS]
        values = ", ".join(["type, id, words, groups, changed, rank", *facets])
        given = ", ".join(
            [":type, :id, CAST(:words AS tsvector), :groups, :changed, :rank", *(f":{one}" for one in facets)]
        )
        rows, forms = [], set()
        for document in replaced.values():
            row, written = _row(document)
            rows.append(row)
            forms |= written
        connection.execute(sa.text(f"INSERT INTO {name} ({values}) VALUES ({given})"), rows)
        insert = f"INSERT INTO {name}_words SELECT unnest(CAST(:forms AS text[])) ON CONFLICT DO NOTHING"
        connection.execute(sa.text(insert), {"forms": sorted(forms)})


# --- documents ------------------------------------------------------------------------------------------------------------


def _row(document: Document) -> tuple[dict[str, Any], set[str]]:
    found, _length = postings(document.title, document.body)
    title = sum(1 for _token in tokens(document.title))
    facets = {"type": [document.type], "group": [str(group_id) for group_id in document.group_ids], **document.facets}
    vector = " ".join(f"{_lexeme(term)}{_places(posting.places, title)}" for term, posting in found.items())
    if len(vector.encode()) > LONGEST_VECTOR:
        vector = " ".join(_lexeme(term) for term in found if not term.startswith(EXACT))
        cut = vector.encode()[:LONGEST_VECTOR]
        vector = vector if len(cut) < LONGEST_VECTOR else cut.decode(errors="ignore").rpartition(" ")[0]
    row = {
        "type": document.type, "id": document.id, "words": vector, "groups": list(document.group_ids),
        "changed": document.changed_at, "rank": document.weight,
        **{f"facet_{name}": sorted(set(facets.get(name, ()))) for name in FACETS},
    }  # fmt: skip
    return row, {term.removeprefix(EXACT) for term in found if term.startswith(EXACT)}


def _lexeme(term: str) -> str:
    escaped = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _places(places: list[int], title: int) -> str:
    marked = [f"{place + 1}{'A' if place < title else 'B'}" for place in places[:MOST_PLACES] if place < LAST_PLACE]
    return f":{','.join(marked)}" if marked else ""


# --- questions ------------------------------------------------------------------------------------------------------------


def _tsquery(query: Query, *, is_loose: bool) -> str:
    wanted = (" | " if is_loose else " & ").join(f"({_clause(clause)})" for clause in query.wanted)
    refused = " & ".join(f"!({_clause(clause)})" for clause in query.refused)
    return " & ".join(part for part in (f"({wanted})" if wanted else "", refused) if part)


def _clause(clause: Clause) -> str:
    return " | ".join(f"({_alternative(alternative)})" for alternative in clause)


def _alternative(alternative: Alternative) -> str:
    if isinstance(alternative, Beginning):
        return f"{_lexeme(EXACT + alternative.text)}:*"
    return " <-> ".join(_lexeme(term) for term in alternative)


def _statement(ask: Ask) -> tuple[str, Mapping[str, Any]]:
    """One statement: the number of hits, a page of them, and the values of the facets. Only names of ours stand in its text;
    what people typed is bound."""
    if not {*ask.counted, *ask.chosen} <= set(FACETS):
        raise ValueError("not a facet")
    query = ask.query
    values: dict[str, Any] = {"groups": sorted(ask.group_ids), "limit": ask.limit, "offset": ask.offset}
    where = ["groups && CAST(:groups AS int[])"]
    score = "0"
    if query.wanted or query.refused:
        values["query"] = _tsquery(query, is_loose=ask.is_loose)
        where.append("words @@ CAST(:query AS tsquery)")
    if query.wanted and not ask.newest_first:
        score = f"rank * ts_rank('{WEIGHTS}', words, CAST(:query AS tsquery), 1)"
    for name, day, sign in (("after", query.after, ">="), ("before", query.before, "<")):
        if day is not None:
            values[name] = datetime.combine(day, time(), STOCKHOLM)
            where.append(f"changed {sign} :{name}")
    if ask.refused:
        values |= {"no_types": [kind for kind, _id in ask.refused], "no_ids": [number for _kind, number in ask.refused]}
        where.append("(type, id) NOT IN (SELECT * FROM unnest(CAST(:no_types AS text[]), CAST(:no_ids AS bigint[])))")
    columns = [f"facet_{facet}" for facet in ask.counted]
    for facet, chosen in ask.chosen.items():
        values[f"chosen_{facet}"] = sorted(chosen)
        columns.append(f"(facet_{facet} && CAST(:chosen_{facet} AS text[])) AS ok_{facet}")
    hits = " AND ".join(f"ok_{facet}" for facet in ask.chosen) or "true"
    inner = ", ".join(["type", "id", "changed", f"{score} AS score", *columns])
    parts = [f"SELECT 'total', '', count(*) FROM met WHERE {hits}"]
    for facet in ask.counted:
        others = " AND ".join(f"ok_{name}" for name in ask.chosen if name != facet) or "true"
        # many documents have the same combination of values: first those are counted, which are few
        alike = (
            f"SELECT facet_{facet} AS combination, count(*) AS number FROM met WHERE {others} GROUP BY facet_{facet}"
        )
        parts.append(
            f"SELECT '{facet}', value, sum(number)::bigint FROM ({alike}) alike, unnest(combination) value GROUP BY value"
        )
    page = f"SELECT 'hit', type, id FROM met WHERE {hits} ORDER BY score DESC, changed DESC, id DESC, type LIMIT :limit OFFSET :offset"
    parts.append(f"(SELECT * FROM ({page}) page)")
    return (
        f"WITH met AS MATERIALIZED (SELECT {inner} FROM {OLD} WHERE {' AND '.join(where)}) {' UNION ALL '.join(parts)}",
        values,
    )
