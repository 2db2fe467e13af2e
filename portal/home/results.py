"""What templates show of search results and of what people write: words marked, Markdown as HTML."""

from __future__ import annotations

from flask import Flask
from markupsafe import Markup

from portal import markup
from portal.search import Query, Results, snippets


def _words(query: Query) -> str:
    """The words of a query as they were typed, for the page that they are to be shown on."""
    return " ".join(query.typed)


def _forms(results: Results) -> tuple[list[Markup], list[Markup]]:
    """In which other words and forms the words of a query were found, and which synonyms, on the page of results that is shown."""
    return snippets.forms((passage for one in results.found for passage in one.passages), results.query)


def init_app(app: Flask) -> None:
    """Offer them to templates."""
    app.add_template_filter(snippets.mark, "mark_words")
    app.add_template_filter(_forms, "found_forms")
    app.add_template_global(_words, "words_of")
    app.add_template_filter(markup.render, "markdown")
