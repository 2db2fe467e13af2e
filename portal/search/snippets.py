"""Why something was found: the passage with the most of the words, and the words marked."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup, escape

from portal.search.query import Query
from portal.search.swedish import Token, fold, tokens

WINDOW = 220
LONGEST_TEXT = 400_000  # characters looked through for one hit


@dataclass(frozen=True, slots=True)
class Snippet:
    """A passage with its hits marked; `page` is None where the text has no pages."""

    html: Markup
    page: int | None = None
    hits: int = 0


def _is_hit(token: Token, text: str, query: Query) -> bool:
    if token.term in query.terms:
        return True
    return bool(query.prefixes) and fold(text[token.start : token.end]).startswith(query.prefixes)


def mark(text: str, query: Query) -> Markup:
    """The whole text, escaped, with the words of the query marked."""
    parts, last = [], 0
    for token in tokens(text):
        if _is_hit(token, text, query):
            parts.append(escape(text[last : token.start]))
            parts.append(Markup("<mark>{}</mark>").format(text[token.start : token.end]))
            last = token.end
    parts.append(escape(text[last:]))
    return Markup("").join(parts)


def best(text: str, query: Query, *, page: int | None = None) -> Snippet | None:
    """The densest passage of the text, or None if no word of the query stands in it."""
    text = text[:LONGEST_TEXT]
    hits = [token for token in tokens(text) if _is_hit(token, text, query)]
    if not hits:
        return None
    first, most = 0, 0
    for index, token in enumerate(hits):
        inside = {other.term for other in hits[index : index + 12] if other.end - token.start <= WINDOW}
        if len(inside) > most:
            first, most = index, len(inside)
    start = max(0, hits[first].start - 60)
    end = min(len(text), start + WINDOW)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    stop = text.find(" ", end)
    passage = " ".join(text[start : stop if 0 <= stop < end + 40 else end].split())
    before, after = ("… " if start else ""), (" …" if end < len(text) else "")
    return Snippet(Markup("{}{}{}").format(before, mark(passage, query), after), page, len(hits))
