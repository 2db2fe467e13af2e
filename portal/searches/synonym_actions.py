"""Every write to the words that mean the same. They work from the next search on; the index knows nothing of them."""

from __future__ import annotations

from itertools import zip_longest

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.errors import Conflict, Invalid
from portal.people.models import Person
from portal.search.swedish import EMPTY_WORDS, tokens
from portal.search.synonyms import LONGEST, Synonyms, forms_of

MOST_ROWS = 500
MOST_WORDS = 20  # of a row
_LOCK = "synonyms"


def add_synonyms(words: str, *, by: Person) -> Synonyms:
    """Add a row of words with commas between them. Raises `Invalid` with what is wrong, `guard.Stopped`, `Conflict`."""
    db.lock_name(_LOCK)
    tidy = _checked(words, None)
    if (db.session.scalar(sa.select(sa.func.count()).select_from(Synonyms)) or 0) >= MOST_ROWS:
        raise Conflict(_("There are %(number)s rows. Remove one that nobody needs.", number=MOST_ROWS))
    row = Synonyms(words=tidy, changed_by_id=by.id)
    db.session.add(row)
    audit.record("synonyms_added", by=by, on=row, words=tidy)
    return row


def change_synonyms(row: Synonyms, words: str, *, was: str, by: Person) -> None:
    """Put other words into a row that its reader saw as `was`. Raises as `add_synonyms`, and `Conflict` if it has changed."""
    db.lock_name(_LOCK)
    _hold(row, was)
    row.words = _checked(words, row)
    row.changed_by_id, row.changed_at = by.id, db.now()
    audit.record("synonyms_changed", by=by, on=row, words=row.words, before=was)


def remove_synonyms(row: Synonyms, *, was: str, by: Person) -> None:
    """Take a row away. Raises `Conflict` if somebody has changed it since it was seen."""
    db.lock_name(_LOCK)
    _hold(row, was)
    audit.record("synonyms_removed", by=by, on=row, words=row.words)
    db.session.delete(row)


def _hold(row: Synonyms, was: str) -> None:
    db.lock(row)
    if row.words != was:
        raise Conflict(_("Somebody else has changed this row meanwhile. It is now: %(words)s", words=row.words))


def _is_one_word(one: str, other: str) -> bool:
    """Whether they may be forms of the same word, or of the same words in a row: a form can be several words' (stöd, stödet)."""
    pairs = zip_longest(tokens(one), tokens(other))
    return all(a and b and not set(a.analysis.lemmas).isdisjoint(b.analysis.lemmas) for a, b in pairs)


def _checked(words: str, row: Synonyms | None) -> str:
    """The words as they are kept. A word stands in one row, so that it is clear what it means."""
    parts = list(dict.fromkeys(part for part in (" ".join(one.split()) for one in words.split(",")) if part))
    tidy = ", ".join(parts)
    guard.check({"words": tidy})
    if len(tidy) > LONGEST:
        raise Invalid(_("At most %(number)s characters together.", number=LONGEST))
    if len(parts) > MOST_WORDS:
        raise Invalid(_("At most %(number)s words in a row.", number=MOST_WORDS))
    empty = [part for part in parts if not forms_of(part)]
    if empty:
        raise Invalid(_("”%(word)s” has no letters or digits to search for.", word=empty[0]))
    common = [part for part in parts if all(token.written in EMPTY_WORDS for token in tokens(part))]
    if common:
        raise Invalid(_("”%(word)s” stands in nearly every text and cannot stand for another word.", word=common[0]))
    if all(_is_one_word(parts[0], part) for part in parts[1:]):
        raise Invalid(
            _("Write at least two words with a comma between them. Inflections of one word are found anyway.")
        )
    ours = {forms_of(part)[0]: part for part in parts}
    for other in db.session.scalars(sa.select(Synonyms).order_by(Synonyms.id)):
        if row is None or other.id != row.id:
            both = next((form for form in forms_of(other.words) if form in ours), None)
            if both is not None:
                raise Invalid(_("”%(word)s” stands in another row already: %(row)s", word=ours[both], row=other.words))
    return tidy
