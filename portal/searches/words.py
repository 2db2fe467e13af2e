"""What a saved search asks, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from flask_babel import gettext as _

from portal.library.facets import titles
from portal.people.models import Person
from portal.searches.actions import Wish
from portal.searches.models import LONGEST_NAME, Place, SavedSearch
from portal.searches.types import type_names

MOST_SHOWN = 80  # letters of what was typed
Asked = SavedSearch | Wish
Names = Mapping[str, Mapping[str, str]]


def names_of(searches: Iterable[Asked], person: Person) -> Names:
    """What the chosen values of all of them are called, by facet: of groups only those that the person may look into."""
    values: defaultdict[str, set[str]] = defaultdict(set)
    for one in searches:
        for facet, some in one.chosen.items():
            values[facet].update(some)
    known = {"type": (_("Kind of thing"), type_names), **titles(person)}
    return {facet: known[facet][1](some) for facet, some in values.items() if facet in known}


def in_words(one: Asked, names: Names) -> str:
    """What was typed and chosen."""
    text = one.text if len(one.text) <= MOST_SHOWN else one.text[: MOST_SHOWN - 1].rstrip() + "…"
    parts = [f"”{text}”"] if text else []
    parts += [
        names[facet][value] for facet, values in one.chosen.items() for value in values if value in names.get(facet, {})
    ]
    if one.as_written:
        parts.append(_("exact words"))
    return ", ".join(parts)


def proposed_name(wish: Wish, person: Person) -> str:
    """What a search may be called: its words, else what was chosen, else where is searched."""
    names = names_of([wish], person)
    chosen = [
        names[facet][value] for facet, some in wish.chosen.items() for value in some if value in names.get(facet, {})
    ]
    name = ", ".join([*([wish.text] if wish.text else []), *chosen])
    if not name:
        name = (
            wish.group.name if wish.group is not None else _("Library") if wish.place is Place.LIBRARY else _("Search")
        )
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"
