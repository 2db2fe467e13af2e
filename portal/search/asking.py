"""Asking: the index proposes, the database disposes (house rule 7).

Every hit is looked up through its `visible_…` query before it, its snippet or its count is shown, so a stale or tampered
index can hide things but never show them. Of more than a thousand hits the best thousand are looked up, and all whose
change the index has not heard of; the rest are counted by the fence around the groups, which is read from the database with
each question.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from portal import db
from portal.search import similar, synonyms
from portal.search.compounds import apart
from portal.search.engine import Answer, Ask, Key
from portal.search.keeping import engine, waiting_keys
from portal.search.kinds import kinds, value_names
from portal.search.query import SHORTEST_BEGINNING, Beginning, Query, clause_of, parse
from portal.search.showing import Found, load, with_passages
from portal.search.swedish import tokens

MOST_CHECKED = 1000
MOST_WAITING = 5000  # changes that the index has not heard of, the newest of which are looked up
ROUNDS = 4
FEW = 20
LISTED = frozenset({"type", "kind", "county", "language"})  # facets with values of the portal's own, whatever is there


@dataclass(frozen=True, slots=True)
class Results:
    """A page of results. `facets` counts the values of each facet that was asked about; `counts` those of the type.

    Things with all the words come first and are counted; where they do not fill the first page, some with some of the words
    follow. `is_loose` says that no thing has all the words, and that those with some were counted. `meant` is the text that
    was searched for instead, where what was typed stands nowhere. `parts` are the compounds that stand nowhere, each with its
    parts, which were searched for instead. `is_unasked` says that nothing of what was typed can be looked for, `unknown` which
    filters were typed with a value that there is not, for all that this person can find.
    """

    query: Query
    found: Sequence[Found]
    total: int
    facets: Mapping[str, Mapping[str, int]]
    is_loose: bool = False
    meant: str | None = None
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_unasked: bool = False
    unknown: Sequence[tuple[str, str]] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of each type."""
        return self.facets.get("type", {})


def query(
    text: str, *, person: Any, group_ids: Collection[int], type_: str | None = None,
    chosen: Mapping[str, Collection[str]] | None = None, counted: Collection[str] = ("type",), newest_first: bool = False,
    as_written: bool = False, is_typing: bool = False, is_strict: bool = False, offset: int = 0, limit: int = 20, with_text: bool = True,
) -> Results:  # fmt: skip
    """What the person may see of what was asked for, best first.

    `group_ids` are the groups that the person may read now; without any there is nothing to find. `chosen` narrows down by
    facets, `type_` to one type. `as_written` takes words in just the form they have, `is_typing` the last word as a
    beginning too. `is_strict` answers nothing but things with all the words as they were typed. Without words everything is
    answered, if something is chosen. `with_text` False: no passages will be shown. Raises `SearchDown`.
    """
    parsed = parse(text, as_written=as_written)
    narrowed = {**({"type": [type_]} if type_ is not None else {}), **(chosen or {})}
    ask = Ask(parsed, group_ids, narrowed, newest_first=newest_first, counted=counted, offset=offset, limit=limit)
    is_unasked = parsed.says_nothing if text.strip() else not narrowed
    if is_unasked or (parsed.is_empty and not narrowed and not parsed.is_narrowed):
        return Results(parsed, [], 0, {facet: {} for facet in counted}, is_unasked=True)
    search = _Search(person, ask)
    results = search.results(_widened(parsed, text, is_typing=is_typing and not as_written))
    results = replace(results, unknown=search.unknown(parsed, results.total))
    if not is_strict and not (results.unknown and not results.total):
        if not results.total and not as_written and not is_typing:
            results = _otherwise(search, parsed, text) or results
        results = _with_loose(search, results, ask)
    found = load(results.found, person, with_text)
    return replace(results, found=with_passages(found, results.query) if with_text else found)


def _otherwise(search: _Search, parsed: Query, text: str) -> Results | None:
    """What answers a question that nothing answers: another word for one that stands nowhere, or else the parts of it."""
    if meant := search.meant(parsed, text):
        better = search.results(_widened(parse(meant), meant, is_typing=False))
        if better.total:
            return replace(better, meant=meant)
    parts = search.parts(parsed)
    if not parts:
        return None
    names = {parsed.typed[at]: tuple(lemmas[0] for lemmas in some) for at, some in parts.items()}
    return replace(search.results(_widened(parsed.taken_apart(parts), text, is_typing=False)), parts=names)


def _with_loose(search: _Search, results: Results, ask: Ask) -> Results:
    """The same, and where it does not fill the first page what has some of the words."""
    if not results.total:
        loose = search.results(results.query, is_loose=True)
        return replace(loose, parts=results.parts if loose.total else {})
    if len(results.query.wanted) < 2 or ask.offset or results.total >= ask.limit:
        return results
    further = search.results(results.query, is_loose=True, beside={(one.type, one.obj) for one in results.found})
    return replace(results, found=[*results.found, *further.found][: ask.limit])


def _widened(parsed: Query, text: str, *, is_typing: bool) -> Query:
    """The query with synonyms, and with the last word as a beginning while it is typed."""
    parsed = replace(parsed.with_alternatives(synonyms.alternatives(parsed)), own_terms=parsed.terms)
    if is_typing and parsed.wanted and text[-1:].isalnum():
        last = len(parsed.wanted) - 1
        parsed = parsed.with_alternatives(
            {
                last: [
                    Beginning(word)
                    for word in similar.written(parsed.typed[last])[-1:]
                    if len(word) >= SHORTEST_BEGINNING
                ]
            }
        )
    return parsed


