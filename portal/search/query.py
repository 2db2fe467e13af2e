"""The search field's small language: words, "as written", -not, begin*, and filters from a fixed list (typ:beslut, efter:2024).
Never an engine's own parser (engines.md, section 1).

What was typed becomes clauses. A document must meet all wanted clauses (or any, when the search is loose) and no refused
one; a clause is met by any of its alternatives; an alternative is terms in a row, or the beginning of a written word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from portal.search.compounds import IRREGULAR
from portal.search.swedish import EMPTY_WORDS, EXACT, Token, tokens

MOST_PARTS = 32
LONGEST_QUERY = 2_000
SHORTEST_BEGINNING = 3  # letters: what begins with one or two is half the index
_PART = re.compile(r'(?P<not>-)?(?:(?P<name>[^\W\d_]{2,12}):(?=[^\s:]))?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')

# What filters are called, in both languages.
_FILTERS = {
    "typ": "type", "type": "type", "grupp": "group", "group": "group", "slag": "kind", "kind": "kind",
    "län": "county", "county": "county", "ämne": "topic", "topic": "topic", "språk": "language", "language": "language",
    "utgivare": "publisher", "publisher": "publisher", "år": "year", "year": "year", "efter": "after", "after": "after",
    "före": "before", "before": "before",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beginning:
    """The folded beginning of a written word."""

    text: str


Alternative = tuple[str, ...] | Beginning  # terms that stand in a row (one: a word), or a beginning
Clause = tuple[Alternative, ...]


@dataclass(frozen=True)
class Query:
    """What somebody looks for, and what must not be there. `typed` are the words of the wanted clauses as they were typed;
    `filters` what was typed as name:value, by facet (and `after`, `before`), not yet looked up."""

    wanted: tuple[Clause, ...] = ()
    refused: tuple[Clause, ...] = ()
    typed: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    after: date | None = None
    before: date | None = None  # the first day that is not wanted any more
    no_days: tuple[str, ...] = ()  # what was typed as a day and is none
    too_short: tuple[str, ...] = ()  # beginnings that are left out: too many words begin so
    own_terms: frozenset[str] | None = None  # before synonyms were added

    @property
    def is_empty(self) -> bool:
        """Whether no word is looked for (what must not be there does not count)."""
        return not self.wanted

    @property
    def is_narrowed(self) -> bool:
        """Whether filters were typed."""
        return bool(self.filters or self.after or self.before or self.no_days)

    @property
    def says_nothing(self) -> bool:
        """Whether nothing that was typed can be asked for."""
        return not (self.wanted or self.refused or self.is_narrowed)

    @cached_property
    def terms(self) -> frozenset[str]:
        """The terms that are marked where they were found."""
        return frozenset(
            term for alternative in self._all if not isinstance(alternative, Beginning) for term in alternative
        )

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """The beginnings of words that are marked where they were found."""
        return tuple(alternative.text for alternative in self._all if isinstance(alternative, Beginning))

    def is_synonym(self, terms: Collection[str]) -> bool:
        """Whether a word with these terms answers only to a synonym of what was typed."""
        return self.own_terms is not None and self.own_terms.isdisjoint(terms) and not self.terms.isdisjoint(terms)

    @property
    def _all(self) -> Iterable[Alternative]:
        return (alternative for clause in self.wanted for alternative in clause)

    @property
    def size(self) -> int:
        """How many words are asked for."""
        return sum(max(1 if isinstance(one, Beginning) else len(one) for one in clause) for clause in self.wanted)

    @cached_property
    def glances(self) -> frozenset[str]:
        """Beginnings of which a text has one if it may have a hit: most forms share all but their last three letters."""
        terms = {term.removeprefix(EXACT) for term in self.terms}
        irregular = {form for form, lemma in IRREGULAR.items() if lemma in terms}
        return frozenset({term[: max(3, len(term) - 3)] for term in terms} | irregular).union(self.prefixes)

    def with_alternatives(self, extra: Mapping[int, Sequence[Alternative]]) -> Query:
        """The same, with further alternatives to some of the wanted clauses (synonyms, a word that is still being typed)."""
        wanted = [tuple(dict.fromkeys((*clause, *extra.get(at, ())))) for at, clause in enumerate(self.wanted)]
        return replace(self, wanted=tuple(wanted))

    def taken_apart(self, parts: Mapping[int, Sequence[Sequence[str]]]) -> Query:
        """The same, with some of the wanted clauses, by their numbers, made into one for each part of their word (its lemmas)."""
        wanted: dict[Clause, str] = {}
        for at, (clause, typed) in enumerate(zip(self.wanted, self.typed, strict=True)):
            for lemmas in parts.get(at, ()):
                wanted.setdefault(tuple((lemma,) for lemma in lemmas), lemmas[0])
            if at not in parts:
                wanted.setdefault(clause, typed)
        return replace(self, wanted=tuple(wanted), typed=tuple(wanted.values()))


def clause_of(found: Sequence[Token], *, as_written: bool = False) -> Clause:
    """What a word asks for, or several that were written as one (2016:70, samverkans-plan) or in quotes."""
    if as_written:
        return (tuple(token.exact for token in found),)
    if len(found) > 1:
        return (tuple(token.term for token in found),)
    return tuple((lemma,) for lemma in found[0].analysis.lemmas)


def _beginning(text: str) -> list[Clause]:
    """What was written before a star; too short a beginning is left out."""
    *before, last = tokens(text)
    beginning = [] if len(last.written) < SHORTEST_BEGINNING else [(Beginning(last.written),)]
    return [*([clause_of(before)] if before else []), *beginning]


def _is_too_short(text: str) -> bool:
    """Whether it is the beginning of a word, and too many words begin so."""
    found = list(tokens(text)) if text.endswith("*") else []
    return bool(found) and len(found[-1].written) < SHORTEST_BEGINNING


def parse(text: str, *, as_written: bool = False) -> Query:
    """Read what was typed. Anything can be typed; nothing is an error; what goes beyond the limits is left out.

    `as_written` True takes every word in the form that it was typed in.
    """
    wanted: dict[Clause, str] = {}
    refused: dict[Clause, str] = {}
    filters: dict[str, tuple[str, ...]] = {}
    dates: dict[str, date] = {}
    no_days: list[str] = []
    too_short: dict[str, None] = {}
    for match in list(_PART.finditer(text[:LONGEST_QUERY]))[:MOST_PARTS]:
        name = _FILTERS.get((match["name"] or "").lower())
        value = match["phrase"] if match["phrase"] is not None else match["word"]
        if name is not None and not match["not"] and _filter(name, value, filters, dates, no_days):
            continue
        typed = value if match["name"] is None else f"{match['name']}:{value}"
        if match["phrase"] is None and _is_too_short(typed):
            too_short[typed] = None
        side = refused if match["not"] else wanted
        for clause in _clauses(typed, is_quoted=match["phrase"] is not None, as_written=as_written):
            side.setdefault(clause, typed)
    if len(wanted) > 1:  # a word that stands everywhere tells nothing apart, beside others
        telling = {clause: typed for clause, typed in wanted.items() if typed.lower() not in EMPTY_WORDS}
        wanted = telling or wanted
    return Query(
        tuple(wanted), tuple(refused), tuple(wanted.values()), filters, dates.get("after"), dates.get("before"),
        tuple(no_days), tuple(too_short),
    )  # fmt: skip


def _clauses(typed: str, *, is_quoted: bool, as_written: bool) -> list[Clause]:
    found = list(tokens(typed))
    if not found:
        return []
    if typed.endswith("*") and not is_quoted:
        return _beginning(typed)
    return [clause_of(found, as_written=is_quoted or as_written)]


def _filter(
    name: str, value: str, filters: dict[str, tuple[str, ...]], dates: dict[str, date], no_days: list[str]
) -> bool:
    """Take a filter in; False if it says nothing that can be meant, and is a word like any other."""
    if not any(char.isalnum() for char in value):
        return False
    if name not in {"after", "before"}:
        filters[name] = (*filters.get(name, ()), value)
    elif (day := _day(value)) is not None:
        dates[name] = day
    else:
        no_days.append(value)
    return True


def _day(value: str) -> date | None:
    """2024, 2024-05 or 2024-05-31: the first day of it."""
    parts = value.split("-")
    if not 1 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
        return None
    year, month, day = (*map(int, parts), *(1, 1))[:3]
    try:
        return date(year, month, day)
    except ValueError:
        return None
