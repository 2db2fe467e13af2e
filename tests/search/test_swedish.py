"""Swedish words: what a question finds and what it leaves alone, measured on two lists that were written before the tuning."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.search.compounds import analyse
from portal.search.folding import fold
from portal.search.lexicon import Lexicon, LexiconMissing, packed

LISTS = Path(__file__).parent / "words"


def pairs(name: str) -> list[tuple[str, str]]:
    lines = (LISTS / name).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(question, text) for question, text in rows]


def finds(question: str, text: str) -> bool:
    wanted = set(analyse(fold(question)).lemmas)
    return any(wanted & analyse(fold(word)).terms for word in re.findall(r"[^\W_]+", text))


def test_recall_and_precision_on_the_words_of_the_field() -> None:
    wanted, apart = pairs("found.tsv"), pairs("apart.tsv")
    assert (len(wanted), len(apart)) >= (100, 80)
    missed = [pair for pair in wanted if not finds(*pair)]
    wrong = [pair for pair in apart if finds(*pair)]
    right = len(wanted) - len(missed)
    assert right / len(wanted) >= 0.90, missed
    assert right / (right + len(wrong)) >= 0.98, wrong


def test_a_compound_says_where_its_parts_are() -> None:
    parts = {
        part.term: "människohandelsoffren"[part.start : part.end] for part in analyse("människohandelsoffren").parts
    }
    assert parts == {
        "människohandel": "människohandels", "offer": "offren", "människa": "människo", "handel": "handel",
    }  # fmt: skip
    assert analyse("människohandelsoffren").lemmas == ("människohandelsoffer",)


@pytest.mark.parametrize("word", ["", "a", "x" * 5000, "123", "2016b", "مرحبا", "sss" * 40, "é", "ööööööööö"])
def test_any_word_has_a_term(word: str) -> None:
    analysis = analyse(fold(word))
    assert len(analysis.lemmas) >= 1
    assert all(len(term) <= 80 for term in analysis.terms)


def test_three_equal_letters_are_two() -> None:
    assert {"glas", "skål"} <= analyse("glasskål").terms


def test_a_missing_lexicon_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LexiconMissing, match="make build"):
        Lexicon(tmp_path / "none")


def test_the_likest_lemma_comes_first() -> None:
    assert packed("samverkans", 1, {"samverka", "samverkan"}) == b"\x01" + b"1 2"


def test_words_are_found_alike_in_many_threads_at_once() -> None:
    letters = "abcdefghjklm"
    words = [f"zq{one}{two}{three}xingarna" for one in letters for two in letters for three in letters]
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(analyse, words))
    finally:
        sys.setswitchinterval(switch)
    analyse.cache_clear()
    assert found == [analyse(word) for word in words]
