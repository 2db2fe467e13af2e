"""The words of a text, as they are indexed and asked for: tokenise, fold, lemmas and parts. Both sides use this and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from portal.search.compounds import LONGEST_WORD, Analysis, analyse
from portal.search.folding import fold

EXACT = "="  # stands before a word in the very form that it was written in
TITLE_WEIGHT, PART_WEIGHT = 3.0, 0.5
GAP = 100  # places between title and body: no phrase goes across

# accents may stand as code points of their own (files from Macs, many PDFs): they belong to their letter
_PIECES = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*")

# Words that stand in nearly every text: beside others they tell nothing apart.
EMPTY_WORDS = frozenset(
    [
        "och",
        "i",
        "att",
        "det",
        "som",
        "en",
        "på",
        "är",
        "av",
        "för",
        "med",
        "till",
        "den",
        "har",
        "de",
        "inte",
        "om",
        "ett",
        "men",
        "var",
        "jag",
        "sig",
        "från",
        "vi",
        "så",
        "kan",
        "när",
        "du",
        "man",
        "han",
        "hon",
        "nu",
        "ska",
        "skall",
        "skulle",
        "då",
        "vid",
        "eller",
        "mycket",
        "utan",
        "varit",
        "hur",
        "ingen",
        "blir",
        "blev",
        "vara",
        "vad",
        "är",
        "nå",
        "några",
        "någon",
        "något",
        "där",
        "här",
        "efter",
        "under",
        "sin",
        "sina",
        "sitt",
        "dem",
        "deras",
        "dess",
        "detta",
        "denna",
        "dessa",
        "vilka",
        "vilken",
        "vilket",
        "får",
        "finns",
        "the",
        "of",
        "and",
        "to",
        "in",
        "is",
        "for",
        "on",
        "with",
        "are",
        "as",
        "be",
        "by",
        "an",
        "at",
        "it",
        "that",
        "or",
    ]
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text: its terms, and where it stands (character offsets)."""

    analysis: Analysis
    start: int
    end: int
    written: str  # folded

    @property
    def term(self) -> str:
        """The first of its lemmas: what words that were written as one are looked for by."""
        return self.analysis.lemmas[0]

    @property
    def exact(self) -> str:
        """The term for just this form."""
        return EXACT + self.written


def tokens(text: str) -> Iterator[Token]:
    """The words of a text, in order. `i dag` gives two; `SOU 2016:70` gives three."""
    for match in _PIECES.finditer(text):
        written = _written(match.group())
        yield Token(analyse(written), match.start(), match.end(), written)


def _written(word: str) -> str:
    """A word as it is written, folded; what is longer than any word (a dump of figures) is cut."""
    return fold(word)[:LONGEST_WORD]


@dataclass(slots=True)
class Posting:
    """What is kept of a term in one document: how much it weighs there, and at which words it stands (not as a part)."""

    weight: float = 0.0
    places: list[int] = field(default_factory=list)


def postings(title: str, body: str) -> tuple[dict[str, Posting], int]:
    """The terms of a document, and its length in words. A word in the title weighs more, the part of a compound less."""
    found: dict[str, Posting] = {}
    place = 0
    for text, boost in ((title, TITLE_WEIGHT), (body, 1.0)):
        for match in _PIECES.finditer(text):
            for term, weight, is_part in _terms(_written(match.group())):
                posting = found.get(term)
                if posting is None:
                    posting = found[term] = Posting()
                posting.weight += boost * weight
                if not is_part:
                    posting.places.append(place)
            place += 1
        place += GAP
    return found, place - 2 * GAP


@lru_cache(maxsize=100_000)
def _terms(word: str) -> tuple[tuple[str, float, bool], ...]:
    """What a folded word is indexed by: term, weight, whether it is only a part."""
    analysis = analyse(word)
    own = ((term, 1.0, False) for term in (*analysis.lemmas, EXACT + word))
    return (*own, *((term, PART_WEIGHT, True) for term in {part.term for part in analysis.parts}))
