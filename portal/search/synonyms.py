"""Words that mean the same, kept by the national coordinator: whoever asks for one finds the others too.

They work on the side of the query, so that a change is there at once and the index knows nothing of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal import db
from portal.search.query import Alternative, Query
from portal.search.swedish import tokens

LONGEST = 500
Form = tuple[str, ...]  # the terms of a word, or of several in a row


class Synonyms(db.Base):
    """A row of words or phrases that mean the same, with commas between them."""

    __tablename__ = "synonyms"

    id: Mapped[db.pk]
    words: Mapped[str] = mapped_column(sa.String(LONGEST), unique=True)
    changed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    changed_at: Mapped[datetime] = mapped_column(db.UTCDateTime, default=db.now)


def alternatives(query: Query) -> dict[int, list[Alternative]]:
    """What else may stand for the wanted clauses, by their numbers."""
    extra: dict[int, list[Alternative]] = {}
    if not query.wanted:
        return extra
    for words in db.session.scalars(sa.select(Synonyms.words)):
        forms = forms_of(words)
        for form in forms:
            for start in _places(query, form):
                for at in range(start, start + len(form)):
                    extra.setdefault(at, []).extend(other for other in forms if other != form)
    return extra


def _places(query: Query, form: Form) -> Sequence[int]:
    """At which clauses the form was typed."""
    starts = range(len(query.wanted) - len(form) + 1)
    return [at for at in starts if all((term,) in query.wanted[at + step] for step, term in enumerate(form))]


@lru_cache(maxsize=1_000)
def forms_of(words: str) -> tuple[Form, ...]:
    """The words and phrases of a row, as terms."""
    found = (tuple(token.term for token in tokens(part)) for part in words.split(","))
    return tuple(dict.fromkeys(form for form in found if form))
