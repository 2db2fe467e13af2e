"""The Atom feed of saved searches (RFC 4287): the newest hits, asked anew at each request with the person's rights."""

from __future__ import annotations

import uuid

from feedgen.feed import FeedGenerator
from flask import current_app, get_template_attribute, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import Markup

from portal import db, i18n
from portal.fields import one_line
from portal.library.models import Resource
from portal.people.models import Group, HandlingClass
from portal.people.policy import readable_group_ids
from portal.search import Found
from portal.search.query import parse
from portal.searches.asking import ask
from portal.searches.models import SavedSearch, SearchFeed
from portal.searches.policy import own_searches

NEWEST = 50
_PARTS = "components/results.html"


def make(feed: SearchFeed) -> bytes:
    """The feed as it is now. The same hits make the same bytes. Raises `SearchDown`."""
    wanted = own_searches(feed.person)
    if feed.search_id is not None:
        wanted = wanted.where(SavedSearch.id == feed.search_id)
    found: dict[tuple[str, int], Found] = {}
    for saved in db.session.scalars(wanted):
        found |= {(one.type, one.obj.id): one for one in ask(saved, limit=NEWEST)}
    readable = set(db.session.scalars(readable_group_ids(feed.person)))
    newest = sorted(found.values(), key=lambda one: (one.changed_at, one.type, one.obj.id), reverse=True)[:NEWEST]
    with force_locale(i18n.known(feed.person.language)):
        return _written(feed, newest, readable)


def _written(feed: SearchFeed, newest: list[Found], readable: set[int]) -> bytes:
    base: str = current_app.config["SETTINGS"].base_url
    made = FeedGenerator()
    made.generator("Samverkansportalen")
    made.id(uuid.uuid5(uuid.NAMESPACE_URL, f"{base}/searches/feed/{feed.id}").urn)
    made.title(_("Samverkansportalen: saved searches"))
    made.author(name="Samverkansportalen")
    made.link(href=base + url_for("searches.index"), rel="alternate")
    made.updated(max((one.changed_at for one in newest), default=feed.created_at))
    for one in newest:
        group = _group_shown(one, readable)
        entry = made.add_entry(order="append")
        entry.id(uuid.uuid5(uuid.NAMESPACE_URL, f"{base}/{one.type}/{one.obj.id}").urn)
        entry.updated(one.changed_at)
        if group is None:  # that there is something is all that may be said outside (house rule 9)
            entry.title(_("A hit in a sensitive group"))
            entry.link(href=base + url_for("searches.index"))
        else:
            entry.title(_title(one))
            entry.link(href=base + str(get_template_attribute(_PARTS, "address")(one)).strip())
            entry.category(term=one_line(group.name))
    written: bytes = made.atom_str(pretty=True)
    return written


def _group_shown(found: Found, readable: set[int]) -> Group | None:
    """The group that is named: where it belongs, or the first that it is shared with and that the person reads. None if it
    belongs to a sensitive one, or is read through sensitive ones only."""
    own: Group = found.group
    if own.handling_class is HandlingClass.SENSITIVE:
        return None
    if own.id in readable or not isinstance(found.obj, Resource):
        return own
    named = (share.group for share in found.obj.shares if share.group_id in readable)
    shown = (group for group in named if group.handling_class is not HandlingClass.SENSITIVE)
    return min(shown, key=lambda group: group.id, default=None)


def _title(found: Found) -> str:
    marked = get_template_attribute(_PARTS, "found_title")(found, parse(""))
    return one_line(Markup(marked).striptags()) or str(get_template_attribute(_PARTS, "kind_of")(found))  # noqa: S704  # made by a template
