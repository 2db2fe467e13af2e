"""What members write: Markdown in, safe HTML out (markdown-it-py, then nh3 with an allow-list), and plain text for search."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable(
    ["table", "strikethrough"]
)

_TAGS = {
    *("p", "br", "strong", "em", "s", "a", "ul", "ol", "li", "blockquote", "code", "pre", "hr"),
    *("h3", "h4", "h5", "table", "thead", "tbody", "tr", "th", "td"),
}
_cleaner = nh3.Cleaner(
    tags=_TAGS,
    attributes={"a": {"href"}, "ol": {"start"}},
    url_schemes={"https", "http", "mailto", "tel"},
    link_rel="noopener noreferrer nofollow",
    strip_comments=True,
)


def _lower_headings(tokens: list[Token]) -> None:
    """A member's heading stands below the page's own (h1) and the section's (h2)."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 2, 5)}"


def render(text: str) -> Markup:
    """Markdown to HTML that may stand in a page: no scripts, no pictures, no styles, links only to plain addresses."""
    tokens = _markdown.parse(text)
    _lower_headings(tokens)
    return Markup(_cleaner.clean(_markdown.renderer.render(tokens, _markdown.options, {})))  # noqa: S704  # cleaned by nh3


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
