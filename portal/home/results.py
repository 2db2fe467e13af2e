"""What templates show of search results and of what people write: words marked, Markdown as HTML."""

from __future__ import annotations

from flask import Flask

from portal import markup
from portal.search import snippets


def init_app(app: Flask) -> None:
    """Offer them to templates."""
    app.add_template_filter(snippets.mark, "mark_words")
    app.add_template_filter(markup.render, "markdown")
