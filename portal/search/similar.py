"""What a misspelt word may have meant: words that stand in the index and are written nearly so.

Letters are compared without their marks first (manniskohandel is människohandel), then as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import product

from rapidfuzz.distance import OSA

from portal.search.swedish import tokens

MOST = 8  # that are tried
SHORTEST = 4  # letters; shorter words are too like each other
_PLAIN = str.maketrans("åäöéü", "aaoeu")
_MARKED = {"a": "aåä", "o": "oö", "e": "eé"}


def written(text: str) -> list[str]:
    """The words of a text in their folded written form."""
    return [token.written for token in tokens(text)]


def candidates(typed: str, words_like: Callable[[Collection[str]], list[str]]) -> list[str]:
    """Words like the one that was typed, the likest first; several words that were written as one have none."""
    words = written(typed)
    if len(words) != 1 or len(words[0]) < SHORTEST or not words[0].isalpha():
        return []
    word = words[0]
    plain, most = word.translate(_PLAIN), 1 if len(word) < 6 else 2 if len(word) < 12 else 3
    found = []
    for other in words_like(sorted(set(_beginnings(word)))):
        if abs(len(other) - len(word)) <= most and other != word:
            distance = OSA.distance(plain, other.translate(_PLAIN), score_cutoff=most)
            if distance <= most:
                found.append((distance, OSA.distance(word, other), len(other), other))
    return [other for *_rank, other in sorted(found)[:MOST]]


def _beginnings(word: str) -> Iterator[str]:
    """With which two letters the word that was meant may begin: these, turned round, or without one that is too much."""
    for two in (word[:2], word[1] + word[0], word[1:3], word[0] + word[2]):
        for letters in product(*(_MARKED.get(letter.translate(_PLAIN), letter) for letter in two)):
            yield "".join(letters)
