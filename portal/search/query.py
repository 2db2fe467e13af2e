"""The search field's small language: words, "a phrase", -not, begin*. Never an engine's own parser (engines.md, section 1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from portal.search.swedish import fold, tokens

MOST_PARTS = 24
LONGEST_QUERY = 400
SHORTEST_BEGINNING = 3  # letters: what begins with one or two is half the index, and holds the engine for seconds
_PART = re.compile(r'(?P<not>-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


@dataclass(slots=True)
class Wanted:
    """One side of a query: terms, terms that stand together, and folded beginnings of words."""

    words: list[str] = field(default_factory=list)
    phrases: list[tuple[str, ...]] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.words or self.phrases or self.prefixes)

    def add(self, found: tuple[str, ...]) -> None:
        """A word, or several that were written as one (2016:70, samverkans-plan) or in quotes."""
        if len(found) > 1:
            self.phrases.append(found)
        elif found and found[0] not in self.words:
            self.words.append(found[0])

    def add_beginning(self, text: str) -> None:
        """What was written before a star; too short a beginning is a word like any other."""
        *before, last = list(tokens(text))
        beginning = fold(text[last.start : last.end])
        if len(beginning) < SHORTEST_BEGINNING:
            self.add(tuple(token.term for token in before) or (last.term,))
            return
        self.add(tuple(token.term for token in before))
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
        return frozenset(self.wanted.words).union(*self.wanted.phrases)

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
        found = tuple(token.term for token in tokens(typed))
        side = query.refused if match["not"] else query.wanted
        if found and word is not None and word.endswith("*"):
            side.add_beginning(word)
        else:
            side.add(found)
    return query
