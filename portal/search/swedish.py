"""Swedish words for the index and for queries: tokenise, fold, stem. Both sides of the search use this and nothing else.

Letters that Swedish counts as its own (å, ä, ö) stay; accents of other languages go (é -> e).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from snowballstemmer.swedish_stemmer import SwedishStemmer

# accents may stand as code points of their own (files from Macs, many PDFs): they belong to their letter
_PIECES = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*")
_OWN = {"å", "ä", "ö"}
_stemmer = SwedishStemmer()

LONGEST_WORD = 64


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text: the term it is found by, and where it stands (character offsets)."""

    term: str
    start: int
    end: int


def fold(word: str) -> str:
    """Lower case, compatibility forms unified, foreign accents removed, å ä ö kept."""
    folded = []
    for char in unicodedata.normalize("NFKC", word).casefold():
        if char in _OWN:
            folded.append(char)
        else:
            folded.append("".join(c for c in unicodedata.normalize("NFD", char) if not unicodedata.combining(c)))
    return unicodedata.normalize("NFC", "".join(folded))


@lru_cache(maxsize=200_000)
def term_of(word: str) -> str:
    """The term that a word is indexed under."""
    folded = fold(word)[:LONGEST_WORD]
    return str(_stemmer.stemWord(folded)) if folded.isalpha() else folded


def tokens(text: str) -> Iterator[Token]:
    """The words of a text, in order. `i dag` gives two; `SOU 2016:70` gives three."""
    for match in _PIECES.finditer(text):
        yield Token(term_of(match.group()), match.start(), match.end())