class _Search:
    """One person's question, asked of the engine as often as it takes."""

    def __init__(self, person: Any, ask: Ask) -> None:
        self._person, self._ask = person, ask

    def results(self, parsed: Query, *, is_loose: bool = False, beside: Collection[Key] = ()) -> Results:
        """Those with all words, or those with any that are not `beside` them already; their things are not loaded yet."""
        chosen = _chosen(self._ask.chosen, parsed)
        ask = replace(self._ask, query=parsed, chosen=chosen, is_loose=is_loose, refused=beside)
        answer = self._checked(ask)
        is_loose = is_loose and len(parsed.wanted) > 1 and answer.total > 0
        hits = answer.hits[ask.offset : ask.offset + ask.limit]
        found = [Found(hit.type, hit.id, is_partial=is_loose) for hit in hits]
        return Results(parsed, found, answer.total, answer.counts, is_loose)

    def _checked(self, ask: Ask) -> Answer:
        """The engine's answer without what the database refuses. What is no day is no filter, and finds nothing."""
        if ask.query.no_days:
            return Answer(counts={facet: {} for facet in ask.counted})
        whole = replace(ask, offset=0, limit=max(MOST_CHECKED, ask.offset + ask.limit))
        unheard = waiting_keys(MOST_WAITING)
        answer = engine().search(whole)
        if answer.total > MOST_CHECKED and unheard:
            whole = replace(whole, refused={*whole.refused, *(unheard - _visible(unheard, self._person))})
            answer = engine().search(whole)
        visible: set[Key] = set()
        for _round in range(ROUNDS):
            keys = {hit.key for hit in answer.hits}
            visible = _visible(keys, self._person)
            if visible == keys:
                return answer
            whole = replace(whole, refused={*whole.refused, *(keys - visible)})
            answer = engine().search(whole)
        seen = [hit for hit in answer.hits if hit.key in visible]
        return Answer(seen, len(seen), {facet: {} for facet in ask.counted})

    def meant(self, parsed: Query, text: str) -> str | None:
        """The text with words that stand nowhere exchanged for the likest ones that this person can find."""
        better = text
        for clause, typed in zip(parsed.wanted, parsed.typed, strict=True):
            if not self._stands(Query((clause,))) and (likest := self._likest(typed)):
                better = re.sub(rf"(?<!\w){re.escape(typed)}(?!\w)", likest, better)
        return better if better != text else None

    def unknown(self, parsed: Query, total: int) -> list[tuple[str, str]]:
        """The filters with values that there are not. A group that the person may not read is as one that there is not; so is
        a topic or the like that nothing has that this person can find, which is looked up where nothing was found."""
        typed = [(name, value) for name, values in parsed.filters.items() for value in values]
        unknown = [one for one in typed if not self._is_known(*one, is_found=total > 0)]
        return unknown + [("day", value) for value in parsed.no_days]

    def _is_known(self, name: str, value: str, *, is_found: bool) -> bool:
        codes = set(value_names[name](value))
        if name == "group":
            return not codes.isdisjoint(map(str, self._ask.group_ids))
        if is_found or not codes or name in LISTED:
            return bool(codes)
        ask = replace(self._ask, query=Query(), chosen={name: codes}, counted=(), offset=0, limit=1)
        return self._checked(ask).total > 0

    def parts(self, parsed: Query) -> dict[int, Sequence[Sequence[str]]]:
        """The parts of those of the words that are compounds and stand nowhere, by the numbers of their clauses."""
        found: dict[int, Sequence[Sequence[str]]] = {}
        for at, (clause, typed) in enumerate(zip(parsed.wanted, parsed.typed, strict=True)):
            words = similar.written(typed)
            if clause == clause_of(list(tokens(typed))) and len(words) == 1 and not self._stands(Query((clause,))):
                found[at] = apart(words[0])
        return {at: some for at, some in found.items() if some}

    def _stands(self, parsed: Query) -> bool:
        ask = replace(self._ask, query=parsed, chosen={}, counted=(), offset=0, limit=0)
        return engine().search(ask).total > 0

    def _likest(self, typed: str) -> str | None:
        """The likest word that leads to something this person may see: nobody is told of other words."""
        for word in similar.candidates(typed, engine().words_like):
            ask = replace(self._ask, query=parse(word), chosen={}, counted=(), offset=0, limit=FEW)
            keys = {hit.key for hit in engine().search(ask).hits}
            if keys and _visible(keys, self._person):
                return word
        return None


def _chosen(chosen: Mapping[str, Collection[str]], parsed: Query) -> dict[str, Collection[str]]:
    """What was chosen beside the field and what was typed in it."""
    both: dict[str, Collection[str]] = dict(chosen)
    for name, values in parsed.filters.items():
        typed = {code for value in values for code in value_names[name](value)}
        both[name] = typed.intersection(both[name]) if name in both else typed
    return both


def _visible(keys: Collection[Key], person: Any) -> set[Key]:
    """Which of the proposed things the person may see, by the same query that guards their pages."""
    seen: set[Key] = set()
    for type_ in {type_ for type_, _number in keys} & set(kinds):
        kind = kinds[type_]
        ids = [number for one, number in keys if one == type_]
        visible = kind.visible(person).with_only_columns(kind.model.id).order_by(None).where(kind.model.id.in_(ids))
        seen |= {(type_, number) for number in db.session.scalars(visible)}
    return seen
