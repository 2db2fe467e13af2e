"""What differs between the text of two versions, page by page."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

LONGEST = 60_000  # characters of one version: comparing takes time that grows with the square
MOST_LINES = 2_000  # of one page
MOST_WORDS = 300  # in lines that are compared word by word
MOST_DIFFERENCES = 400


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that are the same in both ("same"), only in the earlier ("gone") or only in the later one ("new")."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class PageDifference:
    """What differs on one page; its number is that of the later version, or of the earlier if the later has none."""

    number: int
    pieces: list[Piece]


def compare(earlier: Sequence[str], later: Sequence[str]) -> tuple[list[PageDifference], bool]:
    """The pages that differ, by words; and whether the versions are too long to be compared to their ends."""
    found: list[PageDifference] = []
    used = pieces = 0
    for number, (before, after) in enumerate(zip_longest(earlier, later, fillvalue=""), start=1):
        used += max(len(before), len(after))
        if used > LONGEST or pieces > MOST_DIFFERENCES:
            return found, True
        if before.split() != after.split():
            old, new = _lines(before), _lines(after)
            found.append(PageDifference(number, _pieces(old[:MOST_LINES], new[:MOST_LINES])))
            pieces += len(found[-1].pieces)
            if max(len(old), len(new)) > MOST_LINES:
                return found, True
    return found, False


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _pieces(old: Sequence[str], new: Sequence[str]) -> list[Piece]:
    """First by lines, then by words in the lines that took each other's place."""
    made: list[Piece] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new).get_opcodes():
        gone, come = " ".join(old[a:b]).split(), " ".join(new[c:d]).split()
        if tag == "replace" and max(len(gone), len(come)) <= MOST_WORDS:
            made += _by_words(gone, come)
        elif tag == "equal":
            made.append(Piece("same", _short(gone)))
        else:
            made += [Piece("gone", " ".join(gone)), Piece("new", " ".join(come))]
    return [piece for piece in made if piece.text]


def _by_words(old: list[str], new: list[str]) -> list[Piece]:
    made: list[Piece] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            made.append(Piece("same", _short(old[a:b])))
        else:
            made += [Piece("gone", " ".join(old[a:b])), Piece("new", " ".join(new[c:d]))]
    return made


def _short(words: list[str]) -> str:
    """What has not changed is shown only around what has."""
    if len(words) <= 40:
        return " ".join(words)
    return " ".join([*words[:15], "…", *words[-15:]])
