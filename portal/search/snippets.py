"""Why something was found: the passage with the most of the words, and the words marked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from portal.search.query import Query
from portal.search.swedish import Token, tokens

WINDOW = 220
PIECE = 6_000  # characters that are looked through as one
MOST_PIECES = 8  # of one thing, that are looked through word by word
MOST_PASSAGES = 2
MOST_WORDS = 12  # around a passage, that are told of
MOST_FORMS = 4

Text = tuple[int | None, str]  # of a page, with its number; None where the text has no pages
# As `fold`, but all at once: marks of other languages go, those of å, ä and ö stay. Most texts have none to begin with.
_ODD = re.compile("[\u00e0-\u00e3\u00e6-\u00f5\u00f8-\u024f\u0300-\u036f\u1e00-\u1eff\ufb00-\uff5e]")
_MARKS = re.compile("[\u0300-\u0307\u0309\u030b-\u036f]|(?<![ao])\u0308|(?<!a)\u030a")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A passage with its hits marked; `page` is None where the text has no pages.

    `rank` says how good it is: how many of the words asked for stand in it, and how many hits there are around it. `words`
    are the words with a hit around it as they are written, with the part marked that was asked for.
    """

    html: Markup
    page: int | None = None
    rank: tuple[int, int] = (0, 0)
    words: tuple[Markup, ...] = ()


def passages(texts: Iterable[Text], query: Query) -> list[Snippet]:
    """Why a thing was found: its two best passages in the order of the text, or one where there are no pages.

    Most pieces of a text are passed over at a rough glance, and the search ends with two that have all the words.
    """
    stems = [_rough(term) for term in query.glances]
    known: dict[str, bool] = {}
    found: list[Snippet] = []
    looked = good = 0
    for page, piece in _pieces(texts):
        rough = _rough(piece)
        if not any(stem in rough for stem in stems) or not _stands(rough, stems, query, known):
            continue
        looked += 1
        snippet = best(piece, query, page=page)
        if snippet is not None:
            found.append(snippet)
            good += snippet.rank[0] >= query.size
        if good == MOST_PASSAGES or looked == MOST_PIECES:
            break
    found.sort(key=lambda snippet: snippet.rank, reverse=True)
    most = 1 if found and found[0].page is None else MOST_PASSAGES
    return sorted(found[:most], key=lambda snippet: snippet.page or 0)


def _stands(rough: str, stems: Sequence[str], query: Query, known: dict[str, bool]) -> bool:
    """Whether a word of the piece is a hit: the letters of a short word stand in many others (eko: ekonomi). `known`: words
    that were looked at before."""
    for word in rough.split():
        if any(stem in word for stem in stems):
            if word not in known:
                known[word] = next(_hits(word, query), None) is not None
            if known[word]:
                return True
    return False


def _rough(text: str) -> str:
    text = text.casefold()
    if not _ODD.search(text):
        return text
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", text)))


def _pieces(texts: Iterable[Text]) -> Iterator[Text]:
    for page, text in texts:
        start = 0
        while start < len(text):
            end = text.rfind(" ", start + 1, start + PIECE) if len(text) - start > PIECE else len(text)
            end = end if end > start else start + PIECE
            yield page, text[start:end]
            start = end


@dataclass(frozen=True, slots=True)
class _Hit:
    """A word, or the part of one, that was asked for: its letters in the text, and what it answers to."""

    start: int
    end: int
    terms: frozenset[str]
    word: tuple[int, int]


def _hit(token: Token, text: str, query: Query) -> _Hit | None:
    analysis, word = token.analysis, (token.start, token.end)
    if found := query.terms.intersection((*analysis.lemmas, token.exact)):
        return _Hit(*word, found, word)
    written = text[token.start : token.end]
    if query.prefixes and token.written.startswith(query.prefixes):
        return _Hit(*word, frozenset(query.prefixes), word)
    parts = [part for part in analysis.parts if part.term in query.terms]
    if not parts:
        return None
    terms = frozenset(part.term for part in parts)
    if len(token.written) != len(written):  # letters that are written with two signs: the whole word is marked
        return _Hit(*word, terms, word)
    first, last = min(part.start for part in parts), max(part.end for part in parts)
    return _Hit(token.start + first, token.start + last, terms, word)


def _hits(text: str, query: Query) -> Iterator[_Hit]:
    for token in tokens(text):
        hit = _hit(token, text, query)
        if hit is not None:
            yield hit


def mark(text: str, query: Query) -> Markup:
    """The whole text, escaped, with the words of the query marked; of a compound the part that was asked for."""
    parts, last = [], 0
    for hit in _hits(text, query):
        parts.append(escape(text[last : hit.start]))
        parts.append(Markup("<mark>{}</mark>").format(text[hit.start : hit.end]))
        last = hit.end
    parts.append(escape(text[last:]))
    return Markup("").join(parts)


def best(text: str, query: Query, *, page: int | None = None) -> Snippet | None:
    """The densest passage of the text, or None if no word of the query stands in it."""
    hits = list(_hits(text, query))
    if not hits:
        return None
    first, most = 0, 0
    for index, hit in enumerate(hits):
        inside = frozenset().union(
            *(other.terms for other in hits[index : index + 12] if other.end - hit.start <= WINDOW)
        )
        if len(inside) > most:
            first, most = index, len(inside)
    start = max(0, hits[first].start - 60)
    end = min(len(text), start + WINDOW)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    stop = text.find(" ", end)
    passage = " ".join(text[start : stop if 0 <= stop < end + 40 else end].split())
    before, after = ("… " if start else ""), (" …" if end < len(text) else "")
    words = tuple(dict.fromkeys(_marked(text, hit) for hit in hits[:MOST_WORDS]))
    return Snippet(Markup("{}{}{}").format(before, mark(passage, query), after), page, (most, len(hits)), words)


def _marked(text: str, hit: _Hit) -> Markup:
    """The word of a hit in small letters, with the hit marked."""
    first, last = hit.word
    before, inside, after = text[first : hit.start], text[hit.start : hit.end], text[hit.end : last]
    return Markup("{}<mark>{}</mark>{}").format(before.lower(), inside.lower(), after.lower())


def forms(found: Iterable[Snippet], query: Query) -> tuple[list[Markup], list[Markup]]:
    """In which other words and forms the words that were typed were found, and which synonyms of them; a few of each."""
    known = {word.casefold() for word in query.typed}
    words = dict.fromkeys(word for snippet in found for word in snippet.words)
    others = [word for word in words if word.striptags().casefold() not in known]
    synonyms = [word for word in others if any(map(query.is_synonym, _terms_of(word)))]
    return [word for word in others if word not in synonyms][:MOST_FORMS], synonyms[:MOST_FORMS]


def _terms_of(word: Markup) -> Iterator[frozenset[str]]:
    return (token.analysis.terms | {token.exact} for token in tokens(word.striptags()))
