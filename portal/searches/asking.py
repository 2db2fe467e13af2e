"""Asking a saved search: with its person's rights of this moment, the newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portal import db, search
from portal.library import facets
from portal.people.policy import readable_group_ids
from portal.search import Found
from portal.searches.models import Place, SavedSearch

FACETS: Mapping[Place, Sequence[str]] = {
    Place.EVERYWHERE: search.FACETS,
    Place.LIBRARY: (*facets.OF_MATERIALS, "group"),
    Place.GROUP: facets.OF_MATERIALS,
}


def ask(saved: SavedSearch, *, limit: int) -> list[Found]:
    """The newest hits that have all that is asked for; nothing, if the group can no longer be read. Raises `SearchDown`.

    What the search page offers beside (some of the words, another word than the one typed) is no reason to tell anybody.
    """
    readable = db.session.scalars(readable_group_ids(saved.person)).all()
    if saved.place is Place.GROUP:
        readable = [number for number in readable if number == saved.group_id]
    if not readable:
        return []
    of_materials = saved.place is not Place.EVERYWHERE
    chosen = {key: values for key, values in saved.chosen.items() if key in FACETS[saved.place]}
    if of_materials:
        chosen.setdefault("state", list(facets.FOUND))
    results = search.query(
        saved.text, person=saved.person, group_ids=readable, type_="resource" if of_materials else None, chosen=chosen,
        counted=(), newest_first=True, as_written=saved.as_written, is_strict=True, limit=limit, with_text=False,
    )  # fmt: skip
    return list(results.found)
