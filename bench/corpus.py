"""A made-up Swedish corpus: words of the lexicon, as frequent as Zipf says, in documents of mixed sizes, spread over groups."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from portal.search.compounds import lexicon
from portal.search.engine import Document
from portal.search.lexicon import FORM

WORDS = 60_000  # in the vocabulary
GROUPS, TOPICS, PUBLISHERS = 200, 40, 300
COUNTIES = ["AB", "AC", "BD", "C", "D", "E", "F", "G", "H", "I", "K", "M", "N", "O", "S", "T", "U", "W", "X", "Y", "Z"]
START = datetime(2016, 1, 1, tzinfo=UTC)


def vocabulary(seed: int = 1) -> list[str]:
    """Word forms of the lexicon, in an order of their own: the first one is the most frequent."""
    known = lexicon()
    forms = [form for form in known.forms("") if form.isalpha() and 2 < len(form) < 22]
    order = np.random.default_rng(seed).permutation(len(forms))
    chosen: list[str] = []
    for at in order:
        entry = known.entry(forms[at])
        if entry is not None and entry.bits & FORM:
            chosen.append(forms[at])
        if len(chosen) == WORDS:
            break
    return chosen


def documents(count: int, seed: int = 2) -> Iterator[Document]:
    """That many documents. The same seed gives the same ones; median 60 words, some of several thousand."""
    words = np.array(vocabulary())
    random = np.random.default_rng(seed)
    share = 1 / (np.arange(WORDS) + 2.7)
    reach = np.cumsum(share / share.sum())
    group_reach = np.cumsum((1 / (np.arange(GROUPS) + 5)) / (1 / (np.arange(GROUPS) + 5)).sum())
    for number in range(1, count + 1):
        length = int(min(6_000, random.lognormal(4.1, 1.0))) + 5
        drawn = words[np.searchsorted(reach, random.random(length)).clip(max=WORDS - 1)]
        groups = 1 + np.searchsorted(group_reach, random.random(1 + (number % 10 == 0))).clip(max=GROUPS - 1)
        at = START + timedelta(seconds=int(random.integers(0, 340_000_000)))
        facets = {
            "topic": [f"ämne {one}" for one in random.zipf(1.6, 1 + number % 3).clip(max=TOPICS)],
            "publisher": [f"utgivare {int(random.integers(0, PUBLISHERS))}"],
            "county": [COUNTIES[int(random.integers(0, len(COUNTIES)))]],
            "language": ["sv" if number % 7 else "en"],
            "year": [str(at.year)],
        }
        yield Document(
            "resource" if number % 5 == 0 else "post", number, tuple(int(group) for group in set(groups)),
            " ".join(drawn[:5]), " ".join(drawn[5:]), at, facets,
        )  # fmt: skip
