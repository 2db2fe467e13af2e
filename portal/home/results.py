"""What a search result shows: passages with the words marked, with the page they stand on."""

from __future__ import annotations

from flask import Flask

from portal import markup, search
from portal.library.models import Resource
from portal.search import snippets
from portal.search.query import Query
from portal.search.snippets import Snippet

MOST_SNIPPETS = 2


def _of_resource(resource: Resource, query: Query) -> list[Snippet]:
    """The two best pages, in the document's order."""
    has_pages = resource.current.page_count > 1
    found = [
        snippet
        for page in resource.current.pages
        if (snippet := snippets.best(page.text, query, page=page.number if has_pages else None)) is not None
    ]
    best = sorted(found, key=lambda snippet: snippet.hits, reverse=True)[:MOST_SNIPPETS]
    return sorted(best, key=lambda snippet: snippet.page or 0)


def snippets_of(found: search.Found, query: Query) -> list[Snippet]:
    """Why a thing was found: at most two passages."""
    if isinstance(found.obj, Resource):
        return _of_resource(found.obj, query)
    document = search.document_of(found)
    snippet = snippets.best(document.body, query) if document is not None else None
    return [snippet] if snippet is not None else []


def init_app(app: Flask) -> None:
    """Offer the passages to templates."""
    app.add_template_filter(snippets_of, "snippets")
    app.add_template_filter(snippets.mark, "mark_words")
    app.add_template_filter(markup.render, "markdown")
