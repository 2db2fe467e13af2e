"""The search field's small language: words, "a phrase", -not, begin*. Never an engine's own parser (engines.md, section 1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from portal.search.compounds import IRREGULAR
from portal.search.folding import fold
from portal.search.swedish import Token, tokens

MOST_PARTS = 24
LONGEST_QUERY = 400
SHORTEST_BEGINNING = 3  # letters: what begins with one or two is half the index, and holds the engine for seconds
_PART = re.compile(r'(?P<not>-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


Word = tuple[str, ...]  # one word as it was typed: the terms that it may be


@dataclass(slots=True)
class Wanted:
    """One side of a query: words, terms that stand together, and folded beginnings of words."""

    words: list[Word] = field(default_factory=list)
    phrases: list[tuple[str, ...]] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.words or self.phrases or self.prefixes)

    def add(self, found: Sequence[Token]) -> None:
        """A word, or several that were written as one (2016:70, samverkans-plan) or in quotes."""
        if len(found) > 1:
            self.phrases.append(tuple(token.term for token in found))
        elif found and found[0].analysis.lemmas not in self.words:
            self.words.append(found[0].analysis.lemmas)

    def add_beginning(self, text: str) -> None:
        """What was written before a star; too short a beginning is a word like any other."""
        *before, last = tokens(text)
        beginning = fold(text[last.start : last.end])
        if len(beginning) < SHORTEST_BEGINNING:
            self.add(before or [last])
            return
        self.add(before)
        self.prefixes.append(beginning)


@dataclass(frozen=True)
class Query:
    """What somebody looks for, and what must not be there."""

    wanted: Wanted = field(default_factory=Wanted)
    refused: Wanted = field(default_factory=Wanted)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for (only what must not be there does not count)."""
        return not self.wanted

    @cached_property
    def terms(self) -> frozenset[str]:
        """The terms that are marked where they were found."""
        return frozenset().union(*self.wanted.words, *self.wanted.phrases)

    @property
    def size(self) -> int:
        """How many words are asked for."""
        wanted = self.wanted
        return len(wanted.words) + len(wanted.prefixes) + sum(len(phrase) for phrase in wanted.phrases)

    @cached_property
    def glances(self) -> frozenset[str]:
        """Beginnings of which a text has one if it may have a hit: most forms share all but their last three letters."""
        irregular = {form for form, lemma in IRREGULAR.items() if lemma in self.terms}
        return frozenset({term[: max(3, len(term) - 3)] for term in self.terms} | irregular).union(self.prefixes)

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """The beginnings of words that are marked where they were found."""
        return tuple(self.wanted.prefixes)


def parse(text: str) -> Query:
    """Read what was typed. Anything can be typed; nothing is an error; what goes beyond the limits is left out."""
    query = Query()
    for match in list(_PART.finditer(text[:LONGEST_QUERY]))[:MOST_PARTS]:
        phrase, word = match["phrase"], match["word"]
        typed = phrase if phrase is not None else word
        found = list(tokens(typed))
        side = query.refused if match["not"] else query.wanted
        if found and word is not None and word.endswith("*"):
            side.add_beginning(word)
        else:
            side.add(found)
    return query
