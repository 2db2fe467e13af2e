"""Search: the index proposes, the database disposes (house rule 7).

Features register what can be found (kinds.py). A change of such a thing is noted in its own transaction and written by the
worker (keeping.py). Asking is in asking.py; the words are made alike by swedish.py on both sides; the engines stand behind
one contract (engine.py): whoosh.py, embedded, and postgres.py, for several machines.
"""

from __future__ import annotations

from flask import Flask

from portal import db
from portal.search.asking import Results, query
from portal.search.engine import FACETS, Busy, Document, Engine, SearchDown
from portal.search.keeping import JOB, check, engine, lag, look_again, mend, rebuild, renew
from portal.search.kinds import name_values, of_year, register
from portal.search.postgres import PostgresEngine
from portal.search.query import Query
from portal.search.showing import Found, document_of
from portal.search.snippets import Snippet, Text
from portal.search.whoosh import WhooshEngine

__all__ = [
    "FACETS",
    "JOB",
    "Busy",
    "Document",
    "Engine",
    "Found",
    "Query",
    "Results",
    "SearchDown",
    "Snippet",
    "Text",
    "check",
    "document_of",
    "engine",
    "lag",
    "look_again",
    "mend",
    "name_values",
    "of_year",
    "query",
    "rebuild",
    "register",
    "renew",
]


def init_app(app: Flask) -> None:
    """Give the app its engine."""
    settings = app.config["SETTINGS"]
    in_database = settings.search_engine == "postgresql"
    app.extensions["search_engine"] = (
        PostgresEngine(db.engine) if in_database else WhooshEngine(settings.data_dir / "index")
    )
