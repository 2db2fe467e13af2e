"""The Swedish lexicon at work: what a form is a form of, and whether it may stand in a compound.

One file that is mapped into memory (lexicon_build.py makes it), so that all processes share its four megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import marisa_trie

FORM, FIRST, MIDDLE, LAST, NOUN = 1, 2, 4, 8, 16


@dataclass(frozen=True, slots=True)
class Entry:
    """What the lexicon says of a form: its places (bits) and its lemmas, the form itself among them if it is one."""

    bits: int
    lemmas: tuple[str, ...]


class LexiconMissing(RuntimeError):
    """The file is not there: `make build` makes it."""


def _shared(one: str, other: str) -> int:
    """How many letters two words begin with alike."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def packed(form: str, bits: int, lemmas: set[str]) -> bytes:
    """An entry as the file holds it: the bits, and of each lemma how many letters go and which come."""
    steps = []
    for kept, lemma in sorted(
        ((_shared(form, lemma), lemma) for lemma in lemmas), reverse=True
    ):  # the likest one first
        steps.append(f"{len(form) - kept}{lemma[kept:]}")
    return bytes([bits]) + " ".join(steps).encode()


def _unpacked(form: str, value: bytes) -> Entry:
    lemmas = []
    for step in value[1:].decode().split(" "):
        added = step.lstrip("0123456789")
        lemmas.append(form[: len(form) - int(step[: len(step) - len(added)])] + added)
    return Entry(value[0], tuple(lemmas))


class Lexicon:
    """The mapped file. Raises `LexiconMissing`."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise LexiconMissing(f"{path} is missing: run 'make build'")
        self._trie = marisa_trie.BytesTrie().mmap(str(path))

    def entry(self, form: str) -> Entry | None:
        """What is known of a folded form."""
        found = self._trie.get(form)
        return _unpacked(form, found[0]) if found else None

    def forms(self, beginning: str) -> list[str]:
        """All forms that begin so."""
        keys: list[str] = self._trie.keys(beginning)
        return keys
