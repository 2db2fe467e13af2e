"""The words of a text, as they are indexed and asked for: tokenise, fold, lemmas and parts. Both sides use this and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from portal.search.compounds import Analysis, analyse
from portal.search.folding import fold

# accents may stand as code points of their own (files from Macs, many PDFs): they belong to their letter
_PIECES = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text: its terms, and where it stands (character offsets)."""

    analysis: Analysis
    start: int
    end: int

    @property
    def term(self) -> str:
        """The first of its lemmas: what a phrase is looked for by."""
        return self.analysis.lemmas[0]


def tokens(text: str) -> Iterator[Token]:
    """The words of a text, in order. `i dag` gives two; `SOU 2016:70` gives three."""
    for match in _PIECES.finditer(text):
        yield Token(analyse(fold(match.group())), match.start(), match.end())
