"""What a person wrote in an answer, without what the mail program put around it.

The mail about a post begins with a line of ours, and what is quoted below that line is cut off whatever the program's form.
A kept library (mail-parser-reply) finds what stands above it (”Den … skrev …:”) and signatures, in Swedish and English. It
only gets the end of the text: its expressions take a time that grows fast, and what it takes for a signature in the middle of
a text is text.
"""

from __future__ import annotations

import re

from bs4 import BeautifulSoup
from bs4.element import Comment, NavigableString, Tag
from mailparser_reply import EmailReplyParser

MARK_START, MARK_END = "##-", "-##"
_END_LINES = 25
_END_CHARACTERS = 1_500
_WORD_JOINER = "\N{WORD JOINER}"
_SENDER = re.compile(r"[\s*_>]*(från|from)\s?:", re.IGNORECASE)
_SENT = re.compile(r"[\s*_>]*(skickat|datum|sent|date)\s?:", re.IGNORECASE)
_RULE = re.compile(r"[\s>]*[_-]{5,}\s*$")
_TO = re.compile(r"[\s*_>]*(till|to)\s?:", re.IGNORECASE)
_SUBJECT = re.compile(r"[\s*_>]*(ämne|subject)\s?:", re.IGNORECASE)
_BLOCK_LINES = 8
_LAST_OF_OURS = "/unsubscribe/"  # the addresses at the end of a mail of ours
_WROTE = re.compile(r"\s*(?:den|on|mån|tis|ons|tors?|fre|lör|sön|\d)[^\n]*\b(?:skrev|wrote)\b", re.IGNORECASE)
_POSTSCRIPT = re.compile(r"(?mi)^p\.?s\b[.:]?\s")
# ”/rapporter för mer” and the rows of a list are no signatures, ”/Anna” and ”--” are; headers of mails are found here
_TEXT = re.compile(
    r"/\w+[^\n]*\s\S+|- ?\w|[* ]*(?:från|skickat|till|ämne|datum|kopia|from|sent|to|subject|date|cc|organization):",
    re.IGNORECASE,
)
_parser = EmailReplyParser(languages=["sv", "en"])


def own_words(text: str) -> str:
    """What the person wrote; empty if that is nothing."""
    return split_words(text)[0]


def split_words(text: str) -> tuple[str, str]:
    """What the person wrote, and what is left out though it is no quote: a signature, most often."""
    text = re.sub(r"[\u200b\ufeff\x00]", "", text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " "))
    lines = text.split("\n")
    cut = _beginning_of_quote(lines)
    if cut is None:
        return _split_end(text)
    above, left_out = _split_end("\n".join(lines[:cut]))
    if lines[cut].lstrip().startswith(">"):  # who answers below the quote
        below, more = _split_end("\n".join(line for line in lines[cut:] if not line.lstrip().startswith(">")))
        return _joined(above, below), _joined(left_out, more)
    if not any(_is_mark(line) for line in lines[cut:]):
        return above, _joined(left_out, "\n".join(lines[cut:]))  # nobody knows where that ends
    rest = "\n".join(lines[cut:])
    end = rest.rfind(_LAST_OF_OURS)
    below = rest[end:].partition("\n")[2].strip() if end >= 0 else ""
    return (above, _joined(left_out, below)) if above else _split_end(below)


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _is_mark(line: str) -> bool:
    return MARK_START in line and MARK_END in line


def _beginning_of_quote(lines: list[str]) -> int | None:
    """The first line of what was quoted: of ours, or of the block of headers that Outlook puts there."""
    for number, line in enumerate(lines):
        if _is_mark(line):
            return _first_quoted(lines, number)
        if _SENDER.match(line) and _is_block(lines[number : number + _BLOCK_LINES]):
            return number
    return None


