"""What Whoosh keeps of a document: its key, its words, and columns of numbers and of facets that numpy takes in at once."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.columns import NumericColumn, RefBytesColumn
from whoosh.fields import COLUMN, ID, FieldType, Schema
from whoosh.formats import Existence, Positions

from portal.search.engine import FACETS, Document
from portal.search.swedish import postings

BETWEEN = "\x1f"  # the values of a facet


class Words(FieldType):  # type: ignore[misc]  # Whoosh has no types
    """The text of a document. Its value is what `swedish.postings` answers."""

    indexed = True
    stored = unique = scorable = False
    column_type = vector = None
    analyzer = None

    def __init__(self) -> None:
        self.format = Positions()

    def index(self, value: Any, **_kwargs: Any) -> Iterable[tuple[bytes, int, float, bytes]]:
        """Term, how often, weight, places with their number before them."""
        for term, posting in value.items():
            places = posting.places
            yield term.encode(), 1, posting.weight, array("I", [len(places), *places]).tobytes()

    def separate_spelling(self) -> bool:
        """No word list beside the terms."""
        return False


class Key(ID):  # type: ignore[misc]  # Whoosh has no types
    """Type and id of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.format = Existence()

    def index(self, value: Any, **_kwargs: Any) -> Iterable[tuple[bytes, int, float, bytes]]:
        """The key is one term."""
        yield value.encode(), 1, 1.0, array("I", [0]).tobytes()


def schema() -> Schema:
    """What is kept of a document: its key, its words, and columns of numbers and of facets."""
    numbers = {"number": "Q", "length": "I", "changed": "I"}
    return Schema(
        key=Key(),
        words=Words(),
        rank=COLUMN(NumericColumn("B", default=100)),
        **{name: COLUMN(NumericColumn(code)) for name, code in numbers.items()},
        **{f"facet_{name}": COLUMN(RefBytesColumn()) for name in FACETS},
    )


def fields_of(document: Document) -> dict[str, Any]:
    """A document as the schema wants it."""
    words, length = postings(document.title, document.body)
    facets = {"type": [document.type], "group": [str(group_id) for group_id in document.group_ids], **document.facets}
    return {
        "key": f"{document.type}:{document.id}",
        "words": words,
        "rank": max(1, min(255, round(document.weight * 100))),
        "number": document.id,
        "length": length,
        "changed": max(0, int(document.changed_at.timestamp())),
        **{f"facet_{name}": BETWEEN.join(sorted(set(facets.get(name, ())))).encode() for name in FACETS},
    }


class Values:
    """A facet of all documents of a segment. Many documents have the same combination of values, so each has the number of
    one, and what is asked of a combination is asked once."""

    def __init__(self, refs: NDArray[np.unsignedinteger[Any]], combinations: list[tuple[str, ...]]) -> None:
        self._refs, self._combinations = refs, combinations
        self.names = sorted({value for combination in combinations for value in combination})
        numbers = {name: number for number, name in enumerate(self.names)}
        self._values = np.array([numbers[value] for one in combinations for value in one], np.int64)
        self._owners = np.repeat(np.arange(len(combinations)), [len(one) for one in combinations])

    def having(self, wanted: Collection[str]) -> NDArray[np.bool_]:
        """The documents that have one of the values. None of them: no documents."""
        is_wanted = np.fromiter((name in wanted for name in self.names), bool, len(self.names))
        has = np.zeros(len(self._combinations), bool)
        has[self._owners[is_wanted[self._values]]] = True
        return has.take(self._refs)

    def count(self, documents: NDArray[np.intp]) -> Counter[str]:
        """How many of the documents have each value."""
        of_each = np.bincount(self._refs.take(documents), minlength=len(self._combinations))
        numbers = np.bincount(self._values, of_each[self._owners], minlength=len(self.names)) if self.names else ()
        return Counter({name: int(number) for name, number in zip(self.names, numbers, strict=True) if number})

    def of(self, document: int) -> tuple[str, ...]:
        """The values of one document."""
        return self._combinations[int(self._refs[document])]


def read_numbers(reader: Any, default: int = 0) -> NDArray[Any]:
    """A column of numbers. Whoosh leaves out the last ones where they are the default."""
    kind = np.dtype({"B": "u1", "I": ">u4", "Q": ">u8"}[reader._typecode])
    raw = reader._dbfile.get(reader._basepos, reader._count * kind.itemsize)
    found = np.full(len(reader), default, kind.newbyteorder("="))
    found[: reader._count] = np.frombuffer(raw, kind)
    return found


def read_values(reader: Any) -> Values:
    """A column of facets."""
    kind = np.dtype("u1" if reader._typecode == "B" else ">u2")
    raw = reader._dbfile.get(reader._basepos, len(reader) * kind.itemsize)
    combinations = [tuple(one.decode().split(BETWEEN)) if one else () for one in reader._uniques]
    return Values(np.frombuffer(raw, kind).astype(kind.newbyteorder("=")), combinations)
