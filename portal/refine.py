"""A search page's address: what was typed, what was chosen, how it is ordered. The address carries everything, so that it can
be kept, sent, and gone back to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import request, url_for

LONGEST_TEXT = 2_000
LONGEST_VALUE = 200
MOST_VALUES = 30  # that are chosen of one facet
LAST_PAGE = 50
SHOWN = 8  # values of a facet, before the fold

Names = Callable[[Collection[str]], Mapping[str, str]]  # what values are called; one that is left out is not shown


@dataclass(frozen=True, slots=True)
class Refinement:
    """What a search page was asked."""

    endpoint: str
    where: Mapping[str, Any]
    text: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    newest_first: bool = False
    as_written: bool = False
    page: int = 1

    @classmethod
    def of_request(cls, facets: Iterable[str]) -> Refinement:
        """What this request asks. What cannot be meant is left out."""
        args = request.args
        chosen = {}
        for facet in facets:
            values = [value[:LONGEST_VALUE] for value in args.getlist(facet)[:MOST_VALUES] if value]
            if values:
                chosen[facet] = tuple(dict.fromkeys(values))
        page = args.get("page", 1, type=int)
        return cls(
            request.endpoint or "", dict(request.view_args or {}), args.get("q", "")[:LONGEST_TEXT].strip(), chosen,
            args.get("order") == "new", args.get("exact") == "1", min(max(page, 1), LAST_PAGE),
        )  # fmt: skip

    @property
    def is_plain(self) -> bool:
        """Whether nothing was typed or chosen."""
        return not self.text and not self.chosen

    def next_page(self, total: int, of_page: int) -> str | None:
        """The address of the next page, if there is one."""
        there_is = total > self.page * of_page and self.page < LAST_PAGE
        return self.url(page=self.page + 1) if there_is else None

    def parameters(self) -> dict[str, Any]:
        """As the address has it, without the page."""
        return {
            "q": self.text or None, **{facet: list(values) for facet, values in self.chosen.items()},
            "order": "new" if self.newest_first else None, "exact": "1" if self.as_written else None,
        }  # fmt: skip

    def url(self, **changes: Any) -> str:
        """The address of the same with something else; on its first page, unless a page is given."""
        other = replace(self, **{"page": 1, **changes})
        return url_for(self.endpoint, **self.where, **other.parameters(), page=other.page if other.page > 1 else None)

    def toggled(self, facet: str, value: str) -> str:
        """The address with a value chosen, or not any more."""
        before = self.chosen.get(facet, ())
        after = tuple(one for one in before if one != value) if value in before else (*before, value)
        return self.url(
            chosen={
                **{name: kept for name, kept in self.chosen.items() if name != facet},
                **({facet: after} if after else {}),
            }
        )


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet, as it is shown."""

    name: str
    number: int
    is_chosen: bool
    url: str


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet, as it is shown: its most frequent values, and more under a fold."""

    key: str
    title: str
    values: list[Value]
    more: list[Value]


def facets(
    refinement: Refinement, counts: Mapping[str, Mapping[str, int]], titles: Mapping[str, tuple[Any, Names]]
) -> list[Facet]:
    """The counted facets in the order of their titles. A facet whose hits all have the same value tells nothing and is left
    out, unless it was chosen."""
    shown = []
    for key, (title, names_of) in titles.items():
        counted = dict(counts.get(key, {}))
        for value in refinement.chosen.get(key, ()):
            counted.setdefault(value, 0)
        names = names_of(counted)
        values = [
            Value(names[value], number, value in refinement.chosen.get(key, ()), refinement.toggled(key, value))
            for value, number in sorted(counted.items(), key=lambda pair: (-pair[1], names.get(pair[0], "")))
            if value in names
        ]
        if len(values) > 1 or key in refinement.chosen:
            values.sort(key=lambda value: not value.is_chosen)
            shown.append(Facet(key, str(title), values[:SHOWN], values[SHOWN:]))
    return shown
