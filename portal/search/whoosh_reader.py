"""Asking the index: whole posting lists as arrays, rights as a mask before anything is counted.

Whoosh's own searcher goes from document to document in Python and knows rights only as one more word of the query; with fifty
groups that costs ten times what everything else does (engines.md, section 1). Here a question is a few operations on arrays,
one segment after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from portal.search.engine import Answer, Ask, Hit
from portal.search.query import Alternative, Beginning, Clause
from portal.search.swedish import EXACT
from portal.search.whoosh_codec import Ids, Weights
from portal.search.whoosh_leaf import Leaf, Mask
from portal.times import STOCKHOLM

K1, B = 1.2, 0.75  # of BM25


@dataclass(frozen=True, slots=True)
class Part:
    """A segment at a moment: which of its documents are there still."""

    leaf: Leaf
    alive: Mask


class Moment:
    """The index as it is at one moment. Every question is answered from one of these."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self.parts = list(parts)
        lengths = [part.leaf.numbers("length") for part in self.parts]
        self.size = sum(part.leaf.size for part in self.parts)
        words = sum(float(length.sum(dtype=np.float64)) for length in lengths)
        average = max(words / max(self.size, 1), 1.0)
        self._norms = [(K1 * (1 - B + B * length / average)).astype(np.float32) for length in lengths]

    def search(self, ask: Ask) -> Answer:
        """See `Engine.search`."""
        rarity = _Rarity(self)
        pages = [_asked(part, norm, ask, rarity) for part, norm in zip(self.parts, self._norms, strict=True)]
        counts = {facet: dict(_sum(page.counts[facet] for page in pages)) for facet in ask.counted}
        best: list[tuple[float, int, Hit]] = [row for page in pages for row in page.best]
        best.sort(key=lambda row: (-row[0], -row[1], -row[2].id, row[2].type))
        hits = [hit for _score, _changed, hit in best[ask.offset : ask.offset + ask.limit]]
        return Answer(hits, sum(page.total for page in pages), counts)

    def words_like(self, beginnings: Collection[str]) -> list[str]:
        """See `Engine.words_like`."""
        found = {form for part in self.parts for start in beginnings for form in part.leaf.forms(start)}
        return sorted(form.removeprefix(EXACT) for form in found)


