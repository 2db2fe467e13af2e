"""Make the Swedish lexicon: each form of each word with its lemmas and its places in compounds, as one file.

Source: the Hunspell dictionary of the package hunspell-sv (LGPL-3.0), expanded by its own affix rules. What Hunspell says of
compounds (COMPOUNDBEGIN, -MIDDLE, -END, ONLYINCOMPOUND) is kept as bits. `python -m portal.search.lexicon_build FILE`.
"""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import marisa_trie

from portal.search.folding import fold
from portal.search.lexicon import FIRST, FORM, LAST, MIDDLE, NOUN, packed

_PLACES = {"X": FIRST, "U": MIDDLE, "Y": LAST}
_ONLY_IN_COMPOUNDS, _FORBIDDEN, _NOT_ALONE = "Z", "%", "¤"
_GENITIVE = "A"  # what has one is a noun; names are written with a capital
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Ending:
    """One rule of an affix class: take `strip` off, put `add` on, where the word ends as `condition` says."""

    strip: str
    add: str
    flags: str
    condition: re.Pattern[str]

    def form_of(self, word: str) -> str | None:
        """The word with this ending, or None where it does not take it."""
        if not word.endswith(self.strip) or not self.condition.search(word):
            return None
        return word[: len(word) - len(self.strip)] + self.add


def read_endings(text: str) -> dict[str, list[Ending]]:
    """The suffix classes of an .aff file (Swedish has no prefixes)."""
    endings: dict[str, list[Ending]] = defaultdict(list)
    for line in text.splitlines():
        parts = line.split()
        if len(parts) >= 5 and parts[0] == "SFX":
            strip, (add, _slash, flags) = parts[2].replace("0", ""), parts[3].partition("/")
            endings[parts[1]].append(Ending(strip, "" if add == "0" else add, flags, re.compile(f"(?:{parts[4]})$")))
    return endings


def _bits(flags: str) -> int:
    bits = 0 if _ONLY_IN_COMPOUNDS in flags or _NOT_ALONE in flags else FORM
    for flag, bit in _PLACES.items():
        bits |= bit if flag in flags else 0
    return bits


def forms_of(word: str, flags: str, endings: dict[str, list[Ending]]) -> Iterator[tuple[str, int]]:
    """A word and its forms, each with its places. An ending of its own flags is a form inside compounds."""
    own = _bits(flags)
    if own & FORM and _GENITIVE in flags and word.islower():
        own |= NOUN
    yield word, own
    for flag in flags:
        for ending in endings.get(flag, ()):
            form = ending.form_of(word)
            if form is not None:
                yield form, _bits(ending.flags) if ending.flags else own & (FORM | LAST | NOUN)


def read_words(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Words with their flags; what is no word of letters, or forbidden, is left out."""
    next(lines)  # the count
    for line in lines:
        word, _slash, flags = line.rstrip("\n").partition("/")
        if _LETTERS.fullmatch(word) and _FORBIDDEN not in flags:
            yield word, flags


def entries(folder: Path) -> dict[str, tuple[int, set[str]]]:
    """Every folded form with its bits and its lemmas."""
    endings = read_endings((folder / "sv_SE.aff").read_text(encoding="utf-8"))
    found: dict[str, tuple[int, set[str]]] = {}
    bound: set[str] = set()  # entries that stand in compounds only: forms of something, not words
    with (folder / "sv_SE.dic").open(encoding="utf-8") as lines:
        for word, flags in read_words(lines):
            lemma = fold(word)
            for form, bits in forms_of(word, flags, endings):
                folded = fold(form)
                before, lemmas = found.get(folded, (0, set()))
                found[folded] = (before | bits, lemmas | {lemma})
            if not _bits(flags) & FORM:
                bound.add(lemma)
    for form in bound & found.keys():
        bits, lemmas = found[form]
        others = (lemmas - {form}) | ({form[:-1]} if form.endswith("s") and form[:-1] in found else set())
        found[form] = (bits, others or lemmas)
    return found


def dictionary_folder() -> Path:
    """Where the package hunspell-sv has put its files. Raises `FileNotFoundError`."""
    folder = Path(sysconfig.get_path("data")) / "share" / "hunspell"
    if not (folder / "sv_SE.dic").is_file():
        raise FileNotFoundError(f"{folder}/sv_SE.dic (package hunspell-sv)")
    return folder


def build(target: Path) -> int:
    """Write the lexicon and swap it in; returns the number of forms."""
    found = entries(dictionary_folder())
    rows = ((form, packed(form, bits, lemmas)) for form, (bits, lemmas) in found.items())
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.{os.getpid()}")
    marisa_trie.BytesTrie(rows).save(str(beside))
    beside.replace(target)
    return len(found)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
