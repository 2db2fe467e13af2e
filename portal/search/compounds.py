"""Which terms a Swedish word is found by: its lemmas, and where it is a compound also those of its parts.

Lemmas and places in compounds come from the lexicon; what it does not know is a compound of known parts, or a stem of
Snowball's. Parts are joined as Swedish joins them: as they are, with an s, or with a vowel of its own (kvinno-, gatu-), which
the lexicon or the table below knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from snowballstemmer.english_stemmer import EnglishStemmer
from snowballstemmer.swedish_stemmer import SwedishStemmer

from portal.search.lexicon import FIRST, FORM, LAST, MIDDLE, NOUN, Entry, Lexicon

LONGEST_WORD = 64
SHORTEST_PART = 3
SHORTEST_NOUN = 4  # letters of a last part that the lexicon does not let stand in compounds of anybody's making
MOST_PARTS = 5
FILE = Path(__file__).parent / "lexicon.marisa"

# First parts with a vowel of their own, and what they are forms of.
JOINED = {
    "människo": "människa", "kvinno": "kvinna", "gatu": "gata", "barna": "barn", "flicko": "flicka", "familje": "familj", "läns": "län", "oros": "oro",
    "vecko": "vecka", "kyrko": "kyrka", "skolo": "skola", "hälso": "hälsa", "lags": "lag", "länge": "länge",
    "manna": "man", "långa": "lång", "anmälnings": "anmälan", "ansöknings": "ansökan", "arbets": "arbete", "läges": "läge",
    "mötes": "möte", "ärende": "ärende", "yrkes": "yrke", "rätts": "rätt", "råds": "råd", "tjänste": "tjänst",
    "dags": "dag", "uppgifts": "uppgift", "utsatthets": "utsatthet", "gärnings": "gärning", "sexual": "sexuell",
}  # fmt: skip
# Forms whose lemma the lexicon lists as words of their own.
IRREGULAR = {
    "män": "man", "männen": "man", "männens": "man", "mäns": "man", "böcker": "bok", "böckerna": "bok", "händer": "hand",
    "händerna": "hand", "städer": "stad", "städerna": "stad", "städers": "stad", "städernas": "stad", "fötter": "fot",
    "fötterna": "fot", "rötter": "rot", "nätter": "natt", "nätterna": "natt", "länder": "land", "länderna": "land",
    "länders": "land", "ländernas": "land", "bröder": "bror", "söner": "son", "döttrar": "dotter", "döttrarna": "dotter",
    "mödrar": "moder", "fäder": "fader", "tänder": "tand", "stränder": "strand", "människan": "människa",
    "människans": "människa", "människor": "människa", "människors": "människa", "människorna": "människa",
    "människornas": "människa", "anmälningar": "anmälan", "anmälningarna": "anmälan", "anmälningars": "anmälan",
    "samma": "samma", "samme": "samma", "ansökningar": "ansökan", "ansökningarna": "ansökan", "ögon": "öga", "ögonen": "öga", "öron": "öra",
}  # fmt: skip
# Particles before a verb or noun make one word with it (utbildning, undersökning), not a compound to be found by its parts.
PARTICLES = frozenset(
    [
        "an",
        "av",
        "avan",
        "be",
        "bak",
        "bi",
        "bort",
        "de",
        "e",
        "efter",
        "el",
        "en",
        "ett",
        "fel",
        "fram",
        "från",
        "för",
        "före",
        "för-",
        "genom",
        "hem",
        "hos",
        "i",
        "igen",
        "ihop",
        "in",
        "inne",
        "is",
        "kring",
        "med",
        "mellan",
        "miss",
        "mot",
        "ned",
        "ner",
        "o",
        "om",
        "oms",
        "på",
        "sam",
        "sen",
        "sin",
        "så",
        "sär",
        "till",
        "tre",
        "två",
        "um",
        "un",
        "under",
        "ungs",
        "upp",
        "ur",
        "ut",
        "utan",
        "van",
        "vid",
        "vän",
        "vice",
        "åter",
        "över",
        "veder",
        "und",
    ]
)

# First halves that the ending -dom makes a word with (ungdom); after others it is a dom of a court.
BEFORE_DOM = frozenset(
    [
        "ung",
        "barn",
        "sjuk",
        "egen",
        "fattig",
        "rik",
        "vis",
        "ålder",
        "trol",
        "troll",
        "läke",
        "spå",
        "man",
        "kristen",
        "jude",
        "hel",
        "furste",
    ]
)

# A stemmer keeps the word that it is at in itself, and texts are looked through in several threads: each word gets its own.
_STEMMERS = (SwedishStemmer, EnglishStemmer)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a compound, or neighbours together: a term that it is found by, and which letters of the word it is."""

    term: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """The terms of a word: what it is a form of, and of what it is made."""

    lemmas: tuple[str, ...]
    parts: tuple[Part, ...] = ()

    @property
    def terms(self) -> frozenset[str]:
        """All of them."""
        return frozenset(self.lemmas).union(part.term for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    written: str
    lemmas: tuple[str, ...]

    @property
    def end(self) -> int:
        return self.start + len(self.written)


@cache
def lexicon() -> Lexicon:
    """The lexicon that was built with the portal."""
    return Lexicon(FILE)


@lru_cache(maxsize=100_000)
def _entry(form: str) -> Entry | None:
    return lexicon().entry(form)


def _lemmas(form: str) -> tuple[str, ...]:
    """What a form is a form of, if it is known as a word or as the last part of one."""
    if form in IRREGULAR:
        return (IRREGULAR[form],)
    entry = _entry(form)
    if entry is None or (form in JOINED and not entry.bits & FORM):  # hälso- och sjukvård
        return (JOINED[form],) if form in JOINED else ()
    return entry.lemmas


def _first(piece: str, place: int) -> tuple[str, ...]:
    """The lemmas of a part that others follow, or nothing if it cannot be one."""
    if len(piece) < SHORTEST_PART or piece in PARTICLES:
        return ()
    if piece in JOINED:
        return (JOINED[piece],)
    entry = _entry(piece)
    found: list[str] = []
    if entry is not None and entry.bits & place:
        found += entry.lemmas
    for ending, base in (("s", piece[:-1]), ("ar", f"{piece}e")):  # a joiner s after a lemma; åklagar- of åklagare
        known = (
            _entry(base) if piece.endswith(ending) and base not in PARTICLES and len(base) >= SHORTEST_PART else None
        )
        if known is not None and base in known.lemmas and known.bits & (LAST | NOUN):
            found.append(base)
    return tuple(dict.fromkeys(found))


def _last(piece: str) -> tuple[str, ...]:
    if len(piece) < SHORTEST_PART:
        return ()
    if piece in IRREGULAR:
        return (IRREGULAR[piece],)
    entry = _entry(piece)
    if entry is None or not (entry.bits & LAST or (entry.bits & NOUN and len(piece) >= SHORTEST_NOUN)):
        return ()
    return entry.lemmas


def _is_ending(head: str, rest: str) -> bool:
    """Whether the rest of a word is an ending that looks like a word: taxe-ring, strål-ande, ung-dom."""
    if rest.startswith("ring"):
        return head.endswith("e")
    return rest in {"ande", "andes", "andet", "anden"} or (rest.startswith("dom") and head in BEFORE_DOM)


@lru_cache(maxsize=100_000)
def split(word: str, most: int = MOST_PARTS, place: int = FIRST) -> tuple[_Piece, ...]:
    """The pieces of a compound, as few as can be, or nothing if the word is none."""
    best: tuple[_Piece, ...] = ()
    for cut in range(len(word) - SHORTEST_PART, SHORTEST_PART - 1, -1):
        head = _first(word[:cut], place)
        for start in _starts(word, cut) if head else ():
            rest = word[start:]
            found = () if _is_ending(word[:cut], rest) else _last(rest)
            tail = (_Piece(0, rest, found),) if found else split(rest, most - 1, MIDDLE) if most > 2 else ()
            if tail and (not best or len(tail) + 1 < len(best)):
                moved = (_Piece(start + piece.start, piece.written, piece.lemmas) for piece in tail)
                best = (_Piece(0, word[:cut], head), *moved)
    return best


def _starts(word: str, cut: int) -> tuple[int, ...]:
    """Where the rest begins; of three equal consonants one is not written (tillåtelse: till-låtelse)."""
    is_double = word[cut - 1] == word[cut - 2] and word[cut - 1] not in "aeiouyåäö"
    return (cut, cut - 1) if is_double else (cut,)


@lru_cache(maxsize=200_000)
def analyse(word: str) -> Analysis:
    """The terms of a folded word."""
    word = word[:LONGEST_WORD]
    if not word.isalpha():
        return Analysis((word,))
    lemmas = _lemmas(word)
    pieces = split(word) if len(word) >= 2 * SHORTEST_PART else ()
    if not pieces:
        return Analysis(lemmas or _stems(word))
    last = pieces[-1]  # the lexicon has some forms as words of their own (länsstyrelsen)
    lemmas = tuple(dict.fromkeys((*lemmas, *(word[: last.start] + lemma for lemma in last.lemmas))))
    return Analysis(lemmas, tuple(part for part in dict.fromkeys(_inside(word, pieces)) if part.term not in lemmas))


def apart(word: str) -> tuple[tuple[str, ...], ...]:
    """The lemmas of each part of a folded word, for a question that nothing answers: then a noun may stand before any other
    (tolkförberedelser), which would find too much otherwise. Nothing, where the word is no compound."""
    pieces = split(word[:LONGEST_WORD])
    if pieces:
        return tuple(piece.lemmas for piece in pieces)
    for cut in range(len(word) - SHORTEST_NOUN, SHORTEST_NOUN - 1, -1):
        head, tail = _entry(word[:cut].removesuffix("s")) or _entry(word[:cut]), _last(word[cut:])
        if head is not None and head.bits & NOUN and tail and word[:cut] not in PARTICLES:
            return head.lemmas, tail
    return ()


def _stems(word: str) -> tuple[str, ...]:
    """What an unknown word is found by: it may be a Swedish name or an English word, and each language has its endings."""
    return tuple(dict.fromkeys(str(stemmer().stemWord(word)) for stemmer in _STEMMERS))


def _inside(word: str, pieces: tuple[_Piece, ...]) -> Iterator[Part]:
    """The parts, what neighbours make together (brottsoffer in brottsoffermyndighet), and what a part is made of itself."""
    for first, opening in enumerate(pieces):
        for closing in pieces[first : len(pieces) - (first == 0)]:
            written = word[opening.start : closing.start]
            for lemma in closing.lemmas:
                yield Part(written + lemma, opening.start, closing.end)
    for piece in pieces:
        for lemma in piece.lemmas:
            for part in analyse(lemma).parts if len(lemma) >= 2 * SHORTEST_PART else ():
                is_there = word.startswith(lemma[: part.end], piece.start)  # else the lemma is written otherwise here
                start, end = (part.start, part.end) if is_there else (0, len(piece.written))
                yield Part(part.term, piece.start + start, piece.start + end)