def _sum(counts: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total


class _Rarity:
    """How much a term tells: the fewer documents of the whole index have it, the more."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self._known: dict[str, float] = {}

    def of(self, term: str) -> float:
        """Its weight in BM25."""
        if term not in self._known:
            self._known[term] = self.of_count(sum(len(part.leaf.postings(term)[0]) for part in self._moment.parts))
        return self._known[term]

    def of_count(self, count: int) -> float:
        """The weight of what so many documents have."""
        return float(np.log1p((self._moment.size - count + 0.5) / (count + 0.5)))


@dataclass(frozen=True, slots=True)
class _Page:
    total: int
    counts: Mapping[str, Counter[str]]
    best: list[tuple[float, int, Hit]]


def _asked(part: Part, norm: NDArray[np.float32], ask: Ask, rarity: _Rarity) -> _Page:
    """What one segment answers."""
    allowed = _allowed(part, ask)
    if not allowed.any():
        return _Page(0, {facet: Counter() for facet in ask.counted}, [])
    matched, scores = _matched(part.leaf, allowed, norm, ask, rarity)
    matched &= allowed
    chosen = {facet: part.leaf.values(facet).having(set(values)) for facet, values in ask.chosen.items()}
    hits = np.flatnonzero(_all(matched, chosen.values()))
    counts = {}
    for facet in ask.counted:
        others = [mask for name, mask in chosen.items() if name != facet]
        beside = np.flatnonzero(_all(matched, others)) if facet in chosen else hits
        counts[facet] = part.leaf.values(facet).count(beside)
    for group in set(counts.get("group", ())) - {str(group_id) for group_id in ask.group_ids}:
        del counts["group"][group]  # of other groups that have it too, nobody is told
    return _Page(len(hits), counts, _best(part.leaf, hits, scores, ask))


def _all(first: Mask, others: Iterable[Mask]) -> Mask:
    return reduce(np.logical_and, others, first)


# --- who may, and what is chosen ----------------------------------------------------------------------------------------


def _allowed(part: Part, ask: Ask) -> Mask:
    """The mask that everything starts from: what is there, what this person may read, and the days that are meant."""
    allowed = part.alive & part.leaf.values("group").having({str(group_id) for group_id in ask.group_ids})
    if ask.query.after is not None:
        allowed &= part.leaf.numbers("changed") >= _seconds(ask.query.after)
    if ask.query.before is not None:
        allowed &= part.leaf.numbers("changed") < _seconds(ask.query.before)
    for kind, number in ask.refused:
        document = part.leaf.find(f"{kind}:{number}")
        if document is not None:
            allowed[document] = False
    return allowed


def _seconds(day: date) -> int:
    return max(0, int(datetime.combine(day, time(), STOCKHOLM).timestamp()))


# --- what was asked for -------------------------------------------------------------------------------------------------


def _matched(
    leaf: Leaf, allowed: Mask, norm: NDArray[np.float32], ask: Ask, rarity: _Rarity
) -> tuple[Mask, NDArray[np.float32]]:
    """Which documents meet the query, and how well; of the others some may be left out."""
    scores = np.zeros(leaf.size, np.float32)
    matched: Mask | None = None
    for clause in ask.query.wanted:
        one = _of_clause(leaf, clause, allowed, norm, rarity, scores)
        if matched is None:
            matched = one
        elif ask.is_loose:
            matched |= one
        else:
            matched &= one
            if not matched.any():
                break
    if matched is None:
        matched = np.ones(leaf.size, bool)
    for clause in ask.query.refused:
        for alternative in clause:
            matched[_of_alternative(leaf, alternative, rarity)[0]] = False
    return matched, scores


def _of_clause(
    leaf: Leaf, clause: Clause, allowed: Mask, norm: NDArray[np.float32], rarity: _Rarity, scores: NDArray[np.float32]
) -> Mask:
    """Which of the allowed documents meet a clause; adds to their scores. Of several alternatives the best one counts."""
    mask = np.zeros(leaf.size, bool)
    gain = np.zeros(leaf.size, np.float32) if len(clause) > 1 else scores
    for alternative in clause:
        ids, weights, telling = _of_alternative(leaf, alternative, rarity)
        mine = np.flatnonzero(allowed.take(ids))
        here, weights = ids.take(mine).astype(np.intp), weights.take(mine)
        mask[here] = True
        gained = np.float32(telling * (K1 + 1)) * weights / (weights + norm.take(here))
        gain[here] = np.maximum(gain[here], gained) if len(clause) > 1 else gain[here] + gained
    if len(clause) > 1:
        scores += gain
    return mask


def _of_alternative(leaf: Leaf, alternative: Alternative, rarity: _Rarity) -> tuple[Ids, Weights, float]:
    """Documents, weights, and how much it tells to have it."""
    if isinstance(alternative, Beginning):
        summed = np.zeros(leaf.size, np.float32)
        for ids, weights in leaf.postings_from(alternative.text):
            summed[ids] += weights
        documents = np.flatnonzero(summed).astype(np.uint32)
        return documents, summed[documents], rarity.of_count(len(documents))
    if len(alternative) == 1:
        return *leaf.postings(alternative[0]), rarity.of(alternative[0])
    telling = sum(rarity.of(term) for term in alternative)
    among = np.ones(leaf.size, bool)
    for term in alternative:
        has = np.zeros(leaf.size, bool)
        has[leaf.postings(term)[0]] = True
        among &= has
    starts = leaf.places(alternative[0], among)
    for step, term in enumerate(alternative[1:], 1):
        others, wanted = leaf.places(term, among), starts + np.uint64(step)
        at = np.searchsorted(others, wanted).clip(max=max(len(others) - 1, 0))
        starts = starts[others[at] == wanted] if len(others) else starts[:0]
    documents, counts = np.unique((starts >> np.uint64(32)).astype(np.uint32), return_counts=True)
    return documents, counts.astype(np.float32), telling


# --- the best of them ---------------------------------------------------------------------------------------------------


def _best(leaf: Leaf, hits: NDArray[np.intp], scores: NDArray[np.float32], ask: Ask) -> list[tuple[float, int, Hit]]:
    """As many of the hits as a page may need, with what they are ordered by."""
    most = ask.offset + ask.limit
    if not len(hits) or not ask.limit:
        return []
    changed = leaf.numbers("changed").take(hits).astype(np.int64)
    if ask.newest_first or not ask.query.wanted:
        order = changed.astype(np.float64)
    else:
        order = (scores.take(hits) * leaf.numbers("rank").take(hits) / 100).astype(np.float64)
    numbers = leaf.numbers("number").take(hits).astype(np.int64)
    if len(hits) > most:  # all that are as good as the last one that may be needed
        floor = np.partition(order, len(order) - most)[len(order) - most]
        keep = np.flatnonzero(order >= floor)
        keep = keep[np.lexsort((-numbers[keep], -changed[keep], -order[keep]))[:most]]
        hits, order, changed, numbers = hits[keep], order[keep], changed[keep], numbers[keep]
    types = leaf.values("type")
    names = [types.of(hit)[0] for hit in hits]
    rows = zip(order.tolist(), changed.tolist(), names, numbers.tolist(), strict=True)
    return [(score, at, Hit(name, number)) for score, at, name, number in rows]
