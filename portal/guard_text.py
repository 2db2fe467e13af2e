"""The spellings of one text that the personal-data guard looks at, each with a way back to the raw text.

A number can hide behind markup (`**811228**-9874`), entities (`811228&#8209;9874`), URL encoding
(`811228%2D9874`), full-width digits, zero-width characters or one of twenty dashes. Each `View` is the text
as a reader would see it after one such step; `View.span` leads from an offset in it to the offsets in what
the author typed.
"""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from urllib.parse import unquote

_GONE = "\0"  # stands for a character that takes no room; removed in the second step of `_plain`
_SUPERSCRIPTS = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹")

# Dashes and look-alikes that Unicode does not put in category Pd. U+FFFE and U+0002 are what PDFium answers
# for a hyphen at the end of a line.
_DASHES = frozenset("\u2212\u2043\u02d7\u00af\u2500\u2501\u30fc\uff70\u06d4\ufffe\x02")


_MARKS = re.compile(r"[*~`\\\[\]]")  # Markdown marks that the reader does not see


class _Characters(dict[int, str]):
    """Table for `str.translate`, filled as characters turn up; one character always becomes exactly one."""

    def __init__(self, *, footnotes: bool, marks: bool) -> None:
        super().__init__((code, chr(code).lower()) for code in range(128))
        self[0], self[2] = _GONE, "-"
        self._footnotes = footnotes
        if marks:
            self.update((code, _GONE) for code in range(128) if _MARKS.match(chr(code)))

    def __missing__(self, code: int) -> str:
        self[code] = self._plain(chr(code))
        return self[code]

    def _plain(self, char: str) -> str:
        if char in _DASHES:
            return "-"
        if self._footnotes and char in _SUPERSCRIPTS:
            return " "
        value = unicodedata.digit(char, None)
        if value is not None:
            return str(value)
        category = unicodedata.category(char)
        if category == "Pd":
            return "-"
        if category in (
            "Cf",
            "Mn",
            "Me",
        ):  # zero width, soft hyphen, directions, variation selectors, keycaps
            return _GONE
        if category in ("Zs", "Zl", "Zp"):
            return " " if category == "Zs" else "\n"
        compatible = unicodedata.normalize("NFKC", char).lower()
        return compatible if len(compatible) == 1 else char


_TABLES = {
    (notes, marks): _Characters(footnotes=notes, marks=marks) for notes in (False, True) for marks in (False, True)
}


@dataclass(frozen=True, slots=True)
class _Step:
    """One rewriting of a text as pieces; a copied piece maps letter by letter, a replaced one as a whole
    (`ends` >= 0).
    """

    outs: list[int]
    starts: list[int]
    ends: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets before the step of the non-empty stretch `start:end` after it."""
        first, last = bisect_right(self.outs, start) - 1, bisect_right(self.outs, end - 1) - 1
        before = self.starts[first] + (start - self.outs[first] if self.ends[first] < 0 else 0)
        if self.ends[last] < 0:
            return before, self.starts[last] + end - self.outs[last]
        return before, self.ends[last]


@dataclass(frozen=True, slots=True)
class View:
    """A text as it reads after some steps: in lower case, with ASCII digits, `-` for every dash, nothing
    without width.
    """

    text: str
    steps: tuple[_Step, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the raw text of the non-empty stretch `start:end` of this view."""
        for step in reversed(self.steps):
            start, end = step.span(start, end)
        return start, end


def _plain(view: View, *, footnotes: bool, marks: bool) -> View:
    """Letters, digits, dashes and spaces in their plain form, characters without width (and Markdown marks)
    taken away.
    """
    if not marks and view.text.isascii() and _GONE not in view.text and "\x02" not in view.text:
        return View(view.text.lower(), view.steps)
    text = view.text.translate(_TABLES[footnotes, marks])
    if _GONE not in text:
        return View(text, view.steps)
    pieces = text.split(_GONE)
    outs = [0, *accumulate(map(len, pieces))][:-1]
    starts = [out + number for number, out in enumerate(outs)]
    return View("".join(pieces), (*view.steps, _Step(outs, starts, [-1] * len(outs))))


def _rewrite(view: View, pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]) -> View:
    """`pattern.sub(replace, …)` that remembers where everything came from."""
    parts: list[str] = []
    outs, starts, ends = [], [], []
    text, at, length = view.text, 0, 0
    for match in pattern.finditer(text):
        start, end = match.span()
        new = replace(match)
        if start > at:
            outs.append(length)
            starts.append(at)
            ends.append(-1)
            parts.append(text[at:start])
            length += start - at
        if new:
            outs.append(length)
            starts.append(start)
            ends.append(end)
            parts.append(new)
            length += len(new)
        at = end
    if not outs and not at:
        return view
    if at < len(text):
        outs.append(length)
        starts.append(at)
        ends.append(-1)
        parts.append(text[at:])
    return View("".join(parts), (*view.steps, _Step(outs, starts, ends)))


_URL = re.compile(r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*")
_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
# Every alternative starts with its own character and is anchored at the start of its run: no input costs
# quadratic time.
_MARKUP = re.compile(
    r"(?P<block></?(?:p|div|br|hr|td|th|tr|li|ul|ol|dl|dt|dd|table|caption|section|article|h[1-6])\b[^<>]*>)"
    r"|<[^<>]*>"
    r"|\]\([^()\s]*\)"
    r"|_(?<![0-9A-Za-z_]_)_*|_(?<!__)_*+(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_resolved = lru_cache(maxsize=4096)(html.unescape)
_unquoted = lru_cache(maxsize=4096)(unquote)


def _rendered(view: View) -> View:
    """As the reader sees it: entities resolved, HTML tags, link targets and underscores gone, table cells
    apart.
    """
    if "&" in view.text:
        view = _rewrite(view, _ENTITY, lambda match: _resolved(match[0]))
    return _rewrite(view, _MARKUP, lambda match: "\n" if match.lastgroup else "")


def views(raw: str) -> Iterator[View]:
    """Every spelling of `raw` that is worth a look; the first is the raw text in plain characters."""
    source = View(raw, ())
    rendered = _rendered(source)
    spellings = [(source, False)]
    if rendered is not source or _MARKS.search(raw):
        spellings.append((rendered, True))
    if "%" in raw and (decoded := _rewrite(source, _URL, lambda match: _unquoted(match[0]))) is not source:
        spellings.append((_rendered(decoded), True))
    footnotes = not _SUPERSCRIPTS.isdisjoint(raw)
    for spelling, marks in spellings:
        if spelling.text:
            yield _plain(spelling, footnotes=False, marks=marks)
            if footnotes:  # in "811228-9874²" the last digit is a footnote
                yield _plain(spelling, footnotes=True, marks=marks)