def _is_block(near: list[str]) -> bool:
    """Whether lines are headers of a mail: with a subject, or right before our line. ”Från” and ”Datum” are words of timetables."""
    is_quoted = near[0].lstrip().startswith(">")
    has_sent, has_to, has_subject = (any(found.match(line) for line in near[1:]) for found in (_SENT, _TO, _SUBJECT))
    before_ours = any(_is_mark(line) and line.lstrip().startswith(">") is is_quoted for line in near)
    return ((has_sent or has_to) and has_subject) or (has_sent and before_ours)


def _first_quoted(lines: list[str], number: int) -> int:
    """Our line may stand some way down in what is quoted: programs quote the whole mail."""
    while number > 0 and lines[number].lstrip().startswith(">") and lines[number - 1].lstrip().startswith(">"):
        number -= 1
    return number


def _split_end(text: str) -> tuple[str, str]:
    """The text without the signature and the program's own lines at its end, and what of these is no quote."""
    lines = text.strip().split("\n")
    while lines and _RULE.match(lines[-1]):
        lines.pop()
    first = max(0, len(lines) - _END_LINES)
    while first < len(lines) and sum(len(line) + 1 for line in lines[first:]) > _END_CHARACTERS:
        first += 1
    begin, whole = lines[:first], "\n".join(_kept_apart(lines[first:]))
    delimiter = re.search(r"(?m)^-- ?$", whole)
    end = whole[: delimiter.start()] if delimiter is not None else whole
    if end.strip():
        replies = _parser.read(end).replies
        end = str(replies[0].body) if replies else end
    rest = whole.lstrip().removeprefix(end.strip()).replace(_WORD_JOINER, "")
    postscript = _POSTSCRIPT.search(rest)
    kept = "\n".join([*begin, end.replace(_WORD_JOINER, "")]).strip()
    if postscript is not None:
        kept, rest = _joined(kept, rest[postscript.start() :].strip()), rest[: postscript.start()]
    left_out = [line for line in rest.split("\n") if not line.lstrip().startswith(">") and not _WROTE.match(line)]
    return kept, "\n".join(left_out).strip()


def _kept_apart(lines: list[str]) -> list[str]:
    """The lines, with a sign before those that the library would take for the beginning of a quote or a signature, and are not:
    above what a program quotes stands nothing else of the person's.
    """
    kept = []
    for number, line in enumerate(lines):
        following = lines[number + 1 :]
        if _WROTE.match(line) and not line.rstrip().endswith(":"):
            following = following[1:]  # a long address is on a line of its own
        is_text = _WROTE.match(line) and any(one.strip() and not one.lstrip().startswith(">") for one in following)
        kept.append(_WORD_JOINER + line if is_text or _TEXT.match(line) else line)
    return kept


_QUOTES = "blockquote[type=cite], .gmail_quote, .gmail_attr, .moz-cite-prefix, .yahoo_quoted, #divRplyFwdMsg, #appendonsend, #mail-editor-reference-message-container"
_BLOCKS = frozenset(
    {"p", "div", "li", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr", "blockquote"}
)


def text_of_html(html: str) -> str:
    """The text of a mail that has no other form; quotes of known programs are left out."""
    soup = BeautifulSoup(html, "lxml")
    for tag in soup.select(f"script, style, head, title, template, {_QUOTES}"):
        tag.decompose()
    for ours in soup.find_all(string=re.compile(MARK_START)):
        for quote in ours.find_parents("blockquote")[-1:]:  # of a program that does not say that it quotes
            quote.decompose()
    lines: list[str] = []
    for node in soup.descendants:
        if isinstance(node, Comment):
            continue
        if isinstance(node, NavigableString):
            lines.append(re.sub(r"\s+", " ", str(node)))
        elif isinstance(node, Tag) and (node.name == "br" or node.name in _BLOCKS):
            lines.append("\n- " if node.name == "li" else "\n")
            if node.name == "p":
                lines.append("\n")
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", "".join(lines))
    return re.sub(r"\n{3,}", "\n\n", text).strip()
