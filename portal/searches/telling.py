"""Telling people of new hits: each saved search is asked once an hour, with its person's rights of that moment.

Each search is a job of its own, done in one transaction: a worker that is killed half-way has told nothing and the job is done
again; two workers wait for each other at the row, and the second finds nothing new. What nobody has looked at yet is gathered
in the daily mail.
"""

from __future__ import annotations

import logging
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal import db, outbox, search
from portal.library.facets import row_numbers
from portal.notifications import kinds
from portal.notifications.models import Channel
from portal.people.models import Group, HandlingClass, Organisation, Person, PersonStatus
from portal.search.kinds import value_names
from portal.search.query import parse
from portal.searches import actions
from portal.searches.actions import Hit
from portal.searches.asking import ask
from portal.searches.models import SavedSearch

log = logging.getLogger("portal.search")


HOUR = timedelta(hours=1)
PAUSE = timedelta(seconds=0.5)  # from one search to the next: each takes a tenth of that


@outbox.every(HOUR)
def ask_again() -> None:
    """A job for each saved search of people who may be signed in, one after the other: what is posted meanwhile must be found at
    once, and does not wait for all of them."""
    active = (
        sa.select(SavedSearch.id)
        .join(Person, Person.id == SavedSearch.person_id)
        .join(Organisation)
        .where(Person.status == PersonStatus.ACTIVE, Organisation.is_active)
    )
    ids = db.session.scalars(active.order_by(SavedSearch.id)).all()
    pause = min(PAUSE, HOUR / max(len(ids), 1))
    for number, search_id in enumerate(ids):
        outbox.enqueue(actions.JOB, key=str(search_id), delay=number * pause, search_id=search_id)


@outbox.handler(actions.JOB)
def look_for_new(*, search_id: int) -> None:
    """Ask one saved search and tell of what is new. A search that does not work is asked the next time."""
    with db.reading():  # asking takes a while, and holds up no writer
        saved = _active(search_id)
        if saved is None:
            return
        limit = actions.LOOKED_AT if saved.seen is not None else actions.REMEMBERED
        try:
            found = ask(saved, limit=limit)
            is_last_new = bool(found) and [found[-1].type, found[-1].obj.id] not in (saved.seen or [])
            if len(found) == limit < actions.REMEMBERED and is_last_new:
                found = ask(saved, limit=actions.REMEMBERED)  # so many came at once that there may be more
        except search.SearchDown:
            log.warning("saved search %s could not be asked; the next time", search_id)
            return
        is_sensitive = HandlingClass.SENSITIVE
        hits = [Hit((one.type, one.obj.id), one.group.handling_class is is_sensitive) for one in found]
        is_quiet = _names_sensitive(saved)
    saved = _active(search_id)
    if saved is not None:
        db.lock(saved)
        actions.note_hits(saved, hits, is_quiet=is_quiet, by=None)


def _active(search_id: int) -> SavedSearch | None:
    saved = db.session.get(SavedSearch, search_id)
    return saved if saved is not None and saved.person.is_active else None


def _names_sensitive(saved: SavedSearch) -> bool:
    """Whether a sensitive group was chosen or typed, and so may stand in the search's name."""
    ids = row_numbers(saved.chosen.get("group", ()))
    typed = parse(saved.text).filters.get("group", ())
    ids += row_numbers([number for value in typed for number in value_names["group"](value)])
    named = sa.select(Group.id).where(Group.id.in_(ids), Group.handling_class == HandlingClass.SENSITIVE)
    return db.session.scalar(named.limit(1)) is not None


def _text(number: int, name: str) -> str:
    if not name:
        return str(ngettext("%(num)s new hit in a saved search.", "%(num)s new hits in a saved search.", number))
    return str(ngettext("%(num)s new hit for ”%(name)s”.", "%(num)s new hits for ”%(name)s”.", number, name=name))


def register() -> None:
    """Make the kind known to the preferences."""
    kinds.register(
        "search_has_new", label=_l("A saved search has new hits"), text=_text, default=Channel.DAILY, section=_l("Saved searches")
    )  # fmt: skip
