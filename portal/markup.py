"""What members write: Markdown in, safe HTML out (markdown-it-py, then nh3 with an allow-list), and plain text for search."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

MOST_MARKS = 1_000  # of one kind in one paragraph: looking for their partners takes time that grows with the square


def _calm(state: StateCore) -> None:
    """A paragraph of nothing but marks is shown as it is typed."""
    for token in state.tokens:
        if token.type == "inline" and max(token.content.count(mark) for mark in "[*_") > MOST_MARKS:
            token.children = [Token("text", "", 0, content=token.content)]
            token.content = ""


_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable(
    ["table", "strikethrough"]
)
_markdown.core.ruler.before("inline", "calm", _calm)
_markdown.parse("a")  # it sorts its rules at the first text: here, before two threads can do it at once

LONGEST_REMEMBERED = 4_000  # characters; the memory for rendered texts stays below some 20 MB

_ADDRESS = re.compile(r"(?i)https?://|mailto:|tel:|/(?![/\\])")  # elsewhere by its full address, or a page of ours

_TAGS = {
    *("p", "br", "strong", "em", "s", "a", "ul", "ol", "li", "blockquote", "code", "pre", "hr"),
    *("h3", "h4", "h5", "table", "thead", "tbody", "tr", "th", "td", "span"),
}
_cleaner = nh3.Cleaner(
    tags=_TAGS,
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
    attribute_filter=lambda tag, name, value: value if name != "href" or _ADDRESS.match(value) else None,
    url_schemes={"https", "http", "mailto", "tel"},
    allowed_classes={"span": {"mention"}},
    link_rel="noopener noreferrer nofollow",
    strip_comments=True,
)


def _lower_headings(tokens: list[Token]) -> None:
    """A member's heading stands below the page's own (h1) and the section's (h2)."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 2, 5)}"


def render(text: str, names: tuple[tuple[str, str], ...] = ()) -> Markup:
    """Markdown to HTML that may stand in a page: no scripts, no pictures, no styles, links only to plain addresses.

    `names`: whom it mentions, as they were written after an @ and as they are called now.
    """
    return (_rendered if len(text) <= LONGEST_REMEMBERED else _rendered.__wrapped__)(text, names)


@lru_cache(maxsize=2000)
def _rendered(text: str, names: tuple[tuple[str, str], ...]) -> Markup:
    """The same words give the same HTML, and a thread shows the same posts to everybody who opens it."""
    tokens = _markdown.parse(text)
    _lower_headings(tokens)
    if names:
        _show_names(tokens, dict(names))
    return Markup(_cleaner.clean(_markdown.renderer.render(tokens, _markdown.options, {})))  # noqa: S704  # cleaned by nh3


def names_pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Finds an @ with one of these names behind it, the longest that fits, however it is written in capitals."""
    longest_first = sorted(set(names), key=len, reverse=True)
    return re.compile(rf"(?<!\w)@({'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def _show_names(tokens: list[Token], names: dict[str, str]) -> None:
    """Put whom it mentions into elements of their own, as they are called now."""
    pattern, called = names_pattern(names), {words.lower(): name for words, name in names.items()}
    for token in tokens:
        shown: list[Token] = []
        for child in token.children or []:
            at = 0
            for found in pattern.finditer(child.content) if child.type == "text" else ():
                name = Token("text", "", 0, content=f"@{called.get(found[1].lower(), found[1])}")
                shown += [
                    Token("text", "", 0, content=child.content[at : found.start()]),
                    Token("mention_open", "span", 1, attrs={"class": "mention"}), name, Token("mention_close", "span", -1),
                ]  # fmt: skip
                at = found.end()
            if at:
                child.content = child.content[at:]
            shown.append(child)
        if token.children is not None:
            token.children = shown


def own_words(text: str) -> Iterator[str]:
    """The pieces of a Markdown text that its author says: not what stands in quotes, code and links."""
    quotes = links = 0
    for token in _markdown.parse(text):
        quotes += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        for child in (token.children or []) if not quotes else ():
            links += {"link_open": 1, "link_close": -1}.get(child.type, 0)
            if child.type == "text" and not links:
                yield child.content


def addresses(text: str) -> Iterator[str]:
    """The addresses that a Markdown text links to, and the pieces of it where one may be written out: not in quotes and code."""
    quotes = links = 0
    for token in _markdown.parse(text):
        quotes += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        for child in (token.children or []) if not quotes else ():
            links += {"link_open": 1, "link_close": -1}.get(child.type, 0)
            if child.type == "link_open":
                yield str(child.attrs.get("href", ""))
            elif child.type == "text" and not links:
                yield child.content


def plain(text: str) -> str:
    """The words of a Markdown text, without its marks: for search, snippets and notices."""
    parts: list[str] = []
    for token in _markdown.parse(text):
        if token.type == "inline":
            parts.append("".join(_inline(child) for child in token.children or []))
        elif token.type in {"fence", "code_block"}:
            parts.append(token.content)
    return "\n".join(parts)


def _inline(token: Token) -> str:
    if token.type in {"softbreak", "hardbreak"}:
        return "\n"
    return token.content if token.type in {"text", "code_inline"} else ""


def blocks(text: str) -> list[dict[str, Any]]:
    """A Markdown text as data for documents, nothing else.

    A paragraph has runs (`text`, `bold`, `italic`), `bullets` and `numbers` (these with `start`) have items, a quote has
    blocks; items and quotes are lists of blocks again. Headings become bold paragraphs, the address of a link follows its
    text, code and tables keep their words.
    """
    found: list[dict[str, Any]] = []
    inside: list[list[dict[str, Any]]] = [found]  # where the next block belongs: the text, an item, a quote
    lists: list[list[list[dict[str, Any]]]] = []  # the items of the lists that are open
    is_heading = False
    for token in _markdown.parse(text):
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            lists.append([])
            is_numbered = token.type.startswith("ordered")
            number = {"start": int(token.attrs.get("start", 1))} if is_numbered else {}
            inside[-1].append({"kind": "numbers" if is_numbered else "bullets", "items": lists[-1], **number})
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            lists.pop()
        elif token.type == "list_item_open":
            inside.append([])
            lists[-1].append(inside[-1])
        elif token.type == "blockquote_open":
            inside.append([])
            inside[-2].append({"kind": "quote", "blocks": inside[-1]})
        elif token.type in {"list_item_close", "blockquote_close"}:
            inside.pop()
        elif token.type in {"heading_open", "heading_close"}:
            is_heading = token.type == "heading_open"
        elif token.type == "inline":
            inside[-1].append({"kind": "paragraph", "runs": _runs(token.children or [], bold=is_heading)})
        elif token.type in {"fence", "code_block"}:
            inside[-1].append({"kind": "paragraph", "runs": [{"text": token.content}]})
    return found


def _runs(tokens: list[Token], *, bold: bool) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = []
    strong, italic, address, label = int(bold), 0, "", ""
    for token in tokens:
        words = _inline(token)
        if token.type in {"strong_open", "strong_close"}:
            strong += token.nesting
        elif token.type in {"em_open", "em_close"}:
            italic += token.nesting
        elif token.type == "link_open":
            address, label = str(token.attrs.get("href", "")), ""
        elif token.type == "link_close" and label not in {address, address.removeprefix("mailto:")}:
            words = f" ({address.removeprefix('mailto:')})" if _ADDRESS.match(address) else ""
        label += words
        if words:
            runs.append({"text": words, "bold": strong > 0, "italic": italic > 0})
    return runs
