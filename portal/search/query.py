"""The search field's small language: words, "a phrase", -not, begin*. Never an engine's own parser (engines.md, section 1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from portal.search.swedish import fold, tokens

MOST_PARTS = 24
LONGEST_QUERY = 400
_PART = re.compile(r'(?P<not>-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for. `words`, `phrases` and `refused` hold terms; `prefixes` hold folded beginnings."""

    words: tuple[str, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()
    prefixes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    terms: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for (only what must not be there does not count)."""
        return not (self.words or self.phrases or self.prefixes)


def parse(text: str) -> Query:
    """Read what was typed. Anything can be typed; nothing is an error; what goes beyond the limits is left out."""
    words: list[str] = []
    phrases: list[tuple[str, ...]] = []
    prefixes: list[str] = []
    refused: list[str] = []
    for match in list(_PART.finditer(text[:LONGEST_QUERY]))[:MOST_PARTS]:
        phrase, word = match["phrase"], match["word"]
        found = tuple(token.term for token in tokens(phrase if phrase is not None else word))
        if not found:
            continue
        if match["not"]:
            refused.extend(found)
        elif phrase is not None and len(found) > 1:
            phrases.append(found)
        elif word is not None and word.endswith("*") and len(word) > 2:
            prefixes.append(fold(word.rstrip("*")))
        elif len(found) > 1 and word is not None:
            phrases.append(found)  # 2016:70, samverkans-plan
        else:
            words.extend(found)
    terms = frozenset(words) | {term for phrase in phrases for term in phrase}
    return Query(tuple(dict.fromkeys(words)), tuple(phrases), tuple(prefixes), tuple(refused), terms)
