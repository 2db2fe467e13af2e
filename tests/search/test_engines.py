"""What every search engine must do: one set of tests, run on each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from portal.search.engine import FACETS, Answer, Ask, Busy, Document, Engine, Key, SearchDown
from portal.search.postgres import PostgresEngine
from portal.search.query import parse
from portal.search.whoosh import WhooshEngine

ENGINES = ("whoosh", "postgresql")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MALICIOUS = [
    "a*", "*", "***", "ab*", "[a TO z]", "group:1", "grp:5 OR group:2", "body:hemligt", "a AND (b OR", "a~2", "a^1000", "\\",
    '"', '"""', '"halv fras', "-", "--", "-hemligt", '-"hemlig sak"', "--hemligt", "?", "a?b", "NOT a", "{", "\x00", "a\x00b",
    "\N{ZERO WIDTH SPACE}", "\N{RIGHT-TO-LEFT OVERRIDE}abc", "\ud800", "ord " * 2_500, "x" * 10_000, '"' * 5_000, "- " * 5_000,
    "abc* " * 2_000, "'; DROP TABLE post; --", "%", "_", "<script>alert(1)</script>", "\N{COMBINING ACUTE ACCENT}" * 500,
    "och att det som", "-" + " -".join(f"ord{number}" for number in range(50)), "\N{PILE OF POO}", "\N{ARABIC LETTER ALEF}" * 5,
    "typ:", "typ:typ:typ", "efter:igår", "efter:9999-99-99", "län:%", "'a' & 'b'", "a:*", "!a", "a | b <-> c", ":*", "'", "''",
    "å" * 2_000, "typ:beslut typ:post -typ:x", "=hemligt", "=",
]  # fmt: skip


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine with a small corpus in three groups."""
    if request.param == "whoosh":
        made: Engine = WhooshEngine(tmp_path / "index")
        made.write(CORPUS, [])
        yield made
        made.close()
        return
    url = request.getfixturevalue("postgresql_url").replace("postgresql://", "postgresql+psycopg://")
    server = sa.create_engine(f"{url}/postgres", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with server.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS searched")
        connection.exec_driver_sql("CREATE DATABASE searched")
    database = sa.create_engine(f"{url}/searched")
    made = PostgresEngine(lambda: database)
    made.write(CORPUS, [])
    yield made
    database.dispose()


def document(
    number: int, title: str, body: str, group: int | tuple[int, ...] = 1, type_: str = "thread", *, days: int = 0,
    weight: float = 1.0, **facets: list[str],
) -> Document:  # fmt: skip
    groups = group if isinstance(group, tuple) else (group,)
    return Document(type_, number, groups, title, body, NOON + timedelta(days=days), facets, weight)


CORPUS = [
    document(1, "Samverkan i länen", "Människohandel och prostitution i Örebro", topic=["Stöd"], county=["T"]),
    document(
        2,
        "Manual",
        "Om människohandel för kommuner, med samverkansplan",
        days=1,
        topic=["Stöd", "Barn"],
        county=["T", "AB"],
    ),
    document(3, "Prostitution", "Kommuner och regioner", days=2),
    document(4, "Möte i Åre", "En väg, ett hål och Café Métro", type_="meeting"),
    document(5, "Hemligt", "Människohandel i sluten grupp", group=2, topic=["Hemligt ämne"]),
    document(6, "Samma nummer", "annan typ", type_="post"),
    document(7, "SOU", "SOU 2016:70 Ett starkt straffrättsligt skydd", group=3),
    document(8, "Delat", "Gemensamt läromedel", group=(1, 2), topic=["Barn"]),
]


def ask(engine: Engine, text: str, groups: Collection[int] = (1,), **more: Any) -> Answer:
    return engine.search(Ask(parse(text), groups, **{"limit": 100, **more}))


def found(engine: Engine, text: str, groups: Collection[int] = (1,), **more: Any) -> list[int]:
    answer = ask(engine, text, groups, **more)
    assert answer.total >= len(answer.hits)
    return [hit.id for hit in answer.hits]


def nothing_new(keys: Collection[Key]) -> tuple[list[Document], set[Key]]:
    raise AssertionError(f"nothing was written meanwhile, but {keys}")


# --- words ----------------------------------------------------------------------------------------------------------------


def test_all_words_or_any(engine: Engine) -> None:
    assert found(engine, "människohandel kommuner") == [2]
    assert found(engine, "människohandel regioner") == []
    assert set(found(engine, "människohandel regioner", is_loose=True)) == {1, 2, 3}
    assert found(engine, "trädgårdsmöbel") == []


def test_words_as_they_are_written(engine: Engine) -> None:
    assert found(engine, '"kommuner och regioner"') == [3]
    assert found(engine, '"regioner och kommuner"') == []
    assert found(engine, '"kommuner"') == [3, 2]
    assert found(engine, '"kommun"') == []
    assert found(engine, "2016:70", (1, 2, 3)) == [7]


def test_a_phrase_does_not_go_from_title_to_body(engine: Engine) -> None:
    assert found(engine, '"länen människohandel"') == []


def test_minus_takes_away(engine: Engine) -> None:
    assert found(engine, "människohandel -kommuner") == [1]
    assert found(engine, '"människohandel och prostitution" -örebro') == []
    assert found(engine, "prostitution -reg*") == [1]


def test_minus_takes_away_whole_phrases_and_beginnings(engine: Engine) -> None:
    engine.write(
        [
            document(20, "Ett", "samverkan mot svart arbete"),
            document(21, "Två", "samverkan om arbete och en plan"),
            document(22, "Tre", "samverkan i en samverkans-plan"),
        ],
        [],
    )
    assert set(found(engine, 'samverkan -"svart arbete"')) == {1, 2, 21, 22}
    assert set(found(engine, "samverkan -samverkans-plan")) == {1, 2, 20, 21}
    assert set(found(engine, "samverkan -arb*")) == {1, 2, 22}


def test_a_star_is_a_beginning_of_a_written_word(engine: Engine) -> None:
    assert set(found(engine, "samverk*")) == {1, 2}
    assert set(found(engine, "(prosti*")) == {1, 3}
    assert found(engine, "kommuner*") == [3, 2]
    assert found(engine, "plan*") == [], "that is the beginning of a part"


def test_forms_and_parts_of_words(engine: Engine) -> None:
    assert found(engine, "kommunerna regionerna") == [3]
    assert found(engine, "plan") == [2]


def test_a_word_in_the_title_weighs_more(engine: Engine) -> None:
    assert found(engine, "prostitution") == [3, 1]


def test_what_was_replaced_ranks_below(engine: Engine) -> None:
    engine.write(
        [document(30, "Vägledning", "gammal", weight=0.3, days=9), document(31, "Om en vägledning", "för alla")], []
    )
    assert found(engine, "vägledning") == [31, 30]


def test_letters_that_are_their_own(engine: Engine) -> None:
    assert found(engine, "örebro") == found(engine, "ÖREBRO") == found(engine, "O\N{COMBINING DIAERESIS}rebro") == [1]
    assert found(engine, "orebro") == []
    assert found(engine, "hål") == [4]
    assert found(engine, "hal") == []
    assert found(engine, "metro") == [4], "accents of other languages are no letters of their own"


# --- the fence ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", [(), (999,)])
@pytest.mark.parametrize(
    "text", ["människohandel", "samverk*", '"människohandel i"', "människohandel -örebro", "", "-örebro"]
)
def test_nobody_finds_or_counts_anything_without_groups(engine: Engine, text: str, groups: tuple[int, ...]) -> None:
    for is_loose in (False, True):
        answer = ask(engine, text, groups, is_loose=is_loose, counted=FACETS, chosen={})
        assert (list(answer.hits), answer.total) == ([], 0)
        assert answer.counts == {facet: {} for facet in FACETS}


@pytest.mark.parametrize(
    "text", ["människohandel", "människohandel regioner", "människ*", '"människohandel i"', "hemligt", ""]
)
def test_a_foreign_group_is_neither_hit_nor_counted(engine: Engine, text: str) -> None:
    for is_loose in (False, True):
        answer = ask(engine, text, (1, 3), is_loose=is_loose, counted=FACETS)
        assert 5 not in [hit.id for hit in answer.hits]
        assert "Hemligt ämne" not in answer.counts["topic"]
        assert "2" not in answer.counts["group"], "not even of what is shared with it"
    assert 5 in found(engine, text, (2,), is_loose=True)


@pytest.mark.parametrize("text", MALICIOUS, ids=range(len(MALICIOUS)))
def test_anything_can_be_typed(engine: Engine, text: str) -> None:
    for is_loose in (False, True):
        assert 5 not in found(engine, text, is_loose=is_loose)
        assert ask(engine, text, ()).total == 0


def test_a_foreign_group_cannot_be_chosen(engine: Engine) -> None:
    """Number 8 lies in group 2 too, which is nothing for people of group 1 to know."""
    for chosen in ({"group": ["2"]}, {"group": ["2", "999"]}):
        answer = ask(engine, "", (1,), chosen=chosen, counted=FACETS)
        assert (list(answer.hits), answer.total) == ([], 0)
    assert found(engine, "läromedel", (1, 2), chosen={"group": ["2"]}) == [8]


def test_what_the_database_refused_is_as_if_it_were_not_there(engine: Engine) -> None:
    answer = ask(
        engine, "människohandel", refused=[("thread", 2), ("post", 1), ("thread", 99)], counted=["topic", "type"]
    )
    assert [hit.id for hit in answer.hits] == [1]
    assert (answer.total, answer.counts) == (1, {"topic": {"Stöd": 1}, "type": {"thread": 1}})


# --- facets, order, pages -------------------------------------------------------------------------------------------------


def test_facets_are_counted(engine: Engine) -> None:
    answer = ask(engine, "människohandel", (1, 2), counted=("topic", "county", "type", "group", "language"))
    assert answer.counts == {
        "topic": {"Stöd": 2, "Barn": 1, "Hemligt ämne": 1}, "county": {"T": 2, "AB": 1}, "type": {"thread": 3},
        "group": {"1": 2, "2": 1}, "language": {},
    }  # fmt: skip


def test_a_chosen_facet_counts_its_other_values_too(engine: Engine) -> None:
    answer = ask(engine, "", chosen={"topic": ["Barn"]}, counted=("topic", "county", "type"))
    assert {hit.id for hit in answer.hits} == {2, 8}
    assert answer.counts["topic"] == {"Stöd": 2, "Barn": 2}, "as if no topic were chosen"
    assert answer.counts["county"] == {"T": 1, "AB": 1}
    both = ask(engine, "", chosen={"topic": ["Barn", "Stöd"], "county": ["T"]}, counted=("county",))
    assert ({hit.id for hit in both.hits}, both.counts["county"]) == ({1, 2}, {"T": 2, "AB": 1})
    assert ask(engine, "", chosen={"topic": []}).total == 0
    assert ask(engine, "", chosen={"topic": ["unheard of"]}).total == 0


def test_without_words_everything_newest_first(engine: Engine) -> None:
    assert found(engine, "")[:2] == [3, 2]
    assert found(engine, "kommuner", newest_first=True) == [3, 2]
    assert set(found(engine, "", (1,))) == {1, 2, 3, 4, 6, 8}
    assert set(found(engine, "-människohandel")) == {3, 4, 6, 8}


def test_days(engine: Engine) -> None:
    assert set(found(engine, "människohandel efter:2026-03-02")) == {2}
    assert set(found(engine, "människohandel före:2026-03-02")) == {1}
    assert set(found(engine, "människohandel efter:2026 före:2027")) == {1, 2}
    assert found(engine, "människohandel efter:2027") == []
    night = replace(
        document(70, "Natt", "nyss"), changed_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    )  # half past midnight in Sweden
    engine.write([night], [])
    assert found(engine, "nyss efter:2026-03-02") == [70]
    assert found(engine, "nyss före:2026-03-02") == []


def test_pages(engine: Engine) -> None:
    engine.write([document(number, "Samma", "mängd", days=number % 3) for number in range(100, 130)], [])
    whole = found(engine, "mängd")
    assert len(whole) == 30
    pages = [found(engine, "mängd", offset=start, limit=7) for start in range(0, 35, 7)]
    assert [number for page in pages for number in page] == whole
    answer = ask(engine, "mängd", limit=0, counted=["type"])
    assert (list(answer.hits), answer.total, answer.counts) == ([], 30, {"type": {"thread": 30}})


def test_words_like(engine: Engine) -> None:
    assert engine.words_like(["mä", "kom"]) == ["kommuner", "människohandel"]
    assert engine.words_like(["zz", "%", "_"]) == []


# --- writing --------------------------------------------------------------------------------------------------------------


def test_writing_replaces_and_takes_away(engine: Engine) -> None:
    engine.write([document(1, "Ny rubrik", "ny text")], [("thread", 2), ("thread", 999)])
    assert found(engine, "människohandel") == []
    assert found(engine, "rubrik") == [1]
    engine.write([], [("thread", 6)])
    assert found(engine, "nummer") == [6], "it is a post that has this number"
    engine.write([document(9, "Först", "x"), document(9, "Sist", "y")], [])
    assert (found(engine, "sist"), found(engine, "först")) == ([9], [])


def test_all_that_was_written_may_go(engine: Engine) -> None:
    for number in range(300, 312):
        engine.write([document(number, "Kort", "liv")], [])
    engine.write([], [("thread", number) for number in range(300, 312)])
    assert found(engine, "liv") == []
    engine.write([], [one.key for one in CORPUS])
    assert found(engine, "") == []
    for number in (1, 1, 1):
        for _time in range(9):
            engine.write([document(number, "Åter", "skrivet")], [])
        engine.write([], [("thread", number)])
        assert found(engine, "skrivet") == []
    engine.write(CORPUS, [])
    assert found(engine, "människohandel kommuner") == [2]


def test_words_longer_than_words(engine: Engine) -> None:
    long = "ab" * 4_000
    engine.write(
        [
            document(
                60,
                "Dump",
                f"före {long} efter \N{CJK UNIFIED IDEOGRAPH-6F22}" * 3 + "\N{CJK UNIFIED IDEOGRAPH-6F22}" * 3_000,
            )
        ],
        [],
    )
    for text in (long, f'"{long}"', f"{long}*", f"-{long}", "dump", "efter"):
        assert 60 in found(engine, text) or text.startswith("-"), text[:20]
    assert engine.rebuild([document(61, long, long)], nothing_new) == 1


def test_large_numbers(engine: Engine) -> None:
    engine.write([document(2**40, "Stort", "nummer")], [])
    assert found(engine, "stort") == [2**40]


def test_a_document_that_moves_leaves_its_old_group(engine: Engine) -> None:
    engine.write([document(1, "Samverkan i länen", "flyttat", group=2)], [])
    assert found(engine, "samverkan", (1,)) == [2], "a part of a compound"
    assert found(engine, "samverkan", (2,)) == [1]


def test_many_small_writes(engine: Engine) -> None:
    for number in range(60):
        engine.write([document(200 + number, f"Nummer {number}", "droppe")], [("thread", 200 + number - 20)])
    assert set(found(engine, "droppe")) == set(range(240, 260))
    engine.write([document(250, "Annat", "hav")], [])
    assert set(found(engine, "droppe")) == set(range(240, 260)) - {250}


def test_a_rebuild_goes_on_beside_searching_and_writing(engine: Engine) -> None:
    assert found(engine, "rubrik") == []
    asked: list[Collection[Key]] = []

    def again(keys: Collection[Key]) -> tuple[list[Document], set[Key]]:
        asked.append(keys)
        return [document(9, "Emellan", "sent")], {("thread", 2)}

    def documents() -> Iterator[Document]:
        yield document(1, "Ny rubrik", "första")
        assert found(engine, "människohandel"), "the old index answers until the new one is whole"
        engine.write([document(9, "Emellan", "tidigt")], [("thread", 2)])
        assert found(engine, "tidigt") == [9]
        with pytest.raises(Busy):
            engine.rebuild([], nothing_new)
        yield document(2, "Ny rubrik", "andra")

    assert engine.rebuild(documents(), again) == 2
    assert set(asked[0]) == {("thread", 9), ("thread", 2)}
    assert found(engine, "rubrik") == [1]
    assert (found(engine, "människohandel"), found(engine, "sent"), found(engine, "tidigt")) == ([], [9], [])
    for _ in range(3):
        engine.rebuild([document(3, "Åter ny", "tredje")], nothing_new)
    assert (found(engine, "rubrik"), found(engine, "tredje")) == ([], [3])


def test_a_rebuild_that_fails_leaves_the_old_index(engine: Engine) -> None:
    def documents() -> Iterator[Document]:
        yield document(1, "Ny rubrik", "första")
        raise OSError("the database went away")

    with pytest.raises(OSError, match="went away"):
        engine.rebuild(documents(), nothing_new)
    assert set(found(engine, "människohandel")) == {1, 2}
    engine.write([document(8, "Ny rubrik", "skrivbart igen")], [])
    assert found(engine, "rubrik") == [8]
    assert engine.rebuild(CORPUS, nothing_new) == len(CORPUS)


def test_a_text_longer_than_a_vector(engine: Engine) -> None:
    body = " ".join(f"lång{number}ord slutet" for number in range(40_000))
    engine.write([document(50, "Utredning", body)], [])
    assert found(engine, "lång39999ord utredning") == [50]


def test_no_index_is_not_an_empty_one(tmp_path: Path, postgresql_url: str) -> None:
    nowhere = sa.create_engine(f"{postgresql_url}/no_such".replace("postgresql://", "postgresql+psycopg://"))
    empty = sa.create_engine(f"{postgresql_url}/postgres".replace("postgresql://", "postgresql+psycopg://"))
    for made in (WhooshEngine(tmp_path / "none"), PostgresEngine(lambda: nowhere), PostgresEngine(lambda: empty)):
        for question in (made.check, lambda made=made: ask(made, "a"), lambda made=made: made.words_like(["a"])):
            with pytest.raises(SearchDown):
                question()
    empty.dispose()
